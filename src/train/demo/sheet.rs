//! Contact sheets.

use image::{RgbImage, imageops};

/// Lays `pictures` of one size out in rows of `columns` with a gap of `gap` white pixels around each.
pub fn contact_sheet(pictures: &[RgbImage], columns: u32, gap: u32) -> RgbImage {
    let (width, height) = pictures.first().map_or((1, 1), RgbImage::dimensions);
    let columns = columns.max(1);
    let rows = (pictures.len() as u32).div_ceil(columns).max(1);
    let white = image::Rgb([255; 3]);
    let mut sheet = RgbImage::from_pixel(columns * (width + gap) + gap, rows * (height + gap) + gap, white);
    for (index, picture) in pictures.iter().enumerate() {
        let (column, row) = (index as u32 % columns, index as u32 / columns);
        let (x, y) = (gap + column * (width + gap), gap + row * (height + gap));
        imageops::replace(&mut sheet, picture, i64::from(x), i64::from(y));
    }
    sheet
}
