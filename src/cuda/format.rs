//! The number formats of 8 bits that products can be made in.

/// A format. Every row of a matrix has an f32 scale beside its 8-bit numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Floating point with four bits of exponent and three of mantissa (arXiv:2209.05433): fine for small numbers,
    /// coarse for large ones. Chips since Ada and Hopper.
    E4m3,
    /// Whole numbers from −127 to 127: equally fine everywhere. Chips since Ampere.
    Int8,
}

impl Format {
    /// Both.
    pub const ALL: [Self; 2] = [Self::E4m3, Self::Int8];

    /// Largest number of the format, which the largest of a row becomes.
    pub const fn largest(self) -> f32 {
        match self {
            Self::E4m3 => 448.0,
            Self::Int8 => 127.0,
        }
    }

    /// Compute capability of the first chips that multiply it.
    pub const fn since(self) -> (u32, u32) {
        match self {
            Self::E4m3 => (8, 9),
            Self::Int8 => (8, 0),
        }
    }
}
