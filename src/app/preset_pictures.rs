//! The small pictures of presets: made from a picture of the gallery, and read again for the list.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, crop_imm, resize, thumbnail};
use image::{DynamicImage, ImageReader, Limits, RgbImage};

use crate::gallery::thumbs;
use crate::request::preset::Thumbnail;

/// Pixels of each side. The list shows 44 points, which is enough for a screen of three pixels a point.
const SIDE: u32 = 128;
const QUALITY: u8 = 85;
/// The longest side that is decoded, since a preset may come from anywhere.
const LONGEST: u32 = 1024;
/// The most bytes of memory for decoding.
const MEMORY: u64 = 16 << 20;

/// The middle square of the picture at `path`, for a preset.
///
/// # Errors
/// Why the picture cannot be read or the thumbnail not be made.
pub fn from_picture(path: &Path) -> Result<Thumbnail, String> {
    let square = square(&thumbs::open_limited(path)?);
    let mut bytes = Cursor::new(Vec::new());
    square
        .write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, QUALITY))
        .map_err(|error| error.to_string())?;
    Thumbnail::new(bytes.into_inner()).ok_or_else(|| "the thumbnail is too large".to_owned())
}

/// The pixels of a preset's thumbnail; none when it cannot be decoded within bounds.
#[must_use]
pub fn decode(thumbnail: &Thumbnail) -> Option<RgbImage> {
    let mut reader = ImageReader::new(Cursor::new(thumbnail.bytes()));
    let mut limits = Limits::default();
    limits.max_image_width = Some(LONGEST);
    limits.max_image_height = Some(LONGEST);
    limits.max_alloc = Some(MEMORY);
    reader.limits(limits);
    let picture = reader.with_guessed_format().ok()?.decode().ok()?;
    Some(square(&picture))
}

fn square(picture: &DynamicImage) -> RgbImage {
    let side = picture.width().min(picture.height());
    let (left, top) = ((picture.width() - side) / 2, (picture.height() - side) / 2);
    let middle = crop_imm(&picture.to_rgb8(), left, top, side, side).to_image();
    match side.cmp(&SIDE) {
        std::cmp::Ordering::Equal => middle,
        // `thumbnail` averages over large steps, `resize` is the better one for small ones.
        _ if side > 4 * SIDE => thumbnail(&middle, SIDE, SIDE),
        _ => resize(&middle, SIDE, SIDE, FilterType::CatmullRom),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_picture_becomes_its_middle_square_and_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("wide.png");
        RgbImage::from_fn(900, 300, |x, _| {
            image::Rgb(if (300..600).contains(&x) {
                [200, 40, 30]
            } else {
                [0, 0, 0]
            })
        })
        .save(&file)
        .unwrap();
        let thumbnail = from_picture(&file).unwrap();
        let pixels = decode(&thumbnail).unwrap();
        assert_eq!(pixels.dimensions(), (SIDE, SIDE));
        assert!(
            pixels.pixels().all(|pixel| pixel.0[0] > 150),
            "only the middle"
        );
    }

    #[test]
    fn what_is_no_small_picture_is_not_shown() {
        assert_eq!(Thumbnail::new(b"GIF89a".to_vec()), None);
        let mut long = b"\x89PNG\r\n\x1a\n".to_vec();
        assert_eq!(decode(&Thumbnail::new(long.clone()).unwrap()), None);
        long.resize(crate::request::preset::MAX_THUMBNAIL + 1, 0);
        assert_eq!(Thumbnail::new(long), None);
    }
}
