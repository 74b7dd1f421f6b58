//! Guidance distillation (Meng et al., arXiv:2210.03142): a painter learns to give in one pass the velocity that a
//! finished one reaches with guidance in two.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor};

use super::batch::{Captions, never};
use crate::checkpoint::Tokenizer;
use crate::train::demo::networks::{Painter, Sizes};
use crate::train::demo::wordings::SHORT_TOKENS;
use crate::train::{TrainError, state};

/// What is distilled.
#[derive(Clone, Debug)]
pub struct Distillation {
    /// The state of the finished painter; the training begins with its weights.
    pub teacher: PathBuf,
    /// The guidance scale that becomes the painter's own.
    pub guidance: f64,
}

/// A finished painter and the guidance it teaches.
pub struct Teacher {
    painter: Painter,
    nothing: Vec<u16>,
    guidance: f64,
    device: Device,
}

impl Teacher {
    /// Reads the painter that `distillation` names.
    ///
    /// # Errors
    /// When its state is missing or not whole.
    pub fn load(
        distillation: &Distillation,
        sizes: &Sizes,
        tokenizer: &Tokenizer,
        device: &Device,
    ) -> Result<Self, TrainError> {
        let nothing = tokenizer.encode("", SHORT_TOKENS)?.ids;
        Ok(Self {
            painter: load(&distillation.teacher, sizes, device)?,
            nothing: nothing.into_iter().map(|id| id as u16).collect(),
            guidance: distillation.guidance,
            device: device.clone(),
        })
    }

    /// The guided velocity v₀ + c·(v − v₀) at `points` `[B, C, h, w]`, where v₀ is that without a caption.
    ///
    /// # Errors
    /// When the networks refuse a caption.
    pub fn velocity(
        &self,
        points: &Tensor<4>,
        times: &Tensor<1>,
        captions: Captions,
    ) -> Result<Tensor<4>, TrainError> {
        let [count, _, height, width] = points.dims();
        let mut empty = Captions::default();
        for _ in 0..count {
            empty.push(&self.nothing, SHORT_TOKENS);
        }
        let velocity = |captions: Captions| -> Result<Tensor<4>, TrainError> {
            let context = captions.context(&self.painter, [height, width], &self.device)?;
            let transformer = &self.painter.transformer;
            Ok(transformer.forward(points.clone(), times.clone(), &context, &never)?)
        };
        let unguided = velocity(empty)?;
        let difference = velocity(captions)? - unguided.clone();
        Ok(unguided + difference * self.guidance)
    }
}

/// The painter of the state in `folder`.
///
/// # Errors
/// When the state is missing or not whole.
pub fn load(folder: &Path, sizes: &Sizes, device: &Device) -> Result<Painter, TrainError> {
    state::load_result(Painter::new(sizes, device), folder, device)
}
