//! What a checkpoint has against what its networks want, told from headers alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Serialize;

use super::cast;
use super::keys::Part;
use super::tensor_set::TensorSet;

/// Problems of one kind that are spelled out; the rest are counted.
const SHOWN: usize = 8;
/// Below this similarity (0 to 1) a name is no help.
const SIMILAR: f64 = 0.8;

/// The three networks of a checkpoint, each with what is wrong with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// One entry a network, in the order in which a prompt meets them.
    pub parts: Vec<PartReport>,
}

/// One network of a checkpoint.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartReport {
    /// Which network.
    pub part: Part,
    /// The files its tensors lie in.
    pub files: Vec<String>,
    /// Size of these files in bytes.
    pub file_bytes: u64,
    /// Number of tensors, under model names.
    pub tensors: usize,
    /// Number of weights.
    pub parameters: u64,
    /// Bytes of the tensors as stored.
    pub bytes: u64,
    /// Number formats in use.
    pub dtypes: BTreeSet<String>,
    /// Whether the names are those of the single-file layout.
    pub renamed: bool,
    /// Known tensors that are not needed (a language model's head, its last layer and last norm).
    pub unused: Vec<String>,
    /// Tensors that are wanted and absent.
    pub missing: Vec<Missing>,
    /// Tensors that no network here wants.
    pub unexpected: Vec<Unexpected>,
    /// Tensors of another shape than wanted.
    pub misshapen: Vec<Misshapen>,
    /// Tensors in a number format that cannot be loaded.
    pub unsupported: Vec<Unsupported>,
}

/// A tensor that is wanted and absent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Missing {
    /// Its name.
    pub tensor: String,
    /// The shape it should have.
    pub shape: Vec<usize>,
    /// The unexpected tensor whose name is most like it.
    pub nearest: Option<String>,
}

/// A tensor that nothing wants.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unexpected {
    /// Its name in the file.
    pub tensor: String,
    /// The wanted tensor whose name is most like it.
    pub nearest: Option<String>,
}

/// A tensor of another shape than wanted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Misshapen {
    /// Its name in the file.
    pub tensor: String,
    /// The shape it has.
    pub shape: Vec<usize>,
    /// The shape it should have.
    pub wanted: Vec<usize>,
}

/// A tensor in a number format that cannot be loaded.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Unsupported {
    /// Its name in the file.
    pub tensor: String,
    /// The format.
    pub dtype: String,
}

impl Report {
    /// Whether every network can be loaded.
    pub fn is_sound(&self) -> bool {
        self.parts.iter().all(PartReport::is_sound)
    }

    /// Number of problems in all networks.
    pub fn problems(&self) -> usize {
        self.parts.iter().map(PartReport::problems).sum()
    }
}

impl PartReport {
    /// Compares what `set` has with what a network wants. `spare` tells names that are known and not needed.
    pub fn compare(
        set: &TensorSet,
        wanted: &BTreeMap<String, Vec<usize>>,
        spare: impl Fn(&str) -> bool,
    ) -> Self {
        let mut report = Self::about(set);
        let mut strangers = Vec::new();
        for (name, stored) in set.tensors() {
            match wanted.get(name) {
                None if spare(name) => report.unused.push(stored.name.clone()),
                None => strangers.push((name.as_str(), stored.name.as_str())),
                Some(shape) if *shape != stored.shape => report.misshapen.push(Misshapen {
                    tensor: stored.name.clone(),
                    shape: stored.shape.clone(),
                    wanted: shape.clone(),
                }),
                Some(_) if !cast::is_supported(stored.dtype) => {
                    report.unsupported.push(Unsupported {
                        tensor: stored.name.clone(),
                        dtype: stored.dtype.to_string(),
                    })
                }
                Some(_) => {}
            }
        }
        let absent = wanted
            .iter()
            .filter(|(name, _)| !set.tensors().contains_key(*name));
        for (index, (name, shape)) in absent.enumerate() {
            // The nearest name costs a comparison with every stranger, so only what will be shown gets one.
            let nearest = nearest(index, name, strangers.iter().copied());
            report.missing.push(Missing {
                tensor: name.clone(),
                shape: shape.clone(),
                nearest,
            });
        }
        for (index, (translated, stored)) in strangers.iter().enumerate() {
            let nearest = nearest(
                index,
                translated,
                wanted.keys().map(|name| (name.as_str(), name.as_str())),
            );
            report.unexpected.push(Unexpected {
                tensor: (*stored).to_owned(),
                nearest,
            });
        }
        report
    }

    fn about(set: &TensorSet) -> Self {
        Self {
            part: set.part(),
            files: set
                .files()
                .iter()
                .map(|file| file.path().display().to_string())
                .collect(),
            file_bytes: set
                .files()
                .iter()
                .map(super::tensor_file::TensorFile::size)
                .sum(),
            tensors: set.tensors().len(),
            parameters: set.parameters(),
            bytes: set.bytes(),
            dtypes: set.dtypes(),
            renamed: set.is_renamed(),
            unused: set.unused().to_vec(),
            missing: Vec::new(),
            unexpected: Vec::new(),
            misshapen: Vec::new(),
            unsupported: Vec::new(),
        }
    }

    /// Whether the network can be loaded.
    pub fn is_sound(&self) -> bool {
        self.problems() == 0
    }

    /// Number of problems.
    pub fn problems(&self) -> usize {
        self.missing.len() + self.unexpected.len() + self.misshapen.len() + self.unsupported.len()
    }
}

/// Of pairs of a comparable and a shown name, the shown one whose comparable name is most like `name`; unless `index`
/// is past those that are shown, or nothing is similar.
fn nearest<'a>(
    index: usize,
    name: &str,
    among: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<String> {
    if index >= SHOWN {
        return None;
    }
    among
        .map(|(other, shown)| (strsim::normalized_levenshtein(name, other), shown))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, shown)| shown.to_owned())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in self.parts.iter().filter(|part| !part.is_sound()) {
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl fmt::Display for PartReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files = self.files.join(", ");
        writeln!(
            f,
            "the {} ({files}) does not fit its configuration:",
            self.part
        )?;
        listed(f, "missing", &self.missing)?;
        listed(f, "unexpected", &self.unexpected)?;
        listed(f, "misshapen", &self.misshapen)?;
        listed(f, "unsupported", &self.unsupported)?;
        writeln!(
            f,
            "download it again, or check that files and configuration are of one model"
        )
    }
}

fn listed(f: &mut fmt::Formatter<'_>, kind: &str, problems: &[impl fmt::Display]) -> fmt::Result {
    for problem in problems.iter().take(SHOWN) {
        writeln!(f, "  {kind}: {problem}")?;
    }
    match problems.len().saturating_sub(SHOWN) {
        0 => Ok(()),
        more => writeln!(f, "  {kind}: and {more} more"),
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.tensor, self.shape)?;
        match &self.nearest {
            Some(nearest) => write!(f, " (the nearest name in the file is {nearest})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Unexpected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.tensor)?;
        match &self.nearest {
            Some(nearest) => write!(f, " (the nearest known name is {nearest})"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Misshapen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is {:?} and should be {:?}",
            self.tensor, self.shape, self.wanted
        )
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is stored as {}; bf16, f16 and f32 can be loaded",
            self.tensor, self.dtype
        )
    }
}
