//! What becomes of a gallery's files: small pictures, and copies in other formats.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use danqing::gallery::{OWN_FOLDER, Thumb, Thumbs, export, thumbs};
use danqing::request::Seed;
use image::{Rgb, RgbImage};

use super::{PATIENCE, Room, header_only};

fn thumb(thumbs: &Thumbs, gallery: &Path, entry: &danqing::gallery::Entry) -> Thumb {
    let since = Instant::now();
    loop {
        match thumbs.get(gallery, entry) {
            Thumb::Coming => assert!(since.elapsed() < PATIENCE, "no small picture came"),
            ready => return ready,
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn entry_of(folder: &Path, name: &str) -> danqing::gallery::Entry {
    let found = danqing::gallery::index::walk(folder, &mut |_, _| ()).unwrap();
    found
        .into_iter()
        .find(|entry| entry.path == Path::new(name))
        .unwrap()
}

#[test]
fn small_pictures_keep_the_shape_and_follow_the_file() {
    let room = Room::new();
    RgbImage::from_pixel(1024, 576, Rgb([200, 10, 10]))
        .save(room.folder().join("a.png"))
        .unwrap();
    let thumbs = Thumbs::new(room.cache(), 1 << 20, Arc::new(|| ())).unwrap();
    let Thumb::Ready(small) = thumb(&thumbs, &room.folder(), &entry_of(&room.folder(), "a.png"))
    else {
        panic!("it cannot be shown")
    };
    assert_eq!(small.dimensions(), (256, 144));
    assert_eq!(
        std::fs::read_dir(room.cache()).unwrap().count(),
        1,
        "it is kept on disk"
    );

    std::thread::sleep(Duration::from_millis(20));
    RgbImage::from_pixel(64, 64, Rgb([10, 10, 200]))
        .save(room.folder().join("a.png"))
        .unwrap();
    let Thumb::Ready(small) = thumb(&thumbs, &room.folder(), &entry_of(&room.folder(), "a.png"))
    else {
        panic!("it cannot be shown")
    };
    assert_eq!(
        (small.dimensions(), small.get_pixel(0, 0)),
        ((64, 64), &Rgb([10, 10, 200]))
    );
}

#[test]
fn small_pictures_stay_within_their_budget() {
    let room = Room::new();
    for number in 0..40 {
        RgbImage::new(300, 300)
            .save(room.folder().join(format!("{number}.png")))
            .unwrap();
    }
    let budget = 10 * (256 * 256 * 3 + 128);
    let thumbs = Thumbs::new(room.cache(), budget, Arc::new(|| ())).unwrap();
    for number in 0..40 {
        let entry = entry_of(&room.folder(), &format!("{number}.png"));
        assert!(matches!(
            thumb(&thumbs, &room.folder(), &entry),
            Thumb::Ready(_)
        ));
        assert!(thumbs.bytes() <= budget);
    }
    let kept = thumbs.bytes();
    assert!(kept > budget / 2, "and they are kept at all: {kept}");
}

/// Fault row 12.
#[test]
fn pictures_that_cannot_be_shown_say_why_and_take_no_memory() {
    let room = Room::new();
    let good = room.paint("a fox", 1);
    let bytes = std::fs::read(room.folder().join(&good)).unwrap();
    room.put("truncated.png", &bytes[..bytes.len() / 2]);
    room.put("no-pixels.png", &header_only(64, 64));
    room.put("huge.png", &header_only(60_000, 60_000));
    room.put("many-megabytes.png", &header_only(16_000, 16_000));
    room.put("text.jpg", b"not a picture");
    let mut flipped = bytes.clone();
    let middle = flipped.len() - 40;
    flipped[middle] ^= 0xff;
    room.put("bad-crc.png", &flipped);
    let thumbs = Thumbs::new(room.cache(), 1 << 20, Arc::new(|| ())).unwrap();
    for name in [
        "truncated.png",
        "no-pixels.png",
        "huge.png",
        "many-megabytes.png",
        "text.jpg",
        "bad-crc.png",
    ] {
        let shown = thumb(&thumbs, &room.folder(), &entry_of(&room.folder(), name));
        assert!(
            matches!(&shown, Thumb::Bad(why) if !why.is_empty()),
            "{name}: {shown:?}"
        );
    }
    std::fs::remove_file(room.folder().join("text.jpg")).unwrap();
    assert!(thumbs::open_limited(&room.folder().join("text.jpg")).is_err());
    assert!(thumbs::open_limited(&room.folder()).is_err());
}

#[test]
fn sixteen_bit_grey_interlaced_and_transparent_pictures_are_shown() {
    let room = Room::new();
    image::ImageBuffer::<image::Luma<u16>, _>::from_pixel(8, 8, image::Luma([65_535]))
        .save(room.folder().join("16.png"))
        .unwrap();
    image::RgbaImage::from_pixel(8, 8, image::Rgba([255, 0, 0, 0]))
        .save(room.folder().join("alpha.png"))
        .unwrap();
    RgbImage::from_pixel(8, 8, Rgb([9, 9, 9]))
        .save(room.folder().join("w.webp"))
        .unwrap();
    let thumbs = Thumbs::new(room.cache(), 1 << 20, Arc::new(|| ())).unwrap();
    for name in ["16.png", "alpha.png", "w.webp"] {
        let shown = thumb(&thumbs, &room.folder(), &entry_of(&room.folder(), name));
        assert!(matches!(shown, Thumb::Ready(_)), "{name}");
    }
}

#[test]
fn copies_are_made_in_each_format_and_png_keeps_what_it_says() {
    let room = Room::new();
    let source = room.folder().join(room.paint("a fox", 7));
    let pixels = image::open(&source).unwrap().into_rgb8();
    for (name, format) in [
        ("copy.png", export::Format::Png),
        ("plain.png", export::Format::PlainPng),
        ("copy.jpg", export::Format::Jpeg(95)),
        ("copy.webp", export::Format::WebP),
    ] {
        let target = room.home.path().join(name);
        std::fs::write(&target, b"something older").unwrap();
        export::export(&source, &target, format).unwrap();
        let copy = image::open(&target).unwrap().into_rgb8();
        if name == "copy.jpg" {
            assert_eq!(copy.dimensions(), pixels.dimensions());
        } else {
            assert_eq!(copy, pixels, "{name} loses nothing");
        }
        assert_eq!(
            export::Format::of(&target).map(export::Format::ending),
            Some(format.ending())
        );
    }
    let record = |name: &str| {
        danqing::gallery::read_png(&room.home.path().join(name))
            .unwrap()
            .metadata
    };
    assert_eq!(
        record("copy.png").map(|metadata| metadata.request.seed),
        Some(Seed(7))
    );
    assert_eq!(record("plain.png"), None);
}

/// Fault rows 10 and 43.
#[test]
fn a_copy_that_cannot_be_made_leaves_everything_as_it_was() {
    let room = Room::new();
    let source = room.folder().join(room.paint("a fox", 7));
    let before = std::fs::read(&source).unwrap();
    assert!(matches!(
        export::export(&source, &source, export::Format::Jpeg(90)),
        Err(export::ExportError::Itself)
    ));
    assert_eq!(std::fs::read(&source).unwrap(), before);

    let target = room.home.path().join("-rf $(echo 中文);.png");
    export::export(&source, &target, export::Format::Png).unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), before);
    let gone = room.folder().join("gone.png");
    assert!(export::export(&gone, &target, export::Format::WebP).is_err());
    assert_eq!(
        std::fs::read(&target).unwrap(),
        before,
        "the older copy is still there"
    );
    assert!(
        !room.folder().join(OWN_FOLDER).exists(),
        "and nothing was made in the gallery"
    );
}
