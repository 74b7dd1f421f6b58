//! Words into caption features, remembered.

use super::{PipelineError, reader::Reader};
use crate::{
    checkpoint::{MAX_TOKENS, Tokenizer, Truncation},
    request::Prompt,
};
use burn::tensor::Tensor;
use std::collections::VecDeque;

/// Prompts whose features are kept: enough for going back and forth between a few, at most 3 MB each.
const REMEMBERED: usize = 32;

/// Ids that stand for any prompt where there is no tokenizer.
const STAND_IN_IDS: std::ops::Range<u32> = 0..90;

/// Tokenizer and text encoder, and what they said lately.
#[derive(Debug)]
pub struct PromptEncoder {
    tokenizer: Option<Tokenizer>,
    reader: Reader,
    max_tokens: usize,
    /// The latest last.
    remembered: VecDeque<Encoded>,
}

/// A prompt as the transformer reads it.
#[derive(Clone, Debug)]
pub struct Encoded {
    prompt: Prompt,
    /// `[tokens, caption width]`
    pub features: Tensor<2>,
    /// What the encoder could not see.
    pub truncated: Option<Truncation>,
}

impl PromptEncoder {
    /// Without a tokenizer every prompt becomes the same 90 tokens: right for measuring random weights, and for
    /// nothing else.
    pub fn new(tokenizer: Option<Tokenizer>, reader: Reader) -> Self {
        Self {
            tokenizer,
            reader,
            max_tokens: MAX_TOKENS,
            remembered: VecDeque::new(),
        }
    }

    /// Cuts prompts to `max_tokens` tokens, of the template around them too, instead of the usual 512.
    pub fn set_max_tokens(&mut self, max_tokens: usize) {
        self.max_tokens = max_tokens.max(1);
        self.remembered.clear();
    }

    /// Tokenises and encodes `prompt`, unless its features are still known.
    ///
    /// # Errors
    /// [`PipelineError::Cancelled`] between two layers, or what tokenizer and encoder say.
    pub fn encode(
        &mut self,
        prompt: &Prompt,
        interrupted: &dyn Fn() -> bool,
    ) -> Result<Encoded, PipelineError> {
        let known = self
            .remembered
            .iter()
            .position(|encoded| encoded.prompt == *prompt);
        let encoded = match known.and_then(|index| self.remembered.remove(index)) {
            Some(encoded) => encoded,
            None => {
                let (ids, truncated) = match &self.tokenizer {
                    Some(tokenizer) => {
                        let tokens = tokenizer.encode(prompt.as_str(), self.max_tokens)?;
                        (tokens.ids, tokens.truncated)
                    }
                    None => (STAND_IN_IDS.collect(), None),
                };
                let features = self.reader.forward(&ids, interrupted)?;
                Encoded {
                    prompt: prompt.clone(),
                    features,
                    truncated,
                }
            }
        };
        self.remembered.push_back(encoded.clone());
        if self.remembered.len() > REMEMBERED {
            self.remembered.pop_front();
        }
        Ok(encoded)
    }

    /// Forgets all features, and gives back their memory.
    pub fn forget(&mut self) {
        self.remembered.clear();
    }
}

impl Encoded {
    /// The words the encoder did not see. `None` if it saw all of them.
    pub fn cut(&self) -> Option<&str> {
        let truncated = self.truncated.as_ref()?;
        self.prompt.as_str().get(truncated.bytes.clone())
    }
}
