//! What a picture's file says, and painting it again from that.

use danqing::gallery::read_png;

use super::support::program::{danqing, errors, fail, generate, names, succeed, tiny_model};

fn paint(folder: &std::path::Path) -> String {
    let out = folder.join("fox.png");
    let prompt = "a \"red\" fox,\nin: snow";
    succeed(&mut generate(
        &[
            prompt,
            "--negative",
            "blurry, text",
            "--guidance",
            "2.5",
            "--cfg-normalization",
            "1",
            "--size",
            "48x64",
            "--steps",
            "3",
            "--shift",
            "2.2",
            "--seed",
            "11",
        ],
        &out,
    ));
    out.to_str().unwrap().to_owned()
}

#[test]
fn show_prints_the_text_of_other_tools_and_the_whole_record() {
    let folder = tempfile::tempdir().unwrap();
    let file = paint(folder.path());
    let lines = succeed(&mut danqing(&["show", &file]));
    assert_eq!(
        lines[..3],
        [
            "a \"red\" fox,",
            "in: snow",
            "Negative prompt: blurry, text"
        ]
    );
    assert!(
        lines[3].starts_with("Steps: 3, Sampler: Euler, CFG scale: 2.5, Seed: 11, Size: 48x64")
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("chacha20-box-muller-1"))
    );

    let json = succeed(&mut danqing(&["show", "--json", &file]));
    let json: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
    assert_eq!(json["metadata"]["request"]["cfg_normalization"], 1.0);
    assert_eq!(json["metadata"]["request"]["shift"], 2.2);
    assert_eq!(json["parameters"]["settings"]["Seed"], "11");
}

#[test]
fn a_record_is_painted_again_and_the_pixels_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let file = paint(folder.path());
    let again = folder.path().join("again.png");
    let mut command = generate(&["--from", &file, "--json"], &again);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(
        errors(&output).contains("the pixels are equal"),
        "{}",
        errors(&output)
    );
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(line["equal"], true);
    assert_eq!(
        std::fs::read(&file).unwrap(),
        std::fs::read(&again).unwrap()
    );
}

#[test]
fn another_picture_under_the_same_record_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = paint(folder.path());
    let record = read_png(file.as_ref()).unwrap().metadata.unwrap();
    let mut pixels = image::open(&file).unwrap().into_rgb8();
    pixels.get_pixel_mut(5, 5).0[1] ^= 0x80;
    danqing::gallery::writer::write_png_as(file.as_ref(), &pixels, &record).unwrap();
    let output = generate(&["--from", &file], folder.path())
        .output()
        .unwrap();
    let said = errors(&output);
    assert!(
        said.contains("not equal") && said.contains("1 of 3072 differ"),
        "{said}"
    );
}

#[test]
fn text_of_another_tool_is_painted_as_far_as_it_can_be() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.png");
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 8, 8);
    let text = "a fox, \"wild\"\nsecond line\nNegative prompt: dog\nSteps: 2, Sampler: Euler a, CFG scale: 1, \
                Seed: 99, Size: 40x32, Model: \"x, y\", Version: v1.9";
    encoder
        .add_text_chunk("parameters".into(), text.into())
        .unwrap();
    encoder.set_color(png::ColorType::Grayscale);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&[0; 64]).unwrap();
    writer.finish().unwrap();
    std::fs::write(&path, bytes).unwrap();

    let out = folder.path().join("ours.png");
    let output = generate(&["--from", path.to_str().unwrap()], &out)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    assert!(
        errors(&output).contains("40x32 becomes 32x32"),
        "{}",
        errors(&output)
    );
    let request = read_png(&out).unwrap().metadata.unwrap().request;
    assert_eq!(request.prompt.as_str(), "a fox, \"wild\"\nsecond line");
    assert_eq!((request.steps.get(), request.seed.0), (2, 99));
}

#[test]
fn a_picture_without_a_record_cannot_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plain.png");
    image::RgbImage::new(16, 16).save(&path).unwrap();
    let path = path.to_str().unwrap();
    for mut command in [
        danqing(&["show", path]),
        danqing(&["generate", "--from", path]),
    ] {
        let said = fail(command.arg("--json"), 2);
        assert!(said.contains("does not say how it was made"), "{said}");
    }
}

#[test]
fn a_record_and_a_prompt_together_are_a_contradiction() {
    let folder = tempfile::tempdir().unwrap();
    let file = paint(folder.path());
    let mut command = danqing(&["generate", "a hare", "--from", &file, "--model"]);
    fail(command.arg(tiny_model()), 2);
    assert_eq!(names(folder.path()), ["fox.png"]);
}
