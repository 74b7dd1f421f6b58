//! Contact sheets.

use std::io::Cursor;
use std::path::{Path, PathBuf};

use burn::tensor::Tensor;
use image::{ImageFormat, RgbImage, imageops};

use crate::files;
use crate::train::TrainError;

/// Lays `pictures` of one size out in rows of `columns` with a gap of `gap` white pixels around each.
pub fn contact_sheet(pictures: &[RgbImage], columns: u32, gap: u32) -> RgbImage {
    let (width, height) = pictures.first().map_or((1, 1), RgbImage::dimensions);
    let columns = columns.max(1);
    let rows = (pictures.len() as u32).div_ceil(columns).max(1);
    let white = image::Rgb([255; 3]);
    let mut sheet = RgbImage::from_pixel(
        columns * (width + gap) + gap,
        rows * (height + gap) + gap,
        white,
    );
    for (index, picture) in pictures.iter().enumerate() {
        let (column, row) = (index as u32 % columns, index as u32 / columns);
        let (x, y) = (gap + column * (width + gap), gap + row * (height + gap));
        imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
    }
    sheet
}

/// Decoded pictures `[B, 3, H, W]` in −1..=1 as images.
///
/// # Errors
/// When the device fails.
pub fn pictures(decoded: Tensor<4>) -> Result<Vec<RgbImage>, TrainError> {
    let [_, _, height, width] = decoded.dims();
    let data = decoded
        .try_into_data()
        .map_err(|error| TrainError::device("sampling", error))?;
    let values: Vec<f32> = data.iter::<f32>().collect();
    let plane = height * width;
    let level = |value: f32| ((value.clamp(-1.0, 1.0) * 0.5 + 0.5) * 255.0).round() as u8;
    let picture = |values: &[f32]| {
        RgbImage::from_fn(width as u32, height as u32, |x, y| {
            let pixel = y as usize * width + x as usize;
            image::Rgb(std::array::from_fn(|channel| {
                level(values[channel * plane + pixel])
            }))
        })
    };
    Ok(values.chunks_exact(3 * plane).map(picture).collect())
}

/// Reads pictures of one size.
///
/// # Errors
/// When a file is no picture or has another size than the first.
pub fn read(paths: &[PathBuf]) -> Result<Vec<RgbImage>, TrainError> {
    let mut pictures: Vec<RgbImage> = Vec::new();
    for path in paths {
        let picture = image::open(path).map_err(|source| TrainError::Read {
            path: path.clone(),
            source,
        })?;
        let picture = picture.into_rgb8();
        if let Some(first) = pictures.first()
            && first.dimensions() != picture.dimensions()
        {
            return Err(TrainError::Mixed { path: path.clone() });
        }
        pictures.push(picture);
    }
    Ok(pictures)
}

/// Writes a picture in the format that its name ends in.
///
/// # Errors
/// When there is no such format, or the disk fails; what was there stays then.
pub fn write(picture: &RgbImage, path: &Path) -> Result<(), TrainError> {
    let mut bytes = Cursor::new(Vec::new());
    ImageFormat::from_path(path)
        .and_then(|format| picture.write_to(&mut bytes, format))
        .map_err(|source| TrainError::Picture {
            path: path.to_path_buf(),
            source,
        })?;
    Ok(files::replace(path, bytes.get_ref())?)
}
