//! A training on disk: weights, both memories of the optimiser and the average, one file each, in bf16.
//!
//! Saving also rounds what is in memory to bf16. So a training that goes on and one that is resumed see the same
//! numbers: on a CPU, bit for bit.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn::module::Module;
use burn::tensor::{DType, Device, Tensor, TensorData};

use super::parameters::{self, Named};
use super::trainer::Trainer;
use super::{TrainError, curve::Curve};
use crate::checkpoint::{load_tensors, save_tensors};

const WEIGHTS: &str = "weights.safetensors";
const FIRST: &str = "first-moments.safetensors";
const SECOND: &str = "second-moments.safetensors";
const AVERAGE: &str = "average.safetensors";
const CURVE: &str = "loss.csv";

/// No file of a state is larger.
const CAP_BYTES: u64 = 24 << 20;

/// Whether `folder` holds a state.
pub fn exists(folder: &Path) -> bool {
    folder.join(WEIGHTS).is_file()
}

/// Writes the training's state into `folder` and rounds the training to what was written.
///
/// # Errors
/// When the device or the disk fails; files written before stay.
pub fn save<M: Module>(trainer: &mut Trainer<M>, folder: &Path) -> Result<(), TrainError> {
    std::fs::create_dir_all(folder).map_err(|source| crate::files::FileError::Write {
        path: folder.to_path_buf(),
        source,
    })?;
    let metadata: BTreeMap<String, String> = [("step".to_owned(), trainer.step.to_string())].into();
    let weights = parameters::values(&trainer.module);
    write(folder, FIRST, &trainer.optimizer.first, &metadata)?;
    write(folder, SECOND, &trainer.optimizer.second, &metadata)?;
    write(folder, AVERAGE, &trainer.average.values, &metadata)?;
    trainer.curve.write_csv(&folder.join(CURVE))?;
    // Last, since its presence makes the folder a state.
    write(folder, WEIGHTS, &weights, &metadata)?;
    for named in [
        &mut trainer.optimizer.first,
        &mut trainer.optimizer.second,
        &mut trainer.average.values,
    ] {
        for value in named.values_mut() {
            *value = rounded(value.clone());
        }
    }
    trainer.module = parameters::replace(trainer.module.clone(), |_, value| rounded(value));
    Ok(())
}

/// Takes up the state in `folder`.
///
/// # Errors
/// [`TrainError::State`] when the files are of different steps or of another network.
pub fn load<M: Module>(
    trainer: &mut Trainer<M>,
    folder: &Path,
    device: &Device,
) -> Result<(), TrainError> {
    let (mut weights, step) = read(folder, WEIGHTS, device)?;
    let mut parts = Vec::new();
    for file in [FIRST, SECOND, AVERAGE] {
        let (values, of_step) = read(folder, file, device)?;
        if of_step != step {
            return Err(wrong(
                folder,
                file,
                format!("is of step {of_step}, the weights are of step {step}"),
            ));
        }
        parts.push(values);
    }
    let mut misfit = None;
    trainer.module = parameters::replace(trainer.module.clone(), |name, value| {
        match weights.remove(name) {
            Some(stored) if stored.dims() == value.dims() => stored,
            _ => {
                misfit.get_or_insert_with(|| name.to_owned());
                value
            }
        }
    });
    if let Some(name) = misfit.or_else(|| weights.into_keys().next()) {
        return Err(wrong(
            folder,
            WEIGHTS,
            format!("tensor {name} does not belong to this network"),
        ));
    }
    // In the order they were read.
    if let [first, second, average] = &mut parts[..] {
        trainer.optimizer.first = std::mem::take(first);
        trainer.optimizer.second = std::mem::take(second);
        trainer.average.values = std::mem::take(average);
    }
    trainer.step = step;
    trainer.curve = Curve::read_csv(&folder.join(CURVE), step)?;
    Ok(())
}

/// The averaged weights of a state, for use without training further.
///
/// # Errors
/// When the file cannot be read.
pub fn load_average<M: Module>(module: M, folder: &Path, device: &Device) -> Result<M, TrainError> {
    let (mut average, _) = read(folder, AVERAGE, device)?;
    let mut misfit = None;
    let loaded = parameters::replace(module, |name, value| match average.remove(name) {
        Some(stored) if stored.dims() == value.dims() => stored,
        _ => {
            misfit.get_or_insert_with(|| name.to_owned());
            value
        }
    });
    match misfit {
        Some(name) => Err(wrong(
            folder,
            AVERAGE,
            format!("has no tensor {name} of this network's shape"),
        )),
        None => Ok(loaded),
    }
}

fn rounded(value: Tensor<1>) -> Tensor<1> {
    value.cast(DType::BF16).cast(DType::F32)
}

fn write(
    folder: &Path,
    file: &str,
    named: &Named,
    metadata: &BTreeMap<String, String>,
) -> Result<(), TrainError> {
    let mut tensors = BTreeMap::new();
    for (name, value) in named {
        let data = value
            .clone()
            .cast(DType::BF16)
            .try_into_data()
            .map_err(|error| TrainError::device("saving", error))?;
        tensors.insert(name.clone(), data);
    }
    Ok(save_tensors(&folder.join(file), &tensors, metadata)?)
}

fn read(folder: &Path, file: &str, device: &Device) -> Result<(Named, u64), TrainError> {
    let path: PathBuf = folder.join(file);
    let (tensors, metadata) = load_tensors(&path, CAP_BYTES)?;
    let step = metadata.get("step").and_then(|step| step.parse().ok());
    let step = step.ok_or_else(|| wrong(folder, file, "names no step".into()))?;
    let place = |data: TensorData| {
        let data = data.convert_dtype(DType::F32);
        Tensor::from_data(data, (device, DType::F32))
    };
    Ok((
        tensors
            .into_iter()
            .map(|(name, data)| (name, place(data)))
            .collect(),
        step,
    ))
}

fn wrong(folder: &Path, file: &str, problem: String) -> TrainError {
    TrainError::State {
        path: folder.join(file),
        problem,
    }
}
