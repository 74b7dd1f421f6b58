//! Damaged and hostile model files are refused with an error that names what is wrong; none of them brings the
//! program down or makes it read what it should not.

use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use burn::tensor::{DType, Device};
use danqing::checkpoint::tensor_file::TensorFile;
use danqing::checkpoint::{Checkpoint, CheckpointError, Tokenizer};

use super::model_files::{file, read, tiny_copy, write};

/// Words that the error about each file must have.
const HEADERS: [(&str, &str); 32] = [
    ("empty.safetensors", "only 0 bytes"),
    ("seven-bytes.safetensors", "only 7 bytes"),
    ("eight-bytes.safetensors", "header cannot be read"),
    ("length-2-63.safetensors", "9223372036854775808"),
    ("length-over-cap.safetensors", "100000001"),
    (
        "length-past-end.safetensors",
        "does not fit in the file of 10 bytes",
    ),
    ("not-utf8.safetensors", "header cannot be read"),
    ("not-json.safetensors", "header cannot be read"),
    ("array.safetensors", "an object of tensors"),
    ("deep.safetensors", "tensor \"a\""),
    ("duplicate-key.safetensors", "\"a\" appears twice"),
    ("duplicate-field.safetensors", "duplicate field `dtype`"),
    ("unknown-dtype.safetensors", "\"F12\""),
    ("negative-shape.safetensors", "tensor \"a\""),
    ("fraction-shape.safetensors", "tensor \"a\""),
    (
        "shape-overflow.safetensors",
        "shape of tensor \"a\" overflows",
    ),
    ("offsets-overflow.safetensors", "bytes before tensor \"a\""),
    ("overlap.safetensors", "\"a\" and \"b\" overlap"),
    ("hole.safetensors", "4 bytes before tensor \"b\""),
    ("backwards.safetensors", "is given -8"),
    ("wrong-size.safetensors", "should have 12 bytes"),
    (
        "truncated.safetensors",
        "cut off: tensor \"b\" ends 4 bytes after",
    ),
    ("padded.safetensors", "4 bytes follow its last tensor"),
    ("rank-9.safetensors", "more than 8 dimensions"),
    ("control-name.safetensors", "not a plain name"),
    ("empty-name.safetensors", "not a plain name"),
    ("pickle-zip.safetensors", "is a pickle (PyTorch) file"),
    ("pickle-bare.safetensors", "is a pickle (PyTorch) file"),
    ("pickle.ckpt", "can run code when they are opened"),
    ("gguf.safetensors", "is a GGUF file"),
    ("web-page.safetensors", "is a web page"),
    ("lfs-pointer.safetensors", "is a Git LFS pointer"),
];

fn hostile(name: &str) -> std::path::PathBuf {
    file("hostile/models").join(name)
}

#[test]
fn each_hostile_file_is_refused_by_name_and_reason() {
    for (name, words) in HEADERS {
        let error = Checkpoint::open(&hostile(name)).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains(words),
            "{name}: {error}"
        );
        assert!(!error.contains('\u{1b}'), "{name} drives the terminal");
    }
}

#[test]
fn each_hostile_file_says_what_it_tries() {
    let readme = std::fs::read_to_string(hostile("README.md")).unwrap();
    for entry in std::fs::read_dir(hostile("")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name == "README.md" || readme.contains(&format!("- `{name}`: ")),
            "{name}"
        );
    }
}

#[test]
fn a_header_just_over_the_limit_is_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, 100_000_001u64.to_le_bytes()).unwrap();
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_len(1 << 34)
        .unwrap();
    let start = Instant::now();
    let error = TensorFile::open(&path).unwrap_err().to_string();
    assert!(error.contains("100000001"), "{error}");
    assert!(start.elapsed() < Duration::from_millis(200));
}

/// Notes of nothing but names would take ten times the file's size in memory.
#[test]
fn notes_without_end_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let notes: Vec<String> = (0..10_001).map(|note| format!("\"{note}\":\"\"")).collect();
    let json = format!("{{\"__metadata__\":{{{}}}}}", notes.join(","));
    let mut bytes = (json.len() as u64).to_le_bytes().to_vec();
    bytes.extend(json.as_bytes());
    std::fs::write(&path, bytes).unwrap();
    let error = TensorFile::open(&path).unwrap_err().to_string();
    assert!(error.contains("more than 10000 notes"), "{error}");
}

#[test]
fn other_files_of_a_model_are_not_called_damaged_weights() {
    for name in ["tokenizer/tokenizer.json", "vae/config.json"] {
        let folder = tiny_copy();
        let alone = folder.path().join("alone.json");
        std::fs::rename(folder.path().join(name), &alone).unwrap();
        let error = Checkpoint::open(&alone).unwrap_err().to_string();
        assert!(error.contains("not a safetensors file"), "{name}: {error}");
    }
    let folder = tiny_copy();
    let scheduler = folder.path().join("scheduler/scheduler_config.json");
    std::fs::write(&scheduler, r#"{"_class_name": "DDIMScheduler"}"#).unwrap();
    let error = Checkpoint::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("DDIMScheduler") && error.contains("scheduler_config.json"),
        "{error}"
    );
}

#[test]
fn devices_pipes_and_absent_paths_are_no_models() {
    let absent = Checkpoint::open(Path::new("no/such/model")).unwrap_err();
    assert!(matches!(absent, CheckpointError::NotFound { .. }));
    #[cfg(unix)]
    {
        let device = Checkpoint::open(Path::new("/dev/zero")).unwrap_err();
        assert!(matches!(device, CheckpointError::NotAFile { .. }));
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("model.safetensors");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert!(matches!(
            Checkpoint::open(&pipe).unwrap_err(),
            CheckpointError::NotAFile { .. }
        ));
    }
    let empty = tempfile::tempdir().unwrap();
    assert!(matches!(
        Checkpoint::open(empty.path()).unwrap_err(),
        CheckpointError::PartMissing { .. }
    ));
}

/// Opens the tiny model with the transformer's index replaced by a hostile one.
fn with_index(name: &str) -> CheckpointError {
    let folder = tiny_copy();
    let index = folder
        .path()
        .join("transformer/diffusion_pytorch_model.safetensors.index.json");
    std::fs::copy(hostile(name), index).unwrap();
    Checkpoint::open(folder.path()).unwrap_err()
}

#[test]
fn an_index_that_leads_out_of_its_folder_is_refused() {
    for name in [
        "index-parent.json",
        "index-absolute.json",
        "index-backslash.json",
    ] {
        let error = with_index(name);
        assert!(
            matches!(error, CheckpointError::PathEscapes { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn an_index_of_nothing_or_of_absent_shards_is_refused() {
    for name in ["index-empty.json", "index-list.json"] {
        let error = with_index(name);
        assert!(
            matches!(error, CheckpointError::Index { .. }),
            "{name}: {error}"
        );
    }
    let error = with_index("index-missing-shard.json");
    assert!(
        matches!(&error, CheckpointError::ShardMissing { path, .. } if path.ends_with("diffusion_pytorch_model-00009-of-00009.safetensors")),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_refused() {
    let elsewhere = tempfile::tempdir().unwrap();
    for name in ["vae/diffusion_pytorch_model.safetensors", "vae/config.json"] {
        let folder = tiny_copy();
        let target = elsewhere.path().join("target");
        std::fs::rename(folder.path().join(name), &target).unwrap();
        std::os::unix::fs::symlink(&target, folder.path().join(name)).unwrap();
        let error = Checkpoint::open(folder.path()).unwrap_err();
        assert!(
            matches!(error, CheckpointError::PathEscapes { .. }),
            "{name}: {error}"
        );
    }
}

#[test]
fn swapped_shards_are_noticed() {
    let folder = tiny_copy();
    let shard = |number: u32| {
        folder.path().join(format!(
            "transformer/diffusion_pytorch_model-{number:05}-of-00003.safetensors"
        ))
    };
    let aside = folder.path().join("aside");
    std::fs::rename(shard(1), &aside).unwrap();
    std::fs::rename(shard(2), shard(1)).unwrap();
    std::fs::rename(&aside, shard(2)).unwrap();
    let error = Checkpoint::open(folder.path()).unwrap_err();
    assert!(
        matches!(&error, CheckpointError::ShardSwapped { found: Some(_), .. }),
        "{error}"
    );
}

#[test]
fn a_tensor_in_two_shards_is_noticed() {
    let folder = tiny_copy();
    let shards = ["00001", "00003"].map(|number| {
        folder.path().join(format!(
            "transformer/diffusion_pytorch_model-{number}-of-00003.safetensors"
        ))
    });
    let mut tensors = read(&shards[0]);
    let (name, tensor) = read(&shards[1]).pop_first().unwrap();
    tensors.insert(name.clone(), tensor);
    write(&shards[0], &tensors);
    let error = Checkpoint::open(folder.path()).unwrap_err();
    assert!(
        matches!(&error, CheckpointError::StoredTwice { tensor, .. } if *tensor == name),
        "{error}"
    );
}

#[test]
fn a_file_that_changes_after_it_was_checked_is_not_loaded() {
    let folder = tiny_copy();
    let path = folder
        .path()
        .join("vae/diffusion_pytorch_model.safetensors");
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    let load = |checkpoint: &Checkpoint| {
        checkpoint
            .load_vae(&Device::flex(), DType::F32, &mut |_, _| {
                ControlFlow::Continue(())
            })
            .map(|_| ())
    };
    assert!(matches!(
        load(&checkpoint),
        Err(CheckpointError::Replaced { .. })
    ));
    assert!(matches!(
        checkpoint.quick_hash(),
        Err(CheckpointError::Replaced { .. })
    ));

    // The same length at another time is another file as well.
    std::fs::write(&path, &bytes).unwrap();
    let later = std::time::SystemTime::now() + Duration::from_secs(5);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    std::fs::File::options()
        .write(true)
        .open(&path)
        .unwrap()
        .set_modified(later)
        .unwrap();
    assert!(matches!(
        load(&checkpoint),
        Err(CheckpointError::Replaced { .. })
    ));
}

#[test]
fn hostile_configurations_are_refused_by_field() {
    let open_with = |name: &str| {
        let folder = tiny_copy();
        std::fs::copy(hostile(name), folder.path().join("transformer/config.json")).unwrap();
        Checkpoint::open(folder.path()).unwrap_err().to_string()
    };
    let error = open_with("config-huge.json");
    assert!(
        error.contains("config.json") && error.contains("n_layers"),
        "{error}"
    );
    let error = open_with("config-flux.json");
    assert!(error.contains("a FLUX model"), "{error}");
}

#[test]
fn a_configuration_as_large_as_a_disk_is_not_read() {
    let folder = tiny_copy();
    let path = folder.path().join("vae/config.json");
    std::fs::File::create(&path)
        .unwrap()
        .set_len(1 << 34)
        .unwrap();
    assert!(matches!(
        Checkpoint::open(folder.path()).unwrap_err(),
        CheckpointError::TooLarge { .. }
    ));
}

#[test]
fn hostile_tokenizers_are_refused() {
    let cases = [
        ("tokenizer-cut.json", "download it again"),
        ("tokenizer-null.json", "download it again"),
        ("tokenizer-other.json", "another model's tokenizer"),
    ];
    for (name, words) in cases {
        let error = Tokenizer::open(&hostile(name)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains(words), "{error}");
    }
}

#[test]
fn parts_of_different_models_do_not_fit() {
    let folder = tiny_copy();
    let path = folder.path().join("transformer/config.json");
    let text = std::fs::read_to_string(&path)
        .unwrap()
        .replace("\"cap_feat_dim\": 64", "\"cap_feat_dim\": 80");
    std::fs::write(&path, text).unwrap();
    let error = Checkpoint::open(folder.path()).unwrap_err();
    assert!(matches!(error, CheckpointError::PartsDisagree(_)));
    assert!(
        error.to_string().contains("80") && error.to_string().contains("64"),
        "{error}"
    );
}
