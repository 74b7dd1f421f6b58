use super::{
    super::{model::ModelArgs, terminal::note},
    Failure,
    repeat::Original,
};
use crate::{
    checkpoint::Checkpoint,
    pipeline::{native_size, start_image},
    request::{
        CfgNormalization, CfgTruncation, Count, Guidance, ImageSize, Prompt, Request, RequestError,
        Seed, Shift, StartImage, Steps, Strength,
    },
};
use std::path::PathBuf;

/// Arguments of `danqing generate`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES, allow_negative_numbers = true)]
pub struct Args {
    /// What to paint; put it in quotes. Up to 512 tokens are read
    #[arg(value_name = "PROMPT", required_unless_present = "from")]
    prompt: Option<Prompt>,
    /// A further prompt for the same run; may be given several times. Seeds run on through all prompts
    #[arg(long, value_name = "PROMPT")]
    also: Vec<Prompt>,
    #[command(flatten)]
    model: ModelArgs,
    /// What to steer away from; felt only with --guidance above 1
    #[arg(long, value_name = "PROMPT")]
    negative: Option<String>,
    /// Width and height in pixels, multiples of 16. Without this the size of --init-image, or what the model
    /// was made for (1024x1024 for Z-Image-Turbo)
    #[arg(long, value_name = "WxH")]
    size: Option<ImageSize>,
    /// Transformer calls a picture; 8 is native for Turbo (recipes that say 9 mean 8)
    #[arg(long, default_value_t)]
    steps: Steps,
    /// Classifier-free guidance scale, 1 = off; Turbo is made for 1
    #[arg(long, value_name = "SCALE", default_value_t)]
    guidance: Guidance,
    /// Bound on the guided prediction's length, as a multiple of the unguided one's; 0 = off
    #[arg(long, value_name = "FACTOR", default_value_t)]
    cfg_normalization: CfgNormalization,
    /// Time (0 noise, 1 picture) after which guidance rests; 1 = never
    #[arg(long, value_name = "TIME", default_value_t)]
    cfg_truncation: CfgTruncation,
    /// Timestep shift in place of the model's own
    #[arg(long)]
    shift: Option<Shift>,
    /// Pictures a prompt, with the seeds that follow
    #[arg(long, default_value_t)]
    count: Count,
    /// Seed of the first picture; the same seed gives the same picture. Without this, one is drawn and recorded
    #[arg(long, value_name = "NUMBER", allow_hyphen_values = true)]
    seed: Option<Seed>,
    /// A picture to start from
    #[arg(long, value_name = "FILE")]
    init_image: Option<PathBuf>,
    /// With --init-image: a grey picture, white where it is painted anew, black where it is kept
    #[arg(long, value_name = "FILE", requires = "init_image")]
    mask: Option<PathBuf>,
    /// How far --init-image is changed, from 0 to 1. Without this 0.6, and 1 with --mask
    #[arg(long, requires = "init_image")]
    strength: Option<Strength>,
    /// A safetensors file whose tensor `initial_latents`, f32 [pictures, 16, height/8, width/8], replaces the drawn
    /// noise. With --init-image `draw.0.vae` and `draw.1.pipe` are used where present: the noise of the
    /// autoencoder's posterior, and that of the steps
    #[arg(long, value_name = "FILE")]
    pub noise: Option<PathBuf>,
    /// Write the latents to a safetensors file: `latents.0`, `latents.1` and so on after each step, and `latents`
    #[arg(long, value_name = "FILE")]
    pub save_latents: Option<PathBuf>,
    /// A folder that exists, or the name of a .png file (which is replaced; with several pictures -1, -2 and so on
    /// are added to it). Without this, the current folder
    #[arg(long, short, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Print one JSON object a picture: path, seed, seconds a stage, peak memory
    #[arg(long)]
    pub json: bool,
    /// Record in the file when the picture was made and how long it took. The file then differs from run to run
    #[arg(long)]
    pub times: bool,
    /// Tokens a prompt is cut to, of the template around it too
    #[arg(long, value_name = "TOKENS", hide_short_help = true, value_parser = clap::value_parser!(u32).range(9..=512))]
    pub max_tokens: Option<u32>,
    /// Repeat what this picture's file records, and say whether the pixels are equal
    #[arg(long, value_name = "FILE.png", conflicts_with_all = RECORDED)]
    pub from: Option<PathBuf>,
}

/// What a record says, and so cannot be said beside it.
const RECORDED: [&str; 14] = [
    "prompt",
    "also",
    "negative",
    "size",
    "steps",
    "guidance",
    "cfg_normalization",
    "cfg_truncation",
    "shift",
    "count",
    "seed",
    "init_image",
    "mask",
    "strength",
];

const EXAMPLES: &str = "Examples:\n  \
    danqing generate \"一只红狐狸跳过雪地\" --model Z-Image-Turbo --seed 7\n  \
    danqing generate \"a quiet harbour at dusk\" --size 1280x720 --count 4 --output pictures/\n  \
    danqing generate \"the same harbour in winter\" --init-image harbour.png --strength 0.6\n  \
    danqing generate --from pictures/20260101-120000-7-1.png\n\n\
    Exit codes: 0 done, 1 failed, 2 unusable input, 130 cancelled.";

/// What the arguments come to, before the model is known.
#[derive(Debug)]
pub struct Plan {
    /// Which model runs where.
    pub model: ModelArgs,
    /// Prompts beyond the request's own.
    pub more_prompts: Vec<Prompt>,
    request: Request,
    size: Option<ImageSize>,
}

impl Args {
    /// Puts the arguments, or else the record of the `original` to repeat, into a request.
    pub fn plan(&self, original: Option<&Original>) -> Result<Plan, Failure> {
        let mut model = self.model.clone();
        if let Some(original) = original {
            model.dtype = model.dtype.or(original.precision());
            let request = original.request.clone();
            return Ok(Plan {
                model,
                more_prompts: Vec::new(),
                size: Some(request.size),
                request,
            });
        }
        let prompt = self
            .prompt
            .clone()
            .ok_or_else(|| Failure::Input("the prompt is missing".into()))?;
        let mut request = Request::new(prompt, self.seed.unwrap_or_else(Seed::random));
        request.negative = Prompt::optional(self.negative.clone().unwrap_or_default())?;
        if request.negative.is_some() && !self.guidance.is_on() {
            note("--negative is felt only with --guidance above 1");
        }
        request.steps = self.steps;
        request.guidance = self.guidance;
        request.cfg_normalization = self.cfg_normalization;
        request.cfg_truncation = self.cfg_truncation;
        request.shift = self.shift;
        request.count = self.count;
        request.start = self.start()?;
        let size = match &request.start {
            Some(start) if self.size.is_none() => Some(size_of(start)?),
            _ => self.size,
        };
        Ok(Plan {
            model,
            more_prompts: self.also.clone(),
            size,
            request,
        })
    }

    fn start(&self) -> Result<Option<StartImage>, Failure> {
        let Some(image) = self.init_image.clone() else {
            return Ok(None);
        };
        for path in std::iter::once(&image).chain(&self.mask) {
            if path.to_str().is_none() {
                return Err(Failure::Input(format!(
                    "the name of {} is not UTF-8, so a picture's record could not hold it; rename the file",
                    path.display()
                )));
            }
        }
        let usual = if self.mask.is_some() {
            Strength::new(1.0)?
        } else {
            Strength::default()
        };
        Ok(Some(StartImage {
            image,
            mask: self.mask.clone(),
            strength: self.strength.unwrap_or(usual),
        }))
    }
}

/// The largest size that fits into the start image; for a photograph beyond what is painted, the nearest to its shape.
fn size_of(start: &StartImage) -> Result<ImageSize, Failure> {
    let (width, height) = start_image::dimensions(&start.image)?;
    let cut = |side: u32| (side / ImageSize::MULTIPLE).max(1) * ImageSize::MULTIPLE;
    match ImageSize::new(cut(width), cut(height)) {
        Err(RequestError::Size {
            nearest: [nearest, _],
            ..
        }) => {
            note(&format!(
                "the start image has {width}x{height} pixels and is painted at {nearest}; --size chooses another"
            ));
            Ok(nearest)
        }
        size => Ok(size?),
    }
}

impl Plan {
    /// The request, with a size that suits `checkpoint` where none was chosen. Its files are looked at.
    pub fn request(&self, checkpoint: &Checkpoint) -> Result<Request, Failure> {
        let mut request = self.request.clone();
        request.size = self.size.unwrap_or_else(|| native_size(checkpoint));
        if let Some(start) = &request.start {
            if !checkpoint.reads_pictures() {
                return Err(start_image::no_encoder().into());
            }
            start_image::read_image(&start.image, request.size)?;
            if let Some(mask) = &start.mask {
                start_image::read_mask(mask, request.size)?;
            }
        }
        Ok(request)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn a_start_image_gives_its_size_or_the_nearest_that_is_painted() {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("start.png");
        for (sides, size) in [
            ((70, 50), "64x48"),
            ((3, 1), "16x16"),
            ((4000, 3000), "2368x1760"),
            ((16, 10_000), "16x8192"),
        ] {
            image::GrayImage::new(sides.0, sides.1)
                .save(&image)
                .unwrap();
            let start = StartImage {
                image: image.clone(),
                mask: None,
                strength: Strength::default(),
            };
            assert_eq!(size_of(&start).unwrap().to_string(), size);
        }
    }
}
