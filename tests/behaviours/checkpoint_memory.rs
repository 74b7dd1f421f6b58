//! Loading holds one tensor at a time: the host needs room for the result and little more.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{DType, Device};
use danqing::checkpoint::{Checkpoint, Part, wanted};
use danqing::model::TransformerConfig;

use super::model_files::{tiny_copy, write_zeros};

/// Set in the process that loads and measures.
const FOLDER: &str = "DANQING_TEST_LOAD_FOLDER";
/// What the allocator and the threads of the test may keep besides.
const SLACK: usize = 24 << 20;

/// Some 60 million weights: small enough to load in a second, large enough to be seen.
fn config() -> TransformerConfig {
    TransformerConfig {
        dim: 768,
        n_heads: 6,
        n_layers: 6,
        n_refiner_layers: 1,
        cap_feat_dim: 64,
        ..TransformerConfig::z_image_turbo()
    }
}

#[test]
fn loading_needs_room_for_the_result_and_three_tensors() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return load_and_measure(Path::new(&folder));
    }
    let folder = tiny_copy();
    let transformer = folder.path().join("transformer");
    std::fs::remove_dir_all(&transformer).unwrap();
    std::fs::create_dir(&transformer).unwrap();
    std::fs::write(
        transformer.join("config.json"),
        serde_json::to_string(&config()).unwrap(),
    )
    .unwrap();
    let shapes: BTreeMap<String, Vec<usize>> = wanted(&config().init(&Device::flex()));
    let shapes = shapes
        .iter()
        .map(|(name, shape)| (name.as_str(), shape.as_slice()));
    write_zeros(
        &transformer.join("diffusion_pytorch_model.safetensors"),
        "F32",
        4,
        shapes,
    );

    // A process of its own, since the other tests of this one use memory at the same time.
    let name = "behaviours::checkpoint_memory::loading_needs_room_for_the_result_and_three_tensors";
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FOLDER, folder.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("measured"),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn load_and_measure(folder: &Path) {
    let resident = || memory_stats::memory_stats().unwrap().physical_mem;
    let checkpoint = Checkpoint::open(folder).unwrap();
    let stored = checkpoint.tensors(Part::Transformer);
    let largest = stored
        .tensors()
        .values()
        .map(|tensor| tensor.range.end - tensor.range.start)
        .max()
        .unwrap() as usize;
    // Stored as f32, loaded as bf16; on the CPU the result itself lies in host memory.
    let result = stored.bytes() as usize / 2;
    let before = resident();
    let mut peak = before;
    let transformer = checkpoint
        .load_transformer(&Device::flex(), DType::BF16, &mut |_, _| {
            peak = peak.max(resident());
            ControlFlow::Continue(())
        })
        .unwrap();
    let used = peak.max(resident()) - before;
    println!("measured {used} bytes for a result of {result}, the largest tensor being {largest}");
    assert!(used >= result / 2, "the weights were not loaded");
    assert!(
        used <= result + 3 * largest + SLACK,
        "{used} bytes for {result}"
    );
    drop(transformer);
}
