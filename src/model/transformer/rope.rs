//! Three-axis rotary positions: captions run along the first axis, pictures lie in the other two.

/// Angles of all tokens of one item: `[image tokens, then caption tokens] × [head_dim / 2]`, row-major.
///
/// A caption token k stands at (1 + k, 0, 0), its fill included. With the caption filled up to `caption_padded` tokens,
/// the patch in row r and column s stands at (caption_padded + 1, r, s), and the fill of the image at (0, 0, 0).
/// `rows × columns` patches are filled up to `image_padded`, captions to `caption_rows ≥ caption_padded` in a batch.
///
/// Each axis a owns `axes_dims[a]` entries of the head; pair j of it turns by p·θ^(−2j/axes_dims\[a\]), computed in
/// f64 and rounded to f32 once, as the reference does.
pub fn token_angles(
    [rows, columns]: [usize; 2],
    image_padded: usize,
    caption_padded: usize,
    caption_rows: usize,
    axes_dims: [usize; 3],
    theta: f64,
) -> Vec<f32> {
    let frequencies = axes_dims.map(|dims| {
        (0..dims / 2)
            .map(|j| 1.0 / theta.powf(2.0 * j as f64 / dims as f64))
            .collect::<Vec<f64>>()
    });
    let patches = (0..rows).flat_map(|r| (0..columns).map(move |s| [caption_padded + 1, r, s]));
    let fill = std::iter::repeat_n([0; 3], image_padded - rows * columns);
    let captions = (0..caption_rows).map(|k| [1 + k, 0, 0]);
    let tokens = image_padded + caption_rows;
    let mut angles = Vec::with_capacity(tokens * axes_dims.iter().sum::<usize>() / 2);
    for position in patches.chain(fill).chain(captions) {
        for (place, frequencies) in position.into_iter().zip(&frequencies) {
            angles.extend(frequencies.iter().map(|f| (place as f64 * f) as f32));
        }
    }
    angles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn image_and_caption_tokens_take_their_documented_places() {
        // One pair an axis, so that the angles of a token are its position itself.
        let angles = token_angles([2, 3], 8, 4, 5, [2, 2, 2], 256.0);
        let positions: Vec<&[f32]> = angles.chunks(3).collect();
        assert_eq!(positions.len(), 8 + 5);
        assert_eq!(positions[0], [5.0, 0.0, 0.0]);
        assert_eq!(positions[4], [5.0, 1.0, 1.0]);
        assert_eq!(positions[6], [0.0, 0.0, 0.0]);
        assert_eq!(positions[8], [1.0, 0.0, 0.0]);
        assert_eq!(positions[12], [5.0, 0.0, 0.0]);
    }
}
