//! The fast path of the networks on NVIDIA devices.
