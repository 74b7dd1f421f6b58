//! Products with weights and activations in E4M3: 8-bit floating point with 3 bits of mantissa and a largest value of
//! 448 (arXiv:2209.05433), with one f32 scale a row.
//!
//! A row x becomes x / s rounded to E4M3, with s = max|x| / 448, for weights once and for activations before each
//! product; the product is s_x·s_w·Σ. The plain bodies round in the same way and multiply in the input's type, so that
//! what the format costs can be seen on any device.

use burn::module::Module;
use burn::tensor::{DType, Int, Tensor, TensorData};

use super::attention::AttentionSpec;
use super::silu_mul_merged;
use crate::cuda::fp8 as fast;

/// Largest value of the format.
const LARGEST: f64 = 448.0;

/// Smallest value with a full mantissa, 2⁻⁶; those below are multiples of 2⁻⁹.
const SMALLEST_NORMAL: f64 = 0.015625;

/// A weight `[out, in]`. Made from loaded weights, and neither trained nor saved.
#[derive(Module, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a few hundred of them, each before a matrix of megabytes"
)]
pub enum Weight {
    /// On a device that has the format.
    Stored(Stored),
    /// Elsewhere: the values that it would stand for, in the type they came in.
    Rounded(Tensor<2>),
}

/// A weight in the format.
#[derive(Module, Debug)]
pub struct Stored {
    /// `[out, in]`, E4M3 as bytes.
    values: Tensor<2, Int>,
    /// `[out]`, f32.
    scales: Tensor<1>,
}

impl Weight {
    fn stored(&self) -> Option<fast::Weight<'_>> {
        match self {
            Self::Stored(Stored { values, scales }) => Some((values, scales)),
            Self::Rounded(_) => None,
        }
    }
}

/// Weights `[out, in]` of one input into one, their rows one after another.
pub fn quantise<const N: usize>(weights: [Tensor<2>; N]) -> Weight {
    let device = weights[0].device();
    device.memory_persistent_allocations(weights, |weights| {
        match fast::quantise(&weights.iter().collect::<Vec<_>>()) {
            Some((values, scales)) => Weight::Stored(Stored { values, scales }),
            None => Weight::Rounded(round_rows(Tensor::cat(weights.into(), 0))),
        }
    })
}

/// x·Wᵀ: `[B, S, in]` → `[B, S, out]`.
pub fn linear(x: Tensor<3>, weight: &Weight) -> Tensor<3> {
    if let Some(stored) = weight.stored()
        && let Some(y) = fast::linear(&x, stored)
    {
        return y;
    }
    let values = match weight {
        Weight::Rounded(values) => values.clone(),
        Weight::Stored(Stored { values, scales }) => decode(values, scales).cast(x.dtype()),
    };
    super::linear(round_rows(x), values, None)
}

/// down·(silu(gate·x)·(up·x)), where `gate_up` holds the rows of gate, then of up: `[B, S, in]` → `[B, S, out]`.
pub fn swiglu(x: Tensor<3>, gate_up: &Weight, down: &Weight) -> Tensor<3> {
    if let (Some(gate_up), Some(down)) = (gate_up.stored(), down.stored())
        && let Some(y) = fast::swiglu(&x, gate_up, down)
    {
        return y;
    }
    linear(silu_mul_merged(linear(x, gate_up)), down)
}

/// [`super::self_attention`] with its products in E4M3; attention itself, norms and rotation are not.
pub fn self_attention(
    x: Tensor<3>,
    qkv: &Weight,
    out: &Weight,
    with: AttentionSpec<'_>,
) -> Tensor<3> {
    if let (Some(qkv), Some(out)) = (qkv.stored(), out.stored())
        && let (Some(norm_q), Some(norm_k)) = (&with.norm_q, &with.norm_k)
    {
        let tables = [&with.rope.cos, &with.rope.sin];
        let norms = [norm_q, norm_k];
        if let Some(attended) = fast::self_attention(&x, qkv, norms, tables, out, with.heads()) {
            return attended;
        }
    }
    linear(with.merged(linear(x, qkv)), out)
}

/// What bytes `[out, in]` and scales `[out]` stand for, in f32.
fn decode(values: &Tensor<2, Int>, scales: &Tensor<1>) -> Tensor<2> {
    let table = Tensor::<1>::from_data(
        TensorData::new((0..=u8::MAX).map(meaning).collect(), [256]),
        (&scales.device(), DType::F32),
    );
    let [rows, inner] = values.dims();
    let index = values.clone().cast(DType::I32).reshape([rows * inner]);
    table.select(0, index).reshape([rows, inner]) * scales.clone().unsqueeze_dim(1)
}

/// The number that a byte of E4M3 stands for: a sign, four bits of exponent with bias 7, three of mantissa.
fn meaning(byte: u8) -> f32 {
    let (exponent, mantissa) = (i32::from(byte >> 3 & 15), f32::from(byte & 7) / 8.0);
    let size = match exponent {
        15 if byte & 7 == 7 => f32::NAN,
        0 => mantissa * 2f32.powi(-6),
        _ => (1.0 + mantissa) * 2f32.powi(exponent - 7),
    };
    if byte < 128 { size } else { -size }
}

/// Rounds each row of the last dimension to what E4M3 with a scale can say, and back into its type.
fn round_rows<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let dtype = x.dtype();
    let x = x.cast(DType::F32);
    // A row of zeros has no scale of its own.
    let scale = x.clone().abs().max_dim(D - 1).clamp_min(1e-30) / LARGEST;
    (round(x / scale.clone()) * scale).cast(dtype)
}

/// Values within ±448 to the nearest of E4M3, in f32.
fn round<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    // Veltkamp's splitting: the upper 4 of 24 bits of a mantissa.
    let raised = x.clone() * f64::from((1 << 20) + 1);
    let upper = raised.clone() - (raised - x.clone());
    // The spacing of f32 at 1.5·2^14 is that of the smallest values, 2^-9.
    let fixed = (x.clone() + 24576.0) - 24576.0;
    let small = x.abs().lower_elem(SMALLEST_NORMAL);
    upper.mask_where(small, fixed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use burn::tensor::Device;

    /// Every number of the format stays what it is, and what lies between two becomes one of them, the nearer.
    #[test]
    fn values_are_rounded_to_the_nearest_number_of_the_format() {
        let mut numbers: Vec<f32> = (0..127).map(meaning).collect();
        numbers.extend((128..255).map(meaning));
        let between: Vec<f32> = (0..126)
            .map(|byte| meaning(byte) * 0.4 + meaning(byte + 1) * 0.6)
            .collect();
        let expected = [&numbers[..], &(1..127).map(meaning).collect::<Vec<_>>()].concat();
        let given = [numbers, between].concat();
        let device = Device::flex();
        let x = Tensor::<1>::from_data(TensorData::from(&given[..]), (&device, DType::F32));
        let rounded = round(x)
            .try_into_data()
            .unwrap()
            .try_to_vec::<f32>()
            .unwrap();
        assert_eq!(rounded, expected);
        assert_eq!(meaning(0x7e), LARGEST as f32);
    }

    #[test]
    fn the_largest_value_of_a_row_is_kept_and_the_others_lose_at_most_a_sixteenth() {
        let device = Device::flex();
        let values = [3.0f32, -0.7, 0.011, 1.9, 0.0, 0.0, 0.0, 0.0];
        let x = Tensor::<2>::from_data(TensorData::new(values.to_vec(), [2, 4]), &device);
        let rounded = round_rows(x).try_into_data().unwrap();
        let rounded = rounded.try_to_vec::<f32>().unwrap();
        for (rounded, value) in rounded.iter().zip(values) {
            assert!(
                (rounded - value).abs() <= value.abs() / 16.0,
                "{rounded} {value}"
            );
        }
        assert_eq!(rounded[0], 3.0);
    }
}
