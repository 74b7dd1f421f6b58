//! What can go wrong on the engine's thread, told apart by what the designer can do about it.

/// Why a model was not loaded or a picture not painted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The designer stopped it.
    #[error("cancelled")]
    Cancelled,
    /// The device has too little memory.
    #[error(
        "not enough memory on the device: {0}; choose a smaller size or model, or close other programs that use it"
    )]
    OutOfMemory(String),
    /// The device cannot be used again by this process.
    #[error("the device stopped working: {0}; restart Danqing, the queue and the draft are kept")]
    DeviceLost(String),
    /// The device or the number format that was asked for cannot be used.
    #[error("{0}")]
    Device(String),
    /// The model cannot be used.
    #[error("{0}")]
    Model(String),
    /// The request cannot be painted by this model.
    #[error("{0}")]
    Request(String),
    /// A mistake in the program itself.
    #[error(
        "an internal error ended this job: {0}; the log has the details, and the next job starts afresh"
    )]
    Panicked(String),
    /// The picture is painted, and could be written nowhere.
    #[error("the picture could not be saved: {0}; choose another gallery folder in the settings")]
    NotSaved(String),
    /// The engine's thread is gone, or has more to do than it can note.
    #[error("the engine does not take commands: {0}")]
    Unreachable(&'static str),
}

/// The words of a panic.
pub(super) fn panic_words(payload: &(dyn std::any::Any + Send)) -> String {
    let words = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    words
        .unwrap_or("a panic without words")
        .chars()
        .take(400)
        .collect()
}
