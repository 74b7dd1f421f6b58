//! What a file is, when it is not what was asked for: told by its first bytes, its name, or its tensors' names.

use std::fmt;
use std::path::Path;

/// A kind of model file, known by sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// A Z-Image transformer, in either naming.
    ZImage,
    /// A Qwen3 language model, the text encoder.
    Qwen3,
    /// The autoencoder of Flux.1 and Z-Image (16 latent channels), in either naming.
    FluxVae,
    /// Another autoencoder.
    OtherVae,
    /// Additions to Z-Image that steer by edges, depth or pose.
    ZImageControlNet,
    /// Z-Image with image conditions.
    ZImageOmni,
    /// Z-Image or another model in 8 or 4 bits with scale tensors beside the weights.
    Scaled,
    /// A low-rank addition to a model.
    Lora,
    /// Flux.1 or Flux.2.
    Flux,
    /// Stable Diffusion XL.
    Sdxl,
    /// Stable Diffusion 1 or 2.
    Sd1,
    /// Stable Diffusion 3.
    Sd3,
    /// Qwen-Image.
    QwenImage,
    /// Lumina-Image 2, of which Z-Image keeps some names.
    Lumina2,
    /// Wan video.
    Wan,
    /// A T5 or CLIP text encoder.
    OtherTextEncoder,
    /// A language model other than Qwen3.
    OtherLanguageModel,
    /// llama.cpp's format.
    Gguf,
    /// A Python pickle, bare or in a zip: it can run code when opened.
    Pickle,
    /// A web page, saved in place of the file.
    WebPage,
    /// The pointer that Git leaves in place of a large file.
    GitLfsPointer,
    /// A picture.
    Picture,
    /// Something else that is certainly no safetensors file.
    OtherContainer,
    /// Tensors of no known model.
    Unknown,
}

impl Family {
    /// Recognises formats other than safetensors by a file's first bytes (16 are enough) and its name.
    ///
    /// `None`: it may be a safetensors file.
    pub fn by_content(path: &Path, start: &[u8]) -> Option<Self> {
        const MAGIC: [(&[u8], Family); 16] = [
            (b"GGUF", Family::Gguf),
            // torch.save since 1.6 writes a zip, before that a bare pickle of protocol 2 to 5.
            (b"PK\x03\x04", Family::Pickle),
            (b"\x80\x02", Family::Pickle),
            (b"\x80\x03", Family::Pickle),
            (b"\x80\x04\x95", Family::Pickle),
            (b"\x80\x05\x95", Family::Pickle),
            (b"<!DOCTYPE", Family::WebPage),
            (b"<!doctype", Family::WebPage),
            (b"<html", Family::WebPage),
            (b"version https://", Family::GitLfsPointer),
            (b"\x89PNG", Family::Picture),
            (b"\xff\xd8\xff", Family::Picture),
            (b"\x89HDF", Family::OtherContainer),
            (b"\x1f\x8b", Family::OtherContainer),
            // JSON.
            (b"{", Family::OtherContainer),
            (b"[", Family::OtherContainer),
        ];
        // A safetensors header starts with an object; with that in place the first eight bytes are only a length.
        if start.get(8) == Some(&b'{') {
            return None;
        }
        if let Some((_, family)) = MAGIC.iter().find(|(magic, _)| start.starts_with(magic)) {
            return Some(*family);
        }
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "ckpt" | "pt" | "pth" | "bin" | "pkl" => Some(Self::Pickle),
            "gguf" => Some(Self::Gguf),
            _ => None,
        }
    }

    /// Recognises a model by its tensors' names.
    ///
    /// Order matters: additions and derivatives are asked for before the models whose names they share.
    pub fn by_names<'a>(names: impl Iterator<Item = &'a str> + Clone) -> Self {
        let any = |test: &dyn Fn(&str) -> bool| names.clone().any(test);
        let has = |part: &str| any(&|name| name.contains(part));
        let ends = |tail: &str| any(&|name| name.ends_with(tail));
        if LORA_PARTS.iter().any(|part| has(part)) {
            Self::Lora
        } else if has("control_layers.") {
            Self::ZImageControlNet
        } else if has("siglip_embedder") {
            Self::ZImageOmni
        } else if ends(".scale_weight")
            || ends("scaled_fp8")
            || ends(".weight_scale")
            || ends(".absmax")
        {
            Self::Scaled
        } else if ends("cap_pad_token") && ends("layers.0.adaLN_modulation.0.weight") {
            Self::ZImage
        } else if has("cap_embedder.") && has("context_refiner.") {
            Self::Lumina2
        } else if has("img_mod.1.weight") {
            Self::QwenImage
        } else if has("double_blocks.")
            || has("single_transformer_blocks.")
            || has("double_stream_modulation")
        {
            Self::Flux
        } else if has("joint_blocks.") || has("attn.add_q_proj.") {
            Self::Sd3
        } else if has("conditioner.embedders.")
            || has("label_emb.0.0.")
            || has("add_embedding.linear_1.")
        {
            Self::Sdxl
        } else if has("input_blocks.0.0.")
            || has("cond_stage_model.")
            || has("down_blocks.0.attentions.0.transformer_blocks.")
        {
            Self::Sd1
        } else if has("time_projection.1.") && has("blocks.0.self_attn.") {
            Self::Wan
        } else if has("self_attn.q_norm.") && has("embed_tokens.") {
            Self::Qwen3
        } else if has("embed_tokens.") && has("self_attn.q_proj.") {
            Self::OtherLanguageModel
        } else if has("text_model.encoder.layers.") || has("encoder.block.0.layer.0.SelfAttention")
        {
            Self::OtherTextEncoder
        } else if has("decoder.conv_in.weight") && has("decoder.conv_out.weight") {
            // 4-channel autoencoders carry the 1x1 convolutions around the latents, 16-channel ones of Flux do not.
            if has("post_quant_conv.") {
                Self::OtherVae
            } else {
                Self::FluxVae
            }
        } else {
            Self::Unknown
        }
    }

    /// What to do about a file of this family, as the end of a sentence.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Pickle => {
                "such files can run code when they are opened and are never read; get the .safetensors version"
            }
            Self::Gguf => "get the safetensors version (bf16, f16 or f32)",
            Self::WebPage | Self::GitLfsPointer => {
                "the download did not fetch the file itself; download it again"
            }
            Self::Lora => "it cannot stand alone; open a Z-Image model and apply it there",
            Self::ZImageControlNet => "it cannot stand alone; open the Z-Image model it belongs to",
            Self::Scaled => "get the bf16 version",
            Self::Qwen3 => {
                "it is the text encoder; give the transformer's file, with this one beside it"
            }
            Self::FluxVae => {
                "it is only the autoencoder; give the transformer's file, with this one beside it"
            }
            _ => "give a Z-Image model",
        }
    }
}

/// Name fragments of the low-rank formats in use.
const LORA_PARTS: [&str; 9] = [
    "lora_A",
    "lora_B",
    "lora_up",
    "lora_down",
    "lora.up",
    "lora.down",
    "lora_linear_layer",
    "lokr_w",
    "hada_w",
];

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ZImage => "a Z-Image transformer",
            Self::Qwen3 => "a Qwen3 language model",
            Self::FluxVae => "a Flux autoencoder",
            Self::OtherVae => "an autoencoder of another model",
            Self::ZImageControlNet => "a ControlNet for Z-Image",
            Self::ZImageOmni => "a Z-Image Omni model",
            Self::Scaled => "a model quantised with scales (fp8, int8 or 4-bit)",
            Self::Lora => "a LoRA",
            Self::Flux => "a FLUX model",
            Self::Sdxl => "a Stable Diffusion XL model",
            Self::Sd1 => "a Stable Diffusion 1 or 2 model",
            Self::Sd3 => "a Stable Diffusion 3 model",
            Self::QwenImage => "a Qwen-Image model",
            Self::Lumina2 => "a Lumina-Image 2 model",
            Self::Wan => "a Wan video model",
            Self::OtherTextEncoder => "a CLIP or T5 text encoder",
            Self::OtherLanguageModel => "a language model other than Qwen3",
            Self::Gguf => "a GGUF file",
            Self::Pickle => "a pickle (PyTorch) file",
            Self::WebPage => "a web page",
            Self::GitLfsPointer => "a Git LFS pointer",
            Self::Picture => "a picture",
            Self::OtherContainer => "not a safetensors file",
            Self::Unknown => "no model that is known here",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&str]) -> Family {
        Family::by_names(names.iter().copied())
    }

    #[test]
    fn models_are_told_apart_by_their_tensors() {
        let cases: [(&[&str], Family); 14] = [
            (
                &["cap_pad_token", "layers.0.adaLN_modulation.0.weight"],
                Family::ZImage,
            ),
            (
                &[
                    "model.diffusion_model.cap_pad_token",
                    "model.diffusion_model.layers.0.adaLN_modulation.0.weight",
                ],
                Family::ZImage,
            ),
            (
                &["lora_unet_layers_0_attention_qkv.lora_down.weight"],
                Family::Lora,
            ),
            (
                &["diffusion_model.layers.0.attention.to_q.lora_A.weight"],
                Family::Lora,
            ),
            (
                &["control_layers.0.attention.to_q.weight", "cap_pad_token"],
                Family::ZImageControlNet,
            ),
            (
                &[
                    "cap_embedder.1.weight",
                    "context_refiner.0.attention.qkv.weight",
                ],
                Family::Lumina2,
            ),
            (&["double_blocks.0.img_attn.qkv.weight"], Family::Flux),
            (
                &[
                    "transformer_blocks.0.attn.to_q.weight",
                    "single_transformer_blocks.0.attn.to_q.weight",
                ],
                Family::Flux,
            ),
            (
                &[
                    "model.diffusion_model.input_blocks.0.0.weight",
                    "conditioner.embedders.0.transformer.x",
                ],
                Family::Sdxl,
            ),
            (
                &[
                    "model.diffusion_model.input_blocks.0.0.weight",
                    "cond_stage_model.transformer.x",
                ],
                Family::Sd1,
            ),
            (
                &[
                    "model.embed_tokens.weight",
                    "model.layers.0.self_attn.q_norm.weight",
                ],
                Family::Qwen3,
            ),
            (
                &[
                    "model.embed_tokens.weight",
                    "model.layers.0.self_attn.q_proj.weight",
                ],
                Family::OtherLanguageModel,
            ),
            (
                &["decoder.conv_in.weight", "decoder.conv_out.weight"],
                Family::FluxVae,
            ),
            (
                &[
                    "decoder.conv_in.weight",
                    "decoder.conv_out.weight",
                    "post_quant_conv.weight",
                ],
                Family::OtherVae,
            ),
        ];
        for (names, family) in cases {
            assert_eq!(named(names), family, "{names:?}");
        }
        assert_eq!(named(&["something.else"]), Family::Unknown);
        assert_eq!(named(&[]), Family::Unknown);
    }

    #[test]
    fn a_renamed_pickle_or_gguf_is_seen_through() {
        let as_safetensors = Path::new("model.safetensors");
        assert_eq!(
            Family::by_content(as_safetensors, b"PK\x03\x04\x00\x00\x08\x08\x00"),
            Some(Family::Pickle)
        );
        assert_eq!(
            Family::by_content(as_safetensors, b"\x80\x02\x8a\x0a"),
            Some(Family::Pickle)
        );
        assert_eq!(
            Family::by_content(as_safetensors, b"GGUF\x03\x00\x00\x00\x00"),
            Some(Family::Gguf)
        );
        assert_eq!(
            Family::by_content(as_safetensors, b"version https://git-lfs"),
            Some(Family::GitLfsPointer)
        );
        assert_eq!(
            Family::by_content(Path::new("model.CKPT"), b"\0\0\0\0"),
            Some(Family::Pickle)
        );
    }

    #[test]
    fn a_header_length_that_looks_like_a_pickle_is_still_a_header() {
        assert_eq!(
            Family::by_content(Path::new("m.safetensors"), b"\x80\x02\0\0\0\0\0\0{\"a\""),
            None
        );
    }
}
