//! Matrix products by cuBLASLt, which is loaded at run time.
//!
//! Measured on an H200 before this was written: 670–750 TFLOP/s on the transformer's shapes in bf16 where burn's own
//! matmul gives 240–270, and no autotuning. A product's descriptors and algorithm are made once a shape and kept. One
//! handle and one piece of scratch memory serve all products of a stream: those of stored weights, of attention, and of
//! the gradients in [`super::single`].

mod plan;
mod product;

pub use product::{Elements, Operands, Product, Side};

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::c_void;
use std::sync::{Mutex, OnceLock, PoisonError};

use cudarc::cublaslt::{result as lt, sys};
use cudarc::driver::sys as cu;
use sys::cublasLtMatmulDescAttributes_t as Attribute;

use super::CudaError;
use super::error::driver;
use super::kernels::Context;
use super::stream::Work;
use plan::{Plan, set, set_scales};

/// Scratch memory a product may use, where sums that were split meet; NVIDIA advises 32 MiB or more on Hopper.
const WORKSPACE: usize = 64 << 20;

/// Alignment of burn's buffers in bytes; more is of no use to any algorithm.
const ALIGNMENT: u32 = 256;

impl Product {
    /// Enqueues the product on the stream of `work`.
    ///
    /// # Safety
    /// The operands must be live device memory that holds what the sides and formats say, `out` apart from the others.
    ///
    /// # Errors
    /// [`CudaError::Blas`] where no algorithm fits or the launch is refused, [`CudaError::Driver`] without scratch
    /// memory.
    pub unsafe fn multiply(
        self,
        work: &Work<'_>,
        at: impl Into<Operands>,
    ) -> Result<(), CudaError> {
        if self.size.contains(&0) || self.batch == 0 {
            return Ok(());
        }
        let at = at.into();
        with_library(work, |library| {
            // SAFETY: the caller vouches for the operands.
            unsafe { library.multiply(work.stream, self, at) }
        })
    }
}

/// Whether cuBLASLt applies scales of rows itself on this device (version 12.9 or newer, and not every chip).
///
/// # Errors
/// [`CudaError::Blas`] without a handle, [`CudaError::Driver`] without scratch memory.
pub fn scales_rows(work: &Work<'_>) -> Result<bool, CudaError> {
    with_library(work, |library| {
        let handle = library.handle;
        Ok(*library.scales_rows.get_or_insert_with(|| {
            let product = Product::by_weight([64; 3], Elements::Fp8Scaled);
            match Plan::new(handle, product, ALIGNMENT) {
                Ok(_) => true,
                Err(reason) => {
                    tracing::info!("cuBLASLt does not scale rows, so a kernel does: {reason}");
                    false
                }
            }
        }))
    })
}

/// Whether cuBLASLt multiplies one of these on a device, asked without burn.
///
/// # Errors
/// [`CudaError::Blas`] where it does not, [`CudaError::Driver`] where the device cannot be used.
pub fn multiplies(device: u16, ways: &[Elements]) -> Result<(), CudaError> {
    let _context = Context::enter(device)?;
    let handle = create_handle()?;
    let mut answer = Ok(());
    for &elements in ways {
        let product = Product::by_weight([256; 3], elements);
        answer = Plan::new(handle, product, ALIGNMENT).map(drop);
        if answer.is_ok() {
            break;
        }
    }
    // SAFETY: the handle was just made, and is used no more.
    let _ = unsafe { lt::destroy_handle(handle) };
    answer
}

/// Handle, scratch memory and plans of one stream.
struct Library {
    handle: sys::cublasLtHandle_t,
    workspace: cu::CUdeviceptr,
    /// By product and alignment.
    plans: HashMap<(Product, u32), Plan>,
    /// Known once asked for.
    scales_rows: Option<bool>,
}

// SAFETY: handles and descriptors belong to no thread; the lock around the library serialises their use.
unsafe impl Send for Library {}

fn with_library<T>(
    work: &Work<'_>,
    use_it: impl FnOnce(&mut Library) -> Result<T, CudaError>,
) -> Result<T, CudaError> {
    static LIBRARIES: OnceLock<Mutex<HashMap<(u16, usize), Library>>> = OnceLock::new();
    let libraries = LIBRARIES.get_or_init(Mutex::default);
    let mut libraries = libraries.lock().unwrap_or_else(PoisonError::into_inner);
    use_it(match libraries.entry((work.device, work.stream as usize)) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(Library::new()?),
    })
}

/// The bits of what the product and the numbers in its result are multiplied by: f32, or a whole number where sums are.
fn scalars(product: &Product) -> [u32; 2] {
    let one = match product.elements {
        Elements::Int8 => 1,
        _ => 1f32.to_bits(),
    };
    // Zero is the same in both.
    [one, if product.accumulate { one } else { 0 }]
}

impl Library {
    fn new() -> Result<Self, CudaError> {
        let handle = create_handle()?;
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

    /// # Safety
    /// As [`Product::multiply`].
    unsafe fn multiply(
        &mut self,
        stream: cu::CUstream,
        product: Product,
        at: Operands,
    ) -> Result<(), CudaError> {
        let plan = match self.plans.entry((product, product.alignment(&at))) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let (product, alignment) = *entry.key();
                entry.insert(Plan::new(self.handle, product, alignment)?)
            }
        };
        let scalars = scalars(&product);
        // SAFETY: descriptors live as long as the plan; the caller vouches for the operands; scalars are read at the call.
        unsafe {
            if product.bias {
                let pointer = Attribute::CUBLASLT_MATMUL_DESC_BIAS_POINTER;
                set(plan.desc, pointer, &at.bias)?;
            }
            if product.elements == Elements::Fp8Scaled {
                set_scales(plan.desc, at.scales)?;
            }
            lt::matmul(
                self.handle,
                plan.desc,
                (&raw const scalars[0]).cast(),
                (&raw const scalars[1]).cast(),
                at.b as *const c_void,
                plan.b,
                at.a as *const c_void,
                plan.a,
                at.out as *const c_void,
                plan.out,
                at.out as *mut c_void,
                plan.out,
                &plan.algorithm,
                self.workspace as *mut c_void,
                WORKSPACE,
                stream.cast(),
            )
        }
        .map_err(|error| refused(format!("{product:?}"), error))
    }
}

fn create_handle() -> Result<sys::cublasLtHandle_t, CudaError> {
    lt::create_handle().map_err(|error| refused("a handle".to_owned(), error))
}

fn refused(what: String, error: lt::CublasError) -> CudaError {
    CudaError::Blas {
        what,
        code: format!("{error:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_whole_numbers_take_whole_scalars() {
        let product = Product::by_weight([1; 3], Elements::Int8);
        assert_eq!(scalars(&product), [1, 0]);
        let added = Product::by_weight([1; 3], Elements::F32).onto(true);
        assert_eq!(scalars(&added), [1f32.to_bits(); 2]);
    }
}
