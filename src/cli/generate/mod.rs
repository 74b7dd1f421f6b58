//! `danqing generate`: pictures from a prompt.

mod args;
mod noise_file;
mod output;
mod repeat;
mod saver;

pub use args::Args;

use super::{Failure, interrupt::Interrupt, model};
use crate::{
    gallery::metadata::Metadata,
    pipeline::{Batch, PipelineError},
};
use output::Output;
use repeat::Original;
use saver::{Saver, Story};

/// Paints and saves, a line on stdout for each picture.
///
/// # Errors
/// [`Failure`]; pictures that were finished before it are saved, and no other file is left behind.
pub fn run(args: &Args) -> Result<(), Failure> {
    let interrupt = Interrupt::new()?;
    let original = args.from.as_deref().map(Original::read).transpose()?;

    // All that can be wrong with the arguments is found before the model is loaded.
    let plan = args.plan(original.as_ref())?;
    let checkpoint = plan.model.open()?;
    let request = plan.request(&checkpoint)?;
    let noise = args.noise.as_deref().map(noise_file::read).transpose()?;
    let batch = Batch {
        request: &request,
        more_prompts: &plan.more_prompts,
        noise: noise.as_ref(),
    };
    let output = Output::find(args.output.as_deref(), batch.len())?;
    let placement = plan.model.place(checkpoint.bytes())?;
    interrupt.heed();
    let mut loaded = model::load(&checkpoint, &placement, &interrupt.token)?;
    if let Some(tokens) = args.max_tokens {
        loaded.pipeline.prompts().set_max_tokens(tokens as usize);
    }
    if let Some(original) = &original {
        original.warn_of_differences(&loaded.record, &placement);
    }

    let story = Story {
        template: Metadata {
            format: Metadata::FORMAT,
            program: concat!("Danqing ", env!("CARGO_PKG_VERSION")).to_owned(),
            request: request.clone(),
            model: loaded.record,
            loras: Vec::new(),
            device: placement.choice.to_string(),
            dtype: placement.precision.to_string(),
            noise: noise_file::origin(noise.is_some()),
            decoded_in_tiles: false,
            created: None,
            seconds: None,
            peak_memory: None,
        },
        prompts: batch.prompts().cloned().collect(),
        device_name: placement.name.clone(),
        load_seconds: loaded.seconds,
        with_times: args.times,
        as_json: args.json,
    };
    let mut saver = Saver::new(
        story,
        output,
        original,
        &interrupt.token,
        args.save_latents.is_some(),
    );
    let outcome = loaded
        .pipeline
        .generate_batch(&batch, &mut saver, &interrupt.token);
    let latents = saver.finish()?;
    match outcome {
        // Pictures that are saved already are not taken back.
        Err(PipelineError::Cancelled) => Err(Failure::Cancelled),
        Err(error) => Err(error.into()),
        Ok(_) => match (&args.save_latents, latents) {
            (Some(path), Some(latents)) => noise_file::write(path, &latents),
            _ => Ok(()),
        },
    }
}
