//! What a checkpoint has against what its networks want, told from headers alone.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use super::keys::Part;

/// Problems of one kind that are spelled out; the rest are counted.
pub(super) const SHOWN: usize = 8;
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
    /// Whether the network can be loaded.
    pub fn is_sound(&self) -> bool {
        self.problems() == 0
    }

    /// Number of problems.
    pub fn problems(&self) -> usize {
        self.missing.len() + self.unexpected.len() + self.misshapen.len() + self.unsupported.len()
    }
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
