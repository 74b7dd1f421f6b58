//! Matrix products by cuBLASLt, which is loaded at run time.
//!
//! Measured on an H200 before this was written: 670–750 TFLOP/s on the transformer's shapes in bf16 where burn's own
//! matmul gives 240–270, and no autotuning. A product's descriptors and algorithm are made once a shape and kept.

use std::collections::HashMap;
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
    static LIBRARIES: OnceLock<Mutex<HashMap<(u16, usize), Library>>> = OnceLock::new();
    let libraries = LIBRARIES.get_or_init(Mutex::default);
    let mut libraries = libraries.lock().unwrap_or_else(PoisonError::into_inner);
    let library = match libraries.entry((device, stream as usize)) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => entry.insert(Library::new()?),
    };
    let plan = match library.plans.entry(product) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) => {
            entry.insert(Plan::new(library.handle, product)?)
        }
    };
    let (one, zero) = (1f32, 0f32);
    // SAFETY: descriptors live as long as the plan; the caller vouches for the operands; scalars are read at the call.
    unsafe {
        if product.bias {
            let pointer = sys::cublasLtMatmulDescAttributes_t::CUBLASLT_MATMUL_DESC_BIAS_POINTER;
            set(plan.desc, pointer, &operands.bias)?;
        }
        lt::matmul(
            library.handle,
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
            library.workspace as *mut c_void,
            WORKSPACE,
            stream.cast(),
        )
    }
    .map_err(|error| refused(format!("{product:?}"), error))
}

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

impl Plan {
    /// cuBLASLt counts by columns, so it is told outᵀ = wᵀ·xᵀ: row-major matrices are its transposes as they lie.
    fn new(handle: sys::cublasLtHandle_t, product: Product) -> Result<Self, CudaError> {
        use sys::cublasLtMatmulDescAttributes_t as Attribute;
        use sys::cudaDataType::{CUDA_R_16BF, CUDA_R_32F};
        let refuse = |error| refused(format!("{product:?}"), error);
        let (input, output) = match product.elements {
            Elements::Bf16 => (CUDA_R_16BF, CUDA_R_16BF),
            Elements::Bf16ToF32 => (CUDA_R_16BF, CUDA_R_32F),
            Elements::F32 => (CUDA_R_32F, CUDA_R_32F),
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

static WORKSPACE_BYTES: usize = WORKSPACE;

/// # Safety
/// `value` must have the type that `attribute` asks for.
unsafe fn set<T>(
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

fn refused(what: String, error: lt::CublasError) -> CudaError {
    CudaError::Blas {
        what,
        code: format!("{error:?}"),
    }
}
