//! What is saved can be loaded, by this program and by others.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use burn::tensor::{DType, Device, TensorData};
use danqing::checkpoint::{Checkpoint, CheckpointError, load_tensors, save_module, save_tensors};

use super::model_files::{read, read_folder, tiny, tiny_bf16, tiny_copy, weights};

#[test]
fn a_saved_network_is_the_checkpoint_it_was_loaded_from() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoint = Checkpoint::open(&tiny()).unwrap();
    let transformer = checkpoint
        .load_transformer(&Device::flex(), DType::F32, &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    for (dtype, original) in [(DType::F32, tiny()), (DType::BF16, tiny_bf16())] {
        let path = folder.path().join("diffusion_pytorch_model.safetensors");
        save_module(&transformer, &path, dtype, &metadata).unwrap();
        assert_eq!(
            read(&path),
            read_folder(&original.join("transformer")),
            "{dtype:?}"
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "a temporary file was left behind"
    );
}

#[test]
fn saved_text_encoders_carry_the_published_prefix() {
    let folder = tiny_copy();
    let checkpoint = Checkpoint::open(&tiny()).unwrap();
    let encoder = checkpoint
        .load_text_encoder(&Device::flex(), DType::F32, &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
    let target = folder.path().join("text_encoder");
    for entry in std::fs::read_dir(&target).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "config.json") {
            std::fs::remove_file(path).unwrap();
        }
    }
    save_module(
        &encoder,
        &target.join("model.safetensors"),
        DType::F32,
        &BTreeMap::new(),
    )
    .unwrap();
    let copy = Checkpoint::open(folder.path()).unwrap();
    assert!(copy.check().is_sound(), "{}", copy.check());
    let again = copy
        .load_text_encoder(&Device::flex(), DType::F32, &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(weights(&again), weights(&encoder));
}

#[test]
fn named_tensors_come_back_with_their_formats_and_metadata() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let tensors = BTreeMap::from([
        (
            "moment.1".to_owned(),
            TensorData::new(vec![0.5f32, -1.0, f32::MIN_POSITIVE], [3]),
        ),
        ("step".to_owned(), TensorData::new(vec![7i64], [1])),
        (
            "scale".to_owned(),
            TensorData::new(vec![1u8, 2, 3, 4], [2, 2]),
        ),
    ]);
    let metadata = BTreeMap::from([("step".to_owned(), "7".to_owned())]);
    save_tensors(&path, &tensors, &metadata).unwrap();
    assert_eq!(load_tensors(&path, 1 << 20).unwrap(), (tensors, metadata));
    assert!(matches!(
        load_tensors(&path, 64),
        Err(CheckpointError::TooLarge { .. })
    ));
}

#[test]
fn a_save_that_fails_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.safetensors");
    let good = BTreeMap::from([("a".to_owned(), TensorData::new(vec![1.0f32], [1]))]);
    save_tensors(&path, &good, &BTreeMap::new()).unwrap();
    let bad = BTreeMap::from([("a".to_owned(), TensorData::new(vec![true], [1]))]);
    assert!(matches!(
        save_tensors(&path, &bad, &BTreeMap::new()),
        Err(CheckpointError::UnsupportedDtype { .. })
    ));
    assert_eq!(load_tensors(&path, 1 << 20).unwrap().0, good);
}

#[test]
fn equal_content_makes_equal_files() {
    let folder = tempfile::tempdir().unwrap();
    let tensors = BTreeMap::from([("a".to_owned(), TensorData::new(vec![1.0f32], [1]))]);
    let metadata = (0..8).map(|n| (n.to_string(), n.to_string())).collect();
    let files = ["one", "two"].map(|name| {
        let path = folder.path().join(name);
        save_tensors(&path, &tensors, &metadata).unwrap();
        std::fs::read(path).unwrap()
    });
    assert_eq!(files[0], files[1]);
}
