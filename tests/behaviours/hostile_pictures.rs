//! Pictures that mean harm: nothing panics, nothing grows without bound, and what is intact is still read.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use danqing::gallery::{PngRecord, png_text::ReadError, read_png};

use super::support::program::{danqing, errors, fail};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/files/hostile/pictures")
}

fn read(name: &str) -> Result<PngRecord, ReadError> {
    read_png(&folder().join(name))
}

#[test]
fn every_file_is_answered_soon_and_without_a_panic() {
    let mut files = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "png") {
            continue;
        }
        files += 1;
        let begin = Instant::now();
        // Any answer will do here; what it must be stands below.
        let _ = read_png(&path);
        let _ = danqing::pipeline::start_image::read_pixels(&path);
        assert!(
            begin.elapsed() < Duration::from_secs(2),
            "{}",
            path.display()
        );
    }
    assert!(files >= 23, "only {files} files");
}

#[test]
fn what_is_no_picture_is_refused() {
    for name in [
        "empty.png",
        "signature_only.png",
        "truncated_in_header.png",
        "not_a_picture.png",
        "bad_header_checksum.png",
        "zero_sides.png",
        "endless_chunk.png",
    ] {
        assert!(
            matches!(read(name), Err(ReadError::NotPng { .. })),
            "{name}: {:?}",
            read(name)
        );
    }
    assert!(matches!(
        read("huge_sides.png"),
        Err(ReadError::TooLarge { .. })
    ));
    assert!(matches!(read("none.png"), Err(ReadError::Io { .. })));
}

#[test]
fn pixels_that_would_take_too_much_memory_are_not_unpacked() {
    let path = folder().join("heavy_pixels.png");
    let error = danqing::pipeline::start_image::read_pixels(&path).unwrap_err();
    assert!(error.to_string().contains("2147483648 bytes"), "{error}");
}

#[test]
fn intact_texts_of_damaged_pictures_are_read() {
    for name in [
        "truncated_in_pixels.png",
        "empty_pixels.png",
        "many_texts.png",
    ] {
        let record = read(name).unwrap();
        assert_eq!(
            record.parameters.map(|p| p.prompt).as_deref(),
            Some("fox"),
            "{name}"
        );
    }
}

#[test]
fn a_record_that_cannot_be_trusted_is_a_warning_and_nothing_more() {
    for (name, word) in [
        ("record_steps_out_of_range.png", "steps"),
        ("record_odd_size.png", "multiple of 16"),
        ("record_control_characters.png", "control character"),
        ("record_not_json.png", "damaged"),
        ("record_nested.png", "damaged"),
        ("record_from_the_future.png", "newer version"),
        ("record_bomb.png", "not read"),
        ("text_bomb.png", "not read"),
    ] {
        let record = read(name).unwrap();
        assert!(
            record.metadata.is_none() && record.parameters.is_none(),
            "{name}"
        );
        assert!(
            record.warnings.iter().any(|warning| warning.contains(word)),
            "{name}: {:?}",
            record.warnings
        );
    }
}

#[test]
fn escape_codes_in_a_file_do_not_reach_the_terminal() {
    for name in ["parameters_escape_codes.png", "record_escape_codes.png"] {
        let path = folder().join(name);
        let output = danqing(&["show", path.to_str().unwrap()]).output().unwrap();
        let shown = String::from_utf8(output.stdout.clone()).unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        assert!(shown.contains('\u{fffd}'), "{name}: {shown}");
        assert!(
            !shown.contains(['\u{1b}', '\u{7}', '\u{9b}']),
            "{name}: {shown:?}"
        );
    }
    let said = fail(
        &mut danqing(&["show", folder().join("not_a_picture.png").to_str().unwrap()]),
        2,
    );
    assert!(said.contains("not an intact PNG"), "{said}");
}
