//! The fast path on this machine: right where there is a CUDA device, out of the way where there is none.

use burn::tensor::{DType, Device, Tensor};
use clap::ValueEnum;
use cubecl_environment::config::RuntimeConfig;
use cubecl_runtime::config::CubeClRuntimeConfig;
use cubecl_runtime::config::memory::PersistentMemory;
use danqing::cli::verify::{self, Part};
use danqing::cuda::fast;
use danqing::pipeline::device::cuda_status;

/// `DANQING_TEST_PART=eight-bit` checks that part alone (`danqing bench --help` lists them), each tensor in memory of its
/// own, so that compute-sanitizer sees where a kernel leaves one.
fn part() -> Part {
    let Ok(name) = std::env::var("DANQING_TEST_PART") else {
        return Part::All;
    };
    let mut config = CubeClRuntimeConfig::default();
    config.memory.persistent_memory = PersistentMemory::Enforced;
    assert!(CubeClRuntimeConfig::try_set(config), "the device is in use");
    Part::from_str(&name, true).unwrap()
}

#[test]
fn fast_ops_agree_with_their_plain_bodies_on_a_cuda_device() {
    if let Err(error) = cuda_status().usable(0) {
        // Without a device there is nothing to compare; what can be checked here is that nobody calls it.
        let x = Tensor::<2>::ones([8, 16], (&Device::flex(), DType::BF16));
        assert!(fast::linear(&x, &x.clone(), None).is_none(), "{error}");
        return;
    }
    verify::run(part(), &Device::cuda(0), &mut std::io::stdout()).unwrap();
}
