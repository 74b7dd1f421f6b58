//! Holds the tensors of a set against those that a network wants.

use std::collections::BTreeMap;

use super::cast;
use super::report::{Misshapen, Missing, PartReport, SHOWN, Unexpected, Unsupported};
use super::tensor_file::TensorFile;
use super::tensor_set::TensorSet;

/// Unexpected tensors among which the nearest name is looked for: more than a model has, since a comparison takes time.
const COMPARED: usize = 2_000;
/// Below this similarity (0 to 1) a name is no help.
const SIMILAR: f64 = 0.8;

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
            let nearest = nearest(index, name, strangers.iter().copied().take(COMPARED));
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

    /// The facts, without a verdict.
    fn about(set: &TensorSet) -> Self {
        Self {
            part: set.part(),
            files: set
                .files()
                .iter()
                .map(|file| file.path().display().to_string())
                .collect(),
            file_bytes: set.files().iter().map(TensorFile::size).sum(),
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
