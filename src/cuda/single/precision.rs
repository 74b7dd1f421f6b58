//! How exact products of f32 matrices are.

use crate::cuda::cublaslt::Elements;

/// What operands are rounded to before they are multiplied. Products for training take tf32; all others are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Not at all.
    Exact,
    /// To tf32.
    Tf32,
}

impl From<Precision> for Elements {
    fn from(precision: Precision) -> Self {
        match precision {
            Precision::Exact => Self::F32,
            Precision::Tf32 => Self::Tf32,
        }
    }
}
