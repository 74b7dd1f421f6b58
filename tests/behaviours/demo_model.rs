//! The model that comes with the program: small, whole, and it paints what it is asked for.

use std::path::{Path, PathBuf};

use danqing::checkpoint::Checkpoint;
use danqing::pipeline::{
    CancelToken, DeviceChoice, Observer, Pipeline, Placement, Silent, StepReport, Suited,
};
use danqing::request::{ImageSize, Prompt, Request, Seed};
use image::RgbImage;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/models/demo")
}

fn bytes_below(folder: &Path) -> u64 {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                bytes_below(&entry.path())
            } else {
                entry.metadata().unwrap().len()
            }
        })
        .sum()
}

fn paint(pipeline: &mut Pipeline, prompt: &str, seed: u64, side: u32) -> RgbImage {
    let mut request = Request::new(Prompt::new(prompt).unwrap(), Seed(seed));
    request.size = ImageSize::new(side, side).unwrap();
    let mut pictures = pipeline
        .generate(&request, &mut Silent, &CancelToken::new())
        .unwrap();
    pictures.remove(0).pixels
}

fn mean(picture: &RgbImage) -> [f64; 3] {
    std::array::from_fn(|channel| {
        let sum: f64 = picture
            .pixels()
            .map(|pixel| f64::from(pixel.0[channel]))
            .sum();
        sum / f64::from(picture.width() * picture.height())
    })
}

#[test]
fn the_shipped_model_is_small_and_whole() {
    assert!(bytes_below(&folder()) <= 24 << 20);
    let report = Checkpoint::open(&folder()).unwrap().check();
    assert!(report.is_sound(), "{report:?}");
}

#[test]
fn the_shipped_model_follows_prompts_in_both_languages() {
    let checkpoint = Checkpoint::open(&folder()).unwrap();
    let placement = Placement::resolve(DeviceChoice::Cpu, None).unwrap();
    let mut pipeline =
        Pipeline::load(&checkpoint, &placement, &mut |_, _| {}, &CancelToken::new()).unwrap();
    let luma = |picture: &RgbImage| mean(picture).iter().sum::<f64>() / 3.0;
    for [night, noon] in [
        ["夜晚的大海，扁平插画", "正午的大海，扁平插画"],
        [
            "a meadow at night, flat illustration",
            "a meadow at noon, flat illustration",
        ],
    ] {
        let night = luma(&paint(&mut pipeline, night, 3, 256));
        let noon = luma(&paint(&mut pipeline, noon, 3, 256));
        assert!(noon > night + 30.0, "noon {noon}, night {night}");
    }
    let desert = mean(&paint(
        &mut pipeline,
        "a desert at noon, flat illustration",
        1,
        256,
    ));
    let sea = mean(&paint(&mut pipeline, "中午的大海，扁平插画", 1, 256));
    assert!(
        desert[0] - desert[2] > sea[0] - sea[2] + 30.0,
        "desert {desert:?}, sea {sea:?}"
    );
}

#[test]
fn a_seed_paints_the_same_picture_again_and_another_seed_another() {
    let checkpoint = Checkpoint::open(&folder()).unwrap();
    let placement = Placement::resolve(DeviceChoice::Cpu, None).unwrap();
    let mut pipeline =
        Pipeline::load(&checkpoint, &placement, &mut |_, _| {}, &CancelToken::new()).unwrap();
    let first = paint(&mut pipeline, "森林里的一只红色狐狸，剪纸", 1, 128);
    assert_eq!(
        first,
        paint(&mut pipeline, "森林里的一只红色狐狸，剪纸", 1, 128)
    );
    assert_ne!(
        first,
        paint(&mut pipeline, "森林里的一只红色狐狸，剪纸", 2, 128)
    );
}

#[test]
fn the_shipped_model_says_what_suits_it() {
    let suited = Suited::read(&folder()).unwrap();
    assert!(suited.holds(suited.native) && suited.sizes.contains(&suited.native));
    assert!(suited.sizes.iter().all(|size| suited.holds(*size)));
    assert!(!suited.holds(ImageSize::default()));
}

/// Keeps both kinds of previews of each step.
#[derive(Default)]
struct Previews {
    fast: Vec<RgbImage>,
    good: Vec<RgbImage>,
    seconds: f64,
}

impl Observer for Previews {
    fn step(&mut self, report: &StepReport<'_>) {
        self.fast.push(report.preview());
        let since = std::time::Instant::now();
        self.good.push(report.decoded_preview().unwrap());
        self.seconds += since.elapsed().as_secs_f64();
    }
}

/// Root mean square of the levels between `picture` and `preview`, made as large as it.
fn distance(preview: &RgbImage, picture: &RgbImage) -> f64 {
    let (width, height) = picture.dimensions();
    let filter = image::imageops::FilterType::Triangle;
    let large = image::imageops::resize(preview, width, height, filter);
    let pairs = large.iter().zip(picture.iter());
    let sum: f64 = pairs
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        .sum();
    (sum / f64::from(width * height * 3)).sqrt()
}

#[test]
fn previews_through_the_autoencoder_are_nearer_to_the_picture_than_fast_ones() {
    let checkpoint = Checkpoint::open(&folder()).unwrap();
    let placement = Placement::resolve(DeviceChoice::Cpu, None).unwrap();
    let mut pipeline =
        Pipeline::load(&checkpoint, &placement, &mut |_, _| {}, &CancelToken::new()).unwrap();
    for (prompt, side) in [
        ("森林里的一只红色狐狸，剪纸", 256),
        ("a white sailing boat on a lake at dawn, watercolour", 384),
    ] {
        let mut request = Request::new(Prompt::new(prompt).unwrap(), Seed(1));
        request.size = ImageSize::new(side, side).unwrap();
        let mut previews = Previews::default();
        let pictures = pipeline.generate(&request, &mut previews, &CancelToken::new());
        let picture = pictures.unwrap().remove(0);
        let away = |kind: &[RgbImage], step: usize| distance(&kind[step], &picture.pixels);
        let (half, last) = (previews.fast.len() / 2, previews.fast.len() - 1);
        println!(
            "{side}: fast {:.1} and {:.1}, good {:.1} and {:.1} of 255; {:.0} ms each, a step {:.0} ms",
            away(&previews.fast, half),
            away(&previews.fast, last),
            away(&previews.good, half),
            away(&previews.good, last),
            1000.0 * previews.seconds / previews.good.len() as f64,
            1000.0 * picture.timings.denoise / previews.good.len() as f64,
        );
        assert_eq!(previews.good[0].dimensions(), picture.pixels.dimensions());
        assert_eq!(previews.good[last], picture.pixels, "{prompt}");
        assert!(
            away(&previews.good, half) < away(&previews.fast, half),
            "{prompt}"
        );
    }
}
