//! Trained states as a model folder in the Hugging Face layout, in bf16.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::tensor::{DType, Device, Tensor};
use serde_json::{Value, json};

use super::autoencoder;
use super::networks::Sizes;
use super::preview;
use crate::checkpoint::{self, save_module, save_tensors};
use crate::files::{self, FileError};
use crate::model::TextEncoder;
use crate::pipeline::SUITED_FILE;
use crate::train::TrainError;

/// Writes what the states in `autoencoder` and `painter` as a model into `out`.
///
/// # Errors
/// When a state is missing or not whole, or the disk fails.
pub fn write(
    sizes: &Sizes,
    autoencoder: &Path,
    painter: &Path,
    out: &Path,
) -> Result<(), TrainError> {
    let device = Device::flex();
    let vae = autoencoder::load(autoencoder, &sizes.vae, &device)?;
    let networks = super::painter::load(painter, sizes, &device)?;
    for part in [
        "scheduler",
        "text_encoder",
        "tokenizer",
        "transformer",
        "vae",
    ] {
        let folder = out.join(part);
        fs::create_dir_all(&folder).map_err(|source| FileError::Write {
            path: folder,
            source,
        })?;
    }
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    let weights = "diffusion_pytorch_model.safetensors";
    save_module(
        &networks.transformer,
        &out.join("transformer").join(weights),
        DType::BF16,
        &metadata,
    )?;
    save_module(&vae, &out.join("vae").join(weights), DType::BF16, &metadata)?;
    save_text_encoder(
        &networks.text_encoder,
        &out.join("text_encoder/model.safetensors"),
        &metadata,
    )?;
    let projection = preview::fit(&vae, &device)?;
    write_json(&out.join("preview.json"), &projection)?;
    write_json(&out.join(SUITED_FILE), &suited())?;
    write_configs(sizes, &vae.config().clone(), out)?;
    let tokenizer =
        files::read_capped(&painter.join("tokenizer.json"), super::tokenizer::CAP_BYTES)?;
    files::replace(&out.join("tokenizer/tokenizer.json"), &tokenizer)?;
    Ok(())
}

/// The text encoder with the last layer and norm that its architecture has and Z-Image never runs: a copy of the layer
/// before and ones, so that other programs find every tensor they expect.
fn save_text_encoder(
    encoder: &TextEncoder,
    path: &Path,
    metadata: &BTreeMap<String, String>,
) -> Result<(), TrainError> {
    let staged = path.with_extension("staged");
    save_module(encoder, &staged, DType::BF16, metadata)?;
    let (mut tensors, _) = checkpoint::load_tensors(&staged, 64 << 20)?;
    fs::remove_file(&staged).map_err(|source| FileError::Write {
        path: staged,
        source,
    })?;
    let last = encoder.layers.len();
    let (from, to) = (
        format!("model.layers.{}.", last - 1),
        format!("model.layers.{last}."),
    );
    let copies: Vec<_> = tensors
        .iter()
        .filter_map(|(name, data)| {
            Some((format!("{to}{}", name.strip_prefix(&from)?), data.clone()))
        })
        .collect();
    tensors.extend(copies);
    let ones = Tensor::<1>::ones(
        [encoder.config().hidden_size],
        (&Device::flex(), DType::BF16),
    );
    let ones = ones
        .try_into_data()
        .map_err(|error| TrainError::device("exporting", error))?;
    tensors.insert("model.norm.weight".to_owned(), ones);
    Ok(save_tensors(path, &tensors, metadata)?)
}

fn write_json(path: &Path, value: &Value) -> Result<(), TrainError> {
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| TrainError::State {
        path: path.to_path_buf(),
        problem: error.to_string(),
    })?;
    text.push(b'\n');
    Ok(files::replace(path, &text)?)
}

/// What the window offers for the model: sizes at which its pictures hold together, steps, guidance.
fn suited() -> Value {
    json!({
        "sizes": ["256x256", "384x384", "512x512", "384x256", "256x384"],
        "shortest_side": 128,
        "longest_side": 512,
        "steps": 8,
        "guidance": 2,
    })
}

/// A configuration as JSON with its class in front.
fn with_keys(config: impl serde::Serialize, keys: Value) -> Value {
    let mut value = serde_json::to_value(config).unwrap_or(Value::Null);
    if let (Value::Object(into), Value::Object(keys)) = (&mut value, keys) {
        into.extend(keys);
    }
    value
}

const DIFFUSERS: &str = "0.42.1";

fn write_configs(
    sizes: &Sizes,
    vae: &crate::model::VaeConfig,
    out: &Path,
) -> Result<(), TrainError> {
    let index = json!({
        "_class_name": "ZImagePipeline",
        "_diffusers_version": DIFFUSERS,
        "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"],
        "text_encoder": ["transformers", "Qwen3Model"],
        "tokenizer": ["transformers", "Qwen2Tokenizer"],
        "transformer": ["diffusers", "ZImageTransformer2DModel"],
        "vae": ["diffusers", "AutoencoderKL"],
    });
    write_json(&out.join("model_index.json"), &index)?;
    let scheduler = json!({
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        "_diffusers_version": DIFFUSERS,
        "num_train_timesteps": 1000,
        "shift": super::sampling::SHIFT,
        "use_dynamic_shifting": false,
    });
    write_json(&out.join("scheduler/scheduler_config.json"), &scheduler)?;
    let keys = json!({"_class_name": "ZImageTransformer2DModel", "_diffusers_version": DIFFUSERS, "n_kv_heads": sizes.transformer.n_heads});
    write_json(
        &out.join("transformer/config.json"),
        &with_keys(&sizes.transformer, keys),
    )?;
    let levels = vae.block_out_channels.len();
    let keys = json!({
        "_class_name": "AutoencoderKL",
        "_diffusers_version": DIFFUSERS,
        "down_block_types": vec!["DownEncoderBlock2D"; levels],
        "up_block_types": vec!["UpDecoderBlock2D"; levels],
        "sample_size": super::pictures::NATIVE,
        "latents_mean": null,
        "latents_std": null,
        "force_upcast": false,
    });
    write_json(&out.join("vae/config.json"), &with_keys(vae, keys))?;
    let keys = json!({
        "architectures": ["Qwen3ForCausalLM"],
        "model_type": "qwen3",
        "hidden_act": "silu",
        "max_position_embeddings": 512,
        "tie_word_embeddings": true,
        "use_sliding_window": false,
        "sliding_window": null,
        "rope_scaling": null,
        "attention_dropout": 0.0,
        "torch_dtype": "bfloat16",
        "bos_token_id": null,
        "eos_token_id": 2,
        "pad_token_id": 0,
    });
    write_json(
        &out.join("text_encoder/config.json"),
        &with_keys(&sizes.text_encoder, keys),
    )?;
    write_json(
        &out.join("tokenizer/tokenizer_config.json"),
        &tokenizer_config(),
    )
}

/// Qwen's chat template for messages without tools: one turn a message, then the assistant's turn begins.
const CHAT_TEMPLATE: &str = "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' -}}{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- if enable_thinking is defined and enable_thinking is false -%}{{- '<think>\\n\\n</think>\\n\\n' -}}{%- endif -%}{%- endif -%}";

fn tokenizer_config() -> Value {
    json!({
        "tokenizer_class": "Qwen2Tokenizer",
        "add_prefix_space": false,
        "add_bos_token": false,
        "bos_token": null,
        "eos_token": "<|im_end|>",
        "pad_token": "<|endoftext|>",
        "unk_token": null,
        "padding_side": "right",
        "model_max_length": 512,
        "clean_up_tokenization_spaces": false,
        "errors": "replace",
        "split_special_tokens": false,
        "chat_template": CHAT_TEMPLATE,
    })
}
