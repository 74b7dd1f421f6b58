//! Copies of pictures in the format that someone else needs.

use std::io::Cursor;
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;

use super::thumbs::open_limited;
use crate::files::{self, FileError};

/// The most bytes of a picture that is copied as it is.
const MAX_COPY: u64 = 1 << 30;

/// What the copy is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The file as it is, with all that it says about itself; other formats become a plain PNG.
    Png,
    /// A PNG that says nothing about how it was made.
    PlainPng,
    /// JPEG of this quality, 1 to 100. Says nothing about how it was made.
    Jpeg(u8),
    /// WebP without loss. Says nothing about how it was made.
    WebP,
}

impl Format {
    /// The usual ending of its files.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Png | Self::PlainPng => "png",
            Self::Jpeg(_) => "jpg",
            Self::WebP => "webp",
        }
    }

    /// The format that a file name asks for.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "png" => Some(Self::Png),
            "jpg" | "jpeg" => Some(Self::Jpeg(92)),
            "webp" => Some(Self::WebP),
            _ => None,
        }
    }
}

/// Why there is no copy. What was at the target before is still there.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The picture cannot be read, or the copy not be written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The picture cannot be decoded or encoded.
    #[error("{0}")]
    Picture(String),
    /// The copy would replace the original.
    #[error("the copy would replace the picture itself; choose another name")]
    Itself,
}

/// Writes a copy of the picture at `source` to `target`, whole or not at all.
///
/// # Errors
/// [`ExportError`].
pub fn export(source: &Path, target: &Path, format: Format) -> Result<(), ExportError> {
    if source
        .canonicalize()
        .is_ok_and(|source| target.canonicalize().is_ok_and(|target| source == target))
    {
        return Err(ExportError::Itself);
    }
    let is_png = source
        .extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("png"));
    let bytes = if format == Format::Png && is_png {
        files::read_capped(source, MAX_COPY)?
    } else {
        let picture = open_limited(source)
            .map_err(ExportError::Picture)?
            .into_rgb8();
        let mut bytes = Cursor::new(Vec::new());
        encode(&picture, format, &mut bytes)
            .map_err(|error| ExportError::Picture(error.to_string()))?;
        bytes.into_inner()
    };
    Ok(files::replace(target, &bytes)?)
}

fn encode(
    picture: &image::RgbImage,
    format: Format,
    bytes: &mut Cursor<Vec<u8>>,
) -> image::ImageResult<()> {
    match format {
        Format::Png | Format::PlainPng => picture.write_to(bytes, image::ImageFormat::Png),
        Format::Jpeg(quality) => {
            picture.write_with_encoder(JpegEncoder::new_with_quality(bytes, quality.clamp(1, 100)))
        }
        Format::WebP => picture.write_with_encoder(WebPEncoder::new_lossless(bytes)),
    }
}

/// The pixels of the picture at `source`, for the canvas and the clipboard.
///
/// # Errors
/// [`ExportError::Picture`] when it cannot be decoded.
pub fn pixels(source: &Path) -> Result<image::RgbaImage, ExportError> {
    Ok(open_limited(source)
        .map_err(ExportError::Picture)?
        .into_rgba8())
}
