//! The picture an image-to-image run starts from, and its mask.

use super::{PipelineError, latents};
use crate::{model::AutoencoderKl, request::ImageSize};
use burn::tensor::{DType, Device, Tensor, TensorData};
use image::{
    DynamicImage, GrayImage, ImageDecoder, ImageReader, Limits, RgbImage, imageops::FilterType,
};
use std::path::Path;

/// Longest side of a picture that is opened.
const MAX_SIDE: u32 = 16_384;
/// Memory its decoding may take.
const MAX_BYTES: u64 = 1 << 30;

/// Reads the picture at `path`, turned upright as its camera noted, and fits it to `size`: scaled until it covers the
/// size, then cut evenly at both ends of the side that is too long. A picture of that size is taken as it is.
///
/// # Errors
/// [`PipelineError::StartImage`] when it cannot be read or is absurdly large.
pub fn read_image(path: &Path, size: ImageSize) -> Result<RgbImage, PipelineError> {
    Ok(cover(open(path, "start image")?, size).into_rgb8())
}

/// Reads a mask as [`read_image`] does: white is painted anew, black is kept.
///
/// # Errors
/// As [`read_image`].
pub fn read_mask(path: &Path, size: ImageSize) -> Result<GrayImage, PipelineError> {
    Ok(cover(open(path, "mask")?, size).into_luma8())
}

/// Reads the picture at `path` at its own size, for comparing.
///
/// # Errors
/// As [`read_image`].
pub fn read_pixels(path: &Path) -> Result<RgbImage, PipelineError> {
    Ok(open(path, "picture")?.into_rgb8())
}

/// Width and height of the picture at `path` as it will be shown, from its header.
///
/// # Errors
/// As [`read_image`].
pub fn dimensions(path: &Path) -> Result<(u32, u32), PipelineError> {
    use image::metadata::Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    let mut decoder = decoder(path, "start image")?;
    let (width, height) = decoder.dimensions();
    match decoder.orientation() {
        Ok(Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH) => Ok((height, width)),
        _ => Ok((width, height)),
    }
}

fn decoder(path: &Path, what: &'static str) -> Result<impl ImageDecoder, PipelineError> {
    let failed = |cause: String| PipelineError::StartImage {
        what,
        path: path.display().to_string(),
        cause,
    };
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(failed("it is not a file".into()));
    }
    let mut reader = ImageReader::open(path).map_err(|error| failed(error.to_string()))?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    reader.limits(limits);
    let reader = reader
        .with_guessed_format()
        .map_err(|error| failed(error.to_string()))?;
    reader
        .into_decoder()
        .map_err(|error| failed(error.to_string()))
}

fn open(path: &Path, what: &'static str) -> Result<DynamicImage, PipelineError> {
    let mut decoder = decoder(path, what)?;
    let failed = |error: image::ImageError| PipelineError::StartImage {
        what,
        path: path.display().to_string(),
        cause: error.to_string(),
    };
    // A picture that says nothing of its orientation is upright.
    let orientation = decoder
        .orientation()
        .unwrap_or(image::metadata::Orientation::NoTransforms);
    let mut picture = DynamicImage::from_decoder(decoder).map_err(failed)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

fn cover(picture: DynamicImage, size: ImageSize) -> DynamicImage {
    if (picture.width(), picture.height()) == (size.width(), size.height()) {
        return picture;
    }
    picture.resize_to_fill(size.width(), size.height(), FilterType::Lanczos3)
}

/// Draws latents for `picture` from the autoencoder's posterior: `mean + std · noise`, in the transformer's scale,
/// f32. `noise` is `[1, C, h, w]`. `interrupted` is asked between the layers of the encoder.
///
/// # Errors
/// [`PipelineError::Unsupported`] when the checkpoint has no encoder, [`PipelineError::Cancelled`].
pub fn encode(
    vae: &AutoencoderKl,
    picture: &RgbImage,
    noise: Tensor<4>,
    device: &Device,
    interrupted: &dyn Fn() -> bool,
) -> Result<Tensor<4>, PipelineError> {
    let (width, height) = (picture.width() as usize, picture.height() as usize);
    let mut values = vec![0.0; 3 * width * height];
    for (index, pixel) in picture.pixels().enumerate() {
        for (channel, &level) in pixel.0.iter().enumerate() {
            values[channel * width * height + index] = f32::from(level) / 255.0 * 2.0 - 1.0;
        }
    }
    let pixels = latents::to_device(values, [3, height, width], device);
    let moments = vae.encode_unless(pixels, interrupted)?;
    let (mean, log_variance) = moments.ok_or_else(|| {
        PipelineError::Unsupported(
            "its autoencoder has no encoder, so it cannot start from a picture".into(),
        )
    })?;
    let deviation = (log_variance.cast(DType::F32) * 0.5).exp();
    Ok(vae.scale(mean.cast(DType::F32) + deviation * noise))
}

/// The mask at the latents' size, `[1, 1, h, w]`: 1 for levels from 128 up, of the pixel at each latent's corner.
pub fn mask_to_latents(
    mask: &GrayImage,
    [height, width]: [usize; 2],
    device: &Device,
) -> Tensor<4> {
    let (down, across) = (
        mask.height() as usize / height,
        mask.width() as usize / width,
    );
    let values: Vec<f32> = (0..height * width)
        .map(|index| {
            let (x, y) = (index % width * across, index / width * down);
            if mask.get_pixel(x as u32, y as u32).0[0] >= 128 {
                1.0
            } else {
                0.0
            }
        })
        .collect();
    Tensor::from_data(
        TensorData::new(values, [1, 1, height, width]),
        (device, DType::F32),
    )
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use image::{Luma, Rgb};

    #[test]
    fn a_picture_of_another_shape_is_cut_in_the_middle() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wide.png");
        let wide = RgbImage::from_fn(96, 32, |x, _| {
            if (32..64).contains(&x) {
                Rgb([255, 0, 0])
            } else {
                Rgb([0, 0, 255])
            }
        });
        wide.save(&path).unwrap();
        let size = ImageSize::new(32, 32).unwrap();
        assert_eq!(
            read_image(&path, size).unwrap(),
            RgbImage::from_pixel(32, 32, Rgb([255, 0, 0]))
        );
        assert_eq!(dimensions(&path).unwrap(), (96, 32));
    }

    #[test]
    fn what_is_no_picture_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.png");
        std::fs::write(&path, "not a picture").unwrap();
        let size = ImageSize::default();
        for path in [path.as_path(), folder.path(), Path::new("/nonexistent.png")] {
            let error = read_image(path, size).unwrap_err();
            assert!(
                error.to_string().contains(&path.display().to_string()),
                "{error}"
            );
        }
    }

    #[test]
    fn a_mask_is_sampled_at_corners_and_cut_at_half() {
        let mut mask = GrayImage::new(32, 16);
        mask.put_pixel(0, 0, Luma([128]));
        mask.put_pixel(8, 8, Luma([127]));
        mask.put_pixel(25, 0, Luma([255]));
        let tensor = mask_to_latents(&mask, [2, 4], &Device::flex());
        assert_eq!(
            latents::to_host(tensor, "testing").unwrap(),
            [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        );
    }
}
