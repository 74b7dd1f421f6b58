//! Room in the host's memory for a tensor on its way to a device.

use std::iter;
use std::mem::MaybeUninit;

use burn::tensor::{AllocationProperty, Bytes, DType, Device, TensorData};
use cubecl_environment::bytes::{AccessError, AccessPolicy, AllocationController};

/// Bytes of a tensor above which its room is not page-locked: every page of the device's pool of such memory becomes as
/// large as the largest room asked for, and only the embeddings of a vocabulary are larger than this.
const MOST_LOCKED: usize = 100 << 20;

/// Room for `count` numbers of `dtype`, f32 or one of 16 bits. Where the device has memory of its own, room that it copies from by itself,
/// while the next tensor is read: page-locked memory, which the device lends and gets back after the copy.
pub(super) fn room(device: &Device, dtype: DType, count: usize) -> Bytes {
    let len = count * dtype.size();
    let locked = (!is_host(device) && len <= MOST_LOCKED)
        .then(|| page_locked(device, len))
        .flatten();
    // Numbers stay where they are on a CPU, so they must be aligned.
    locked.unwrap_or_else(|| match dtype {
        DType::F32 => Bytes::from_elems(vec![0u32; count]),
        _ => Bytes::from_elems(vec![0u16; count]),
    })
}

/// Whether the device computes in the host's memory.
pub(super) fn is_host(device: &Device) -> bool {
    *device == Device::flex()
}

/// `None` if there is none left.
fn page_locked(device: &Device, len: usize) -> Option<Bytes> {
    // SAFETY: no byte of this length is ever read: the controller has none to show, so that who asks for them gets an
    // error, and burn's copy below copies nothing.
    let nothing = unsafe { Bytes::from_controller(Box::new(Nothing(len)), len) };
    let mut data = TensorData::from_bytes(nothing, [len], DType::U8);
    device.staging(iter::once(&mut data));
    let (bytes, ..) = data.into_parts();
    (bytes.property() == AllocationProperty::Pinned).then_some(bytes)
}

/// Bytes that need not be copied. burn lends page-locked memory only for bytes that it may copy there; what belongs
/// there is in a file, and copied once, straight to its place.
struct Nothing(usize);

impl AllocationController for Nothing {
    fn alloc_align(&self) -> usize {
        align_of::<u128>()
    }

    fn property(&self) -> AllocationProperty {
        AllocationProperty::Other
    }

    fn capacity(&self) -> usize {
        self.0
    }

    unsafe fn memory_mut(
        &mut self,
        _: AccessPolicy,
    ) -> Result<&mut [MaybeUninit<u8>], AccessError> {
        Err(nothing_there())
    }

    fn memory(&self, _: AccessPolicy) -> Result<&[MaybeUninit<u8>], AccessError> {
        Err(nothing_there())
    }

    unsafe fn copy_into(&self, _: &mut [u8]) {}
}

fn nothing_there() -> AccessError {
    AccessError::Read("these bytes were not read yet".to_owned())
}
