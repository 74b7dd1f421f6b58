//! The header of a safetensors file, read without trusting a byte of it.
//!
//! The format: eight bytes of little-endian header length, that many bytes of JSON (tensor name → dtype, shape, byte
//! range), then the tensors' bytes, end to end. The `safetensors` crate checks the same invariants; they are checked
//! here again because its answers name neither the tensor nor the kind of damage, it keeps the last of two equal keys,
//! and it wants the whole file in memory.

mod json;
mod problem;

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use safetensors::Dtype;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::Error as ValueError;
use sha2::{Digest, Sha256};

use json::{RawEntry, RawHeader};
pub use problem::HeaderProblem;

/// The longest header that is read, in bytes; the format's own limit.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;
const MAX_NAME_BYTES: usize = 512;
const LENGTH_BYTES: u64 = 8;

/// One tensor as the header describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TensorEntry {
    /// Number format.
    pub dtype: Dtype,
    /// Dimensions, outermost first.
    pub shape: Vec<usize>,
    /// Where its bytes lie, from the start of the file.
    pub range: Range<u64>,
}

/// A header whose every claim holds for the file it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The tensors by name.
    pub tensors: BTreeMap<String, TensorEntry>,
    /// The free-form `__metadata__` strings.
    pub metadata: BTreeMap<String, String>,
    /// SHA-256 of the header's bytes.
    pub digest: [u8; 32],
}

impl Header {
    /// Reads and checks the header of a file of `file_len` bytes; the reader stands at the file's start.
    ///
    /// Allocates at most what the header itself holds, and never more than the file is long.
    ///
    /// # Errors
    /// A [`HeaderProblem`] for any damage.
    pub fn read(reader: &mut impl Read, file_len: u64) -> Result<Self, HeaderProblem> {
        if file_len < LENGTH_BYTES {
            return Err(HeaderProblem::TooShort(file_len));
        }
        let mut length = [0; LENGTH_BYTES as usize];
        read_exact(reader, &mut length)?;
        let length = u64::from_le_bytes(length);
        if length > MAX_HEADER_BYTES {
            return Err(HeaderProblem::TooLong(length));
        }
        if length > file_len - LENGTH_BYTES {
            return Err(HeaderProblem::PastEnd {
                header: length,
                file: file_len,
            });
        }
        let mut json = vec![0; length as usize];
        read_exact(reader, &mut json)?;
        let raw: RawHeader = serde_json::from_slice(&json)
            .map_err(|error| HeaderProblem::Json(error.to_string()))?;
        let data_start = LENGTH_BYTES + length;
        Ok(Self {
            tensors: checked(raw.tensors, data_start, file_len - data_start)?,
            metadata: raw.metadata,
            digest: Sha256::digest(&json).into(),
        })
    }
}

fn read_exact(reader: &mut impl Read, buffer: &mut [u8]) -> Result<(), HeaderProblem> {
    reader
        .read_exact(buffer)
        .map_err(|error| HeaderProblem::Io(error.to_string()))
}

/// Checks that the tensors cover `data_len` bytes exactly: each as long as its shape says, no overlap, no hole.
fn checked(
    mut raw: Vec<(String, RawEntry)>,
    data_start: u64,
    data_len: u64,
) -> Result<BTreeMap<String, TensorEntry>, HeaderProblem> {
    raw.sort_by_key(|(_, entry)| entry.data_offsets);
    let mut tensors = BTreeMap::new();
    let mut covered = 0;
    let mut previous = String::new();
    let mut cut_off = None;
    for (name, entry) in raw {
        check_name(&name)?;
        let dtype = number_format(&name, &entry.dtype)?;
        let bytes = byte_count(&entry.shape, dtype)
            .ok_or_else(|| HeaderProblem::ShapeOverflow(name.clone()))?;
        let [start, end] = entry.data_offsets;
        let given = i128::from(end) - i128::from(start);
        if given != i128::from(bytes) {
            return Err(HeaderProblem::Size {
                tensor: name,
                expected: bytes,
                given,
            });
        }
        if start < covered {
            return Err(HeaderProblem::Overlap {
                first: previous,
                second: name,
            });
        }
        if start > covered {
            return Err(HeaderProblem::Hole {
                tensor: name,
                bytes: start - covered,
            });
        }
        covered = end;
        if covered > data_len && cut_off.is_none() {
            cut_off = Some(name.clone());
        }
        let overflow = || HeaderProblem::ShapeOverflow(name.clone());
        let range = data_start.checked_add(start).ok_or_else(overflow)?
            ..data_start.checked_add(end).ok_or_else(overflow)?;
        let shape = entry
            .shape
            .iter()
            .map(|&size| usize::try_from(size))
            .collect::<Result<_, _>>();
        let shape = shape.map_err(|_| overflow())?;
        if tensors
            .insert(
                name.clone(),
                TensorEntry {
                    dtype,
                    shape,
                    range,
                },
            )
            .is_some()
        {
            return Err(HeaderProblem::Duplicate(name));
        }
        previous = name;
    }
    match cut_off {
        Some(tensor) => Err(HeaderProblem::Truncated {
            tensor,
            missing: covered - data_len,
        }),
        None if covered < data_len => Err(HeaderProblem::Padded(data_len - covered)),
        None => Ok(tensors),
    }
}

fn check_name(name: &str) -> Result<(), HeaderProblem> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        let shown = name.chars().take(80).collect();
        return Err(HeaderProblem::Name(shown));
    }
    Ok(())
}

fn number_format(tensor: &str, dtype: &str) -> Result<Dtype, HeaderProblem> {
    let deserializer: serde::de::value::StrDeserializer<'_, ValueError> = dtype.into_deserializer();
    Dtype::deserialize(deserializer).map_err(|_| HeaderProblem::Dtype {
        tensor: tensor.to_owned(),
        dtype: dtype.chars().take(80).collect(),
    })
}

fn byte_count(shape: &[u64], dtype: Dtype) -> Option<u64> {
    let elements = shape
        .iter()
        .try_fold(1u64, |product, &size| product.checked_mul(size))?;
    let bits = elements.checked_mul(u64::try_from(dtype.bitsize()).ok()?)?;
    // Formats below one byte must still end on one.
    (bits % 8 == 0).then_some(bits / 8)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn file(json: &str, data: usize) -> Vec<u8> {
        let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(json.as_bytes());
        bytes.resize(bytes.len() + data, 0);
        bytes
    }

    fn read(json: &str, data: usize) -> Result<Header, HeaderProblem> {
        let bytes = file(json, data);
        Header::read(&mut bytes.as_slice(), bytes.len() as u64)
    }

    #[test]
    fn ranges_are_absolute_and_tensors_sorted() {
        let json = r#"{"b":{"dtype":"F32","shape":[2],"data_offsets":[2,10]},"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]},"__metadata__":{"format":"pt"}}"#;
        let header = read(json, 10).unwrap();
        let start = 8 + json.len() as u64;
        assert_eq!(header.tensors["a"].range, start..start + 2);
        assert_eq!(header.tensors["b"].range, start + 2..start + 10);
        assert_eq!(header.metadata["format"], "pt");
    }

    #[test]
    fn each_kind_of_damage_has_its_name() {
        let one = r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
        assert_eq!(
            read(one, 4),
            Err(HeaderProblem::Truncated {
                tensor: "a".into(),
                missing: 4
            })
        );
        assert_eq!(read(one, 9), Err(HeaderProblem::Padded(1)));
        let twice = r#"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#;
        assert_eq!(read(twice, 0), Err(HeaderProblem::Duplicate("a".into())));
        let overlap = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#;
        assert_eq!(
            read(overlap, 6),
            Err(HeaderProblem::Overlap {
                first: "a".into(),
                second: "b".into()
            })
        );
        let hole = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}}"#;
        assert_eq!(
            read(hole, 4),
            Err(HeaderProblem::Hole {
                tensor: "a".into(),
                bytes: 3
            })
        );
        let huge = r#"{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#;
        assert_eq!(read(huge, 8), Err(HeaderProblem::ShapeOverflow("a".into())));
        let unknown = r#"{"a":{"dtype":"F12","shape":[1],"data_offsets":[0,8]}}"#;
        assert_eq!(
            read(unknown, 8),
            Err(HeaderProblem::Dtype {
                tensor: "a".into(),
                dtype: "F12".into()
            })
        );
        let backwards = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[5,4]}}"#;
        assert_eq!(
            read(backwards, 4),
            Err(HeaderProblem::Size {
                tensor: "a".into(),
                expected: 1,
                given: -1
            })
        );
    }

    #[test]
    fn lengths_are_checked_before_memory_is_taken() {
        for bytes in 0..8u64 {
            assert_eq!(
                Header::read(&mut [0u8; 8].as_slice(), bytes),
                Err(HeaderProblem::TooShort(bytes))
            );
        }
        let header =
            |length: u64, file: u64| Header::read(&mut length.to_le_bytes().as_slice(), file);
        assert_eq!(
            header(1 << 63, u64::MAX),
            Err(HeaderProblem::TooLong(1 << 63))
        );
        assert_eq!(
            header(MAX_HEADER_BYTES + 1, u64::MAX),
            Err(HeaderProblem::TooLong(MAX_HEADER_BYTES + 1))
        );
        assert_eq!(
            header(9, 16),
            Err(HeaderProblem::PastEnd {
                header: 9,
                file: 16
            })
        );
    }

    #[test]
    fn a_long_shape_and_a_name_that_drives_a_terminal_are_refused() {
        let ranks = ["1"; 9].join(",");
        let json = format!(r#"{{"a":{{"dtype":"U8","shape":[{ranks}],"data_offsets":[0,1]}}}}"#);
        assert!(
            matches!(read(&json, 1), Err(HeaderProblem::Json(message)) if message.contains("\"a\""))
        );
        let json = r#"{"\u001b[2J":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
        let problem = read(json, 1).unwrap_err();
        assert!(!problem.to_string().contains('\u{1b}'), "{problem}");
    }
}
