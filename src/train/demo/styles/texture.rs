//! Smooth random fields: paper, washes, wobble.

use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Value noise: random heights on a grid, smoothly interpolated.
pub struct Noise {
    cells: usize,
    heights: Vec<f32>,
}

impl Noise {
    /// A field with `cells` × `cells` bumps over the picture.
    pub fn new(cells: usize, rng: &mut ChaCha8Rng) -> Self {
        let side = cells + 2;
        Self {
            cells,
            heights: (0..side * side)
                .map(|_| rng.random_range(-1.0..1.0))
                .collect(),
        }
    }

    /// The height, −1..=1, at (`x`, `y`) in 0..=1.
    pub fn at(&self, x: f32, y: f32) -> f32 {
        let side = self.cells + 2;
        let place = |v: f32| {
            let v = v.clamp(0.0, 1.0) * self.cells as f32;
            let cell = v.floor();
            let t = v - cell;
            (cell as usize, t * t * (3.0 - 2.0 * t))
        };
        let ((cx, tx), (cy, ty)) = (place(x), place(y));
        let row = |cy: usize| {
            let (a, b) = (
                self.heights[cy * side + cx],
                self.heights[cy * side + cx + 1],
            );
            a + (b - a) * tx
        };
        let (a, b) = (row(cy), row(cy + 1));
        a + (b - a) * ty
    }

    /// The whole field, row-major, for a picture of `size` pixels.
    pub fn field(&self, size: usize) -> Vec<f32> {
        let unit = 1.0 / size as f32;
        (0..size * size)
            .map(|i| self.at((i % size) as f32 * unit, (i / size) as f32 * unit))
            .collect()
    }
}

/// Distance (0..=0.5) to the nearest edge of the picture, of a pixel.
pub fn edge_distance(size: usize, x: usize, y: usize) -> f32 {
    let unit = 1.0 / size as f32;
    let (u, v) = ((x as f32 + 0.5) * unit, (y as f32 + 0.5) * unit);
    u.min(1.0 - u).min(v).min(1.0 - v)
}

/// 0 below `low`, 1 above `high`, smooth between.
pub fn smoothstep(low: f32, high: f32, value: f32) -> f32 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
