//! Three-axis rotary positions: captions run along the first axis, pictures lie in the other two.

/// Where the tokens of one item stand along the axes: image tokens, then caption tokens.
///
/// A caption token k stands at (1 + k, 0, 0), its fill included. With the caption filled up to `caption_padded` tokens,
/// the patch in row r and column s stands at (caption_padded + 1, r, s), and the fill of the image at (0, 0, 0).
/// `rows × columns` patches are filled up to `image_padded`, captions to `caption_rows ≥ caption_padded` in a batch.
pub fn token_positions(
    [rows, columns]: [usize; 2],
    image_padded: usize,
    caption_padded: usize,
    caption_rows: usize,
) -> Vec<[usize; 3]> {
    let patches = (0..rows).flat_map(|r| (0..columns).map(move |s| [caption_padded + 1, r, s]));
    let fill = std::iter::repeat_n([0; 3], image_padded - rows * columns);
    let captions = (0..caption_rows).map(|k| [1 + k, 0, 0]);
    patches.chain(fill).chain(captions).collect()
}

/// Cosines and sines of the angles by which tokens turn: `[tokens] × [head_dim / 2]` each, row-major.
///
/// Each axis a owns `axes_dims[a]` entries of the head; pair j of it turns by p·θ^(−2j/axes_dims\[a\]), computed in
/// f64 and rounded to f32 once, as the reference does. Thousands of tokens share a few dozen places along an axis, so
/// only those are computed.
pub fn turns(positions: &[[usize; 3]], axes_dims: [usize; 3], theta: f64) -> [Vec<f32>; 2] {
    // [places] × [axis_dims / 2] of each axis
    let angles = [0, 1, 2].map(|axis| {
        let dims = axes_dims[axis];
        let frequencies: Vec<f64> = (0..dims / 2)
            .map(|j| 1.0 / theta.powf(2.0 * j as f64 / dims as f64))
            .collect();
        let last = positions.iter().map(|position| position[axis]).max();
        let angles = (0..=last.unwrap_or(0))
            .flat_map(|place| frequencies.iter().map(move |f| (place as f64 * f) as f32));
        angles.collect::<Vec<f32>>()
    });
    [f32::cos, f32::sin].map(|turn: fn(f32) -> f32| {
        let axes: [Vec<f32>; 3] = angles
            .each_ref()
            .map(|angles| angles.iter().copied().map(turn).collect());
        let mut table = Vec::with_capacity(positions.len() * axes_dims.iter().sum::<usize>() / 2);
        for position in positions {
            for ((place, dims), turned) in position.iter().zip(axes_dims).zip(&axes) {
                table.extend_from_slice(&turned[place * (dims / 2)..][..dims / 2]);
            }
        }
        table
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_and_caption_tokens_take_their_documented_places() {
        let positions = token_positions([2, 3], 8, 4, 5);
        assert_eq!(positions.len(), 8 + 5);
        assert_eq!(positions[0], [5, 0, 0]);
        assert_eq!(positions[4], [5, 1, 1]);
        assert_eq!(positions[6], [0, 0, 0]);
        assert_eq!(positions[8], [1, 0, 0]);
        assert_eq!(positions[12], [5, 0, 0]);
    }

    #[test]
    fn each_axis_turns_its_own_pairs_by_its_own_frequencies() {
        let [cos, sin] = turns(&[[3, 0, 1], [0, 2, 0]], [2, 4, 2], 256.0);
        let angles = [[3.0, 0.0, 0.0, 1.0], [0.0, 2.0, 2.0 / 16.0, 0.0]].concat();
        assert_eq!(
            cos,
            angles.iter().copied().map(f32::cos).collect::<Vec<_>>()
        );
        assert_eq!(
            sin,
            angles.iter().copied().map(f32::sin).collect::<Vec<_>>()
        );
    }
}
