//! The same model in any layout and number format gives the same networks.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;

use burn::tensor::{DType, Device};
use danqing::checkpoint::{Checkpoint, CheckpointError, Layout, Network, Part};

use super::model_files::{
    self, Tensors, copy_folder, file, read_folder, tiny, tiny_bf16, tiny_copy, write,
};

type Weights = BTreeMap<String, Vec<f32>>;

/// All three networks of a checkpoint as f32 numbers.
fn weights(path: &Path) -> [Weights; 3] {
    weights_as(&Checkpoint::open(path).unwrap(), DType::F32)
}

fn weights_as(checkpoint: &Checkpoint, dtype: DType) -> [Weights; 3] {
    fn read<N: Network>(loaded: Result<N, CheckpointError>) -> Weights {
        model_files::weights(&loaded.unwrap_or_else(|error| panic!("{error}")))
    }
    let device = Device::flex();
    let ignore = &mut |_, _| ControlFlow::Continue(());
    [
        read(checkpoint.load_text_encoder(&device, dtype, ignore)),
        read(checkpoint.load_transformer(&device, dtype, ignore)),
        read(checkpoint.load_vae(&device, dtype, ignore)),
    ]
}

/// The values in a file, found without the code under test.
fn stored_f32(tensors: &Tensors, name: &str) -> Vec<f32> {
    let numbers = tensors[name].bytes.chunks_exact(4);
    numbers
        .map(|number| f32::from_le_bytes(number.try_into().unwrap()))
        .collect()
}

#[test]
fn a_sharded_folder_is_loaded_tensor_by_tensor() {
    let [text_encoder, transformer, vae] = weights(&tiny());
    for (part, weights) in [
        (Part::TextEncoder, text_encoder),
        (Part::Transformer, transformer),
        (Part::Vae, vae),
    ] {
        let stored = read_folder(&tiny().join(part.folder()));
        for (name, values) in &weights {
            assert_eq!(*values, stored_f32(&stored, name), "{part}: {name}");
        }
        // The last layer of the text encoder and its last norm are the only tensors left behind.
        let unused = if part == Part::TextEncoder { 12 } else { 0 };
        assert_eq!(weights.len() + unused, stored.len(), "{part}");
    }
}

#[test]
fn bf16_files_hold_the_same_model() {
    assert_eq!(weights(&tiny_bf16()), weights(&tiny()));
}

#[test]
fn weights_are_kept_in_the_number_format_that_was_asked_for() {
    // The tiny model's values are exact in bf16, so the narrow copy equals the wide one.
    let checkpoint = Checkpoint::open(&tiny()).unwrap();
    assert_eq!(weights_as(&checkpoint, DType::BF16), weights(&tiny()));
    let transformer = checkpoint
        .load_transformer(&Device::flex(), DType::BF16, &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(transformer.x_pad_token.val().dtype(), DType::BF16);
    let refused = checkpoint.load_vae(&Device::flex(), DType::I64, &mut |_, _| {
        ControlFlow::Continue(())
    });
    assert!(matches!(refused, Err(CheckpointError::LoadDtype(_))));
}

#[test]
fn progress_counts_the_bytes_of_the_files() {
    let checkpoint = Checkpoint::open(&tiny()).unwrap();
    let mut seen = Vec::new();
    checkpoint
        .load_text_encoder(&Device::flex(), DType::F32, &mut |done, total| {
            seen.push((done, total));
            ControlFlow::Continue(())
        })
        .unwrap();
    let total = checkpoint.tensors(Part::TextEncoder).bytes();
    assert_eq!(
        (seen.first(), seen.last()),
        (Some(&(0, total)), Some(&(total, total)))
    );
    assert!(seen.is_sorted());
    assert!(seen.len() > 20);
}

/// A folder as `tiny` but with the transformer's weights in the given files.
fn with_transformer(files: &[(&str, &Tensors)]) -> tempfile::TempDir {
    let folder = tiny_copy();
    let transformer = folder.path().join("transformer");
    for entry in std::fs::read_dir(&transformer).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "config.json") {
            std::fs::remove_file(path).unwrap();
        }
    }
    for (name, tensors) in files {
        write(&transformer.join(name), tensors);
    }
    folder
}

#[test]
fn every_published_way_to_name_weights_is_found() {
    let all = read_folder(&tiny().join("transformer"));
    let (first, second): (Tensors, Tensors) = all
        .clone()
        .into_iter()
        .partition(|(name, _)| name.as_str() < "layers.1");
    let expected = weights(&tiny());
    let layouts: [&[(&str, &Tensors)]; 5] = [
        &[("diffusion_pytorch_model.safetensors", &all)],
        &[("diffusion_pytorch_model.bf16.safetensors", &all)],
        &[
            ("diffusion_pytorch_model-00001-of-00002.safetensors", &first),
            (
                "diffusion_pytorch_model-00002-of-00002.safetensors",
                &second,
            ),
        ],
        &[
            (
                "diffusion_pytorch_model.bf16-00001-of-00002.safetensors",
                &first,
            ),
            (
                "diffusion_pytorch_model.bf16-00002-of-00002.safetensors",
                &second,
            ),
        ],
        &[("z_image_turbo.safetensors", &all)],
    ];
    for files in layouts {
        let folder = with_transformer(files);
        assert_eq!(weights(folder.path()), expected, "{}", files[0].0);
    }
}

#[test]
fn an_index_with_an_infix_is_followed() {
    let all = read_folder(&tiny().join("transformer"));
    let shard = "diffusion_pytorch_model.bf16-00001-of-00001.safetensors";
    let map: BTreeMap<&String, &str> = all.keys().map(|name| (name, shard)).collect();
    let index = serde_json::json!({"metadata": {"total_size": 0}, "weight_map": map}).to_string();
    for name in [
        "diffusion_pytorch_model.safetensors.index.bf16.json",
        "diffusion_pytorch_model.bf16.safetensors.index.json",
    ] {
        let folder = with_transformer(&[(shard, &all)]);
        std::fs::write(folder.path().join("transformer").join(name), &index).unwrap();
        assert_eq!(weights(folder.path()), weights(&tiny()), "{name}");
    }
}

#[test]
fn a_numbered_set_with_a_gap_names_the_missing_shard() {
    let all = read_folder(&tiny().join("transformer"));
    let folder = with_transformer(&[("diffusion_pytorch_model-00002-of-00002.safetensors", &all)]);
    let error = Checkpoint::open(folder.path()).unwrap_err();
    assert!(
        matches!(&error, CheckpointError::ShardMissing { path, .. } if path.ends_with("diffusion_pytorch_model-00001-of-00002.safetensors")),
        "{error}"
    );
}

/// A set of single files as other tools keep them, in one folder.
fn single_files() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let comfy = file("golden/tiny_extra/zimage_tiny_comfy_bf16.safetensors");
    std::fs::write(
        folder.path().join("z_image_turbo_bf16.safetensors"),
        std::fs::read(comfy).unwrap(),
    )
    .unwrap();
    write(
        &folder.path().join("qwen_3_4b.safetensors"),
        &read_folder(&tiny_bf16().join("text_encoder")),
    );
    write(
        &folder.path().join("ae.safetensors"),
        &bfl(read_folder(&tiny_bf16().join("vae"))),
    );
    // How the tiny model's narrow heads turn, and its groups of a norm, are in no tensor.
    for part in ["transformer", "vae"] {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        std::fs::copy(
            tiny().join(part).join("config.json"),
            folder.path().join(part).join("config.json"),
        )
        .unwrap();
    }
    copy_folder(&tiny().join("tokenizer"), &folder.path().join("tokenizer"));
    folder
}

/// Gives diffusers' autoencoder tensors the names and shapes of the original file.
fn bfl(tensors: Tensors) -> Tensors {
    let renames = [
        ("down_blocks.", "down."),
        ("up_blocks.0", "up.3"),
        ("up_blocks.1", "up.2"),
        ("up_blocks.2", "up.1"),
        ("up_blocks.3", "up.0"),
        ("mid_block.resnets.0", "mid.block_1"),
        ("mid_block.resnets.1", "mid.block_2"),
        ("mid_block.attentions.0.group_norm", "mid.attn_1.norm"),
        ("mid_block.attentions.0.to_out.0", "mid.attn_1.proj_out"),
        ("mid_block.attentions.0.to_", "mid.attn_1."),
        (".resnets.", ".block."),
        ("downsamplers.0", "downsample"),
        ("upsamplers.0", "upsample"),
        ("conv_shortcut", "nin_shortcut"),
        ("conv_norm_out", "norm_out"),
    ];
    let rename = |(name, mut raw): (String, model_files::Raw)| {
        let renamed = renames
            .iter()
            .fold(name, |name, (from, to)| name.replace(from, to));
        if renamed.contains("attn_1") && raw.shape.len() == 2 {
            raw.shape.extend([1, 1]);
        }
        (renamed, raw)
    };
    tensors.into_iter().map(rename).collect()
}

#[test]
fn single_files_of_other_tools_hold_the_same_model() {
    let folder = single_files();
    let expected = weights(&tiny());
    for path in [
        folder.path().join("z_image_turbo_bf16.safetensors"),
        folder.path().to_path_buf(),
    ] {
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.layout(), Layout::SingleFile);
        assert_eq!(checkpoint.name(), "z_image_turbo_bf16");
        assert!(checkpoint.is_scheduler_assumed());
        assert_eq!(
            checkpoint.configs(),
            Checkpoint::open(&tiny()).unwrap().configs()
        );
        assert!(checkpoint.check().is_sound());
        assert_eq!(weights_as(&checkpoint, DType::F32), expected);
        checkpoint.tokenizer().unwrap();
    }
}

#[test]
fn companions_are_found_where_comfyui_keeps_them() {
    let flat = single_files();
    let models = tempfile::tempdir().unwrap();
    for (file, folder) in [
        ("z_image_turbo_bf16.safetensors", "diffusion_models"),
        ("qwen_3_4b.safetensors", "text_encoders"),
        ("ae.safetensors", "vae"),
    ] {
        std::fs::create_dir(models.path().join(folder)).unwrap();
        std::fs::rename(
            flat.path().join(file),
            models.path().join(folder).join(file),
        )
        .unwrap();
    }
    for name in [
        "transformer/config.json",
        "vae/config.json",
        "tokenizer/tokenizer.json",
    ] {
        let target = models.path().join("diffusion_models").join(name);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(flat.path().join(name), target).unwrap();
    }
    assert_eq!(weights(models.path()), weights(&tiny()));
}

#[test]
fn one_file_that_holds_all_three_parts_is_read() {
    let flat = single_files();
    let mut all = model_files::read(&flat.path().join("z_image_turbo_bf16.safetensors"));
    for (file, prefix) in [
        ("qwen_3_4b", "text_encoders.qwen3_4b.transformer."),
        ("ae", "vae."),
    ] {
        let path = flat.path().join(file).with_extension("safetensors");
        all.extend(
            model_files::read(&path)
                .into_iter()
                .map(|(name, raw)| (format!("{prefix}{name}"), raw)),
        );
        std::fs::remove_file(path).unwrap();
    }
    write(&flat.path().join("z_image_turbo_bf16.safetensors"), &all);
    assert_eq!(weights(flat.path()), weights(&tiny()));
}

#[test]
fn a_missing_companion_or_tokenizer_is_named_with_its_places() {
    let folder = single_files();
    std::fs::remove_dir_all(folder.path().join("tokenizer")).unwrap();
    let error = Checkpoint::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("tokenizer.json") && error.contains("Tongyi-MAI/Z-Image-Turbo"),
        "{error}"
    );
    std::fs::remove_file(folder.path().join("ae.safetensors")).unwrap();
    let error = Checkpoint::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("autoencoder") && error.contains("ae.safetensors"),
        "{error}"
    );
}

#[test]
fn heads_whose_rotary_axes_are_unknown_ask_for_a_configuration() {
    let folder = single_files();
    std::fs::remove_dir_all(folder.path().join("transformer")).unwrap();
    let error = Checkpoint::open(folder.path()).unwrap_err().to_string();
    assert!(
        error.contains("16 wide") && error.contains("transformer/config.json"),
        "{error}"
    );
}

#[test]
fn a_folder_of_the_hugging_face_cache_may_link_into_its_store() {
    #[cfg(unix)]
    {
        let cache = tempfile::tempdir().unwrap();
        let blobs = cache.path().join("blobs");
        let snapshot = cache.path().join("snapshots/0123abcd");
        copy_folder(&tiny(), &snapshot);
        std::fs::create_dir(&blobs).unwrap();
        let vae = snapshot.join("vae/diffusion_pytorch_model.safetensors");
        std::fs::rename(&vae, blobs.join("e3b0")).unwrap();
        std::os::unix::fs::symlink("../../../blobs/e3b0", &vae).unwrap();
        assert_eq!(weights(&snapshot), weights(&tiny()));
    }
}

#[test]
fn an_autoencoder_without_its_encoder_still_decodes() {
    let folder = tiny_copy();
    let path = folder
        .path()
        .join("vae/diffusion_pytorch_model.safetensors");
    let decoder: Tensors = model_files::read(&path)
        .into_iter()
        .filter(|(name, _)| name.starts_with("decoder."))
        .collect();
    write(&path, &decoder);
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    assert!(checkpoint.check().is_sound());
    let vae = checkpoint
        .load_vae(&Device::flex(), DType::F32, &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
    assert!(vae.encoder.is_none());
}

#[test]
fn a_part_of_a_folder_stands_for_the_folder() {
    let transformer = tiny().join("transformer");
    let shard = transformer.join("diffusion_pytorch_model-00002-of-00003.safetensors");
    for path in [transformer, shard, tiny().join("model_index.json")] {
        let checkpoint = Checkpoint::open(&path).unwrap();
        assert_eq!(checkpoint.path(), tiny());
    }
}

#[test]
fn a_fine_tune_in_a_models_folder_borrows_its_other_parts() {
    let folder = tiny_copy();
    let path = folder.path().join("my_style.safetensors");
    let mut tensors = read_folder(&tiny().join("transformer"));
    tensors.get_mut("x_pad_token").unwrap().bytes.fill(0);
    write(&path, &tensors);
    let checkpoint = Checkpoint::open(&path).unwrap();
    assert_eq!(
        (
            checkpoint.name().as_str(),
            checkpoint.is_scheduler_assumed()
        ),
        ("my_style", false)
    );
    let [text_encoder, transformer, vae] = weights_as(&checkpoint, DType::F32);
    let [original_text_encoder, original_transformer, original_vae] = weights(&tiny());
    assert_eq!((text_encoder, vae), (original_text_encoder, original_vae));
    assert!(transformer["x_pad_token"].iter().all(|&value| value == 0.0));
    assert_eq!(
        transformer["cap_pad_token"],
        original_transformer["cap_pad_token"]
    );
}
