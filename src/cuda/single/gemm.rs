//! Matrix products of f32 matrices by cuBLASLt, batched and strided as the gradients need them.
//!
//! [`crate::cuda::cublaslt`] multiplies by stored weights alone. Gradients also need the transposes of both operands,
//! sums onto what is there, slices of wider matrices and batches. Products for training take tf32 operands (ten bits of
//! mantissa, summed in f32), which an H200 multiplies eight times as fast; all others are exact f32.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::c_void;
use std::sync::{Mutex, OnceLock, PoisonError};

use cudarc::cublaslt::{result as lt, sys};
use cudarc::driver::sys as cu;

use crate::cuda::CudaError;
use crate::cuda::cublaslt::{refused, set};
use crate::cuda::error::driver;
use crate::cuda::stream::Work;

/// Scratch memory a product may use; sums over many rows are split and meet there.
const WORKSPACE: usize = 64 << 20;

/// What operands are rounded to before they are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Not at all.
    Exact,
    /// To tf32.
    Tf32,
}

/// How a row-major matrix lies in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Side {
    /// Whether its transpose is what lies there.
    transposed: bool,
    /// Distance of the rows that lie there.
    row: usize,
    /// Distance of the matrices of a batch.
    matrix: usize,
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
pub struct Gemm {
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
    /// Operands' rounding.
    pub precision: Precision,
}

impl Gemm {
    /// One product, each matrix as densely as its sides say.
    pub fn new(size: [usize; 3], a: Side, b: Side, precision: Precision) -> Self {
        Self {
            size,
            a,
            b,
            out: Side::rows(size[1]),
            batch: 1,
            accumulate: false,
            precision,
        }
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
    fn alignment(&self, [a, b, out]: [u64; 3]) -> u32 {
        let distances = [self.a, self.b, self.out].map(|side| 4 * side.matrix as u64);
        let all = [a, b, out, 256].into_iter().chain(distances);
        1 << all.fold(0, |bits, next| bits | next).trailing_zeros()
    }

    /// Enqueues the product on the stream of `work`, `at` the addresses of a, b and out.
    ///
    /// # Safety
    /// The addresses must be live device memory that holds what the sides say, `out` apart from the others.
    ///
    /// # Errors
    /// [`CudaError::Blas`] where no algorithm fits or the launch is refused, [`CudaError::Driver`] without scratch
    /// memory.
    pub unsafe fn multiply(self, work: &Work<'_>, at: [u64; 3]) -> Result<(), CudaError> {
        static LIBRARIES: OnceLock<Mutex<HashMap<(u16, usize), Library>>> = OnceLock::new();
        if self.size.contains(&0) || self.batch == 0 {
            return Ok(());
        }
        let mut libraries = LIBRARIES
            .get_or_init(Mutex::default)
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let library = match libraries.entry((work.device, work.stream as usize)) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Library::new()?),
        };
        let plan = match library.plans.entry((self, self.alignment(at))) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let alignment = entry.key().1;
                entry.insert(Plan::new(library.handle, self, alignment)?)
            }
        };
        let (one, onto) = (1f32, if self.accumulate { 1f32 } else { 0f32 });
        let [a, b, out] = at;
        // SAFETY: descriptors live as long as the plan; the caller vouches for the operands; scalars are read at the
        // call.
        unsafe {
            lt::matmul(
                library.handle,
                plan.desc,
                (&raw const one).cast(),
                (&raw const onto).cast(),
                b as *const c_void,
                plan.b,
                a as *const c_void,
                plan.a,
                out as *const c_void,
                plan.out,
                out as *mut c_void,
                plan.out,
                &plan.algorithm,
                library.workspace as *mut c_void,
                WORKSPACE,
                work.stream.cast(),
            )
        }
        .map_err(|error| refused(format!("{self:?}"), error))
    }
}

/// Handle, scratch memory and plans of one stream.
struct Library {
    handle: sys::cublasLtHandle_t,
    workspace: cu::CUdeviceptr,
    plans: HashMap<(Gemm, u32), Plan>,
}

// SAFETY: handles and descriptors belong to no thread; the lock around the library serialises their use.
unsafe impl Send for Library {}

impl Library {
    fn new() -> Result<Self, CudaError> {
        let handle = lt::create_handle().map_err(|error| refused("a handle".to_owned(), error))?;
        let mut workspace = 0;
        // SAFETY: the pointer is to a live integer; the memory is kept until the program ends.
        driver("cuMemAlloc", unsafe {
            cu::cuMemAlloc_v2(&mut workspace, WORKSPACE)
        })?;
        Ok(Self {
            handle,
            workspace,
            plans: HashMap::new(),
        })
    }
}

struct Plan {
    desc: sys::cublasLtMatmulDesc_t,
    a: sys::cublasLtMatrixLayout_t,
    b: sys::cublasLtMatrixLayout_t,
    out: sys::cublasLtMatrixLayout_t,
    algorithm: sys::cublasLtMatmulAlgo_t,
}

impl Plan {
    /// cuBLASLt counts by columns, so it is told outᵀ = bᵀ·aᵀ: row-major matrices are their transposes as they lie.
    fn new(handle: sys::cublasLtHandle_t, gemm: Gemm, alignment: u32) -> Result<Self, CudaError> {
        use sys::cublasComputeType_t::{CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32};
        use sys::cublasLtMatmulDescAttributes_t as Attribute;
        let refuse = |error| refused(format!("{gemm:?}"), error);
        let [m, n, k] = gemm.size;
        let layout = |[rows, columns]: [usize; 2], side: Side| {
            let [rows, columns] = if side.transposed {
                [columns, rows]
            } else {
                [rows, columns]
            };
            // SAFETY: the layout was just made, and both values have the types their attributes ask for.
            unsafe { matrix_layout([columns, rows], side, gemm.batch) }.map_err(refuse)
        };
        let (a, b) = (layout([m, k], gemm.a)?, layout([k, n], gemm.b)?);
        let out = layout([m, n], gemm.out)?;
        let compute = match gemm.precision {
            Precision::Exact => CUBLAS_COMPUTE_32F,
            Precision::Tf32 => CUBLAS_COMPUTE_32F_FAST_TF32,
        };
        let desc =
            lt::create_matmul_desc(compute, sys::cudaDataType::CUDA_R_32F).map_err(refuse)?;
        let turned = [gemm.b, gemm.a].map(|side| i32::from(side.transposed));
        // SAFETY: every descriptor was just made and each value has the type its attribute asks for.
        unsafe {
            set(desc, Attribute::CUBLASLT_MATMUL_DESC_TRANSA, &turned[0])?;
            set(desc, Attribute::CUBLASLT_MATMUL_DESC_TRANSB, &turned[1])?;
            let preference = preference(alignment).map_err(refuse)?;
            let found = lt::get_matmul_algo_heuristic(handle, desc, b, a, out, out, preference);
            let _ = lt::destroy_matmul_pref(preference);
            Ok(Self {
                desc,
                a,
                b,
                out,
                algorithm: found.map_err(refuse)?.algo,
            })
        }
    }
}

/// A matrix of `[rows, columns]` counted by columns.
///
/// # Safety
/// None of the caller's making: the attributes' types are given here.
unsafe fn matrix_layout(
    [rows, columns]: [usize; 2],
    side: Side,
    batch: usize,
) -> Result<sys::cublasLtMatrixLayout_t, lt::CublasError> {
    use sys::cublasLtMatrixLayoutAttribute_t as Attribute;
    let layout = lt::create_matrix_layout(
        sys::cudaDataType::CUDA_R_32F,
        rows as u64,
        columns as u64,
        side.row as i64,
    )?;
    let (batch, distance) = (batch as i32, side.matrix as i64);
    // SAFETY: the layout is alive, and the values have the types and sizes that the attributes ask for.
    unsafe {
        lt::set_matrix_layout_attribute(
            layout,
            Attribute::CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT,
            (&raw const batch).cast(),
            size_of::<i32>(),
        )?;
        lt::set_matrix_layout_attribute(
            layout,
            Attribute::CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET,
            (&raw const distance).cast(),
            size_of::<i64>(),
        )?;
    }
    Ok(layout)
}

/// What an algorithm may use: the workspace, and no more alignment than there is.
fn preference(alignment: u32) -> Result<sys::cublasLtMatmulPreference_t, lt::CublasError> {
    use sys::cublasLtMatmulPreferenceAttributes_t as Attribute;
    let preference = lt::create_matmul_pref()?;
    let workspace = WORKSPACE;
    let alignments = [
        Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
        Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
        Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
        Attribute::CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
    ];
    // SAFETY: the preference is alive, and the values have the types and sizes that the attributes ask for.
    unsafe {
        lt::set_matmul_pref_attribute(
            preference,
            Attribute::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
            (&raw const workspace).cast(),
            size_of::<usize>(),
        )?;
        for attribute in alignments {
            lt::set_matmul_pref_attribute(
                preference,
                attribute,
                (&raw const alignment).cast(),
                size_of::<u32>(),
            )?;
        }
    }
    Ok(preference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alignment_is_what_all_operands_share() {
        let gemm = Gemm::new([4, 6, 8], Side::rows(8), Side::rows(6), Precision::Exact);
        assert_eq!(gemm.alignment([1024, 2048, 512]), 256);
        assert_eq!(gemm.alignment([1024, 2048 + 16, 512]), 16);
        let batched = Gemm {
            a: Side::rows(8).every(9),
            ..gemm.batched(3)
        };
        assert_eq!(batched.alignment([1024, 2048, 512]), 4);
    }
}
