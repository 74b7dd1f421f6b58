//! What the engine asks of a model.

use image::RgbImage;

use super::{CancelToken, EngineError, ModelChoice};
use crate::gallery::metadata::{LoraRecord, ModelRecord};
use crate::pipeline::{Picture, Stage};
use crate::request::Request;

/// How previews are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PreviewQuality {
    /// Not at all.
    Off,
    /// By a linear map of the latents: soft, and next to free.
    #[default]
    Fast,
    /// Through the autoencoder, as the picture itself: sharp, for what that takes.
    Good,
}

/// What a painter reports while it works.
pub enum Progress<'a> {
    /// It begins something else.
    Stage(Stage),
    /// A step is done.
    Step {
        /// Steps done.
        step: u32,
        /// Steps in all.
        steps: u32,
        /// Draws what the picture will look like; called only when somebody wants to see it.
        preview: &'a dyn Fn(PreviewQuality) -> RgbImage,
    },
    /// The text encoder did not see this end of the prompt.
    PromptCut(String),
}

/// What a painter is, for the record in each picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Provenance {
    /// The checkpoint.
    pub model: ModelRecord,
    /// LoRAs mixed into it.
    pub loras: Vec<LoraRecord>,
    /// The device, such as "cuda:0 (NVIDIA H200)".
    pub device: String,
    /// The number format of weights and activations.
    pub dtype: String,
    /// Said once to the designer: why the CPU is used although nobody asked for it.
    pub notice: Option<String>,
}

/// A loaded model. It lives and dies on the engine's thread.
pub trait Painter {
    /// Paints one picture (`request.count` is 1), and looks at `cancel` often.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] once `cancel` is set, else what went wrong.
    fn paint(
        &mut self,
        request: &Request,
        report: &mut dyn FnMut(Progress<'_>),
        cancel: &CancelToken,
    ) -> Result<Picture, EngineError>;

    /// What it is.
    fn provenance(&self) -> Provenance;

    /// Gives back memory that is held only for speed. Called before a second attempt after running out of it.
    fn free_caches(&mut self) {}
}

/// Turns a choice into a loaded model, on the engine's thread.
pub trait Loader: Send {
    /// Loads `choice`, and looks at `cancel` after each tensor; `progress` takes bytes read and bytes in all.
    ///
    /// # Errors
    /// [`EngineError::Cancelled`] once `cancel` is set, else what is wrong with the model or the device.
    fn load(
        &mut self,
        choice: &ModelChoice,
        progress: &mut dyn FnMut(u64, u64),
        cancel: &CancelToken,
    ) -> Result<Box<dyn Painter>, EngineError>;
}
