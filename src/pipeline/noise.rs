//! The noise a picture begins with, drawn on the CPU so that a seed means the same on every device.
//!
//! The form is named `chacha20-box-muller-1` in a picture's record, and this is all of it:
//!
//! 1. ChaCha20 (20 rounds, 64-bit counter from 0, nonce 0) with the seed as the first 8 bytes of its key, least
//!    significant byte first, and 24 zero bytes after it.
//! 2. Its output, read as 64-bit little-endian words `w`, gives numbers `u = ((w >> 11) + 1) / 2^53` in (0, 1].
//! 3. Each two of them, `u` and `v`, give two normal numbers (Box and Muller, 1958), `r cos(2 pi v)` and
//!    `r sin(2 pi v)` with `r = sqrt(-2 ln u)`, computed in f64 and rounded to f32.
//! 4. They fill the latents `[16, H/8, W/8]` row by row. A draw of odd length drops its last number. For a start
//!    image, the noise of the autoencoder's posterior is drawn first and the initial noise second.

use crate::request::Seed;
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha20Rng;
use rayon::prelude::*;
use std::f64::consts::TAU;

/// Numbers that a thread draws at a time: even, as they come in pairs.
const PIECE: usize = 1 << 13;

/// Words of 32 bits in the generator's output that one normal number takes, as each takes one of 64.
const WORDS: usize = 2;

/// The stream of normal numbers behind one seed.
pub struct Noise {
    generator: ChaCha20Rng,
}

impl Noise {
    /// The stream of `seed`, at its beginning.
    pub fn new(seed: Seed) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.0.to_le_bytes());
        Self {
            generator: ChaCha20Rng::from_seed(key),
        }
    }

    /// The next `count` standard normal numbers.
    pub fn draw(&mut self, count: usize) -> Vec<f32> {
        let mut numbers = vec![0.0; count.next_multiple_of(2)];
        // The generator can be entered anywhere, so that threads draw pieces of the one stream.
        let (from, start) = (&self.generator, self.generator.get_word_pos());
        let pieces = numbers.par_chunks_mut(PIECE).enumerate();
        pieces.for_each(|(index, piece)| {
            let mut generator = from.clone();
            generator.set_word_pos(start + (index * PIECE * WORDS) as u128);
            for pair in piece.chunks_exact_mut(2) {
                let radius = (-2.0 * uniform(&mut generator).ln()).sqrt();
                let (sine, cosine) = (TAU * uniform(&mut generator)).sin_cos();
                pair.copy_from_slice(&[(radius * cosine) as f32, (radius * sine) as f32]);
            }
        });
        let drawn = (numbers.len() * WORDS) as u128;
        self.generator.set_word_pos(start + drawn);
        numbers.truncate(count);
        numbers
    }
}

/// In (0, 1], so that its logarithm is finite.
fn uniform(generator: &mut ChaCha20Rng) -> f64 {
    ((generator.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_normal() {
        let numbers = Noise::new(Seed(7)).draw(100_000);
        let count = numbers.len() as f64;
        let mean = numbers.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
        let moment = |power: i32| {
            numbers
                .iter()
                .map(|&x| f64::from(x).powi(power))
                .sum::<f64>()
                / count
        };
        assert!(mean.abs() < 0.01, "mean {mean}");
        assert!((moment(2) - 1.0).abs() < 0.02, "variance {}", moment(2));
        assert!(moment(3).abs() < 0.04, "skewness {}", moment(3));
        assert!((moment(4) - 3.0).abs() < 0.1, "kurtosis {}", moment(4));
        let beyond_two = numbers.iter().filter(|x| x.abs() > 2.0).count() as f64 / count;
        assert!(
            (beyond_two - 0.0455).abs() < 0.003,
            "beyond two sigma {beyond_two}"
        );
    }

    #[test]
    fn a_seed_has_one_stream_and_neighbours_have_others() {
        let mut stream = Noise::new(Seed(1));
        let (first, second) = (stream.draw(64), stream.draw(64));
        assert_eq!(
            Noise::new(Seed(1)).draw(128),
            [first.clone(), second.clone()].concat()
        );
        assert_ne!(first, second);
        let other = Noise::new(Seed(2)).draw(4096);
        let correlation = Noise::new(Seed(1))
            .draw(4096)
            .iter()
            .zip(&other)
            .map(|(a, b)| a * b)
            .sum::<f32>()
            / 4096.0;
        assert!(correlation.abs() < 0.06, "{correlation}");
    }

    /// Pieces drawn by several threads are the stream that one thread draws, number by number.
    #[test]
    fn pieces_make_up_the_stream() {
        let count = 2 * PIECE + 34;
        let mut one_by_one = Noise::new(Seed(3));
        let pairs: Vec<f32> = (0..count / 2).flat_map(|_| one_by_one.draw(2)).collect();
        assert_eq!(Noise::new(Seed(3)).draw(count), pairs);
    }

    #[test]
    fn the_form_is_the_one_written_down() {
        // Keystream of an all-zero key and nonce: RFC 8439, appendix A.1, test vector 1.
        let words = [0x903d_f1a0_ade0_b876_u64, 0x28bd_8653_e56a_5d40];
        let [u, v] = words.map(|w| ((w >> 11) + 1) as f64 / (1_u64 << 53) as f64);
        let radius = (-2.0 * u.ln()).sqrt();
        let expected = [
            (radius * (TAU * v).cos()) as f32,
            (radius * (TAU * v).sin()) as f32,
        ];
        assert_eq!(Noise::new(Seed(0)).draw(2), expected);
    }
}
