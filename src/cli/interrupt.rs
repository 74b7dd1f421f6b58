use super::Failure;
use crate::pipeline::CancelToken;
use std::{
    process::exit,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// What shells report for a program that Ctrl+C ended.
const INTERRUPTED: i32 = 130;

/// Ctrl+C, listened to for as long as the program runs.
pub struct Interrupt {
    /// Set by Ctrl+C.
    pub token: CancelToken,
    listening: Arc<AtomicBool>,
}

impl Interrupt {
    /// Listens from now on. Until [`heed`](Self::heed) is called, Ctrl+C ends the program at once, since nothing
    /// looks at the token yet and nothing is being written; and so it does when it comes a second time.
    ///
    /// # Errors
    /// When the system does not let the program listen.
    pub fn new() -> Result<Self, Failure> {
        let interrupt = Self {
            token: CancelToken::new(),
            listening: Arc::default(),
        };
        let (token, listening) = (interrupt.token.clone(), Arc::clone(&interrupt.listening));
        ctrlc::set_handler(move || {
            if token.is_cancelled() || !listening.load(Ordering::Relaxed) {
                exit(INTERRUPTED);
            }
            token.cancel();
        })
        .map_err(|error| Failure::Failed(format!("Ctrl+C cannot be listened to: {error}")))?;
        Ok(interrupt)
    }

    /// From now on Ctrl+C only sets the token: the work that looks at it ends cleanly.
    pub fn heed(&self) {
        self.listening.store(true, Ordering::Relaxed);
    }
}
