//! `danqing generate`: from words to a file.

use std::path::PathBuf;

use danqing::gallery::read_png;

use super::support::golden;
use super::support::program::{danqing, errors, generate, names, succeed, tiny_model};

#[test]
fn a_prompt_becomes_a_file_that_says_how_it_was_made() {
    let folder = tempfile::tempdir().unwrap();
    let lines = succeed(&mut generate(
        &[
            "一只红狐狸",
            "--size",
            "80x48",
            "--steps",
            "2",
            "--seed",
            "7",
        ],
        folder.path(),
    ));
    let path = PathBuf::from(&lines[0]);
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(name.ends_with("-7-1.png"), "{name}");
    assert_eq!(names(folder.path()), [name]);

    let record = read_png(&path).unwrap();
    assert_eq!((record.width, record.height), (80, 48));
    let metadata = record.metadata.unwrap();
    assert_eq!(metadata.request.prompt.as_str(), "一只红狐狸");
    assert_eq!(metadata.request.steps.get(), 2);
    assert_eq!(metadata.request.seed.0, 7);
    assert_eq!(metadata.model.name, "model_f32");
    assert_eq!((&*metadata.device, &*metadata.dtype), ("cpu", "f32"));
    assert_eq!(
        (metadata.created, metadata.seconds),
        (None, None),
        "a file without --times is the same each time"
    );
    assert_eq!(
        image::open(&path).unwrap().into_rgb8().dimensions(),
        (80, 48)
    );
}

#[test]
fn json_tells_path_seed_seconds_and_memory_of_each_picture() {
    let folder = tempfile::tempdir().unwrap();
    let lines = succeed(&mut generate(
        &[
            "a fox", "--also", "a hare", "--count", "2", "--size", "32x32", "--steps", "2",
            "--seed", "5", "--json", "--times",
        ],
        &folder.path().join("out.png"),
    ));
    let pictures: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let field = |name: &str| -> Vec<String> {
        pictures
            .iter()
            .map(|picture| picture[name].to_string())
            .collect()
    };
    assert_eq!(field("seed"), ["5", "6", "7", "8"]);
    assert_eq!(
        field("prompt"),
        ["\"a fox\"", "\"a fox\"", "\"a hare\"", "\"a hare\""]
    );
    assert_eq!(
        names(folder.path()),
        ["out-1.png", "out-2.png", "out-3.png", "out-4.png"]
    );
    for picture in &pictures {
        assert!(picture["seconds"]["total"].as_f64().unwrap() > 0.0);
        assert_eq!(picture["step_seconds"].as_array().unwrap().len(), 2);
        assert!(picture["peak_memory"]["bytes"].as_u64().unwrap() > 1 << 20);
    }
    let third = read_png(&folder.path().join("out-3.png")).unwrap();
    let metadata = third.metadata.unwrap();
    assert_eq!(metadata.request.prompt.as_str(), "a hare");
    assert!(metadata.created.is_some() && metadata.seconds.is_some());
}

#[test]
fn given_noise_and_saved_latents_are_those_of_the_reference() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("latents.safetensors");
    let noise = golden::folder().join("tiny/golden/two_images_per_prompt.safetensors");
    let mut command = generate(
        &[
            "a photo of a cat",
            "--size",
            "64x48",
            "--steps",
            "3",
            "--count",
            "2",
        ],
        &folder.path().join("cat.png"),
    );
    succeed(
        command
            .arg("--noise")
            .arg(noise)
            .arg("--save-latents")
            .arg(&saved),
    );

    let bytes = std::fs::read(&saved).unwrap();
    let got = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let wanted = golden::Tensors::case("two_images_per_prompt");
    for (name, reference) in [
        ("latents.0", "latents.0"),
        ("latents.1", "latents.1"),
        ("latents.2", "latents.2"),
        ("latents", "latents.2"),
    ] {
        let view = got.tensor(name).unwrap();
        assert_eq!(view.shape(), [2, 16, 6, 8]);
        let values = view
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let reference = wanted.data(reference).try_to_vec::<f32>().unwrap();
        let distance = values
            .zip(reference)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(distance <= 1e-4, "{name}: {distance}");
    }
    let record = read_png(&folder.path().join("cat-2.png")).unwrap();
    assert_eq!(record.metadata.unwrap().noise, "file");
}

#[test]
fn a_start_image_gives_the_size_and_strength_nothing_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let start = folder.path().join("start.png");
    image::RgbImage::from_fn(70, 50, |x, y| image::Rgb([x as u8 * 3, y as u8 * 5, 90]))
        .save(&start)
        .unwrap();
    let paint = |strength: &str, name: &str| {
        let out = folder.path().join(name);
        let start = start.to_str().unwrap();
        let mut command = generate(
            &[
                "a fox",
                "--init-image",
                start,
                "--strength",
                strength,
                "--seed",
                "3",
            ],
            &out,
        );
        succeed(command.arg("--json"));
        image::open(out).unwrap().into_rgb8()
    };
    let (kept, kept_again, changed) = (
        paint("0", "kept.png"),
        paint("0", "again.png"),
        paint("1", "changed.png"),
    );
    assert_eq!(kept.dimensions(), (64, 48));
    assert_eq!(kept, kept_again);
    assert_ne!(kept, changed);
}

#[test]
fn latents_of_no_steps_are_saved_in_the_models_own_shape() {
    let folder = tempfile::tempdir().unwrap();
    let within = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    image::RgbImage::new(80, 48)
        .save(within("start.png"))
        .unwrap();
    let mut command = danqing(&["generate", "fox", "--device", "cpu", "--strength", "0"]);
    command
        .arg("--model")
        .arg(golden::folder().join("other"))
        .args(["--init-image", &within("start.png")])
        .args(["--save-latents", &within("latents.safetensors")])
        .args(["--output", &within("kept.png")]);
    succeed(&mut command);
    let bytes = std::fs::read(within("latents.safetensors")).unwrap();
    let saved = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(saved.names(), ["latents"]);
    assert_eq!(saved.tensor("latents").unwrap().shape(), [1, 8, 12, 20]);
}

#[test]
fn a_prompt_that_is_too_long_is_painted_and_the_cut_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let words = "snow ".repeat(600) + "THE END";
    let output = generate(&[&words, "--size", "32x32", "--steps", "1"], folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = errors(&output);
    assert!(
        said.contains("not seen") && said.contains("THE END"),
        "{said}"
    );
}

#[test]
fn a_small_model_is_painted_on_the_cpu_and_nobody_is_told_to_buy_a_card() {
    let folder = tempfile::tempdir().unwrap();
    let mut auto = danqing(&["generate", "a fox", "--size", "32x32"]);
    auto.args(["--steps", "1", "--device", "auto", "--model"])
        .arg(tiny_model())
        .arg("--output")
        .arg(folder.path())
        .env("CUDA_VISIBLE_DEVICES", "-1");
    let output = auto.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(
        !errors(&output).contains("no NVIDIA driver") && !errors(&output).contains("minutes"),
        "{}",
        errors(&output)
    );
}
