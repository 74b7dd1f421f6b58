//! Numbers of a file in the format that the device computes in.

use burn::tensor::{DType, bf16, f16};
use rayon::prelude::*;
use safetensors::Dtype;

use super::error::CheckpointError;

/// Numbers a thread reads and converts at a time: enough to keep a fast disk busy, few enough to share a tensor among
/// all threads.
const BLOCK: usize = 1 << 18;

const _: () = assert!(
    cfg!(target_endian = "little"),
    "numbers are taken from files as they lie there"
);

/// Whether weights stored in this format can be loaded.
pub fn is_supported(stored: Dtype) -> bool {
    way(stored, DType::F32).is_some()
}

/// Fills `target` with numbers of the format `wanted`, rounded to nearest even where that is narrower. `read` copies
/// bytes of the format `stored` (little-endian) from an offset on; it is called by many threads, and straight into
/// `target` where both formats are the same. Answers whether the formats are supported.
///
/// # Errors
/// What `read` answers.
pub(super) fn fill(
    target: &mut [u8],
    wanted: DType,
    stored: Dtype,
    read: impl Fn(u64, &mut [u8]) -> Result<(), CheckpointError> + Sync,
) -> Result<bool, CheckpointError> {
    let (from, to) = (stored.bitsize() / 8, wanted.size());
    let offset = |block: usize| (block * BLOCK * from) as u64;
    let blocks = target.par_chunks_mut(BLOCK * to).enumerate();
    match way(stored, wanted) {
        None => return Ok(false),
        Some(Way::Same) => {
            blocks.try_for_each(|(block, numbers)| read(offset(block), numbers))?;
        }
        Some(Way::Converted(convert)) => {
            blocks.try_for_each_init(Vec::new, |bytes, (block, numbers)| {
                bytes.resize(numbers.len() / to * from, 0);
                read(offset(block), bytes)?;
                convert(bytes, numbers);
                Ok::<_, CheckpointError>(())
            })?;
        }
    }
    Ok(true)
}

/// How bytes of a file become numbers in memory.
enum Way {
    Same,
    Converted(fn(&[u8], &mut [u8])),
}

fn way(stored: Dtype, wanted: DType) -> Option<Way> {
    Some(Way::Converted(match (stored, wanted) {
        (Dtype::F32, DType::F32) | (Dtype::F16, DType::F16) | (Dtype::BF16, DType::BF16) => {
            return Some(Way::Same);
        }
        (Dtype::F32, DType::F16) => |from, to| each(from, to, f32::from_le_bytes, to_f16),
        (Dtype::F32, DType::BF16) => |from, to| each(from, to, f32::from_le_bytes, to_bf16),
        (Dtype::F16, DType::F32) => |from, to| each(from, to, from_f16, f32::to_le_bytes),
        (Dtype::F16, DType::BF16) => |from, to| each(from, to, from_f16, to_bf16),
        (Dtype::BF16, DType::F32) => |from, to| each(from, to, from_bf16, f32::to_le_bytes),
        (Dtype::BF16, DType::F16) => |from, to| each(from, to, from_bf16, to_f16),
        _ => return None,
    }))
}

/// Converts number by number; every format passes through f32 unharmed.
fn each<const N: usize, const M: usize>(
    from: &[u8],
    to: &mut [u8],
    read: impl Fn([u8; N]) -> f32,
    write: impl Fn(f32) -> [u8; M],
) {
    let numbers = from.as_chunks::<N>().0.iter();
    for (number, place) in numbers.zip(to.as_chunks_mut::<M>().0) {
        *place = write(read(*number));
    }
}

fn from_f16(bytes: [u8; 2]) -> f32 {
    f16::from_le_bytes(bytes).to_f32()
}

fn from_bf16(bytes: [u8; 2]) -> f32 {
    bf16::from_le_bytes(bytes).to_f32()
}

fn to_f16(number: f32) -> [u8; 2] {
    f16::from_f32(number).to_le_bytes()
}

fn to_bf16(number: f32) -> [u8; 2] {
    bf16::from_f32(number).to_le_bytes()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// `bytes` of `stored` as `count` numbers of `wanted`, as bytes.
    fn filled(bytes: &[u8], stored: Dtype, wanted: DType, count: usize) -> Option<Vec<u8>> {
        let mut target = vec![0; count * wanted.size()];
        let read = |offset: u64, part: &mut [u8]| {
            part.copy_from_slice(&bytes[offset as usize..][..part.len()]);
            Ok(())
        };
        let supported = fill(&mut target, wanted, stored, read).unwrap();
        supported.then_some(target)
    }

    fn bytes(values: &[f32]) -> Vec<u8> {
        values
            .iter()
            .flat_map(|value| value.to_le_bytes())
            .collect()
    }

    fn floats(bytes: &[u8]) -> Vec<f32> {
        let numbers = bytes.as_chunks().0.iter();
        numbers.map(|&number| f32::from_le_bytes(number)).collect()
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
        let narrow = filled(&stored, Dtype::F32, DType::BF16, 4).unwrap();
        let wide = filled(&narrow, Dtype::BF16, DType::F32, 4).unwrap();
        assert_eq!(
            floats(&wide),
            [1.0, 1.0 + 2f32.powi(-6), -0.0, f32::INFINITY]
        );
    }

    #[test]
    fn widening_is_exact() {
        let numbers = [0.1f32, -3.5, 65504.0].map(f16::from_f32);
        let stored: Vec<u8> = numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect();
        let wide = filled(&stored, Dtype::F16, DType::F32, 3).unwrap();
        assert_eq!(floats(&wide), numbers.map(f16::to_f32));
    }

    #[test]
    fn other_formats_are_declined() {
        assert!(filled(&[0; 8], Dtype::I64, DType::F32, 1).is_none());
        assert!(filled(&[0; 8], Dtype::F32, DType::I64, 2).is_none());
    }

    #[test]
    fn tensors_longer_than_a_block_keep_their_order() {
        let values: Vec<f32> = (0..BLOCK as u32 * 2 + 5)
            .map(|value| value as f32)
            .collect();
        let stored = bytes(&values);
        let same = filled(&stored, Dtype::F32, DType::F32, values.len()).unwrap();
        assert_eq!(floats(&same), values);
        let narrow = filled(&stored, Dtype::F32, DType::F16, values.len()).unwrap();
        let expected = values.iter().flat_map(|&value| to_f16(value));
        assert!(narrow.into_iter().eq(expected));
    }
}
