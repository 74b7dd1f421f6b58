//! What cuBLASLt is asked to multiply: shapes, number formats, how matrices lie in memory, and where.

/// Number formats of a product. Sums are f32, or whole numbers where the factors are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Elements {
    /// bfloat16 in, bfloat16 out.
    Bf16,
    /// bfloat16 in, f32 out.
    Bf16ToF32,
    /// f32 in, f32 out, nothing rounded on the way.
    F32,
    /// f32 in, f32 out; the factors are rounded to tf32 (ten bits of mantissa), which an H200 multiplies eight times as
    /// fast.
    Tf32,
    /// E4M3 in, bfloat16 out; rows times rows only.
    Fp8,
    /// [`Elements::Fp8`], multiplied by a scale for each row of both factors. See [`super::scales_rows`].
    Fp8Scaled,
    /// 8-bit whole numbers in, 32-bit whole numbers out; rows times rows only.
    Int8,
}

impl Elements {
    /// Bytes of a number of the factors and of the result.
    fn bytes(self) -> [u64; 2] {
        match self {
            Self::Bf16 => [2, 2],
            Self::Bf16ToF32 => [2, 4],
            Self::F32 | Self::Tf32 => [4, 4],
            Self::Fp8 | Self::Fp8Scaled => [1, 2],
            Self::Int8 => [1, 4],
        }
    }
}

/// How a row-major matrix lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Side {
    /// Whether its transpose is what lies there.
    pub transposed: bool,
    /// Distance of the rows that lie there.
    pub row: usize,
    /// Distance of the matrices of a batch.
    pub matrix: usize,
}

impl Side {
    /// A matrix as it lies there, its rows `row` numbers apart.
    pub fn rows(row: usize) -> Self {
        Self {
            transposed: false,
            row,
            matrix: 0,
        }
    }

    /// The transpose of what lies there with rows `row` numbers apart.
    pub fn transposed(row: usize) -> Self {
        Self {
            transposed: true,
            ..Self::rows(row)
        }
    }

    /// One matrix for each of the batch, `matrix` numbers apart; without this all share one.
    pub fn every(self, matrix: usize) -> Self {
        Self { matrix, ..self }
    }
}

/// out\[m, n\] = a\[m, k\] · b\[k, n\], for each of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Product {
    /// m, n, k.
    pub size: [usize; 3],
    /// The first factor.
    pub a: Side,
    /// The second factor.
    pub b: Side,
    /// The result.
    pub out: Side,
    /// Products of one call.
    pub batch: usize,
    /// Whether the product is added to what lies in `out`.
    pub accumulate: bool,
    /// Whether a vector as long as n is added to each row.
    pub bias: bool,
    /// Number formats.
    pub elements: Elements,
}

impl Product {
    /// One product, its result as dense as can be.
    pub fn new(size: [usize; 3], a: Side, b: Side, elements: impl Into<Elements>) -> Self {
        Self {
            size,
            a,
            b,
            out: Side::rows(size[1]),
            batch: 1,
            accumulate: false,
            bias: false,
            elements: elements.into(),
        }
    }

    /// x·wᵀ of `[rows, inner]` and a weight as it is stored, `[columns, inner]`.
    pub fn by_weight([rows, columns, inner]: [usize; 3], elements: impl Into<Elements>) -> Self {
        let (x, w) = (Side::rows(inner), Side::transposed(inner));
        Self::new([rows, columns, inner], x, w, elements)
    }

    /// The result's rows `row` numbers apart: a slice of a wider matrix.
    pub fn into_slice(self, row: usize) -> Self {
        Self {
            out: Side::rows(row).every(self.out.matrix),
            ..self
        }
    }

    /// `batch` products, their results one after another.
    pub fn batched(self, batch: usize) -> Self {
        Self {
            batch,
            out: self.out.every(self.size[0] * self.size[1]),
            ..self
        }
    }

    /// Adds to what is there.
    pub fn onto(self, accumulate: bool) -> Self {
        Self { accumulate, ..self }
    }

    /// Largest power of two, at most 256, that all addresses and batch distances are multiples of, in bytes.
    pub(super) fn alignment(&self, at: &Operands) -> u32 {
        let [factor, result] = self.elements.bytes();
        let distances = [(self.a, factor), (self.b, factor), (self.out, result)]
            .map(|(side, bytes)| bytes * side.matrix as u64);
        let all = [at.a, at.b, at.out, 256].into_iter().chain(distances);
        1 << all.fold(0, |bits, next| bits | next).trailing_zeros()
    }
}

/// Where the operands lie.
#[derive(Debug, Clone, Copy)]
pub struct Operands {
    /// The first factor.
    pub a: u64,
    /// The second factor.
    pub b: u64,
    /// `[n]`; ignored without bias.
    pub bias: u64,
    /// f32 `[m]` and `[n]`: scales of the rows of a and of b as they lie; ignored unless the product is scaled.
    pub scales: [u64; 2],
    /// The result.
    pub out: u64,
}

impl From<[u64; 3]> for Operands {
    /// The factors and the result.
    fn from([a, b, out]: [u64; 3]) -> Self {
        Self {
            a,
            b,
            bias: 0,
            scales: [0; 2],
            out,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_is_what_all_operands_share() {
        let product = Product::new([4, 6, 8], Side::rows(8), Side::rows(6), Elements::F32);
        assert_eq!(product.alignment(&[1024, 2048, 512].into()), 256);
        assert_eq!(product.alignment(&[1024, 2048 + 16, 512].into()), 16);
        let batched = Product {
            a: Side::rows(8).every(9),
            ..product.batched(3)
        };
        assert_eq!(batched.alignment(&[1024, 2048, 512].into()), 4);
        let narrow = Product {
            elements: Elements::Int8,
            ..batched
        };
        assert_eq!(narrow.alignment(&[1024, 2048, 512].into()), 1);
    }
}
