//! The fast path on this machine: right where there is a CUDA device, out of the way where there is none.

use burn::tensor::{DType, Device, Tensor};
use danqing::cli::verify;
use danqing::cuda::fast;
use danqing::pipeline::device::cuda_status;

#[test]
fn fast_ops_agree_with_their_plain_bodies_on_a_cuda_device() {
    if let Err(error) = cuda_status().usable(0) {
        // Without a device there is nothing to compare; what can be checked here is that nobody calls it.
        let x = Tensor::<2>::ones([8, 16], (&Device::flex(), DType::BF16));
        assert!(fast::linear(&x, &x.clone(), None).is_none(), "{error}");
        return;
    }
    verify::run(&Device::cuda(0), &mut std::io::stdout()).unwrap();
}
