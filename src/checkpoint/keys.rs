//! From the names in a file to the names of the model, one table a layout.
//!
//! The model's names are those of the diffusers and transformers checkpoints. Files in that layout pass through
//! unchanged; the single files that other tools exchange are renamed as follows.
//!
//! | transformer, single file | diffusers |
//! |---|---|
//! | `model.diffusion_model.*` or `diffusion_model.*` | `*` |
//! | `x_embedder.*`, `final_layer.*` (at the start) | `all_x_embedder.2-1.*`, `all_final_layer.2-1.*` |
//! | `*.attention.qkv.weight`, rows q, k, v | `*.attention.to_q.weight`, `to_k`, `to_v` |
//! | `*.attention.out.weight` | `*.attention.to_out.0.weight` |
//! | `*.attention.q_norm.weight`, `k_norm` | `*.attention.norm_q.weight`, `norm_k` |
//! | `norm_final.weight` | not used |
//!
//! | autoencoder, single file (BFL names) | diffusers |
//! |---|---|
//! | `encoder.down.I.block.J.*` | `encoder.down_blocks.I.resnets.J.*` |
//! | `encoder.down.I.downsample.conv.*` | `encoder.down_blocks.I.downsamplers.0.conv.*` |
//! | `decoder.up.I.block.J.*`, of N levels | `decoder.up_blocks.(N-1-I).resnets.J.*` |
//! | `decoder.up.I.upsample.conv.*` | `decoder.up_blocks.(N-1-I).upsamplers.0.conv.*` |
//! | `mid.block_1.*`, `mid.block_2.*` | `mid_block.resnets.0.*`, `mid_block.resnets.1.*` |
//! | `mid.attn_1.{norm,q,k,v,proj_out}.*`, weights `[C, C, 1, 1]` | `mid_block.attentions.0.{group_norm,to_q,to_k,to_v,to_out.0}.*`, `[C, C]` |
//! | `nin_shortcut`, `norm_out` | `conv_shortcut`, `conv_norm_out` |
//!
//! | text encoder | transformers |
//! |---|---|
//! | `embed_tokens.*`, `layers.*`, `norm.*` | `model.*` |

use std::fmt;

use serde::Serialize;

/// One of the three networks of a checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The diffusion transformer.
    Transformer,
    /// The Qwen3 text encoder.
    TextEncoder,
    /// The autoencoder.
    Vae,
}

impl Part {
    /// All three, in the order in which a prompt meets them.
    pub const ALL: [Self; 3] = [Self::TextEncoder, Self::Transformer, Self::Vae];

    /// Its folder in a Hugging Face checkpoint.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Transformer => "transformer",
            Self::TextEncoder => "text_encoder",
            Self::Vae => "vae",
        }
    }

    /// How its weights file is named there, without number and ending.
    pub fn stem(self) -> &'static str {
        match self {
            Self::Transformer | Self::Vae => "diffusion_pytorch_model",
            Self::TextEncoder => "model",
        }
    }

    /// What all-in-one files and some tools put before this part's names.
    fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Transformer => &["model.diffusion_model.", "diffusion_model."],
            Self::TextEncoder => &["text_encoders.qwen3_4b.transformer."],
            Self::Vae => &["first_stage_model.", "vae."],
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Transformer => "transformer",
            Self::TextEncoder => "text encoder",
            Self::Vae => "autoencoder (VAE)",
        })
    }
}

/// What a tensor of a file is to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    /// One tensor, under this name.
    Whole(String),
    /// A linear layer stored as a 1×1 convolution: the trailing two dimensions are dropped.
    Pointwise(String),
    /// Equal row blocks of one tensor, in this order.
    Rows([String; 3]),
    /// Known and not needed.
    Unused,
}

/// Translates one name of a file. `up_levels` is the number of `decoder.up.I` levels in that file (VAE only).
pub fn translate(part: Part, stored: &str, up_levels: usize) -> Key {
    let name = part
        .prefixes()
        .iter()
        .find_map(|prefix| stored.strip_prefix(prefix))
        .unwrap_or(stored);
    match part {
        Part::Transformer => transformer(name),
        Part::TextEncoder => text_encoder(name),
        Part::Vae => vae(name, up_levels),
    }
}

fn transformer(name: &str) -> Key {
    if name == "norm_final.weight" {
        return Key::Unused;
    }
    if let Some(block) = name.strip_suffix(".attention.qkv.weight") {
        return Key::Rows(
            ["to_q", "to_k", "to_v"].map(|side| format!("{block}.attention.{side}.weight")),
        );
    }
    let starts = [
        ("x_embedder.", "all_x_embedder.2-1."),
        ("final_layer.", "all_final_layer.2-1."),
    ];
    for (from, to) in starts {
        if let Some(rest) = name.strip_prefix(from) {
            return Key::Whole(format!("{to}{rest}"));
        }
    }
    let ends = [
        (".attention.out.weight", ".attention.to_out.0.weight"),
        (".attention.q_norm.weight", ".attention.norm_q.weight"),
        (".attention.k_norm.weight", ".attention.norm_k.weight"),
    ];
    for (from, to) in ends {
        if let Some(block) = name.strip_suffix(from) {
            return Key::Whole(format!("{block}{to}"));
        }
    }
    Key::Whole(name.to_owned())
}

fn text_encoder(name: &str) -> Key {
    if name.starts_with("lm_head.") {
        Key::Unused
    } else if name.starts_with("model.") {
        Key::Whole(name.to_owned())
    } else {
        Key::Whole(format!("model.{name}"))
    }
}

fn vae(name: &str, up_levels: usize) -> Key {
    let segments: Vec<&str> = name.split('.').collect();
    let [side, rest @ ..] = segments.as_slice() else {
        return Key::Whole(name.to_owned());
    };
    let translated = match rest {
        ["down", level, "block", block, rest @ ..] => {
            format!("down_blocks.{level}.resnets.{block}.{}", resnet(rest))
        }
        ["down", level, "downsample", rest @ ..] => {
            format!("down_blocks.{level}.downsamplers.0.{}", rest.join("."))
        }
        ["up", level, "block", block, rest @ ..] => {
            format!(
                "up_blocks.{}.resnets.{block}.{}",
                mirrored(level, up_levels),
                resnet(rest)
            )
        }
        ["up", level, "upsample", rest @ ..] => {
            format!(
                "up_blocks.{}.upsamplers.0.{}",
                mirrored(level, up_levels),
                rest.join(".")
            )
        }
        ["mid", "block_1", rest @ ..] => format!("mid_block.resnets.0.{}", resnet(rest)),
        ["mid", "block_2", rest @ ..] => format!("mid_block.resnets.1.{}", resnet(rest)),
        ["mid", "attn_1", layer, leaf] => {
            let attention = format!("{side}.mid_block.attentions.0");
            return match *layer {
                "norm" => Key::Whole(format!("{attention}.group_norm.{leaf}")),
                "q" | "k" | "v" => Key::Pointwise(format!("{attention}.to_{layer}.{leaf}")),
                "proj_out" => Key::Pointwise(format!("{attention}.to_out.0.{leaf}")),
                _ => Key::Whole(name.to_owned()),
            };
        }
        ["norm_out", leaf] => format!("conv_norm_out.{leaf}"),
        _ => return Key::Whole(name.to_owned()),
    };
    Key::Whole(format!("{side}.{translated}"))
}

fn resnet(rest: &[&str]) -> String {
    rest.join(".").replace("nin_shortcut.", "conv_shortcut.")
}

/// BFL counts the decoder's levels from the image, diffusers from the latents.
fn mirrored(level: &str, levels: usize) -> String {
    match level
        .parse::<usize>()
        .ok()
        .and_then(|level| levels.checked_sub(level + 1))
    {
        Some(level) => level.to_string(),
        None => level.to_owned(),
    }
}

/// The number of `decoder.up.I` levels among a file's names.
pub fn up_levels<'a>(names: impl Iterator<Item = &'a str>) -> usize {
    names
        .filter_map(|name| {
            name.split_once("decoder.up.")?
                .1
                .split('.')
                .next()?
                .parse::<usize>()
                .ok()
        })
        .filter(|&level| level < 64)
        .max()
        .map_or(0, |level| level + 1)
}

/// Whether an all-in-one file holds this part under `stored`; files of one part answer by [`Family`](super::Family).
pub fn belongs_to(part: Part, stored: &str) -> bool {
    part.prefixes()
        .iter()
        .any(|prefix| stored.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(part: Part, stored: &str) -> String {
        match translate(part, stored, 4) {
            Key::Whole(name) | Key::Pointwise(name) => name,
            other => panic!("{stored} became {other:?}"),
        }
    }

    #[test]
    fn transformer_names_of_both_layouts_meet() {
        let cases = [
            (
                "model.diffusion_model.x_embedder.weight",
                "all_x_embedder.2-1.weight",
            ),
            ("x_embedder.bias", "all_x_embedder.2-1.bias"),
            ("all_x_embedder.2-1.weight", "all_x_embedder.2-1.weight"),
            (
                "final_layer.adaLN_modulation.1.weight",
                "all_final_layer.2-1.adaLN_modulation.1.weight",
            ),
            (
                "all_final_layer.2-1.linear.weight",
                "all_final_layer.2-1.linear.weight",
            ),
            (
                "layers.0.attention.out.weight",
                "layers.0.attention.to_out.0.weight",
            ),
            (
                "layers.0.attention.to_out.0.weight",
                "layers.0.attention.to_out.0.weight",
            ),
            (
                "context_refiner.1.attention.k_norm.weight",
                "context_refiner.1.attention.norm_k.weight",
            ),
            ("t_embedder.mlp.0.bias", "t_embedder.mlp.0.bias"),
        ];
        for (stored, name) in cases {
            assert_eq!(whole(Part::Transformer, stored), name);
        }
        assert_eq!(
            translate(Part::Transformer, "norm_final.weight", 0),
            Key::Unused
        );
        let Key::Rows(names) = translate(Part::Transformer, "layers.3.attention.qkv.weight", 0)
        else {
            panic!()
        };
        assert_eq!(names[2], "layers.3.attention.to_v.weight");
    }

    #[test]
    fn bfl_autoencoder_names_become_diffusers_names() {
        let cases = [
            (
                "encoder.down.1.block.0.nin_shortcut.weight",
                "encoder.down_blocks.1.resnets.0.conv_shortcut.weight",
            ),
            (
                "encoder.down.2.downsample.conv.bias",
                "encoder.down_blocks.2.downsamplers.0.conv.bias",
            ),
            (
                "encoder.mid.block_2.norm1.weight",
                "encoder.mid_block.resnets.1.norm1.weight",
            ),
            (
                "decoder.mid.attn_1.proj_out.weight",
                "decoder.mid_block.attentions.0.to_out.0.weight",
            ),
            (
                "decoder.mid.attn_1.norm.bias",
                "decoder.mid_block.attentions.0.group_norm.bias",
            ),
            (
                "decoder.up.0.block.2.conv1.weight",
                "decoder.up_blocks.3.resnets.2.conv1.weight",
            ),
            (
                "decoder.up.3.upsample.conv.weight",
                "decoder.up_blocks.0.upsamplers.0.conv.weight",
            ),
            ("decoder.norm_out.weight", "decoder.conv_norm_out.weight"),
            ("decoder.conv_in.weight", "decoder.conv_in.weight"),
            ("vae.decoder.conv_in.weight", "decoder.conv_in.weight"),
            (
                "decoder.up_blocks.0.resnets.0.conv1.weight",
                "decoder.up_blocks.0.resnets.0.conv1.weight",
            ),
        ];
        for (stored, name) in cases {
            assert_eq!(whole(Part::Vae, stored), name);
        }
        assert_eq!(
            up_levels(["decoder.up.0.x", "decoder.up.3.y", "decoder.up_blocks.9.z"].into_iter()),
            4
        );
    }

    #[test]
    fn odd_names_pass_through_for_the_report_to_name() {
        for odd in [
            "",
            ".",
            "decoder.up.999999999999999999999.block.0.x",
            "decoder.mid.attn_1.z.weight",
            "嗨.x",
        ] {
            assert_ne!(translate(Part::Vae, odd, 4), Key::Unused, "{odd:?}");
            assert_ne!(translate(Part::Transformer, odd, 4), Key::Unused, "{odd:?}");
        }
    }

    #[test]
    fn text_encoder_names_get_their_prefix() {
        assert_eq!(
            whole(Part::TextEncoder, "embed_tokens.weight"),
            "model.embed_tokens.weight"
        );
        assert_eq!(
            whole(Part::TextEncoder, "model.norm.weight"),
            "model.norm.weight"
        );
        assert_eq!(
            translate(Part::TextEncoder, "lm_head.weight", 0),
            Key::Unused
        );
    }
}
