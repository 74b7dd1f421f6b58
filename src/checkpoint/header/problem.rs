//! What can be wrong with a header.

/// What is wrong with a header. Tensor names are shown escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// Fewer than the eight bytes of the length.
    #[error("it has only {0} bytes")]
    TooShort(u64),
    /// A length above [`MAX_HEADER_BYTES`](super::MAX_HEADER_BYTES).
    #[error("it announces a header of {0} bytes")]
    TooLong(u64),
    /// A header that would end after the file does.
    #[error("its header of {header} bytes does not fit in the file of {file} bytes")]
    PastEnd {
        /// Announced length.
        header: u64,
        /// Length of the file.
        file: u64,
    },
    /// Not JSON, or JSON of another form.
    #[error("its header cannot be read: {0}")]
    Json(String),
    /// Two tensors of one name.
    #[error("tensor {0:?} appears twice in the header")]
    Duplicate(String),
    /// A name that is empty, over-long or has control characters.
    #[error("tensor name {0:?} is not a plain name")]
    Name(String),
    /// A number format that the safetensors format does not define.
    #[error("tensor {tensor:?} has the unknown number format {dtype:?}")]
    Dtype {
        /// The tensor.
        tensor: String,
        /// The name of the format.
        dtype: String,
    },
    /// The number of bytes does not fit in 64 bits.
    #[error("the shape of tensor {0:?} overflows")]
    ShapeOverflow(String),
    /// The byte range is not as long as shape and format say.
    #[error("tensor {tensor:?} should have {expected} bytes but is given {given}")]
    Size {
        /// The tensor.
        tensor: String,
        /// Bytes by shape and number format.
        expected: u64,
        /// Bytes by its range.
        given: i128,
    },
    /// Two tensors share bytes.
    #[error("tensors {first:?} and {second:?} overlap")]
    Overlap {
        /// The tensor that starts first.
        first: String,
        /// The tensor that starts inside it.
        second: String,
    },
    /// Bytes that belong to no tensor.
    #[error("{bytes} bytes before tensor {tensor:?} belong to no tensor")]
    Hole {
        /// The tensor after the hole.
        tensor: String,
        /// Its width.
        bytes: u64,
    },
    /// The file ends before its last tensor does.
    #[error("it is cut off: tensor {tensor:?} ends {missing} bytes after the end of the file")]
    Truncated {
        /// The first tensor that is not whole.
        tensor: String,
        /// Bytes that are missing at the end of the file.
        missing: u64,
    },
    /// The file goes on after its last tensor.
    #[error("{0} bytes follow its last tensor")]
    Padded(u64),
    /// The system failed while the header was read.
    #[error("{0}")]
    Io(String),
}
