//! Whole pictures against the reference: words in, latents of every step and pixels out, with the reference's noise.

use std::path::PathBuf;

use danqing::checkpoint::Checkpoint;
use danqing::pipeline::{
    Batch, CancelToken, GivenNoise, Latents, Observer, Picture, Pipeline, Precision, StepReport,
};
use danqing::request::{
    CfgNormalization, CfgTruncation, Count, Guidance, ImageSize, Prompt, Request, Seed, StartImage,
    Steps, Strength,
};
use image::{GrayImage, RgbImage};

use super::support::golden::{Tensors, folder, placement};

/// Largest difference of a latent in f32.
const LATENTS: f32 = 1e-4;
/// Relative L2 distance of latents in bf16.
const LATENTS_BF16: f32 = 0.02;

fn pipeline(precision: Precision) -> Pipeline {
    let model = match precision {
        Precision::F32 => "model_f32",
        Precision::Bf16 | Precision::Fp8 | Precision::Int8 => "model_bf16",
    };
    let checkpoint = Checkpoint::open(&folder().join("tiny").join(model)).unwrap();
    let (placement, cancel) = (placement(precision), CancelToken::new());
    Pipeline::load(&checkpoint, &placement, &mut |_, _| {}, &cancel).unwrap()
}

/// `index.json` of the folder the case is in, and the case in it.
fn case(name: &str) -> serde_json::Value {
    ["tiny/golden/index.json", "tiny_extra/index.json"]
        .iter()
        .flat_map(|index| {
            let text = std::fs::read_to_string(folder().join(index)).unwrap();
            let index: serde_json::Value = serde_json::from_str(&text).unwrap();
            index["cases"].as_array().unwrap().clone()
        })
        .find(|case| case["name"] == name)
        .unwrap_or_else(|| panic!("no golden case {name}"))
}

/// What a case asks for: the request, and the prompts beyond its first.
struct Asked {
    request: Request,
    more_prompts: Vec<Prompt>,
    max_tokens: Option<usize>,
}

fn asked(case: &serde_json::Value) -> Asked {
    let words = |value: &serde_json::Value| match value.as_str().unwrap() {
        "" => Prompt::blank(),
        words => Prompt::new(words).unwrap(),
    };
    let mut prompts: Vec<Prompt> = match &case["prompt"] {
        serde_json::Value::Array(prompts) => prompts.iter().map(words).collect(),
        prompt => vec![words(prompt)],
    };
    let number = |name: &str| case[name].as_u64().map(|number| number as u32);
    let mut request = Request::new(prompts.remove(0), Seed(1));
    request.size = ImageSize::new(number("width").unwrap(), number("height").unwrap()).unwrap();
    request.steps = Steps::new(number("steps").unwrap()).unwrap();
    request.count = Count::new(number("num_images_per_prompt").unwrap_or(1)).unwrap();
    // The reference's scale is 0 when off, ours 1.
    let scale = case["guidance_scale"].as_f64().unwrap_or(0.0) as f32;
    request.guidance = Guidance::new(scale + 1.0).unwrap();
    if case["cfg_normalization"] == true {
        request.cfg_normalization = CfgNormalization::new(1.0).unwrap();
    }
    if let Some(time) = case["cfg_truncation"].as_f64() {
        request.cfg_truncation = CfgTruncation::new(time as f32).unwrap();
    }
    request.negative = case["negative_prompt"]
        .as_str()
        .map(|words| Prompt::new(words).unwrap());
    Asked {
        request,
        more_prompts: prompts,
        max_tokens: number("max_sequence_length").map(|tokens| tokens as usize),
    }
}

fn latents(golden: &Tensors, name: &str) -> Latents {
    let data = golden.data(name);
    let shape: Vec<usize> = data.shape().to_vec();
    Latents::new(shape.try_into().unwrap(), data.try_to_vec::<f32>().unwrap()).unwrap()
}

/// The latents after each step, all pictures one after the other.
#[derive(Default)]
struct Recorder {
    steps: Vec<Vec<f32>>,
    sigmas: Vec<f32>,
}

impl Observer for Recorder {
    fn step(&mut self, report: &StepReport<'_>) {
        if self.steps.len() < report.step {
            self.steps.push(Vec::new());
            self.sigmas.push(report.sigma);
        }
        self.steps[report.step - 1].extend_from_slice(report.latents);
        let [_, height, width] = report.shape;
        assert_eq!(report.preview().dimensions(), (width as u32, height as u32));
    }
}

/// Paints a case and holds every step and every pixel to the reference; the latents after the last step.
fn paint(name: &str, asked: &Asked, noise: &GivenNoise, precision: Precision) -> Vec<f32> {
    let golden = Tensors::case(name);
    let mut pipeline = pipeline(precision);
    if let Some(tokens) = asked.max_tokens {
        pipeline.prompts().set_max_tokens(tokens);
    }
    let batch = Batch {
        request: &asked.request,
        more_prompts: &asked.more_prompts,
        noise: Some(noise),
    };
    let mut recorder = Recorder::default();
    let pictures = pipeline
        .generate_batch(&batch, &mut recorder, &CancelToken::new())
        .unwrap();

    let steps = (0..)
        .take_while(|step| golden.has(&format!("latents.{step}")))
        .count();
    assert_eq!(recorder.steps.len(), steps);
    for (step, got) in recorder.steps.iter().enumerate() {
        let wanted = latents(&golden, &format!("latents.{step}"));
        match precision {
            Precision::F32 => {
                let distance = largest(got, wanted.values());
                println!("{name}, step {step}: {distance:.1e} off");
                assert!(distance <= LATENTS, "{name}, step {step}: {distance} off");
            }
            Precision::Bf16 | Precision::Fp8 | Precision::Int8 => {
                let distance = relative(got, wanted.values());
                println!("{name}, step {step}: {distance:.1e} of the norm off");
                assert!(
                    distance <= LATENTS_BF16,
                    "{name}, step {step}: {distance} off"
                );
            }
        }
    }
    if precision == Precision::F32 {
        compare_pixels(name, &golden, &pictures);
    }
    recorder.steps.pop().unwrap_or_default()
}

fn compare_pixels(name: &str, golden: &Tensors, pictures: &[Picture]) {
    let wanted = golden.data("image_u8").try_to_vec::<u8>().unwrap();
    let got: Vec<u8> = pictures
        .iter()
        .flat_map(|picture| picture.pixels.as_raw().iter().copied())
        .collect();
    assert_eq!(got.len(), wanted.len());
    let levels = got
        .iter()
        .zip(&wanted)
        .map(|(got, wanted)| got.abs_diff(*wanted))
        .max();
    assert!(levels <= Some(1), "{name}: {levels:?} levels off");
}

fn largest(got: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(got.len(), wanted.len());
    got.iter()
        .zip(wanted)
        .map(|(got, wanted)| (got - wanted).abs())
        .fold(0.0, f32::max)
}

fn relative(got: &[f32], wanted: &[f32]) -> f32 {
    assert_eq!(got.len(), wanted.len());
    let norm = |values: &mut dyn Iterator<Item = f32>| values.map(|x| x * x).sum::<f32>().sqrt();
    norm(&mut got.iter().zip(wanted).map(|(got, wanted)| got - wanted))
        / norm(&mut wanted.iter().copied())
}

fn text_to_image(name: &str, precision: Precision) -> Vec<f32> {
    let noise = GivenNoise {
        initial: latents(&Tensors::case(name), "initial_latents"),
        posterior: None,
    };
    paint(name, &asked(&case(name)), &noise, precision)
}

macro_rules! cases {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                text_to_image(stringify!($name), Precision::F32);
            }
        )*
    };
}

cases! {
    en_square
    zh_nonsquare
    empty_prompt
    long_prompt
    caption_exactly_32
    caption_33
    batch_mixed
    cfg_negative
    cfg_norm_trunc_batch
    truncated_64
    two_images_per_prompt
}

#[test]
fn bf16_stays_close_to_f32() {
    for name in ["en_square", "zh_nonsquare", "batch_mixed", "truncated_64"] {
        text_to_image(name, Precision::Bf16);
    }
}

/// The reference ran in bf16 as well, and rounds in other places: neither is to be further from f32 than the other.
#[test]
fn bf16_is_as_near_as_the_reference_is_in_bf16() {
    let ours = text_to_image("en_square", Precision::Bf16);
    let exact = latents(&Tensors::case("en_square"), "latents.7");
    let theirs = latents(&Tensors::case("en_square_bf16"), "latents_final");
    let (ours_off, theirs_off) = (
        relative(&ours, exact.values()),
        relative(theirs.values(), exact.values()),
    );
    println!("in bf16 we are {ours_off} from f32, the reference {theirs_off}");
    assert!(
        ours_off <= 2.0 * theirs_off,
        "{ours_off} against {theirs_off}"
    );
    assert!(relative(&ours, theirs.values()) <= LATENTS_BF16);
}

/// Writes the golden start image, and its mask if it has one, where a request can name them.
fn start_files(golden: &Tensors, scratch: &tempfile::TempDir) -> (PathBuf, Option<PathBuf>) {
    let image = scratch.path().join("start.png");
    let data = golden.data("init_image_u8");
    let (height, width) = (data.shape()[0] as u32, data.shape()[1] as u32);
    let pixels = data.try_to_vec::<u8>().unwrap();
    let picture = RgbImage::from_raw(width, height, pixels).unwrap();
    picture.save(&image).unwrap();
    let mask = golden.has("mask_u8").then(|| {
        let path = scratch.path().join("mask.png");
        let levels = golden.data("mask_u8").try_to_vec::<u8>().unwrap();
        let mask = GrayImage::from_raw(width, height, levels).unwrap();
        mask.save(&path).unwrap();
        path
    });
    (image, mask)
}

fn image_to_image(name: &str) {
    let golden = Tensors::case(name);
    let scratch = tempfile::tempdir().unwrap();
    let (image, mask) = start_files(&golden, &scratch);
    let case = case(name);
    let mut asked = asked(&case);
    let strength = Strength::new(case["strength"].as_f64().unwrap() as f32).unwrap();
    asked.request.start = Some(StartImage {
        image,
        mask,
        strength,
    });
    let noise = GivenNoise {
        initial: latents(&golden, "draw.1.pipe"),
        posterior: Some(latents(&golden, "draw.0.vae")),
    };
    paint(name, &asked, &noise, Precision::F32);
}

#[test]
fn img2img() {
    image_to_image("img2img");
}

#[test]
fn inpaint() {
    image_to_image("inpaint");
}
