use super::ImageSize;

/// Why a request is refused. Each message is one sentence that names the value and what would be accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The text is not `WIDTHxHEIGHT`.
    #[error("the size {0:?} is not of the form WIDTHxHEIGHT, such as 1024x1024")]
    SizeText(String),
    /// A side is not a multiple of 16, or the sides or the area are out of bounds.
    #[error("the size {width}x{height} {why}; the nearest sizes that work are {} and {}", nearest[0], nearest[1])]
    Size {
        /// Width asked for.
        width: u32,
        /// Height asked for.
        height: u32,
        /// What is wrong with it, as the middle of a sentence.
        why: &'static str,
        /// The two nearest sizes that would be accepted.
        nearest: [ImageSize; 2],
    },
    /// A number lies outside its range (or is not a number).
    #[error("{name} must be between {min} and {max}, not {value}{hint}")]
    OutOfRange {
        /// The parameter's name as the command line spells it.
        name: &'static str,
        /// The value given.
        value: String,
        /// Smallest value accepted.
        min: String,
        /// Largest value accepted.
        max: String,
        /// A further clause, or nothing.
        hint: &'static str,
    },
    /// Text that should be a number is none.
    #[error("{name} must be a number between {min} and {max}, not {value:?}")]
    NotANumber {
        /// The parameter's name as the command line spells it.
        name: &'static str,
        /// The text given.
        value: String,
        /// Smallest value accepted.
        min: String,
        /// Largest value accepted.
        max: String,
    },
    /// The text is not a seed.
    #[error(
        "the seed must be a whole number from 0 to 18446744073709551615, or \"random\", not {0:?}"
    )]
    Seed(String),
    /// Nothing to paint.
    #[error("the prompt is empty; write what the picture should show")]
    EmptyPrompt,
    /// More text than any tokenizer should be handed.
    #[error("the prompt has {bytes} bytes; at most {max} are read")]
    PromptTooLong {
        /// Bytes given.
        bytes: usize,
        /// Bytes accepted.
        max: usize,
    },
    /// NUL or another control character other than a line break or a tab.
    #[error(
        "the prompt holds the control character U+{code:04X} at character {position}; remove it"
    )]
    ControlCharacter {
        /// The character's number.
        code: u32,
        /// Where it stands, counted in characters from 1.
        position: usize,
    },
}
