//! Descriptions of tensors for Hopper's copy engine.

use std::ffi::c_void;

use cudarc::driver::sys as cu;

use super::CudaError;
use super::error::driver;

/// A bfloat16 tensor that the copy engine reads in boxes, rows of 128 bytes swizzled in shared memory, zeros outside.
#[derive(Debug, Clone, Copy)]
pub struct Tiled<const D: usize> {
    /// First element on the device, 16-byte aligned.
    pub address: u64,
    /// Elements along each axis, fastest first.
    pub size: [usize; D],
    /// Elements from one index to the next along each axis but the fastest (whose entry is ignored).
    pub stride: [usize; D],
    /// Elements of a box along each axis; at most 64 along the fastest.
    pub tile: [u32; D],
}

impl<const D: usize> Tiled<D> {
    /// # Errors
    /// [`CudaError::Driver`] if the driver cannot describe such a tensor.
    pub fn encode(self) -> Result<cu::CUtensorMap, CudaError> {
        let size = self.size.map(|elements| elements as u64);
        let bytes = self.stride.map(|elements| elements as u64 * 2);
        let steps = [1u32; D];
        let mut map = cu::CUtensorMap { opaque: [0; 16] };
        // SAFETY: every array has the D (or D − 1) entries the rank calls for; the address is only noted.
        let status = unsafe {
            cu::cuTensorMapEncodeTiled(
                &mut map,
                cu::CUtensorMapDataType::CU_TENSOR_MAP_DATA_TYPE_BFLOAT16,
                D as u32,
                self.address as *mut c_void,
                size.as_ptr(),
                bytes.as_ptr().add(1),
                self.tile.as_ptr(),
                steps.as_ptr(),
                cu::CUtensorMapInterleave::CU_TENSOR_MAP_INTERLEAVE_NONE,
                cu::CUtensorMapSwizzle::CU_TENSOR_MAP_SWIZZLE_128B,
                cu::CUtensorMapL2promotion::CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
                cu::CUtensorMapFloatOOBfill::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE,
            )
        };
        driver("cuTensorMapEncodeTiled", status)?;
        Ok(map)
    }
}
