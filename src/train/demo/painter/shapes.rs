//! The sizes of picture that a painter learns, and which step sees which.

use crate::train::demo::latent_pool::Window;
use crate::train::demo::pictures::NATIVE;
use crate::train::demo::scene::{Position, Scene};

/// Square pictures of one size, painted and encoded once.
pub struct Pool {
    /// Width and height in pixels.
    pub side: u32,
    /// Pictures, for each one of the native size.
    share: f64,
}

/// From half the native size to twice that: positions beyond those of the training mean nothing to a transformer.
pub const POOLS: [Pool; 4] = [
    Pool {
        side: NATIVE / 2,
        share: 0.5,
    },
    Pool {
        side: NATIVE,
        share: 1.0,
    },
    Pool {
        side: LARGER,
        share: 0.125,
    },
    Pool {
        side: NATIVE * 2,
        share: 0.125,
    },
];

const LARGER: u32 = NATIVE / 2 * 3;

/// What all pictures of a step look like: those of a pool, or a part of them.
pub struct Shape {
    /// Index in [`POOLS`].
    pub pool: usize,
    /// Height and width of the part in pixels.
    size: [u32; 2],
    /// Pictures a step, for each one of the native size: about as many tokens at every size, but for the smallest.
    batch: f64,
}

/// Wide and tall pictures are cut out of square ones around the subject.
pub const SHAPES: [Shape; 6] = [
    Shape {
        pool: 0,
        size: [NATIVE / 2; 2],
        batch: 2.0,
    },
    Shape {
        pool: 1,
        size: [NATIVE; 2],
        batch: 1.0,
    },
    Shape {
        pool: 2,
        size: [LARGER; 2],
        batch: 0.4375,
    },
    Shape {
        pool: 3,
        size: [NATIVE * 2; 2],
        batch: 0.25,
    },
    Shape {
        pool: 2,
        size: [NATIVE, LARGER],
        batch: 0.625,
    },
    Shape {
        pool: 2,
        size: [LARGER, NATIVE],
        batch: 0.625,
    },
];

/// Half the native size: learnt first, since layouts and words need no fine pixels and cost a third there.
const SMALLEST: usize = 0;
/// What the steps after the beginning see, in turn.
const TURNS: [usize; 16] = [1, 1, 4, 1, 1, 2, 1, 3, 1, 1, 5, 1, 1, 3, 1, SMALLEST];
/// Where a subject's middle lies, as a share of the height: wide pictures are cut out around it.
const MIDDLE: f64 = 0.56;

impl Pool {
    /// Pictures, where there are `native` of the native size.
    pub fn pictures(&self, native: u64) -> u64 {
        ((native as f64 * self.share) as u64).max(1)
    }
}

impl Shape {
    /// The index in [`SHAPES`] of what `step` sees; `beginning` says whether it belongs to the first steps.
    pub fn of_step(step: u64, beginning: bool) -> usize {
        if beginning {
            SMALLEST
        } else {
            TURNS[(step % TURNS.len() as u64) as usize]
        }
    }

    /// Pictures a step, where `native` of the native size make one.
    pub fn batch(&self, native: usize) -> usize {
        ((native as f64 * self.batch) as usize).max(1)
    }

    /// What is taken of the pool's latents, which are `factor` times smaller than pictures.
    pub fn window(&self, factor: usize) -> Window {
        let whole = POOLS[self.pool].side as usize / factor;
        let [height, width] = self.size.map(|side| side as usize / factor);
        let middle = (whole as f64 * MIDDLE) as usize;
        Window {
            top: middle.saturating_sub(height / 2).min(whole - height),
            left: (whole - width) / 2,
            size: [height, width],
        }
    }

    /// Whether the part shows what captions of `scene` say: a tall one has room for one subject in the middle.
    pub fn shows(&self, scene: &Scene) -> bool {
        let [height, width] = self.size;
        let central = scene.count == 1 && scene.position == Position::Centre;
        width >= height || scene.subject.is_none() || central
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beginning_is_small_and_every_shape_gets_its_turn() {
        let turns = || (0..TURNS.len() as u64).map(|step| Shape::of_step(step, false));
        assert!((0..16).all(|step| Shape::of_step(step, true) == SMALLEST));
        assert!((0..SHAPES.len()).all(|shape| turns().any(|turn| turn == shape)));
        let native = turns().filter(|&turn| SHAPES[turn].size == [NATIVE; 2]);
        assert!(
            native.count() > 8,
            "most steps are for the size that is shown first"
        );
    }

    #[test]
    fn windows_lie_inside_their_pools() {
        for shape in &SHAPES {
            let window = shape.window(8);
            let whole = POOLS[shape.pool].side as usize / 8;
            assert!(window.top + window.size[0] <= whole && window.left + window.size[1] <= whole);
            // The transformer reads 2 × 2 latents at a time.
            assert!(window.size.iter().all(|size| size.is_multiple_of(2)));
        }
        let wide = SHAPES[4].window(8);
        assert_eq!(
            [wide.top, wide.left, wide.size[0], wide.size[1]],
            [10, 0, 32, 48]
        );
    }
}
