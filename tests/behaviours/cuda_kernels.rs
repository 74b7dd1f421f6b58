//! Every kernel compiles for every chip it is meant for. Needs NVRTC, and no GPU.

use danqing::cuda::compile::Source;
use danqing::cuda::kernels::{FP8_SOURCES, HOPPER_SOURCES, SOURCES};
use danqing::cuda::libraries;
use danqing::cuda::single::SINGLE_SOURCES;

const ARCHITECTURES: [&str; 6] = ["sm_80", "sm_86", "sm_89", "sm_90a", "sm_100a", "sm_120a"];

fn compile_all(sources: &[Source], architectures: &[&str]) {
    if let Err(missing) = &libraries().nvrtc {
        panic!("the kernels cannot be checked: {missing}; packaging/test fetches it");
    }
    let mut failures = Vec::new();
    for source in sources {
        for architecture in architectures {
            match source.compile(architecture) {
                Ok(code) => assert!(
                    code.starts_with(b"\x7fELF"),
                    "{} for {architecture} is no machine code",
                    source.name
                ),
                Err(error) => failures.push(error.to_string()),
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn kernels_compile_for_every_chip_since_ampere() {
    compile_all(&SOURCES, &ARCHITECTURES);
    compile_all(&SINGLE_SOURCES, &ARCHITECTURES);
}

#[test]
fn eight_bit_kernels_compile_for_every_chip_since_ada() {
    compile_all(&FP8_SOURCES, &ARCHITECTURES[2..]);
}

#[test]
fn hoppers_own_kernels_compile_for_hopper() {
    compile_all(&HOPPER_SOURCES, &["sm_90a"]);
}

#[test]
fn what_the_compiler_says_reaches_the_error() {
    let broken = Source {
        name: "broken.cu",
        parts: &["__global__ void f() { ", "undeclared = 1; }"],
    };
    let error = broken.compile("sm_80").unwrap_err().to_string();
    assert!(
        error.contains("broken.cu") && error.contains("undeclared"),
        "{error}"
    );
}
