//! Latents in and out as safetensors files.

use super::Failure;
use crate::{
    checkpoint::save_tensors,
    files::read_capped,
    gallery::writer,
    pipeline::{GivenNoise, Latents},
};
use burn::tensor::TensorData;
use safetensors::{Dtype, SafeTensors};
use std::{collections::BTreeMap, path::Path};

/// Far beyond the noise of a full batch at the largest size.
const MAX_BYTES: u64 = 1 << 30;

/// The noise of a plain run.
const INITIAL: &str = "initial_latents";
/// For a start image, as the reference's records name the draws of its generator.
const POSTERIOR_DRAW: &str = "draw.0.vae";
const INITIAL_DRAW: &str = "draw.1.pipe";

/// Reads the noise for a run.
pub fn read(path: &Path) -> Result<GivenNoise, Failure> {
    let bytes = read_capped(path, MAX_BYTES).map_err(|error| Failure::Input(error.to_string()))?;
    let refused = |cause: String| {
        Failure::Input(format!(
            "{} cannot be used as noise: {cause}",
            path.display()
        ))
    };
    let tensors = SafeTensors::deserialize(&bytes).map_err(|error| refused(error.to_string()))?;
    let find = |name: &str| {
        match tensors.tensor(name) {
        Ok(view) if view.dtype() != Dtype::F32 => Err(refused(format!("its tensor {name} is not of type f32"))),
        Ok(view) => latents(view.shape(), view.data())
            .map(Some)
            .ok_or_else(|| refused(format!("its tensor {name} has the shape {:?} in place of four sides, or holds values that are not finite", view.shape()))),
        Err(_) => Ok(None),
    }
    };
    let posterior = find(POSTERIOR_DRAW)?;
    let drawn = if posterior.is_some() {
        find(INITIAL_DRAW)?
    } else {
        None
    };
    let initial = match drawn {
        Some(drawn) => drawn,
        None => find(INITIAL)?.ok_or_else(|| refused(format!("it has no tensor {INITIAL}")))?,
    };
    Ok(GivenNoise { initial, posterior })
}

fn latents(shape: &[usize], bytes: &[u8]) -> Option<Latents> {
    let values: Vec<f32> = bytes
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    if !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    Latents::new(shape.try_into().ok()?, values)
}

/// Looks whether latents can be written to `path`, before an hour is spent on them. A folder that is not there yet is
/// made when they are written.
pub fn expect_writable(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(Failure::Input(format!(
            "{} is a folder; give --save-latents the name of a file",
            path.display()
        )));
    }
    if image::ImageFormat::from_path(path).is_ok() {
        return Err(Failure::Input(format!(
            "{} ends as pictures do, and latents would replace one of that name; give --save-latents a name such as \
             latents.safetensors",
            path.display()
        )));
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    if folder.is_some_and(|folder| !folder.exists()) {
        return Ok(());
    }
    Ok(writer::expect_writable(path)?)
}

/// Writes latents by name, atomically.
pub fn write(path: &Path, latents: &BTreeMap<String, Latents>) -> Result<(), Failure> {
    let tensors = latents
        .iter()
        .map(|(name, latents)| {
            (
                name.clone(),
                TensorData::new(latents.values().to_vec(), latents.shape()),
            )
        })
        .collect();
    Ok(save_tensors(path, &tensors, &BTreeMap::new())?)
}
