//! The exponential, in arithmetic that vectorises.

/// eˣ within 2 units in the last place; 0 below −87, about 2·10³⁸ above 88, NaN for NaN.
///
/// Cody and Waite's reduction x = n·ln 2 + r, |r| ≤ ln 2 / 2, then the Taylor polynomial of degree 7 in r.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    /// 1.5·2²³: adding it rounds a small number to a whole one, which then sits in the low bits.
    const ROUND: f32 = 12_582_912.0;
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let low = x < -87.0;
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x.mul_add(std::f32::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, x));
    let mut sum = 1.0 / 5040.0;
    for term in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        sum = r.mul_add(sum, term);
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(1.0f32.to_bits()));
    if low { 0.0 } else { sum * power }
}

/// x·σ(x)
#[inline(always)]
pub fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}
