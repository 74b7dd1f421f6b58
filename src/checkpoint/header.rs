//! The header of a safetensors file, read without trusting a byte of it.
//!
//! The format: eight bytes of little-endian header length, that many bytes of JSON (tensor name → dtype, shape, byte
//! range), then the tensors' bytes, end to end. The `safetensors` crate checks the same invariants; they are checked
//! here again because its answers name neither the tensor nor the kind of damage, it keeps the last of two equal keys,
//! and it wants the whole file in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io::Read;
use std::ops::Range;

use safetensors::Dtype;
use serde::Deserialize;
use serde::de::value::Error as ValueError;
use serde::de::{Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

/// The longest header that is read, in bytes; the format's own limit.
pub const MAX_HEADER_BYTES: u64 = 100_000_000;
/// No weight of any network has more dimensions; a longer list only costs memory.
const MAX_RANK: usize = 8;
/// The full-size model has fewer than 1200 tensors.
const MAX_TENSORS: usize = 100_000;
const MAX_NAME_BYTES: usize = 512;
const LENGTH_BYTES: u64 = 8;

/// What is wrong with a header. Tensor names are shown escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// Fewer than the eight bytes of the length.
    #[error("it has only {0} bytes")]
    TooShort(u64),
    /// A length above [`MAX_HEADER_BYTES`].
    #[error("it announces a header of {0} bytes")]
    TooLong(u64),
    /// A header that would end after the file does.
    #[error("its header of {header} bytes does not fit in the file of {file} bytes")]
    PastEnd {
        /// Announced length.
        header: u64,
        /// Length of the file.
        file: u64,
    },
    /// Not JSON, or JSON of another form.
    #[error("its header cannot be read: {0}")]
    Json(String),
    /// Two tensors of one name.
    #[error("tensor {0:?} appears twice in the header")]
    Duplicate(String),
    /// A name that is empty, over-long or has control characters.
    #[error("tensor name {0:?} is not a plain name")]
    Name(String),
    /// More tensors than any model has.
    #[error("it lists {0} tensors")]
    TooMany(usize),
    /// A number format that the safetensors format does not define.
    #[error("tensor {tensor:?} has the unknown number format {dtype:?}")]
    Dtype {
        /// The tensor.
        tensor: String,
        /// The name of the format.
        dtype: String,
    },
    /// The number of bytes does not fit in 64 bits.
    #[error("the shape of tensor {0:?} overflows")]
    ShapeOverflow(String),
    /// The byte range is not as long as shape and format say.
    #[error("tensor {tensor:?} should have {expected} bytes but is given {given}")]
    Size {
        /// The tensor.
        tensor: String,
        /// Bytes by shape and number format.
        expected: u64,
        /// Bytes by its range.
        given: i128,
    },
    /// Two tensors share bytes.
    #[error("tensors {first:?} and {second:?} overlap")]
    Overlap {
        /// The tensor that starts first.
        first: String,
        /// The tensor that starts inside it.
        second: String,
    },
    /// Bytes that belong to no tensor.
    #[error("{bytes} bytes before tensor {tensor:?} belong to no tensor")]
    Hole {
        /// The tensor after the hole.
        tensor: String,
        /// Its width.
        bytes: u64,
    },
    /// The file ends before its last tensor does.
    #[error("it is cut off: tensor {tensor:?} ends {missing} bytes after the end of the file")]
    Truncated {
        /// The first tensor that is not whole.
        tensor: String,
        /// Bytes that are missing at the end of the file.
        missing: u64,
    },
    /// The file goes on after its last tensor.
    #[error("{0} bytes follow its last tensor")]
    Padded(u64),
    /// The system failed while the header was read.
    #[error("{0}")]
    Io(String),
}

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

/// The header as written, before its claims are checked. A list, so that equal names are seen.
struct RawHeader {
    tensors: Vec<(String, RawEntry)>,
    metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct RawEntry {
    dtype: String,
    #[serde(deserialize_with = "dimensions")]
    shape: Vec<u64>,
    data_offsets: [u64; 2],
}

impl<'de> Deserialize<'de> for RawHeader {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawHeaderVisitor)
    }
}

struct RawHeaderVisitor;

impl<'de> Visitor<'de> for RawHeaderVisitor {
    type Value = RawHeader;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawHeader, A::Error> {
        let mut header = RawHeader {
            tensors: Vec::new(),
            metadata: BTreeMap::new(),
        };
        while let Some(name) = map.next_key::<String>()? {
            if name == "__metadata__" {
                header.metadata = map.next_value()?;
            } else {
                let entry = map
                    .next_value()
                    .map_err(|error| A::Error::custom(format!("tensor {name:?}: {error}")))?;
                header.tensors.push((name, entry));
            }
        }
        Ok(header)
    }
}

fn dimensions<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u64>, D::Error> {
    struct Dimensions;
    impl<'de> Visitor<'de> for Dimensions {
        type Value = Vec<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {MAX_RANK} dimensions")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<u64>, A::Error> {
            let mut shape = Vec::new();
            while let Some(size) = seq.next_element()? {
                if shape.len() == MAX_RANK {
                    return Err(A::Error::custom(format!("more than {MAX_RANK} dimensions")));
                }
                shape.push(size);
            }
            Ok(shape)
        }
    }
    deserializer.deserialize_seq(Dimensions)
}

/// Checks that the tensors cover `data_len` bytes exactly: each as long as its shape says, no overlap, no hole.
fn checked(
    mut raw: Vec<(String, RawEntry)>,
    data_start: u64,
    data_len: u64,
) -> Result<BTreeMap<String, TensorEntry>, HeaderProblem> {
    if raw.len() > MAX_TENSORS {
        return Err(HeaderProblem::TooMany(raw.len()));
    }
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
