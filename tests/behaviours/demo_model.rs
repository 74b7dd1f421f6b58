//! The model that comes with the program: small, whole, and it paints what it is asked for.

use std::path::{Path, PathBuf};

use danqing::checkpoint::Checkpoint;
use danqing::pipeline::{CancelToken, DeviceChoice, Pipeline, Placement, Silent};
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
