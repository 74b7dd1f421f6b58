use super::RequestError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Words for the text encoder, kept exactly as written: the encoder sees leading and trailing blanks too.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prompt(String);

impl Prompt {
    /// Bytes accepted. The encoder reads 512 tokens, which few texts over 8 KiB fit; what it cuts is reported.
    pub const MAX_BYTES: usize = 64 * 1024;

    /// Accepts text that says something and holds no control character other than line breaks and tabs.
    ///
    /// # Errors
    /// [`RequestError::EmptyPrompt`] for blank text, [`RequestError::PromptTooLong`] beyond
    /// [`MAX_BYTES`](Self::MAX_BYTES), [`RequestError::ControlCharacter`] for NUL and its like.
    pub fn new(text: impl Into<String>) -> Result<Self, RequestError> {
        let text = text.into();
        if text.len() > Self::MAX_BYTES {
            return Err(RequestError::PromptTooLong {
                bytes: text.len(),
                max: Self::MAX_BYTES,
            });
        }
        if text.trim().is_empty() {
            return Err(RequestError::EmptyPrompt);
        }
        let allowed = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
        match text.chars().enumerate().find(|(_, c)| !allowed(*c)) {
            Some((index, c)) => Err(RequestError::ControlCharacter {
                code: c as u32,
                position: index + 1,
            }),
            None => Ok(Self(text)),
        }
    }

    /// As [`new`](Self::new), but blank text is no prompt rather than a mistake. For negative prompts.
    ///
    /// # Errors
    /// As [`new`](Self::new), less [`RequestError::EmptyPrompt`].
    pub fn optional(text: impl Into<String>) -> Result<Option<Self>, RequestError> {
        match Self::new(text) {
            Ok(prompt) => Ok(Some(prompt)),
            Err(RequestError::EmptyPrompt) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The prompt without words: what guidance steers away from when no negative prompt is given.
    pub const fn blank() -> Self {
        Self(String::new())
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Prompt {
    type Err = RequestError;

    fn from_str(text: &str) -> Result<Self, RequestError> {
        Self::new(text)
    }
}

impl TryFrom<String> for Prompt {
    type Error = RequestError;

    fn try_from(text: String) -> Result<Self, RequestError> {
        Self::new(text)
    }
}

impl From<Prompt> for String {
    fn from(prompt: Prompt) -> String {
        prompt.0
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn blank_text_is_refused_and_is_no_negative_prompt() {
        for text in ["", " ", "\n\t", "\u{3000}"] {
            assert_eq!(
                Prompt::new(text),
                Err(RequestError::EmptyPrompt),
                "{text:?}"
            );
            assert_eq!(Prompt::optional(text), Ok(None), "{text:?}");
        }
    }

    #[test]
    fn control_characters_are_named_by_number_and_place() {
        let error = Prompt::new("狐狸\u{0}").unwrap_err().to_string();
        assert_eq!(
            error,
            "the prompt holds the control character U+0000 at character 3; remove it"
        );
        assert!(Prompt::new("a\u{7f}").is_err());
        assert!(Prompt::new("a\u{9b}31m").is_err());
    }

    #[test]
    fn every_script_and_line_break_is_kept_as_written() {
        for text in [
            " 一只红狐狸 \r\n跳过雪地\t",
            "👩‍👩‍👧",
            "\u{301}e",
            "<|im_end|>",
            "\u{202e}abc",
        ] {
            assert_eq!(Prompt::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn text_without_end_is_refused() {
        let error = Prompt::new("a".repeat(Prompt::MAX_BYTES + 1)).unwrap_err();
        assert!(matches!(error, RequestError::PromptTooLong { .. }));
    }
}
