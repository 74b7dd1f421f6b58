//! Latents on their way between the device and the rest of the program.

use super::PipelineError;
use burn::tensor::{DType, Device, Tensor, TensorData};

/// Latents in the host's memory: `[pictures, channels, height / 8, width / 8]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct Latents {
    shape: [usize; 4],
    values: Vec<f32>,
}

impl Latents {
    /// Latents of `shape`; `None` if there are more or fewer values than that takes.
    pub fn new(shape: [usize; 4], values: Vec<f32>) -> Option<Self> {
        (shape.iter().product::<usize>() == values.len()).then_some(Self { shape, values })
    }

    /// Puts latents of single pictures one after the other; `None` of nothing, or of different sizes.
    pub fn stack(parts: &[Self]) -> Option<Self> {
        let [_, channels, height, width] = parts.first()?.shape;
        let pictures = parts.iter().map(|part| part.shape[0]).sum();
        let values = parts
            .iter()
            .flat_map(|part| part.values.iter().copied())
            .collect();
        Self::new([pictures, channels, height, width], values)
    }

    /// Pictures, channels, height and width.
    pub fn shape(&self) -> [usize; 4] {
        self.shape
    }

    /// All values, the last axis fastest.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The values of picture `index`.
    pub(super) fn picture(&self, index: usize) -> Option<&[f32]> {
        let [_, channels, height, width] = self.shape;
        let length = channels * height * width;
        self.values.get(index * length..(index + 1) * length)
    }
}

/// `[channels, h, w]` values onto the device as f32 `[1, channels, h, w]`.
pub(super) fn to_device(
    values: Vec<f32>,
    [channels, height, width]: [usize; 3],
    device: &Device,
) -> Tensor<4> {
    // Flat, as short rows would be copied to CUDA devices one by one.
    Tensor::<1>::from_data(
        TensorData::new(values, [channels * height * width]),
        (device, DType::F32),
    )
    .reshape([1, channels, height, width])
}

/// A tensor's values in f32, once the device has computed them.
pub(super) fn to_host<const D: usize>(
    tensor: Tensor<D>,
    doing: &'static str,
) -> Result<Vec<f32>, PipelineError> {
    tensor
        .try_into_vec_as::<f32>()
        .map_err(|error| PipelineError::Execution {
            doing,
            cause: error.to_string(),
        })
}
