//! Latents into pixels.

use super::{PipelineError, Placement, latents, memory, tiles};
use crate::model::AutoencoderKl;
use burn::tensor::Tensor;
use image::RgbImage;
use rayon::prelude::*;

/// The side of the tiles in which latents of this height and width are decoded where they would not fit whole.
pub(super) fn tile_for(
    vae: &AutoencoderKl,
    size: [usize; 2],
    placement: &Placement,
) -> Option<usize> {
    let available = memory::available(placement);
    tiles::side(vae.config(), size, vae.dtype().size(), available)
}

/// Decodes `[1, C, h, w]` latents into an sRGB picture: values outside −1..=1 are clamped. In tiles of `tile` × `tile`
/// latents if that is given. `interrupted` is asked between the autoencoder's layers.
///
/// # Errors
/// [`PipelineError::Cancelled`], [`PipelineError::NotFinite`] for a picture with holes in it,
/// [`PipelineError::Execution`].
pub fn decode(
    vae: &AutoencoderKl,
    latents: Tensor<4>,
    tile: Option<usize>,
    interrupted: &dyn Fn() -> bool,
) -> Result<RgbImage, PipelineError> {
    let (config, [_, _, height, width]) = (vae.config(), latents.dims());
    let (channels, factor) = (config.out_channels, config.spatial_factor());
    if channels != 3 {
        return Err(PipelineError::Unsupported(format!(
            "its autoencoder paints {channels} colours instead of 3"
        )));
    }
    let latents = vae.unscale(latents);
    let decode = |latents| {
        let decoded = vae.decode_unless(latents, interrupted)?;
        latents::to_host(decoded, "decoding")
    };
    let values =
        match tile {
            None => decode(latents)?,
            Some(side) => tiles::decode(
                [height, width],
                side,
                [channels, factor],
                &mut |[top, left], [rows, columns]| {
                    let rows = latents.clone().narrow(2, top, rows);
                    decode(rows.narrow(3, left, columns))
                },
            )?,
        };
    let (height, width) = (height * factor, width * factor);
    if !values.par_iter().all(|value| value.is_finite()) {
        return Err(PipelineError::NotFinite {
            network: "autoencoder",
            when: "while decoding".into(),
        });
    }
    Ok(to_pixels(&values, width, height))
}

/// `[3, height, width]` values in −1..=1 to a picture: `round(255 (x / 2 + 1/2))`.
fn to_pixels(values: &[f32], width: usize, height: usize) -> RgbImage {
    let plane = width * height;
    let mut picture = RgbImage::new(width as u32, height as u32);
    picture
        .par_chunks_exact_mut(3)
        .enumerate()
        .for_each(|(index, pixel)| {
            for (channel, level) in pixel.iter_mut().enumerate() {
                let value = values[channel * plane + index];
                // `as u8` saturates, so what lies outside is clamped. The reference rounds halves to even.
                *level = ((value * 0.5 + 0.5) * 255.0).round_ties_even() as u8;
            }
        });
    picture
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_clamped_rounded_and_put_pixel_by_pixel() {
        let red = [-1.0, 1.0, -9.0, 9.0];
        let green = [0.0, 0.01, f32::INFINITY, -0.0];
        let blue = [0.5, -0.5, 0.999, -0.999];
        let picture = to_pixels(&[red, green, blue].concat(), 2, 2);
        let expected = [[0, 128, 191], [255, 129, 64], [0, 255, 255], [255, 128, 0]];
        for (pixel, expected) in picture.pixels().zip(expected) {
            assert_eq!(pixel.0, expected);
        }
    }
}
