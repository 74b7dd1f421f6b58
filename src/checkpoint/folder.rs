//! The Hugging Face layout: one folder a part, weights in one file or in numbered shards with an index.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use crate::files::read_capped;

use super::error::{CheckpointError, Missing};
use super::family::Family;
use super::keys::Part;
use super::tensor_file::TensorFile;
use super::tensor_set::TensorSet;

/// The full-size index has some 60 kB.
const MAX_INDEX_BYTES: u64 = 16 << 20;
const MAX_SHARDS: usize = 1000;
/// Number formats that are put into file names as an infix, the preferred first.
const VARIANTS: [&str; 3] = ["bf16", "fp16", "fp32"];

/// Reads the headers of one part's weights from its folder.
///
/// `root` is the checkpoint's folder, out of which no file may lead.
///
/// # Errors
/// [`CheckpointError::PartMissing`] when there are no weights, [`CheckpointError::Foreign`] when there are only
/// pickled ones, and whatever is wrong with the index or the files.
pub fn read_part(root: &Path, part: Part) -> Result<TensorSet, CheckpointError> {
    let folder = root.join(part.folder());
    let files = weight_files(&folder, part)?;
    let files = match files {
        Weights::One(file) => vec![open_inside(root, &file)?],
        Weights::Indexed(index) => read_indexed(root, &index)?,
        Weights::Numbered(shards) => open_all(root, &shards)?,
    };
    TensorSet::gather(part, files)
}

/// Where a part's weights are.
enum Weights {
    One(PathBuf),
    Indexed(PathBuf),
    Numbered(Vec<PathBuf>),
}

/// Finds the weights. As in diffusers an index comes before a single file, and files without an infix before `.bf16`.
fn weight_files(folder: &Path, part: Part) -> Result<Weights, CheckpointError> {
    let stem = part.stem();
    let names = file_names(folder, part)?;
    let found = |name: String| names.contains(&name).then(|| folder.join(name));
    if let Some(index) = found(format!("{stem}.safetensors.index.json")) {
        return Ok(Weights::Indexed(index));
    }
    if let Some(file) = found(format!("{stem}.safetensors")) {
        return Ok(Weights::One(file));
    }
    for variant in VARIANTS {
        let index = found(format!("{stem}.safetensors.index.{variant}.json"));
        if let Some(index) =
            index.or_else(|| found(format!("{stem}.{variant}.safetensors.index.json")))
        {
            return Ok(Weights::Indexed(index));
        }
        if let Some(file) = found(format!("{stem}.{variant}.safetensors")) {
            return Ok(Weights::One(file));
        }
    }
    if let Some(shards) = numbered(folder, &names)? {
        return Ok(Weights::Numbered(shards));
    }
    // A folder with one file under another name leaves no doubt either.
    let mut safetensors = names.iter().filter(|name| name.ends_with(".safetensors"));
    if let (Some(only), None) = (safetensors.next(), safetensors.next()) {
        return Ok(Weights::One(folder.join(only)));
    }
    let pickled = names
        .iter()
        .find(|name| Family::by_content(Path::new(name), &[]) == Some(Family::Pickle));
    if let Some(name) = pickled {
        return Err(CheckpointError::Foreign {
            path: folder.join(name),
            family: Family::Pickle,
        });
    }
    let looked = vec![folder.join(format!("{stem}.safetensors"))];
    Err(CheckpointError::PartMissing {
        part: Missing::Network(part),
        looked,
    })
}

fn file_names(folder: &Path, part: Part) -> Result<BTreeSet<String>, CheckpointError> {
    if !folder.is_dir() {
        return Err(CheckpointError::PartMissing {
            part: Missing::Network(part),
            looked: vec![folder.to_path_buf()],
        });
    }
    let entries =
        std::fs::read_dir(folder).map_err(|error| CheckpointError::io("read", folder, error))?;
    // No weights file has a name outside Unicode, so such names are passed over.
    Ok(entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect())
}

/// Shards without an index: `NAME-00001-of-00003.safetensors`, all of them.
fn numbered(
    folder: &Path,
    names: &BTreeSet<String>,
) -> Result<Option<Vec<PathBuf>>, CheckpointError> {
    let Some((first, (prefix, _, count))) = names
        .iter()
        .find_map(|name| Some((name, shard_number(name)?)))
    else {
        return Ok(None);
    };
    let mut shards = Vec::new();
    for number in 1..=count {
        let name = format!("{prefix}-{number:05}-of-{count:05}.safetensors");
        if !names.contains(&name) {
            return Err(CheckpointError::ShardMissing {
                path: folder.join(name),
                asked_by: first.clone(),
            });
        }
        shards.push(folder.join(name));
    }
    Ok(Some(shards))
}

/// Reads `PREFIX-00001-of-00003.safetensors` as prefix, number and count.
fn shard_number(name: &str) -> Option<(&str, usize, usize)> {
    let (rest, count) = name.strip_suffix(".safetensors")?.rsplit_once("-of-")?;
    let (prefix, number) = rest.rsplit_once('-')?;
    let count = count
        .parse()
        .ok()
        .filter(|count| (1..=MAX_SHARDS).contains(count))?;
    Some((prefix, number.parse().ok()?, count))
}

#[derive(Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Opens the shards that an index names and compares what each holds with what the index says.
fn read_indexed(root: &Path, path: &Path) -> Result<Vec<TensorFile>, CheckpointError> {
    let bytes = read_inside(root, path, MAX_INDEX_BYTES)?;
    let broken = |problem: String| CheckpointError::Index {
        path: path.to_path_buf(),
        problem,
    };
    let index: Index = serde_json::from_slice(&bytes)
        .map_err(|error| broken(format!("the index cannot be read: {error}")))?;
    let shard_names: BTreeSet<&String> = index.weight_map.values().collect();
    if shard_names.is_empty() || shard_names.len() > MAX_SHARDS {
        return Err(broken(format!(
            "the index names {} files",
            shard_names.len()
        )));
    }
    let folder = path.parent().unwrap_or(root);
    let mut shards = BTreeMap::new();
    for name in shard_names {
        if !is_plain_name(name) {
            return Err(CheckpointError::PathEscapes {
                path: path.to_path_buf(),
                target: name.clone(),
            });
        }
        let shard = folder.join(name);
        if std::fs::symlink_metadata(&shard).is_err() {
            return Err(CheckpointError::ShardMissing {
                path: shard,
                asked_by: path.display().to_string(),
            });
        }
        shards.insert(name.as_str(), open_inside(root, &shard)?);
    }
    for (tensor, name) in &index.weight_map {
        let holds = |file: &TensorFile| file.header().tensors.contains_key(tensor);
        if !shards.get(name.as_str()).is_some_and(holds) {
            let found = shards
                .values()
                .find(|file| holds(file))
                .map(|file| file.path().to_path_buf());
            return Err(CheckpointError::ShardSwapped {
                tensor: tensor.clone(),
                path: folder.join(name),
                found,
            });
        }
    }
    Ok(shards.into_values().collect())
}

fn open_all(root: &Path, paths: &[PathBuf]) -> Result<Vec<TensorFile>, CheckpointError> {
    paths.iter().map(|path| open_inside(root, path)).collect()
}

/// Whether a name from a file may be joined to a folder: one component, and none of `..`, `/`, `C:`.
fn is_plain_name(name: &str) -> bool {
    let mut components = Path::new(name).components();
    let single = matches!((components.next(), components.next()), (Some(Component::Normal(only)), None) if only == OsStr::new(name));
    single && !name.contains(['/', '\\', ':', '\0'])
}

fn open_inside(root: &Path, path: &Path) -> Result<TensorFile, CheckpointError> {
    stays_inside(root, path)?;
    TensorFile::open(path)
}

/// Reads a small file of the checkpoint's folder.
///
/// # Errors
/// As [`read_capped`], and [`CheckpointError::PathEscapes`] for a link that leads out.
pub fn read_inside(root: &Path, path: &Path, cap: u64) -> Result<Vec<u8>, CheckpointError> {
    stays_inside(root, path)?;
    Ok(read_capped(path, cap)?)
}

/// Refuses a link that leads out of the checkpoint, except into the store beside it in which the Hugging Face cache
/// keeps the files of all revisions (`models--A--B/snapshots/REVISION` → `models--A--B/blobs`).
fn stays_inside(root: &Path, path: &Path) -> Result<(), CheckpointError> {
    let real = |path: &Path| {
        path.canonicalize()
            .map_err(|error| CheckpointError::io("open", path, error))
    };
    let (root, target) = (real(root)?, real(path)?);
    let in_blobs = || {
        let snapshots = root
            .parent()
            .filter(|parent| parent.file_name() == Some(OsStr::new("snapshots")))?;
        Some(target.starts_with(snapshots.parent()?.join("blobs")))
    };
    if target.starts_with(&root) || in_blobs().unwrap_or(false) {
        return Ok(());
    }
    Err(CheckpointError::PathEscapes {
        path: path.to_path_buf(),
        target: target.display().to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_joined() {
        for good in [
            "model-00001-of-00003.safetensors",
            "diffusion_pytorch_model.bf16-00001-of-00002.safetensors",
            "模型.safetensors",
        ] {
            assert!(is_plain_name(good), "{good}");
        }
        let bad = [
            "",
            ".",
            "..",
            "../x",
            "a/b",
            "/etc/passwd",
            "..\\x",
            "C:\\x",
            "C:x",
            "a/",
            "./a",
            "a\0b",
        ];
        for bad in bad {
            assert!(!is_plain_name(bad), "{bad:?}");
        }
    }

    #[test]
    fn shard_numbers_are_read_with_and_without_an_infix() {
        assert_eq!(
            shard_number("model-00002-of-00003.safetensors"),
            Some(("model", 2, 3))
        );
        assert_eq!(
            shard_number("m.bf16-00001-of-00002.safetensors"),
            Some(("m.bf16", 1, 2))
        );
        for other in [
            "model.safetensors",
            "model-1-of-0.safetensors",
            "model-1-of-99999999.safetensors",
            "-of-.safetensors",
        ] {
            assert_eq!(shard_number(other), None, "{other}");
        }
    }
}
