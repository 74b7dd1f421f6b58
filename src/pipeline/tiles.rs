//! Decoding in overlapping tiles, for pictures whose feature maps do not fit into memory whole.
//!
//! Tiles know nothing of each other, and the decoder normalises over all it sees, so colours shift a little from one to
//! the next; a ramp over the overlap hides the seams. Reference: `tiled_decode` of diffusers' `AutoencoderKL`. Pixels
//! differ from those of an undivided decoding, so this is done only where that would not fit, and the picture says so.

use super::PipelineError;
use crate::model::VaeConfig;

/// Sides of tiles in latents, the largest that fits being taken: 1024 and 512 pixels for the published model.
const SIDES: [usize; 2] = [128, 64];

/// Neighbours share a quarter of a tile.
const OVERLAP: usize = 4;

/// Full-size feature maps of the second level's channels that the decoder holds at once.
const MAPS: u64 = 4;

/// Bytes the decoder takes for a picture whose latents are so many.
fn needs(config: &VaeConfig, latents: usize, element: usize) -> u64 {
    let channels = &config.block_out_channels;
    let widest = channels.get(1).or(channels.first()).copied().unwrap_or(0);
    let pixels = latents * config.spatial_factor().pow(2);
    MAPS * (pixels * widest * element) as u64
}

/// Side of the tiles in latents; `None` if the whole picture fits into `free` bytes, or is no larger than a tile.
pub(super) fn side(
    config: &VaeConfig,
    [height, width]: [usize; 2],
    element: usize,
    free: Option<u64>,
) -> Option<usize> {
    let free = free.filter(|&free| needs(config, height * width, element) > free)?;
    let fits = |side: &usize| needs(config, side * side, element) <= free;
    let side = SIDES.into_iter().find(fits).unwrap_or(SIDES[1]);
    (height > side || width > side).then_some(side)
}

/// Where tiles of `side` begin along `length`, evenly spaced, neighbours sharing at least a quarter of a tile.
fn starts(length: usize, side: usize) -> Vec<usize> {
    let Some(rest) = length.checked_sub(side).filter(|&rest| rest > 0) else {
        return vec![0];
    };
    let steps = rest.div_ceil(side - side / OVERLAP);
    (0..=steps).map(|step| step * rest / steps).collect()
}

/// How much a tile of `side` counts at each of its positions: it rises over the first quarter and falls over the last.
fn ramp(side: usize) -> Vec<f32> {
    let rise = (side / OVERLAP).max(1) as f32;
    (0..side)
        .map(|at| ((at.min(side - 1 - at) as f32 + 0.5) / rise).min(1.0))
        .collect()
}

/// Decodes latents of `[height, width]` tile by tile, with `decode` for the tile at `[top, left]` of `[height, width]`
/// latents, which gives `channels` planes `factor` times as large. Gives the planes of the whole.
pub(super) fn decode(
    [height, width]: [usize; 2],
    side: usize,
    [channels, factor]: [usize; 2],
    decode: &mut dyn FnMut([usize; 2], [usize; 2]) -> Result<Vec<f32>, PipelineError>,
) -> Result<Vec<f32>, PipelineError> {
    let tile = [side.min(height), side.min(width)];
    let (rows, columns) = (height * factor, width * factor);
    let (tile_rows, tile_columns) = (tile[0] * factor, tile[1] * factor);
    let (down, across) = (ramp(tile_rows), ramp(tile_columns));
    let mut sums = vec![0f32; channels * rows * columns];
    let mut weights = vec![0f32; rows * columns];
    for top in starts(height, tile[0]) {
        for left in starts(width, tile[1]) {
            let values = decode([top, left], tile)?;
            if values.len() != channels * tile_rows * tile_columns {
                return Err(PipelineError::Unsupported(
                    "its autoencoder paints tiles of an unexpected size".into(),
                ));
            }
            for row in 0..tile_rows {
                let start = (top * factor + row) * columns + left * factor;
                for column in 0..tile_columns {
                    let weight = down[row] * across[column];
                    weights[start + column] += weight;
                    for channel in 0..channels {
                        let value = values[(channel * tile_rows + row) * tile_columns + column];
                        sums[channel * rows * columns + start + column] += weight * value;
                    }
                }
            }
        }
    }
    for plane in sums.chunks_exact_mut(rows * columns) {
        for (sum, weight) in plane.iter_mut().zip(&weights) {
            *sum /= weight;
        }
    }
    Ok(sums)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn tiles_cover_every_length_and_share_a_quarter() {
        for (length, side) in [
            (5, 8),
            (8, 8),
            (9, 8),
            (14, 8),
            (15, 8),
            (256, 128),
            (300, 64),
        ] {
            let starts = starts(length, side);
            assert_eq!(starts[0], 0);
            assert_eq!(starts.last().unwrap() + side.min(length), length);
            for pair in starts.windows(2) {
                let shared = pair[0] + side - pair[1];
                assert!(
                    shared >= side / OVERLAP && pair[1] > pair[0],
                    "{length} {side}"
                );
            }
        }
    }

    #[test]
    fn tiles_that_agree_leave_no_seam() {
        let ([height, width], factor) = ([20, 37], 2);
        let value = |row: usize, column: usize| (row * 1000 + column) as f32;
        let mut tiles = 0;
        let picture = decode(
            [height, width],
            8,
            [1, factor],
            &mut |[top, left], [h, w]| {
                tiles += 1;
                let rows = top * factor..(top + h) * factor;
                let row = |row| {
                    (left * factor..(left + w) * factor).map(move |column| value(row, column))
                };
                Ok(rows.flat_map(row).collect())
            },
        );
        assert_eq!(tiles, 3 * 6);
        for (index, got) in picture.unwrap().into_iter().enumerate() {
            let wanted = value(index / (width * factor), index % (width * factor));
            assert!((got - wanted).abs() < 0.01, "{got} {wanted}");
        }
    }

    #[test]
    fn a_picture_is_divided_only_if_it_does_not_fit() {
        let config = VaeConfig::z_image_turbo();
        // 4 maps of 256 channels in bf16: 2.1 GB at 1024², 8.6 GB at 2048².
        let at = |latents, free| side(&config, [latents; 2], 2, free);
        assert_eq!(at(256, None), None);
        assert_eq!(at(256, Some(9 << 30)), None);
        assert_eq!(at(256, Some(4 << 30)), Some(128));
        assert_eq!(at(256, Some(1 << 30)), Some(64));
        assert_eq!(at(128, Some(1 << 30)), Some(64));
        assert_eq!(at(64, Some(0)), None);
    }
}
