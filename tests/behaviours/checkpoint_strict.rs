//! Every tensor must be in its place: what is missing, left over or misshapen is named, what is another model is
//! called what it is, and all of it from headers alone.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use burn::tensor::{DType, Device};
use danqing::checkpoint::{Checkpoint, CheckpointError, Part, wanted};
use danqing::model::{TextEncoderConfig, TransformerConfig, VaeConfig};

use super::model_files::{copy_folder, file, read, tiny, tiny_copy, write, write_zeros};

type Shapes = BTreeMap<String, Vec<usize>>;

/// Every tensor of the published model.
fn published() -> BTreeMap<String, Shapes> {
    let text = std::fs::read_to_string(file("zimage-turbo-tensors.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_full_size_networks_want_exactly_the_published_tensors() {
    let published = published();
    let device = Device::flex();
    let before = memory_stats::memory_stats().unwrap().physical_mem;
    let transformer = wanted(&TransformerConfig::z_image_turbo().init(&device));
    let vae = wanted(&VaeConfig::z_image_turbo().init(&device));
    let text_encoder = wanted(&TextEncoderConfig::z_image_turbo().init(&device));
    let after = memory_stats::memory_stats().unwrap().physical_mem;
    assert_eq!(transformer, published["transformer"]);
    assert_eq!(vae, published["vae"]);
    // The caption features come from before the last layer, so neither it nor the last norm is wanted.
    let spare = |name: &str| name == "model.norm.weight" || name.starts_with("model.layers.35.");
    let needed: Shapes = published["text_encoder"]
        .clone()
        .into_iter()
        .filter(|(name, _)| !spare(name))
        .collect();
    assert_eq!(text_encoder, needed);
    // 40 GB of weights as f32; other tests of this program run at the same time.
    assert!(
        after.saturating_sub(before) < 1 << 30,
        "networks were allocated"
    );
}

/// A full-size checkpoint of 33 GB that takes no room on the disk: all its weights are holes.
fn full_size() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy_folder(&tiny().join("tokenizer"), &folder.path().join("tokenizer"));
    copy_folder(&tiny().join("scheduler"), &folder.path().join("scheduler"));
    std::fs::copy(
        tiny().join("model_index.json"),
        folder.path().join("model_index.json"),
    )
    .unwrap();
    let configs = [
        (
            "transformer",
            serde_json::to_string(&TransformerConfig::z_image_turbo()).unwrap(),
        ),
        (
            "text_encoder",
            serde_json::to_string(&TextEncoderConfig::z_image_turbo()).unwrap(),
        ),
        (
            "vae",
            serde_json::to_string(&VaeConfig::z_image_turbo()).unwrap(),
        ),
    ];
    for (part, config) in configs {
        std::fs::create_dir(folder.path().join(part)).unwrap();
        std::fs::write(folder.path().join(part).join("config.json"), config).unwrap();
    }
    for (part, shapes) in published() {
        let (stem, shards, dtype, bytes) = match part.as_str() {
            "transformer" => ("diffusion_pytorch_model", 3, "F32", 4),
            "text_encoder" => ("model", 3, "BF16", 2),
            _ => ("diffusion_pytorch_model", 1, "BF16", 2),
        };
        let shapes: Vec<(&str, &[usize])> = shapes
            .iter()
            .map(|(name, shape)| (name.as_str(), shape.as_slice()))
            .collect();
        for (index, chunk) in shapes.chunks(shapes.len().div_ceil(shards)).enumerate() {
            let name = if shards == 1 {
                format!("{stem}.safetensors")
            } else {
                format!("{stem}-{:05}-of-{shards:05}.safetensors", index + 1)
            };
            write_zeros(
                &folder.path().join(&part).join(name),
                dtype,
                bytes,
                chunk.iter().copied(),
            );
        }
    }
    folder
}

#[test]
fn a_full_size_folder_is_checked_in_under_a_second() {
    let folder = full_size();
    let start = Instant::now();
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let report = checkpoint.check();
    let hash = checkpoint.quick_hash().unwrap();
    let elapsed = start.elapsed();
    assert!(report.is_sound(), "{report}");
    assert!(checkpoint.bytes() > 32_000_000_000);
    assert_eq!(
        report.parts.iter().map(|part| part.parameters).sum::<u64>(),
        6_154_908_736 + 4_022_468_096 + 83_819_683
    );
    assert_eq!(hash.len(), 64);
    assert!(elapsed < Duration::from_secs(1), "{elapsed:?}");
}

/// The tiny model with its autoencoder's tensors changed.
fn with_vae(change: impl FnOnce(&mut super::model_files::Tensors)) -> tempfile::TempDir {
    let folder = tiny_copy();
    let path = folder
        .path()
        .join("vae/diffusion_pytorch_model.safetensors");
    let mut tensors = read(&path);
    change(&mut tensors);
    write(&path, &tensors);
    folder
}

#[test]
fn a_misspelt_tensor_is_named_with_what_it_resembles() {
    let folder = with_vae(|tensors| {
        let tensor = tensors.remove("decoder.conv_norm_out.weight").unwrap();
        tensors.insert("decoder.conv_norm_uot.weight".into(), tensor);
    });
    let checkpoint = Checkpoint::open(folder.path()).unwrap();
    let report = checkpoint.check();
    let vae = report
        .parts
        .iter()
        .find(|part| part.part == Part::Vae)
        .unwrap();
    assert_eq!(
        (report.problems(), vae.missing.len(), vae.unexpected.len()),
        (2, 1, 1)
    );
    assert_eq!(
        vae.missing[0].nearest.as_deref(),
        Some("decoder.conv_norm_uot.weight")
    );
    assert_eq!(
        vae.unexpected[0].nearest.as_deref(),
        Some("decoder.conv_norm_out.weight")
    );
    // The words reach whoever loads it, and the other networks can still be loaded.
    let error = checkpoint
        .load_vae(&Device::flex(), DType::F32, &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("missing: decoder.conv_norm_out.weight [8]"),
        "{error}"
    );
    assert!(
        error.contains("unexpected: decoder.conv_norm_uot.weight"),
        "{error}"
    );
    checkpoint
        .load_transformer(&Device::flex(), DType::F32, &mut |_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
}

#[test]
fn a_misshapen_tensor_is_named_with_both_shapes() {
    let folder = with_vae(|tensors| {
        let tensor = tensors.get_mut("decoder.conv_in.weight").unwrap();
        tensor.shape = vec![16, 3, 3, 16];
    });
    let error = Checkpoint::open(folder.path()).unwrap().check().to_string();
    assert!(
        error.contains("decoder.conv_in.weight is [16, 3, 3, 16] and should be [16, 16, 3, 3]"),
        "{error}"
    );
}

#[test]
fn weights_in_a_format_without_meaning_here_are_named() {
    let folder = with_vae(|tensors| {
        let tensor = tensors.get_mut("decoder.conv_out.bias").unwrap();
        tensor.dtype = safetensors::Dtype::F8_E4M3;
        tensor.bytes.truncate(3);
    });
    let error = Checkpoint::open(folder.path()).unwrap().check().to_string();
    assert!(
        error.contains("decoder.conv_out.bias is stored as F8_E4M3"),
        "{error}"
    );
}

#[test]
fn a_language_models_head_is_no_stranger() {
    let folder = tiny_copy();
    let path = folder.path().join("text_encoder");
    let mut tensors = super::model_files::read_folder(&path);
    tensors.insert(
        "lm_head.weight".into(),
        tensors["model.embed_tokens.weight"].clone(),
    );
    for entry in std::fs::read_dir(&path).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name != "config.json") {
            std::fs::remove_file(path).unwrap();
        }
    }
    write(&path.join("model.safetensors"), &tensors);
    let report = Checkpoint::open(folder.path()).unwrap().check();
    assert!(report.is_sound(), "{report}");
    let text_encoder = &report.parts[0];
    assert!(text_encoder.unused.contains(&"lm_head.weight".to_owned()));
    assert!(
        text_encoder
            .unused
            .contains(&"model.norm.weight".to_owned())
    );
}

#[test]
fn other_models_are_called_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str]); 7] = [
        (
            "a FLUX model",
            &[
                "double_blocks.0.img_attn.qkv.weight",
                "single_blocks.0.linear1.weight",
            ],
        ),
        (
            "a Stable Diffusion XL model",
            &[
                "model.diffusion_model.input_blocks.0.0.weight",
                "conditioner.embedders.1.model.ln_final.weight",
            ],
        ),
        (
            "a Stable Diffusion 1 or 2 model",
            &[
                "model.diffusion_model.input_blocks.0.0.weight",
                "cond_stage_model.transformer.text_model.final_layer_norm.weight",
            ],
        ),
        (
            "a LoRA",
            &["lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight"],
        ),
        (
            "a Lumina-Image 2 model",
            &[
                "cap_embedder.1.weight",
                "context_refiner.0.attention.qkv.weight",
            ],
        ),
        (
            "a Qwen3 language model",
            &[
                "model.embed_tokens.weight",
                "model.layers.0.self_attn.q_norm.weight",
            ],
        ),
        ("no model that is known here", &["weights"]),
    ];
    for (index, (words, names)) in cases.into_iter().enumerate() {
        let shape: &[usize] = &[1];
        // Alone in a folder, so that the folder can be named as well as the file.
        let alone = folder.path().join(index.to_string());
        std::fs::create_dir(&alone).unwrap();
        let path = alone.join("model.safetensors");
        write_zeros(&path, "F16", 2, names.iter().map(|name| (*name, shape)));
        for given in [&path, &alone] {
            let error = Checkpoint::open(given).unwrap_err();
            assert!(matches!(error, CheckpointError::Foreign { .. }));
            assert!(error.to_string().contains(words), "{error}");
        }
    }
    for lora in [
        "comfy_fused",
        "comfy_split",
        "diffusers_peft",
        "kohya_fused",
    ] {
        let error = Checkpoint::open(&file(&format!("golden/tiny_extra/lora_{lora}.safetensors")))
            .unwrap_err();
        assert!(error.to_string().contains("is a LoRA"), "{error}");
    }
}

#[test]
fn a_folder_of_another_pipeline_is_called_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("model_index.json"),
        r#"{"_class_name": "StableDiffusionXLPipeline"}"#,
    )
    .unwrap();
    let error = Checkpoint::open(folder.path()).unwrap_err().to_string();
    assert!(error.contains("Stable Diffusion XL"), "{error}");
}

#[test]
fn models_that_differ_in_one_place_have_different_hashes() {
    let hash = |path: &Path| Checkpoint::open(path).unwrap().quick_hash().unwrap();
    let original = hash(&tiny());
    assert_eq!(
        original,
        hash(tiny_copy().path()),
        "the same files elsewhere"
    );
    let tuned = with_vae(|tensors| {
        for tensor in tensors.values_mut() {
            tensor.bytes.iter_mut().for_each(|byte| *byte ^= 1);
        }
    });
    assert_ne!(
        original,
        hash(tuned.path()),
        "a fine-tune has the same headers and sizes"
    );
}

#[test]
fn full_hashes_are_those_of_the_files() {
    let digests = Checkpoint::open(&tiny())
        .unwrap()
        .full_hash(&mut |_, _| ControlFlow::Continue(()))
        .unwrap();
    let names: BTreeSet<&str> = digests.iter().map(|digest| digest.file.as_str()).collect();
    assert_eq!(names.len(), 6);
    let vae = digests
        .iter()
        .find(|digest| digest.file == "diffusion_pytorch_model.safetensors")
        .unwrap();
    let bytes = std::fs::read(tiny().join("vae/diffusion_pytorch_model.safetensors")).unwrap();
    assert_eq!(vae.size, bytes.len() as u64);
    let expected: String = <sha2::Sha256 as sha2::Digest>::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(vae.sha256, expected);
}
