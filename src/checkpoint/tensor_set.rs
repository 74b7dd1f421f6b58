//! The tensors of one network, by model name, wherever they lie.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use safetensors::Dtype;

use super::error::CheckpointError;
use super::keys::{self, Key, Part};
use super::tensor_file::TensorFile;

/// The tensors of one network in one or more files, under the model's names.
#[derive(Debug, Clone)]
pub struct TensorSet {
    part: Part,
    files: Vec<TensorFile>,
    tensors: BTreeMap<String, Stored>,
    unused: Vec<String>,
    renamed: bool,
}

/// Where one tensor of the model lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Index into [`TensorSet::files`].
    pub file: usize,
    /// Its name in the file.
    pub name: String,
    /// Number format in the file.
    pub dtype: Dtype,
    /// Dimensions as the model wants them; rows of a fused tensor only.
    pub shape: Vec<usize>,
    /// Its bytes, from the start of the file.
    pub range: Range<u64>,
}

impl TensorSet {
    /// Gathers the tensors of `part` from `files`.
    ///
    /// Where a file holds several parts (names with the prefixes of an all-in-one file), only this part's are taken.
    ///
    /// # Errors
    /// [`CheckpointError::StoredTwice`] when two tensors mean the same one.
    pub fn gather(part: Part, files: Vec<TensorFile>) -> Result<Self, CheckpointError> {
        let all_names = || {
            files
                .iter()
                .flat_map(|file| file.header().tensors.keys())
                .map(String::as_str)
        };
        let up_levels = keys::up_levels(all_names());
        let all_in_one = all_in_one(all_names());
        let mut set = Self {
            part,
            files: Vec::new(),
            tensors: BTreeMap::new(),
            unused: Vec::new(),
            renamed: false,
        };
        for (index, file) in files.iter().enumerate() {
            for (name, entry) in &file.header().tensors {
                if all_in_one && !keys::belongs_to(part, name) {
                    continue;
                }
                let stored = Stored {
                    file: index,
                    name: name.clone(),
                    dtype: entry.dtype,
                    shape: entry.shape.clone(),
                    range: entry.range.clone(),
                };
                set.insert(keys::translate(part, name, up_levels), stored, &files)?;
            }
        }
        set.files = files;
        Ok(set)
    }

    fn insert(
        &mut self,
        key: Key,
        stored: Stored,
        files: &[TensorFile],
    ) -> Result<(), CheckpointError> {
        let pieces = match key {
            Key::Unused => {
                self.unused.push(stored.name);
                return Ok(());
            }
            Key::Whole(name) => vec![(name, stored)],
            Key::Pointwise(name) => vec![(name, pointwise(stored))],
            Key::Rows(names) => match rows(&stored, names) {
                Some(pieces) => pieces.into(),
                // Not three equal blocks: kept under its own name, for the report to name it.
                None => vec![(stored.name.clone(), stored)],
            },
        };
        for (name, stored) in pieces {
            self.renamed |= name != stored.name;
            let second = stored.file;
            if let Some(first) = self.tensors.insert(name.clone(), stored) {
                let path = |file: usize| {
                    files
                        .get(file)
                        .map(TensorFile::path)
                        .unwrap_or(Path::new(""))
                        .to_path_buf()
                };
                return Err(CheckpointError::StoredTwice {
                    tensor: name,
                    first: path(first.file),
                    second: path(second),
                });
            }
        }
        Ok(())
    }

    /// Which network these tensors are of.
    pub fn part(&self) -> Part {
        self.part
    }

    /// The files, in the order to which [`Stored::file`] refers.
    pub fn files(&self) -> &[TensorFile] {
        &self.files
    }

    /// The tensors by model name.
    pub fn tensors(&self) -> &BTreeMap<String, Stored> {
        &self.tensors
    }

    /// Names in the files that are known and not needed.
    pub fn unused(&self) -> &[String] {
        &self.unused
    }

    /// Whether the files use another naming than diffusers and transformers.
    pub fn is_renamed(&self) -> bool {
        self.renamed
    }

    /// Shape of a tensor, if it is there.
    pub fn shape(&self, name: &str) -> Option<&[usize]> {
        self.tensors.get(name).map(|stored| stored.shape.as_slice())
    }

    /// Bytes of the tensors as stored.
    pub fn bytes(&self) -> u64 {
        self.tensors
            .values()
            .map(|stored| stored.range.end - stored.range.start)
            .sum()
    }

    /// Number of weights.
    pub fn parameters(&self) -> u64 {
        self.tensors
            .values()
            .map(|stored| stored.shape.iter().product::<usize>() as u64)
            .sum()
    }

    /// The number formats in use, for the report.
    pub fn dtypes(&self) -> BTreeSet<String> {
        self.tensors
            .values()
            .map(|stored| stored.dtype.to_string())
            .collect()
    }
}

/// Whether the names are of several parts, told apart by their prefixes.
fn all_in_one<'a>(names: impl Iterator<Item = &'a str> + Clone) -> bool {
    let holds = |part: Part| names.clone().any(|name| keys::belongs_to(part, name));
    Part::ALL.into_iter().filter(|&part| holds(part)).count() > 1
}

fn pointwise(mut stored: Stored) -> Stored {
    if let [rows, columns, 1, 1] = stored.shape[..] {
        stored.shape = vec![rows, columns];
    }
    stored
}

/// Splits `[3 n, ..]` into three times `[n, ..]`. Rows are contiguous, so each is a range of the file.
fn rows(stored: &Stored, names: [String; 3]) -> Option<[(String, Stored); 3]> {
    let (&all_rows, rest) = stored.shape.split_first()?;
    let bytes = stored.range.end - stored.range.start;
    if !all_rows.is_multiple_of(3) || !bytes.is_multiple_of(3) {
        return None;
    }
    let shape: Vec<usize> = std::iter::once(all_rows / 3)
        .chain(rest.iter().copied())
        .collect();
    let mut start = stored.range.start;
    Some(names.map(|name| {
        let range = start..start + bytes / 3;
        start = range.end;
        (
            name,
            Stored {
                shape: shape.clone(),
                range,
                ..stored.clone()
            },
        )
    }))
}
