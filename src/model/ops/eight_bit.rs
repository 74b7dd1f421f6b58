//! Products with weights and activations of 8 bits and one f32 scale a row.
//!
//! A row x becomes x / s rounded to the format, with s = max|x| / the format's largest number, for weights once and for
//! activations before each product; the product is s_x·s_w·Σ. The plain bodies multiply the same numbers in the input's
//! type, so that what a format costs can be seen on any device.

use burn::module::Module;
use burn::tensor::{DType, Int, Tensor, TensorData};

use super::attention::AttentionSpec;
use super::silu_mul_merged;
use crate::cuda::eight_bit as fast;
pub use crate::cuda::format::Format;

/// Smallest value of E4M3 with a full mantissa, 2⁻⁶; those below are multiples of 2⁻⁹.
const SMALLEST_NORMAL: f64 = 0.015625;

/// A row whose largest value is smaller counts as zeros: it has no scale of its own.
const SMALLEST_TOP: f64 = 1e-30;

/// A weight `[out, in]`. Made from loaded weights, and neither trained nor saved.
#[derive(Module, Debug)]
pub enum Weight {
    /// On a device that multiplies the format.
    Stored(Stored),
    /// Elsewhere: the same numbers in the type that the weight came in, which holds them exactly.
    Plain(Plain),
}

/// A weight in the format.
#[derive(Module, Debug)]
pub struct Stored {
    /// `[out, in]`, as bytes.
    values: Tensor<2, Int>,
    /// `[out]`, f32.
    scales: Tensor<1>,
    #[module(skip)]
    format: Format,
}

/// A weight's numbers of the format as floats.
#[derive(Module, Debug)]
pub struct Plain {
    /// `[out, in]`
    values: Tensor<2>,
    /// `[out]`, f32.
    scales: Tensor<1>,
    #[module(skip)]
    format: Format,
}

impl Weight {
    fn stored(&self) -> Option<fast::Weight<'_>> {
        match self {
            Self::Stored(stored) => Some(fast::Weight {
                values: &stored.values,
                scales: &stored.scales,
                format: stored.format,
            }),
            Self::Plain(_) => None,
        }
    }
}

/// Weights `[out, in]` of one input into one, their rows one after another.
pub fn quantise<const N: usize>(weights: [Tensor<2>; N], format: Format) -> Weight {
    let device = weights[0].device();
    device.memory_persistent_allocations(weights, |weights| {
        match fast::quantise(&weights.iter().collect::<Vec<_>>(), format) {
            Some((values, scales)) => Weight::Stored(Stored {
                values,
                scales,
                format,
            }),
            None => {
                let (values, scales) = quantise_rows(Tensor::cat(weights.into(), 0), format);
                Weight::Plain(Plain {
                    values,
                    scales: scales.squeeze_dim(1),
                    format,
                })
            }
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
    let dtype = x.dtype();
    let (values, scales, format) = match weight {
        Weight::Plain(plain) => (plain.values.clone(), &plain.scales, plain.format),
        Weight::Stored(stored) => (
            decode(&stored.values, stored.format, dtype),
            &stored.scales,
            stored.format,
        ),
    };
    let (x, x_scales) = quantise_rows(x, format);
    let sums = super::linear(x, values, None).cast(DType::F32);
    (sums * x_scales * scales.clone().unsqueeze::<3>()).cast(dtype)
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

/// [`super::self_attention`] with its products in 8 bits; attention itself, norms and rotation are not.
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

/// The numbers that bytes stand for.
fn decode(bytes: &Tensor<2, Int>, format: Format, dtype: DType) -> Tensor<2> {
    let meanings = (0..=u8::MAX).map(|byte| meaning(byte, format)).collect();
    let table = TensorData::new(meanings, [256]);
    let table = Tensor::<1>::from_data(table, (&bytes.device(), DType::F32)).cast(dtype);
    let [rows, inner] = bytes.dims();
    let index = bytes.clone().cast(DType::I32).reshape([rows * inner]);
    table.select(0, index).reshape([rows, inner])
}

/// The number that a byte stands for. E4M3: a sign, four bits of exponent with bias 7, three of mantissa.
fn meaning(byte: u8, format: Format) -> f32 {
    if format == Format::Int8 {
        return f32::from(byte.cast_signed());
    }
    let (exponent, mantissa) = (i32::from(byte >> 3 & 15), f32::from(byte & 7) / 8.0);
    let size = match exponent {
        15 if byte & 7 == 7 => f32::NAN,
        0 => mantissa * 2f32.powi(-6),
        _ => (1.0 + mantissa) * 2f32.powi(exponent - 7),
    };
    if byte < 128 { size } else { -size }
}

/// The numbers of the format nearest to the rows of the last dimension, in the rows' own type, and the rows' scales in f32.
fn quantise_rows<const D: usize>(x: Tensor<D>, format: Format) -> (Tensor<D>, Tensor<D>) {
    let dtype = x.dtype();
    let x = x.cast(DType::F32);
    let top = x.clone().abs().max_dim(D - 1).clamp_min(SMALLEST_TOP);
    let scales = top / f64::from(format.largest());
    let scaled = x / scales.clone();
    let rounded = match format {
        Format::E4m3 => nearest_e4m3(scaled),
        Format::Int8 => scaled.round(),
    };
    (rounded.cast(dtype), scales)
}

/// Values within ±448 to the nearest of E4M3, in f32.
fn nearest_e4m3<const D: usize>(x: Tensor<D>) -> Tensor<D> {
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

    fn floats<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.try_into_data().unwrap().try_to_vec().unwrap()
    }

    /// Every number of a format stays what it is, and what lies between two becomes one of them, the nearer.
    #[test]
    fn values_are_rounded_to_the_nearest_number_of_the_format() {
        for (format, largest) in [(Format::E4m3, 0x7e), (Format::Int8, 0x7f)] {
            let mean = |byte| meaning(byte, format);
            let negative = 128..=(128 + largest);
            // −128 is a whole number of eight bits, and none of the format.
            let negative = negative.filter(|&byte| mean(byte) != -128.0);
            let mut numbers: Vec<f32> = (0..=largest).chain(negative).map(mean).collect();
            let between = (0..largest).map(|byte| mean(byte) * 0.4 + mean(byte + 1) * 0.6);
            let expected = [&numbers[..], &(1..=largest).map(mean).collect::<Vec<_>>()].concat();
            numbers.extend(between);
            let row = [numbers.len(), 1];
            let device = Device::flex();
            // Beside the largest number each is a row's own, whose scale is 1.
            let x = Tensor::<2>::from_data(TensorData::new(numbers, row), (&device, DType::F32));
            let x = Tensor::cat(vec![x.clone(), x.zeros_like() + format.largest()], 1);
            let (rounded, scales) = quantise_rows(x, format);
            assert_eq!(floats(rounded.narrow(1, 0, 1)), expected);
            assert_eq!(floats(scales), vec![1.0; expected.len()]);
            assert_eq!(mean(largest), format.largest());
        }
    }

    #[test]
    fn the_largest_value_of_a_row_is_kept_and_the_others_lose_what_the_format_lacks() {
        let device = Device::flex();
        let values = [3.0f32, -0.7, 0.011, 1.9, 0.0, 0.0, 0.0, 0.0];
        for format in Format::ALL {
            let x = Tensor::<2>::from_data(TensorData::new(values.to_vec(), [2, 4]), &device);
            let (rounded, scales) = quantise_rows(x, format);
            let rounded = floats(rounded * scales);
            for (rounded, value) in rounded.iter().zip(values) {
                let least = match format {
                    Format::E4m3 => value.abs() / 16.0,
                    Format::Int8 => 3.0 / 127.0 / 2.0,
                };
                assert!(
                    (rounded - value).abs() <= least * 1.0001,
                    "{rounded} {value}"
                );
            }
            assert!((rounded[0] - 3.0).abs() < 1e-6);
        }
    }

    #[test]
    fn a_product_of_eight_bits_is_near_the_product() {
        let device = Device::flex();
        let random = |shape: [usize; 2]| {
            Tensor::<2>::random(
                shape,
                burn::tensor::Distribution::Normal(0.0, 1.0),
                (&device, DType::F32),
            )
        };
        let (x, w) = (random([7, 64]).unsqueeze::<3>(), random([48, 64]));
        let exact = super::super::linear(x.clone(), w.clone(), None);
        for (format, most) in [(Format::E4m3, 0.06), (Format::Int8, 0.02)] {
            let y = linear(x.clone(), &quantise([w.clone()], format));
            let norm = |x: Tensor<3>| floats(x.powi_scalar(2).sum())[0].sqrt();
            let error = norm(y - exact.clone()) / norm(exact.clone());
            assert!(error < most && error > most / 10.0, "{format:?}: {error}");
        }
    }
}
