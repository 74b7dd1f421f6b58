use super::{
    super::{
        progress,
        terminal::{print_line, printable},
    },
    Failure,
    output::{self, Output},
    repeat::Original,
};
use crate::{
    gallery::{
        dates,
        metadata::{Metadata, StageSeconds},
    },
    pipeline::{CancelToken, Latents, Observer, PeakMemory, Picture, Stage, StepReport},
    request::{Count, Prompt},
};
use serde_json::json;
use std::{collections::BTreeMap, path::Path, time::SystemTime};

/// What is the same for all pictures of a run.
pub struct Story {
    /// The record, to be completed for each picture.
    pub template: Metadata,
    /// The prompts, of which each picture shows one.
    pub prompts: Vec<Prompt>,
    /// The device's name for people.
    pub device_name: String,
    /// Seconds that loading the model took.
    pub load_seconds: f64,
    /// Whether the record holds times.
    pub with_times: bool,
    /// Whether stdout gets JSON in place of paths.
    pub as_json: bool,
}

/// Saves each picture as soon as it is finished, says so on stdout, and moves the bar on stderr.
pub struct Saver<'a> {
    story: Story,
    output: Output,
    original: Option<Original>,
    cancel: &'a CancelToken,
    bar: Option<progress::Steps>,
    saved: usize,
    failure: Option<Failure>,
    /// By name, pictures one after the other.
    latents: Option<BTreeMap<String, Vec<Latents>>>,
}

impl<'a> Saver<'a> {
    /// Cancels the run with `cancel` when a picture cannot be saved.
    pub fn new(
        story: Story,
        output: Output,
        original: Option<Original>,
        cancel: &'a CancelToken,
        keep_latents: bool,
    ) -> Self {
        let latents = keep_latents.then(BTreeMap::new);
        Self {
            story,
            output,
            original,
            cancel,
            bar: None,
            saved: 0,
            failure: None,
            latents,
        }
    }

    /// Ends the run: hands out the latents if they were to be kept.
    ///
    /// # Errors
    /// Why a picture could not be saved.
    pub fn finish(self) -> Result<Option<BTreeMap<String, Latents>>, Failure> {
        if let Some(bar) = &self.bar {
            bar.clear();
        }
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let join = |latents: Vec<Latents>| Latents::stack(&latents);
        Ok(self.latents.map(|all| {
            all.into_iter()
                .filter_map(|(name, latents)| Some((name, join(latents)?)))
                .collect()
        }))
    }

    fn save(&mut self, picture: &Picture) -> Result<(), Failure> {
        let mut metadata = self.story.template.clone();
        metadata.request.seed = picture.seed;
        metadata.request.count = Count::default();
        metadata.decoded_in_tiles = picture.decoded_in_tiles;
        if let Some(prompt) = self.story.prompts.get(picture.prompt) {
            metadata.request.prompt = prompt.clone();
        }
        let seconds = seconds(picture);
        if self.story.with_times {
            metadata.created = Some(dates::rfc3339(SystemTime::now()));
            metadata.seconds = Some(seconds);
            metadata.peak_memory = picture.peak_memory.map(PeakMemory::bytes);
        }
        let path = match self.output.save(self.saved, &picture.pixels, &metadata) {
            Ok(path) => path,
            Err(why) => return Err(output::rescue(&why, &picture.pixels, &metadata)),
        };
        self.saved += 1;
        self.announce(picture, &path, &metadata, &seconds);
        Ok(())
    }

    fn announce(
        &self,
        picture: &Picture,
        path: &Path,
        metadata: &Metadata,
        seconds: &StageSeconds,
    ) {
        let verdict = self
            .original
            .as_ref()
            .map(|original| original.verdict(&picture.pixels));
        if let Some(verdict) = &verdict {
            self.say(verdict);
        }
        if !self.story.as_json {
            self.print(&path.display().to_string());
            return;
        }
        let equal = self.original.as_ref().map(|original| {
            original
                .compare(&picture.pixels)
                .is_some_and(|difference| difference.pixels == 0)
        });
        let line = json!({
            "path": path.display().to_string(),
            "seed": picture.seed,
            "prompt": metadata.request.prompt,
            "size": metadata.request.size.to_string(),
            "model": metadata.model,
            "device": metadata.device,
            "device_name": self.story.device_name,
            "dtype": metadata.dtype,
            "load_seconds": self.story.load_seconds,
            "seconds": seconds,
            "step_seconds": picture.timings.steps,
            "peak_memory": picture.peak_memory,
            "equal": equal,
        });
        self.print(&line.to_string());
    }

    fn print(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.print(line),
            None => print_line(line),
        }
    }

    fn say(&self, words: &str) {
        match &self.bar {
            Some(bar) => bar.say(words),
            None => eprintln!("{}", printable(words)),
        }
    }

    fn keep(&mut self, name: String, shape: [usize; 3], values: &[f32]) {
        let latents = Latents::new([1, shape[0], shape[1], shape[2]], values.to_vec());
        if let (Some(all), Some(latents)) = (&mut self.latents, latents) {
            all.entry(name).or_default().push(latents);
        }
    }
}

fn seconds(picture: &Picture) -> StageSeconds {
    let timings = &picture.timings;
    StageSeconds {
        encode_text: timings.encode_text,
        encode_image: timings.encode_image,
        denoise: timings.denoise,
        decode: timings.decode,
        total: timings.total,
    }
}

impl Observer for Saver<'_> {
    fn stage(&mut self, stage: Stage, picture: usize) {
        let pictures = self.story.prompts.len() * self.story.template.request.count.get() as usize;
        self.bar
            .get_or_insert_with(|| progress::Steps::new(pictures))
            .stage(stage, picture);
    }

    fn step(&mut self, report: &StepReport<'_>) {
        if let Some(bar) = &self.bar {
            bar.step(report);
        }
        self.keep(
            format!("latents.{}", report.step - 1),
            report.shape,
            report.latents,
        );
    }

    fn prompt_cut(&mut self, cut: &str) {
        let words = if cut.is_empty() {
            "note: the prompt just fills the encoder; the end of the template around it is cut off"
                .to_owned()
        } else {
            format!(
                "note: the prompt is too long; this part of it is not seen: {}",
                shortened(cut)
            )
        };
        self.say(&words);
    }

    fn picture(&mut self, picture: &Picture) {
        self.keep("latents".into(), picture.latent_shape, &picture.latents);
        if self.failure.is_some() {
            return;
        }
        if let Err(failure) = self.save(picture) {
            self.failure = Some(failure);
            self.cancel.cancel();
        }
    }
}

/// `text` in quotes, without its middle where it is long.
fn shortened(text: &str) -> String {
    const SHOWN: usize = 60;
    let count = text.chars().count();
    if count <= 3 * SHOWN {
        return format!("{text:?}");
    }
    let begin: String = text.chars().take(SHOWN).collect();
    let end: String = text.chars().skip(count - SHOWN).collect();
    format!("{begin:?} … {end:?} ({count} characters)")
}
