//! cuBLASLt's descriptors of a product, and the algorithm that it picked for them.

use std::ffi::c_void;

use cudarc::cublaslt::{result as lt, sys};
use sys::cublasComputeType_t as Compute;
use sys::cublasLtMatmulDescAttributes_t as Attribute;
use sys::cudaDataType as Kind;

use super::{Elements, Product, Side, WORKSPACE, refused};
use crate::cuda::CudaError;

/// Made once a product and kept.
pub struct Plan {
    pub desc: sys::cublasLtMatmulDesc_t,
    pub a: sys::cublasLtMatrixLayout_t,
    pub b: sys::cublasLtMatrixLayout_t,
    pub out: sys::cublasLtMatrixLayout_t,
    pub algorithm: sys::cublasLtMatmulAlgo_t,
}

impl Elements {
    /// Of the factors, the result, the sums and the scalars.
    fn kinds(self) -> (Kind, Kind, Compute, Kind) {
        use Compute::{CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_COMPUTE_32I};
        use Kind::{CUDA_R_8F_E4M3, CUDA_R_8I, CUDA_R_16BF, CUDA_R_32F, CUDA_R_32I};
        let exact = CUBLAS_COMPUTE_32F;
        match self {
            Self::Bf16 => (CUDA_R_16BF, CUDA_R_16BF, exact, CUDA_R_32F),
            Self::Bf16ToF32 => (CUDA_R_16BF, CUDA_R_32F, exact, CUDA_R_32F),
            Self::F32 => (CUDA_R_32F, CUDA_R_32F, exact, CUDA_R_32F),
            Self::Tf32 => {
                let rounded = CUBLAS_COMPUTE_32F_FAST_TF32;
                (CUDA_R_32F, CUDA_R_32F, rounded, CUDA_R_32F)
            }
            Self::Fp8 | Self::Fp8Scaled => (CUDA_R_8F_E4M3, CUDA_R_16BF, exact, CUDA_R_32F),
            Self::Int8 => (CUDA_R_8I, CUDA_R_32I, CUBLAS_COMPUTE_32I, CUDA_R_32I),
        }
    }
}

impl Plan {
    /// cuBLASLt counts by columns, so it is told outᵀ = bᵀ·aᵀ: row-major matrices are their transposes as they lie.
    /// `alignment` is that of the operands, in bytes.
    pub fn new(
        handle: sys::cublasLtHandle_t,
        product: Product,
        alignment: u32,
    ) -> Result<Self, CudaError> {
        let refuse = |error| refused(format!("{product:?}"), error);
        let [m, n, k] = product.size;
        let (factor, result, compute, scalar) = product.elements.kinds();
        let layout = |kind, [rows, columns]: [usize; 2], side: Side| {
            let [rows, columns] = if side.transposed {
                [columns, rows]
            } else {
                [rows, columns]
            };
            matrix_layout(kind, [columns, rows], side, product.batch).map_err(refuse)
        };
        let (a, b) = (
            layout(factor, [m, k], product.a)?,
            layout(factor, [k, n], product.b)?,
        );
        let out = layout(result, [m, n], product.out)?;
        let desc = lt::create_matmul_desc(compute, scalar).map_err(refuse)?;
        // SAFETY: every descriptor was just made and each value has the type its attribute asks for.
        unsafe {
            describe(desc, product)?;
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

impl Drop for Plan {
    fn drop(&mut self) {
        // SAFETY: all four were made with the plan and belong to nothing else.
        unsafe {
            let _ = lt::destroy_matmul_desc(self.desc);
            for layout in [self.a, self.b, self.out] {
                let _ = lt::destroy_matrix_layout(layout);
            }
        }
    }
}

/// # Safety
/// The descriptor must be alive.
unsafe fn describe(desc: sys::cublasLtMatmulDesc_t, product: Product) -> Result<(), CudaError> {
    let turned = [product.b, product.a].map(|side| i32::from(side.transposed));
    // SAFETY: the caller vouches for the descriptor; each value has the type its attribute asks for.
    unsafe {
        set(desc, Attribute::CUBLASLT_MATMUL_DESC_TRANSA, &turned[0])?;
        set(desc, Attribute::CUBLASLT_MATMUL_DESC_TRANSB, &turned[1])?;
        if product.bias {
            let epilogue = sys::cublasLtEpilogue_t::CUBLASLT_EPILOGUE_BIAS;
            set(desc, Attribute::CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue)?;
        }
        if matches!(product.elements, Elements::Fp8 | Elements::Fp8Scaled) {
            // Sums of a few thousand products are kept in the tensor cores' own accumulators, as is usual for
            // inference; the exact mode moves them out again and again.
            set(desc, Attribute::CUBLASLT_MATMUL_DESC_FAST_ACCUM, &1i8)?;
        }
        if product.elements == Elements::Fp8Scaled {
            scale_rows(desc).map_err(|error| refused(format!("{product:?}"), error))?;
            // No algorithm is offered before the scales have an address; each product sets the true one.
            set_scales(desc, [256; 2])?;
        }
    }
    Ok(())
}

/// A matrix of `[rows, columns]` counted by columns.
fn matrix_layout(
    kind: Kind,
    [rows, columns]: [usize; 2],
    side: Side,
    batch: usize,
) -> Result<sys::cublasLtMatrixLayout_t, lt::CublasError> {
    use sys::cublasLtMatrixLayoutAttribute_t as Attribute;
    let layout = lt::create_matrix_layout(kind, rows as u64, columns as u64, side.row as i64)?;
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

/// Asks for a scale for each row of both operands. By number, since these attributes came with CUDA 12.8 and 12.9, and
/// the bindings know only what the toolkit knew that this program was built with.
///
/// # Safety
/// The descriptor must be alive.
unsafe fn scale_rows(desc: sys::cublasLtMatmulDesc_t) -> Result<(), lt::CublasError> {
    type Set = unsafe extern "C" fn(
        sys::cublasLtMatmulDesc_t,
        u32,
        *const c_void,
        usize,
    ) -> sys::cublasStatus_t;
    /// `CUBLASLT_MATMUL_DESC_A_SCALE_MODE` and `..._B_SCALE_MODE`.
    const MODES: [u32; 2] = [31, 32];
    /// `CUBLASLT_MATMUL_MATRIX_SCALE_OUTER_VEC_32F`.
    static OUTER_VECTOR: i32 = 3;
    // SAFETY: the function has this signature, its enumeration being 32 bits wide; both attributes are 32-bit numbers.
    unsafe {
        let set = sys::culib()
            .get::<Set>(b"cublasLtMatmulDescSetAttribute")
            .map_err(|_| lt::CublasError(sys::cublasStatus_t::CUBLAS_STATUS_NOT_SUPPORTED))?;
        for mode in MODES {
            set(
                desc,
                mode,
                (&raw const OUTER_VECTOR).cast(),
                size_of::<i32>(),
            )
            .result()?;
        }
    }
    Ok(())
}

/// Says where the scales of the rows of both factors are.
///
/// # Safety
/// The descriptor must be alive.
pub unsafe fn set_scales(
    desc: sys::cublasLtMatmulDesc_t,
    [a, b]: [u64; 2],
) -> Result<(), CudaError> {
    // SAFETY: the caller vouches for the descriptor; both values are addresses. The factors change places, as in a plan.
    unsafe {
        set(desc, Attribute::CUBLASLT_MATMUL_DESC_A_SCALE_POINTER, &b)?;
        set(desc, Attribute::CUBLASLT_MATMUL_DESC_B_SCALE_POINTER, &a)
    }
}

/// # Safety
/// The descriptor must be alive, and `value` of the type that `attribute` asks for.
pub unsafe fn set<T>(
    desc: sys::cublasLtMatmulDesc_t,
    attribute: Attribute,
    value: &T,
) -> Result<(), CudaError> {
    // SAFETY: the caller vouches for both.
    unsafe {
        lt::set_matmul_desc_attribute(desc, attribute, (&raw const *value).cast(), size_of::<T>())
    }
    .map_err(|error| refused(format!("{attribute:?}"), error))
}
