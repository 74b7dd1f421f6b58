//! Bytes of a file into numbers of the width that the device computes in.

use burn::tensor::{DType, Element, TensorData, bf16, f16};
use rayon::prelude::*;
use safetensors::Dtype;

/// Numbers a thread converts at a time: enough to amortise the hand-over, few enough to stay in its cache.
const BLOCK: usize = 1 << 16;

/// Whether weights stored in this format can be loaded.
pub fn is_supported(stored: Dtype) -> bool {
    matches!(stored, Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

/// Decodes `bytes` (little-endian, in the format `stored`) as `wanted`, rounding to nearest even where that is
/// narrower. `None` for formats that are not supported.
pub fn to_data(bytes: &[u8], stored: Dtype, wanted: DType, shape: &[usize]) -> Option<TensorData> {
    match wanted {
        DType::F32 => match stored {
            Dtype::F32 => decode(bytes, shape, f32::from_le_bytes),
            Dtype::F16 => decode(bytes, shape, |b| f16::from_le_bytes(b).to_f32()),
            Dtype::BF16 => decode(bytes, shape, |b| bf16::from_le_bytes(b).to_f32()),
            _ => None,
        },
        DType::BF16 => match stored {
            Dtype::F32 => decode(bytes, shape, |b| bf16::from_f32(f32::from_le_bytes(b))),
            Dtype::F16 => decode(bytes, shape, |b| {
                bf16::from_f32(f16::from_le_bytes(b).to_f32())
            }),
            Dtype::BF16 => decode(bytes, shape, bf16::from_le_bytes),
            _ => None,
        },
        DType::F16 => match stored {
            Dtype::F32 => decode(bytes, shape, |b| f16::from_f32(f32::from_le_bytes(b))),
            Dtype::F16 => decode(bytes, shape, f16::from_le_bytes),
            Dtype::BF16 => decode(bytes, shape, |b| {
                f16::from_f32(bf16::from_le_bytes(b).to_f32())
            }),
            _ => None,
        },
        _ => None,
    }
}

/// Reads each `N` bytes as one number. `None` when the bytes are not as many as the shape needs.
fn decode<const N: usize, T: Element + Default>(
    bytes: &[u8],
    shape: &[usize],
    read: impl Fn([u8; N]) -> T + Sync,
) -> Option<TensorData> {
    let (numbers, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() || numbers.len() != shape.iter().product::<usize>() {
        return None;
    }
    let mut values = vec![T::default(); numbers.len()];
    values
        .par_chunks_mut(BLOCK)
        .zip(numbers.par_chunks(BLOCK))
        .for_each(|(values, numbers)| {
            for (value, number) in values.iter_mut().zip(numbers) {
                *value = read(*number);
            }
        });
    Some(TensorData::new(values, shape.to_vec()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn bytes(values: &[f32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    #[test]
    fn narrowing_rounds_to_nearest_even() {
        // 1 + 2^-8 lies halfway between two bf16 numbers, 1 + 3·2^-8 as well: the even neighbour wins.
        let stored = bytes(&[
            1.0 + 2f32.powi(-8),
            1.0 + 3.0 * 2f32.powi(-8),
            -0.0,
            f32::INFINITY,
        ]);
        let data = to_data(&stored, Dtype::F32, DType::BF16, &[2, 2]).unwrap();
        let values: Vec<f32> = data
            .as_slice::<bf16>()
            .unwrap()
            .iter()
            .map(|value| value.to_f32())
            .collect();
        assert_eq!(values, [1.0, 1.0 + 2f32.powi(-6), -0.0, f32::INFINITY]);
    }

    #[test]
    fn widening_is_exact_and_needs_no_alignment() {
        let mut stored = vec![0u8];
        stored.extend(
            [0.1f32, -3.5, 65504.0]
                .iter()
                .flat_map(|&value| f16::from_f32(value).to_le_bytes()),
        );
        let data = to_data(&stored[1..], Dtype::F16, DType::F32, &[3]).unwrap();
        let exact = [f16::from_f32(0.1).to_f32(), -3.5, 65504.0];
        assert_eq!(data.as_slice::<f32>().unwrap(), exact);
    }

    #[test]
    fn a_wrong_length_or_format_gives_nothing() {
        assert!(to_data(&[0; 7], Dtype::F32, DType::F32, &[2]).is_none());
        assert!(to_data(&[0; 12], Dtype::F32, DType::F32, &[2]).is_none());
        assert!(to_data(&[0; 8], Dtype::I64, DType::F32, &[1]).is_none());
        assert!(to_data(&[0; 8], Dtype::F32, DType::I64, &[2]).is_none());
    }

    #[test]
    fn tensors_longer_than_a_block_keep_their_order() {
        let values: Vec<f32> = (0..BLOCK as u32 * 2 + 5)
            .map(|value| value as f32)
            .collect();
        let data = to_data(&bytes(&values), Dtype::F32, DType::F32, &[values.len()]).unwrap();
        assert_eq!(data.as_slice::<f32>().unwrap(), values);
    }
}
