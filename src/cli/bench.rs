//! `danqing bench`: medians of a few runs, as one JSON object.

use super::{
    Failure, interrupt::Interrupt, model, random_weights::RandomModel, terminal::print_line, verify,
};
use crate::{
    cuda::Kernels,
    pipeline::{
        CancelToken, DeviceChoice, Picture, Pipeline, Placement, Precision, Silent, Timings,
        free_memory,
    },
    request::{Count, Guidance, ImageSize, Prompt, Request, Seed, Steps},
};
use serde_json::json;
use std::{path::PathBuf, time::Instant};

const PROMPT: &str = "A red fox jumps over a snowy fence at dawn, soft light, film photograph";

/// Arguments of `danqing bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    model: model::ModelArgs,
    /// Measure a model of known sizes with random weights drawn on the device; needs no files. Prompts then count 90
    /// tokens
    #[arg(long, value_name = "NAME", conflicts_with = "model")]
    random: Option<RandomModel>,
    /// Only write the random model of --random to this folder (20.5 GB), for `bench --model` to measure how it loads
    #[arg(long, value_name = "FOLDER", requires = "random")]
    write_random: Option<PathBuf>,
    /// Picture size in pixels
    #[arg(long, value_name = "WxH", default_value = "1024x1024")]
    size: ImageSize,
    /// Transformer calls a picture
    #[arg(long, default_value_t)]
    steps: Steps,
    /// Guidance scale; above 1 each step costs two calls
    #[arg(long, value_name = "SCALE", default_value_t)]
    guidance: Guidance,
    /// Pictures a run
    #[arg(long, default_value_t)]
    count: Count,
    /// Runs that are measured, after one that is not
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=100))]
    runs: u32,
    /// With --dtype fp8 or int8: paint in bf16 first, and say how far the latents in 8 bits are from those
    #[arg(long)]
    against_bf16: bool,
    /// Instead of measuring a model, compare each fused operation of the device with its plain body on the CPU, and time
    /// them; or only those of a part
    #[arg(
        long,
        value_name = "PART",
        num_args = 0..=1,
        default_missing_value = "all",
        conflicts_with_all = ["random", "model"]
    )]
    verify: Option<verify::Part>,
}

/// Measures and prints.
///
/// # Errors
/// As `danqing generate`.
pub fn run(args: &Args) -> Result<(), Failure> {
    let interrupt = Interrupt::new()?;
    let weight_bytes = if args.verify.is_some() || args.random.is_some() {
        u64::MAX
    } else {
        args.model.open()?.bytes()
    };
    let placement = args.model.place(weight_bytes)?;
    if let Some(part) = args.verify {
        return verify::run(part, &placement.device, &mut std::io::stdout())
            .map_err(|error| Failure::Failed(error.to_string()));
    }
    expect_room(args, &placement)?;
    if let (Some(random), Some(folder)) = (args.random, &args.write_random) {
        return random.write(&placement, folder);
    }
    let mut request = Request::new(Prompt::new(PROMPT)?, Seed(1));
    (request.size, request.steps, request.guidance, request.count) =
        (args.size, args.steps, args.guidance, args.count);
    interrupt.heed();
    let begin = Instant::now();
    prepare_kernels(&placement);
    let kernels_seconds = begin.elapsed().as_secs_f64();
    let exact = if args.against_bf16 && placement.precision.eight_bit().is_some() {
        let exact = Placement {
            precision: Precision::Bf16,
            ..placement.clone()
        };
        let (_, mut pipeline) = load(args, &exact, &interrupt.token)?;
        Some(pipeline.generate(&request, &mut Silent, &interrupt.token)?)
    } else {
        None
    };
    wait(&placement)?;
    placement.device.memory_cleanup();

    let begin = Instant::now();
    let (name, mut pipeline) = load(args, &placement, &interrupt.token)?;
    wait(&placement)?;
    let load_seconds = begin.elapsed().as_secs_f64();
    let mut run = || {
        // A run begins with words it has not seen, as a designer's does.
        pipeline.prompts().forget();
        let begin = Instant::now();
        let pictures = pipeline.generate(&request, &mut Silent, &interrupt.token)?;
        Ok::<_, Failure>((begin.elapsed().as_secs_f64(), pictures))
    };
    let (first_seconds, first) = run()?;
    let mut totals = Vec::new();
    let mut timings: Vec<Timings> = Vec::new();
    let mut peak_memory = None;
    for _ in 0..args.runs {
        let (seconds, pictures) = run()?;
        totals.push(seconds);
        peak_memory = peak_memory.max(
            pictures
                .iter()
                .filter_map(|picture| picture.peak_memory)
                .max(),
        );
        timings.extend(pictures.into_iter().map(|picture| picture.timings));
    }
    let encode = timings
        .iter()
        .map(|timings| timings.encode_text)
        .filter(|&seconds| seconds > 0.0);
    let answer = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "model": name,
        "device": placement.choice.to_string(),
        "device_name": placement.name,
        "dtype": placement.precision,
        "size": args.size.to_string(),
        "steps": args.steps.get(),
        "guidance": args.guidance.get(),
        "count": args.count.get(),
        "runs": args.runs,
        "kernels_seconds": kernels_seconds,
        "load_seconds": load_seconds,
        "first_run_seconds": first_seconds,
        "encode_text_ms": milliseconds(encode),
        "step_ms": milliseconds(timings.iter().flat_map(|timings| timings.steps.iter().copied())),
        "denoise_ms": milliseconds(timings.iter().map(|timings| timings.denoise)),
        "decode_ms": milliseconds(timings.iter().map(|timings| timings.decode)),
        "end_to_end_ms": milliseconds(totals.into_iter()),
        "peak_memory": peak_memory,
        "error_against_bf16": exact.map(|exact| distance(&first, &exact)),
    });
    print_line(&format!("{answer}"));
    Ok(())
}

/// Refuses a model that does not fit into the machine's memory.
fn expect_room(args: &Args, placement: &Placement) -> Result<(), Failure> {
    let Some(random) = args.random else {
        return model::expect_room(&args.model.open()?, placement, args.size);
    };
    let needs = random.bytes(placement);
    match free_memory() {
        Some(free) if free < needs && !placement.is_cuda() => {
            Err(model::too_large(placement, [needs, free], None))
        }
        _ => Ok(()),
    }
}

/// Compiles or loads what the fast path needs, where there is one.
fn prepare_kernels(placement: &Placement) {
    if let DeviceChoice::Cuda(index) = placement.choice {
        let _ = u16::try_from(index).ok().and_then(Kernels::of);
    }
}

fn wait(placement: &Placement) -> Result<(), Failure> {
    let waited = placement.device.sync();
    waited.map_err(|error| Failure::Failed(error.to_string()))
}

/// ‖a − b‖ / ‖b‖ of the last latents of all pictures.
fn distance(a: &[Picture], b: &[Picture]) -> f64 {
    let values = |pictures: &[Picture]| -> Vec<f64> {
        let latents = pictures.iter().flat_map(|picture| &picture.latents);
        latents.copied().map(f64::from).collect()
    };
    let (a, b) = (values(a), values(b));
    let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
    norm(&mut a.iter().zip(&b).map(|(a, b)| a - b)) / norm(&mut b.iter().copied())
}

fn load(
    args: &Args,
    placement: &Placement,
    cancel: &CancelToken,
) -> Result<(String, Pipeline), Failure> {
    if let Some(random) = args.random {
        return Ok((
            "random z-image-turbo".into(),
            Pipeline::new(random.init(placement), placement),
        ));
    }
    let loaded = model::load(&args.model.open()?, placement, cancel)?;
    Ok((loaded.record.name, loaded.pipeline))
}

/// The median in milliseconds, rounded to microseconds; `None` of nothing.
fn milliseconds(seconds: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = seconds.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = match sorted.len() {
        0 => return None,
        length if length % 2 == 1 => sorted[middle],
        _ => (sorted[middle - 1] + sorted[middle]) / 2.0,
    };
    Some((median * 1e6).round() / 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one_or_between_the_middle_two() {
        assert_eq!(milliseconds([0.003, 0.001, 0.002].into_iter()), Some(2.0));
        assert_eq!(
            milliseconds([0.004, 0.001, 0.002, 0.003].into_iter()),
            Some(2.5)
        );
        assert_eq!(milliseconds(std::iter::empty()), None);
    }
}
