//! Matrix products by cuBLASLt, which is loaded at run time.
//!
//! Measured on an H200 before this was written: 670–750 TFLOP/s on the transformer's shapes in bf16 where burn's own
//! matmul gives 240–270, and no autotuning. A product's descriptors and algorithm are made once a shape and kept.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::c_void;
use std::mem::size_of;
use std::sync::{Mutex, OnceLock, PoisonError};

use cudarc::cublaslt::{result as lt, sys};
use cudarc::driver::sys as cu;

use super::CudaError;
use super::error::driver;

/// Scratch memory a product may use; NVIDIA advises 32 MiB or more on Hopper.
const WORKSPACE: usize = 64 << 20;

/// Element types of a product; sums are f32 always, never tf32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Elements {
    /// bfloat16 in, bfloat16 out.
    Bf16,
    /// bfloat16 in, f32 out.
    Bf16ToF32,
    /// f32 in, f32 out.
    F32,
    /// E4M3 in, bfloat16 out; x and w in the transposed form only.
    Fp8,
    /// [`Elements::Fp8`], multiplied by a scale for each row of x and one for each row of w. See [`scales_rows`].
    Fp8Scaled,
}

/// out\[rows, columns\] = x\[rows, inner\] · w, where w is \[columns, inner\] (`transposed`) or \[inner, columns\].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Product {
    /// Rows of x and out.
    pub rows: usize,
    /// Columns of out.
    pub columns: usize,
    /// What is summed over.
    pub inner: usize,
    /// Distance of out's rows, at least `columns`: a product may write a slice of a wider matrix.
    pub out_stride: usize,
    /// Types.
    pub elements: Elements,
    /// Whether w holds a row for each column of out, as stored weights do.
    pub transposed: bool,
    /// Whether a vector as long as `columns` is added to each row.
    pub bias: bool,
}

/// Where the operands lie.
#[derive(Debug, Clone, Copy)]
pub struct Operands {
    /// `[rows, inner]`
    pub x: u64,
    /// `[columns, inner]` or `[inner, columns]`
    pub w: u64,
    /// `[columns]`; ignored without bias.
    pub bias: u64,
    /// f32 `[rows]` and `[columns]`: scales of x's and of w's rows; ignored unless the product is scaled.
    pub scales: [u64; 2],
    /// `[rows, out_stride]`
    pub out: u64,
}

struct Plan {
    desc: sys::cublasLtMatmulDesc_t,
    w: sys::cublasLtMatrixLayout_t,
    x: sys::cublasLtMatrixLayout_t,
    out: sys::cublasLtMatrixLayout_t,
    algorithm: sys::cublasLtMatmulAlgo_t,
}

/// Handle, scratch memory and plans of one stream.
struct Library {
    handle: sys::cublasLtHandle_t,
    workspace: cu::CUdeviceptr,
    plans: HashMap<Product, Plan>,
    /// Known once asked for.
    scales_rows: Option<bool>,
}

// SAFETY: handles and descriptors belong to no thread; the lock around the library serialises their use.
unsafe impl Send for Library {}

/// Enqueues a product on `stream`. Must run with the device's context current.
///
/// # Safety
/// The operands must be live device memory of the shapes and types that `product` says, `out` apart from the others.
///
/// # Errors
/// [`CudaError::Blas`] where no algorithm fits or the launch is refused, [`CudaError::Driver`] without scratch memory.
pub unsafe fn multiply(
    device: u16,
    stream: cu::CUstream,
    product: Product,
    operands: Operands,
) -> Result<(), CudaError> {
    with_library(device, stream, |library| {
        // SAFETY: the caller vouches for the operands.
        unsafe { library.multiply(stream, product, operands) }
    })
}

/// Whether cuBLASLt applies scales of rows itself on this device (version 12.9 or newer, and not every chip).
///
/// # Errors
/// [`CudaError::Blas`] without a handle, [`CudaError::Driver`] without scratch memory.
pub fn scales_rows(device: u16, stream: cu::CUstream) -> Result<bool, CudaError> {
    with_library(device, stream, |library| {
        let known = library.scales_rows.get_or_insert_with(|| {
            let product = Product {
                rows: 64,
                columns: 64,
                inner: 64,
                out_stride: 64,
                elements: Elements::Fp8Scaled,
                transposed: true,
                bias: false,
            };
            match Plan::new(library.handle, product) {
                Ok(plan) => {
                    library.plans.insert(product, plan);
                    true
                }
                Err(reason) => {
                    tracing::info!("cuBLASLt does not scale rows, so a kernel does: {reason}");
                    false
                }
            }
        });
        Ok(*known)
    })
}

fn with_library<T>(
    device: u16,
    stream: cu::CUstream,
    use_it: impl FnOnce(&mut Library) -> Result<T, CudaError>,
) -> Result<T, CudaError> {
    static LIBRARIES: OnceLock<Mutex<HashMap<(u16, usize), Library>>> = OnceLock::new();
    let libraries = LIBRARIES.get_or_init(Mutex::default);
    let mut libraries = libraries.lock().unwrap_or_else(PoisonError::into_inner);
    use_it(match libraries.entry((device, stream as usize)) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(Library::new()?),
    })
}

impl Library {
    /// # Safety
    /// As [`multiply`].
    unsafe fn multiply(
        &mut self,
        stream: cu::CUstream,
        product: Product,
        operands: Operands,
    ) -> Result<(), CudaError> {
        let plan = match self.plans.entry(product) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(Plan::new(self.handle, product)?),
        };
        let (one, zero) = (1f32, 0f32);
        // SAFETY: descriptors live as long as the plan; the caller vouches for the operands; scalars are read at the call.
        unsafe {
            if product.bias {
                let pointer =
                    sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_BIAS_POINTER;
                set(plan.desc, pointer, &operands.bias)?;
            }
            if product.elements == Elements::Fp8Scaled {
                use sys::cublasLtMatmulDescAttributes_t as Attribute;
                let [x, w] = operands.scales;
                set(
                    plan.desc,
                    Attribute::CUBLASLT_MATMUL_DESC_A_SCALE_POINTER,
                    &w,
                )?;
                set(
                    plan.desc,
                    Attribute::CUBLASLT_MATMUL_DESC_B_SCALE_POINTER,
                    &x,
                )?;
            }
            lt::matmul(
                self.handle,
                plan.desc,
                (&raw const one).cast(),
                (&raw const zero).cast(),
                operands.w as *const c_void,
                plan.w,
                operands.x as *const c_void,
                plan.x,
                operands.out as *const c_void,
                plan.out,
                operands.out as *mut c_void,
                plan.out,
                &plan.algorithm,
                self.workspace as *mut c_void,
                WORKSPACE,
                stream.cast(),
            )
        }
        .map_err(|error| refused(format!("{product:?}"), error))
    }

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
            scales_rows: None,
        })
    }
}

impl Plan {
    /// cuBLASLt counts by columns, so it is told outᵀ = wᵀ·xᵀ: row-major matrices are its transposes as they lie.
    fn new(handle: sys::cublasLtHandle_t, product: Product) -> Result<Self, CudaError> {
        use sys::cublasLtMatmulDescAttributes_t as Attribute;
        use sys::cudaDataType::{CUDA_R_8F_E4M3, CUDA_R_16BF, CUDA_R_32F};
        let refuse = |error| refused(format!("{product:?}"), error);
        let (input, output) = match product.elements {
            Elements::Bf16 => (CUDA_R_16BF, CUDA_R_16BF),
            Elements::Bf16ToF32 => (CUDA_R_16BF, CUDA_R_32F),
            Elements::F32 => (CUDA_R_32F, CUDA_R_32F),
            Elements::Fp8 | Elements::Fp8Scaled => (CUDA_R_8F_E4M3, CUDA_R_16BF),
        };
        let Product {
            rows,
            columns,
            inner,
            ..
        } = product;
        let (w_rows, w_columns) = if product.transposed {
            (inner, columns)
        } else {
            (columns, inner)
        };
        let compute = sys::cublasComputeType_t::CUBLAS_COMPUTE_32F;
        let layout = |kind, rows: usize, columns: usize, stride: usize| {
            lt::create_matrix_layout(kind, rows as u64, columns as u64, stride as i64)
                .map_err(refuse)
        };
        let w = layout(input, w_rows, w_columns, w_rows)?;
        let x = layout(input, inner, rows, inner)?;
        let out = layout(output, columns, rows, product.out_stride)?;
        let desc = lt::create_matmul_desc(compute, CUDA_R_32F).map_err(refuse)?;
        // SAFETY: every descriptor was just made and each value has the type its attribute asks for.
        unsafe {
            set(
                desc,
                Attribute::CUBLASLT_MATMUL_DESC_TRANSA,
                &i32::from(product.transposed),
            )?;
            if product.bias {
                let epilogue = sys::cublasLtEpilogue_t::CUBLASLT_EPILOGUE_BIAS;
                set(desc, Attribute::CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue)?;
            }
            if input == CUDA_R_8F_E4M3 {
                // Sums of a few thousand products are kept in the tensor cores' own accumulators, as is usual for
                // inference; the exact mode moves them out again and again.
                set(desc, Attribute::CUBLASLT_MATMUL_DESC_FAST_ACCUM, &1i8)?;
            }
            if product.elements == Elements::Fp8Scaled {
                scale_rows(desc).map_err(refuse)?;
            }
            let preference = lt::create_matmul_pref().map_err(refuse)?;
            let most =
                sys::cublasLtMatmulPreferenceAttributes_t::CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES;
            lt::set_matmul_pref_attribute(
                preference,
                most,
                (&raw const WORKSPACE_BYTES).cast(),
                size_of::<usize>(),
            )
            .map_err(refuse)?;
            let found = lt::get_matmul_algo_heuristic(handle, desc, w, x, out, out, preference);
            let _ = lt::destroy_matmul_pref(preference);
            Ok(Self {
                desc,
                w,
                x,
                out,
                algorithm: found.map_err(refuse)?.algo,
            })
        }
    }
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

static WORKSPACE_BYTES: usize = WORKSPACE;

/// # Safety
/// `value` must have the type that `attribute` asks for.
pub(super) unsafe fn set<T>(
    desc: sys::cublasLtMatmulDesc_t,
    attribute: sys::cublasLtMatmulDescAttributes_t,
    value: &T,
) -> Result<(), CudaError> {
    // SAFETY: the descriptor is alive; the caller vouches for the type.
    unsafe {
        lt::set_matmul_desc_attribute(desc, attribute, (&raw const *value).cast(), size_of::<T>())
    }
    .map_err(|error| refused(format!("{attribute:?}"), error))
}

pub(super) fn refused(what: String, error: lt::CublasError) -> CudaError {
    CudaError::Blas {
        what,
        code: format!("{error:?}"),
    }
}
