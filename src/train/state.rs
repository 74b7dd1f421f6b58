//! A training on disk, in bf16: weights, the optimiser's memories and the average, each in files of at most
//! [`PART_BYTES`]. A finished training keeps what it was for, and no memories.
//!
//! Whoever saves goes on with what was written ([`State::rounded`]). So a training that goes on and one that is resumed
//! see the same numbers: on a CPU, bit for bit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::parameters::{self, Named};
use super::{TrainError, curve::Curve};
use crate::checkpoint::{load_tensors, save_tensors};
use crate::files::FileError;

const WEIGHTS: &str = "weights";
const FIRST: &str = "first-moments";
const SECOND: &str = "second-moments";
const AVERAGE: &str = "average";
const CURVE: &str = "loss.csv";
/// Where a state is being written.
const STAGED: &str = ".writing";
/// Where one is that was written whole, and not put into its place yet.
const READY: &str = ".written";

/// Tensors go into the next file once one holds this many bytes.
const PART_BYTES: usize = 8 << 20;
/// No file of a state is larger: a full part and the tensor that filled it.
const CAP_BYTES: u64 = 16 << 20;

/// What a training is after some of its steps.
#[derive(Clone)]
pub struct State {
    /// The weights.
    pub weights: Named,
    /// The optimiser's mean gradients; none of a finished training.
    pub first: Named,
    /// Its mean squares of gradients; none of a finished training.
    pub second: Named,
    /// The averaged weights; none where no average is kept.
    pub average: Named,
    /// The loss so far.
    pub curve: Curve,
    /// Steps done.
    pub step: u64,
}

impl State {
    /// Whether `folder` holds one.
    pub fn exists(folder: &Path) -> bool {
        let is_in = |folder: &Path| part(folder, WEIGHTS, 0).is_file();
        is_in(folder) || is_in(&folder.join(READY))
    }

    /// Writes it into `folder`, whole or not at all: a full disk or a killed program leaves the earlier state.
    ///
    /// # Errors
    /// When the device or the disk fails.
    pub fn write(&self, folder: &Path) -> Result<(), TrainError> {
        settle(folder)?;
        let staged = folder.join(STAGED);
        let written = self.stage(&staged);
        let parts = match written {
            Ok(parts) => parts,
            Err(error) => {
                // Also to give its room back.
                std::fs::remove_dir_all(&staged).ok();
                return Err(error);
            }
        };
        std::fs::rename(&staged, folder.join(READY)).map_err(unwritable(folder))?;
        settle(folder)?;
        for (kind, count) in parts {
            let earlier = (count..).map(|index| part(folder, kind, index));
            for path in earlier.take_while(|path| path.is_file()) {
                std::fs::remove_file(&path).map_err(unwritable(&path))?;
            }
        }
        Ok(())
    }

    /// Writes all files into the folder `staged`; answers how many parts each kind has.
    fn stage(&self, staged: &Path) -> Result<Vec<(&'static str, usize)>, TrainError> {
        std::fs::create_dir_all(staged).map_err(unwritable(staged))?;
        self.curve.write_csv(&staged.join(CURVE))?;
        let kinds = [
            (FIRST, &self.first),
            (SECOND, &self.second),
            (AVERAGE, &self.average),
            (WEIGHTS, &self.weights),
        ];
        let count = |(kind, named)| Ok((kind, write(staged, kind, named, self.step)?));
        kinds.into_iter().map(count).collect()
    }

    /// Reads the one in `folder`.
    ///
    /// # Errors
    /// [`TrainError::State`] when its files are of different steps.
    pub fn read(folder: &Path, device: &Device) -> Result<Self, TrainError> {
        settle(folder)?;
        let (weights, step) = read(folder, WEIGHTS, device)?;
        let of_step = |kind| -> Result<Named, TrainError> {
            let (values, of_step) = read(folder, kind, device)?;
            if of_step == step {
                return Ok(values);
            }
            let problem = format!("is of step {of_step}, the weights are of step {step}");
            Err(wrong(folder, kind, problem))
        };
        Ok(Self {
            weights,
            first: of_step(FIRST)?,
            second: of_step(SECOND)?,
            average: of_step(AVERAGE)?,
            curve: Curve::read_csv(&folder.join(CURVE), step)?,
            step,
        })
    }

    /// The state as reading brings it back.
    #[must_use]
    pub fn rounded(mut self) -> Self {
        for named in [
            &mut self.weights,
            &mut self.first,
            &mut self.second,
            &mut self.average,
        ] {
            for value in named.values_mut() {
                *value = value.clone().cast(DType::BF16).cast(DType::F32);
            }
        }
        self
    }
}

/// What the training in `folder` was for: its averaged weights if it has any, else its weights.
///
/// # Errors
/// When a file cannot be read or is another network's.
pub fn load_result<M: Module>(module: M, folder: &Path, device: &Device) -> Result<M, TrainError> {
    settle(folder)?;
    let (average, _) = read(folder, AVERAGE, device)?;
    if average.is_empty() {
        let (weights, _) = read(folder, WEIGHTS, device)?;
        return filled_from(module, weights, folder, WEIGHTS);
    }
    filled_from(module, average, folder, AVERAGE)
}

/// `module` with all its parameters taken from `weights`, those of the state in `folder`, which must hold no others.
///
/// # Errors
/// [`TrainError::State`] when the weights are of another network.
pub fn filled<M: Module>(module: M, weights: Named, folder: &Path) -> Result<M, TrainError> {
    filled_from(module, weights, folder, WEIGHTS)
}

fn filled_from<M: Module>(
    module: M,
    mut values: Named,
    folder: &Path,
    kind: &str,
) -> Result<M, TrainError> {
    let mut misfit = None;
    let filled = parameters::replace(module, |name, value| match values.remove(name) {
        Some(stored) if stored.dims() == value.dims() => stored,
        _ => {
            misfit.get_or_insert_with(|| name.to_owned());
            value
        }
    });
    match misfit.or_else(|| values.into_keys().next()) {
        None => Ok(filled),
        Some(name) => {
            let problem = format!("tensor {name} does not belong to this network");
            Err(wrong(folder, kind, problem))
        }
    }
}

/// The file of a part, counted from 0.
fn part(folder: &Path, kind: &str, index: usize) -> PathBuf {
    let number = match index {
        0 => String::new(),
        _ => format!("-{}", index + 1),
    };
    folder.join(format!("{kind}{number}.safetensors"))
}

/// Makes `folder`, and looks whether a state can be written there.
///
/// # Errors
/// When it cannot.
pub fn expect_writable(folder: &Path) -> Result<(), TrainError> {
    let staged = folder.join(STAGED);
    std::fs::create_dir_all(&staged).map_err(unwritable(folder))?;
    std::fs::remove_dir_all(&staged).map_err(unwritable(folder))
}

/// Puts the files of a state that was written whole into their places, as far as that was not done yet.
fn settle(folder: &Path) -> Result<(), TrainError> {
    let ready = folder.join(READY);
    let Ok(entries) = std::fs::read_dir(&ready) else {
        return Ok(());
    };
    for entry in entries {
        let entry = entry.map_err(unwritable(&ready))?;
        let place = folder.join(entry.file_name());
        std::fs::rename(entry.path(), &place).map_err(unwritable(&place))?;
    }
    std::fs::remove_dir(&ready).map_err(unwritable(&ready))
}

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> TrainError {
    let path = path.to_path_buf();
    move |source| {
        let path = path.clone();
        FileError::Write { path, source }.into()
    }
}

/// Writes parts; answers how many.
fn write(folder: &Path, kind: &str, named: &Named, step: u64) -> Result<usize, TrainError> {
    let (mut parts, mut bytes) = (vec![BTreeMap::new()], 0);
    for (name, value) in named {
        let value = value.clone().cast(DType::BF16);
        let data = value
            .try_into_data()
            .map_err(|error| TrainError::device("saving", error))?;
        if bytes > PART_BYTES {
            parts.push(BTreeMap::new());
            bytes = 0;
        }
        bytes += data.bytes().len();
        if let Some(last) = parts.last_mut() {
            last.insert(name.clone(), data);
        }
    }
    let metadata = BTreeMap::from([
        ("step".to_owned(), step.to_string()),
        ("parts".to_owned(), parts.len().to_string()),
    ]);
    for (index, tensors) in parts.iter().enumerate() {
        save_tensors(&part(folder, kind, index), tensors, &metadata)?;
    }
    Ok(parts.len())
}

fn read(folder: &Path, kind: &str, device: &Device) -> Result<(Named, u64), TrainError> {
    let place = |data: TensorData| {
        let data = data.convert_dtype(DType::F32);
        Tensor::from_data(data, (device, DType::F32))
    };
    let number = |metadata: &BTreeMap<String, String>, key: &str| -> Result<u64, TrainError> {
        let number = metadata.get(key).and_then(|number| number.parse().ok());
        number.ok_or_else(|| wrong(folder, kind, format!("names no {key}")))
    };
    let (mut named, mut of_step, mut index, mut parts) = (Named::new(), 0, 0, 1);
    while index < parts {
        let (tensors, metadata) = load_tensors(&part(folder, kind, index), CAP_BYTES)?;
        let step = number(&metadata, "step")?;
        if index > 0 && step != of_step {
            let problem = format!("parts are of steps {of_step} and {step}");
            return Err(wrong(folder, kind, problem));
        }
        (of_step, parts) = (step, number(&metadata, "parts")? as usize);
        named.extend(tensors.into_iter().map(|(name, data)| (name, place(data))));
        index += 1;
    }
    Ok((named, of_step))
}

fn wrong(folder: &Path, kind: &str, problem: String) -> TrainError {
    TrainError::State {
        path: part(folder, kind, 0),
        problem,
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use crate::train::demo::networks::{Painter, Sizes};
    use crate::train::demo::painter;

    fn bytes(folder: &Path) -> Vec<u64> {
        let files = std::fs::read_dir(folder).unwrap();
        files
            .map(|file| file.unwrap().metadata().unwrap().len())
            .collect()
    }

    /// A state of step `step` with one weight.
    fn small(step: u64) -> State {
        let weight = Tensor::<1>::from_data([step as f32], &Device::flex());
        State {
            weights: Named::from([("w".to_owned(), weight)]),
            first: Named::new(),
            second: Named::new(),
            average: Named::new(),
            curve: Curve::default(),
            step,
        }
    }

    #[test]
    fn a_state_that_cannot_be_written_leaves_the_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        small(2).write(folder.path()).unwrap();
        // Stands for a disk that is full: nothing can be written there.
        std::fs::write(folder.path().join(STAGED), "").unwrap();
        assert!(small(4).write(folder.path()).is_err());
        let back = State::read(folder.path(), &Device::flex()).unwrap();
        assert_eq!(back.step, 2);
    }

    #[test]
    fn a_state_written_whole_is_read_although_the_program_ended_before_it_was_in_place() {
        let folder = tempfile::tempdir().unwrap();
        small(2).write(folder.path()).unwrap();
        small(4).stage(&folder.path().join(READY)).unwrap();
        // Some files were moved already.
        let moved = part(Path::new(""), FIRST, 0);
        std::fs::rename(
            folder.path().join(READY).join(&moved),
            folder.path().join(&moved),
        )
        .unwrap();
        assert!(State::exists(folder.path()));
        let back = State::read(folder.path(), &Device::flex()).unwrap();
        assert_eq!(back.step, 4);
        assert!(!folder.path().join(READY).exists());
    }

    #[test]
    fn the_demo_models_states_fit_a_short_loan() {
        let device = Device::flex();
        let folder = tempfile::tempdir().unwrap();
        let sizes = Sizes::demo();
        let state = |weights: Named, first: Named, second: Named| State {
            weights,
            first,
            second,
            average: Named::new(),
            curve: Curve::default(),
            step: 1,
        };

        // As after a step: matrices have one memory, all else has two.
        let weights = parameters::values(&Painter::new(&sizes, &device));
        let of_muon = painter::optimizer().muon.unwrap();
        let others = weights.iter().filter(|(name, _)| !(of_muon.takes)(name));
        let second = others.map(|(name, value)| (name.clone(), value.clone()));
        let second = second.collect();
        let painting = state(weights.clone(), weights, second);
        painting.write(folder.path()).unwrap();
        let painting = bytes(folder.path());

        let folder = tempfile::tempdir().unwrap();
        let weights = parameters::values(&sizes.vae.init(&device));
        let finished = state(weights, Named::new(), Named::new());
        finished.write(folder.path()).unwrap();
        let files: Vec<u64> = painting.into_iter().chain(bytes(folder.path())).collect();
        assert!(files.iter().all(|&bytes| bytes <= 16 << 20), "{files:?}");
        assert!(files.iter().sum::<u64>() <= 64 << 20, "{files:?}");
    }
}
