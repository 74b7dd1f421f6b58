//! The JSON of a header, bounded while it is read.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// No weight of any network has more dimensions; a longer list only costs memory.
const MAX_RANK: usize = 8;

/// The full-size model has fewer than 1200 tensors.
const MAX_TENSORS: usize = 100_000;

/// Files in use have a handful of notes.
const MAX_NOTES: usize = 10_000;

/// The header as written, before its claims are checked. A list, so that equal names are seen.
pub(super) struct RawHeader {
    pub tensors: Vec<(String, RawEntry)>,
    pub metadata: BTreeMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct RawEntry {
    pub dtype: String,
    #[serde(deserialize_with = "dimensions")]
    pub shape: Vec<u64>,
    pub data_offsets: [u64; 2],
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
                header.metadata = map.next_value::<Notes>()?.0;
            } else {
                let entry = map
                    .next_value()
                    .map_err(|error| A::Error::custom(format!("tensor {name:?}: {error}")))?;
                if header.tensors.len() == MAX_TENSORS {
                    return Err(A::Error::custom(format!("more than {MAX_TENSORS} tensors")));
                }
                header.tensors.push((name, entry));
            }
        }
        Ok(header)
    }
}

/// The free-form strings under `__metadata__`.
struct Notes(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Notes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NotesVisitor;
        impl<'de> Visitor<'de> for NotesVisitor {
            type Value = Notes;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an object of at most {MAX_NOTES} strings")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Notes, A::Error> {
                let mut notes = BTreeMap::new();
                while let Some((name, note)) = map.next_entry()? {
                    if notes.len() == MAX_NOTES {
                        return Err(A::Error::custom(format!("more than {MAX_NOTES} notes")));
                    }
                    notes.insert(name, note);
                }
                Ok(Notes(notes))
            }
        }
        deserializer.deserialize_map(NotesVisitor)
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
