//! Sample sheets: what the model paints after so many steps.

use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use image::RgbImage;

use super::networks::Painter;
use super::pictures::NATIVE;
use super::sheet;
use crate::checkpoint::Tokenizer;
use crate::model::scheduler::FlowMatchEuler;
use crate::model::{AutoencoderKl, SchedulerConfig};
use crate::pipeline::noise::Noise;
use crate::request::Seed;
use crate::train::TrainError;

/// Steps of a sample, as shipped.
pub const STEPS: usize = 8;
/// Shift of the shipped schedule.
pub const SHIFT: f64 = 3.0;
/// Tokens to which captions are cut.
const MAX_TOKENS: usize = 64;

/// What the sheets show: half Chinese, half English, all styles, the use cases of the product.
pub const PROMPTS: [&str; 16] = [
    "现代简约陶瓷咖啡杯，木桌上",
    "水彩风景，雪山，清晨",
    "a neon street at night, raining",
    "paper cut of a red fox in the forest",
    "水墨画，湖上的一艘小船，黄昏",
    "pixel art of a blue house in a meadow at noon",
    "剪纸风格，一只橙色的狐狸，雪天的森林里",
    "retro film photo of a yellow hot air balloon over the desert at sunset",
    "flat illustration of a white sailboat on the sea, in daylight",
    "像素画，夜晚的城市天际线",
    "水彩，一朵粉色的花，草地上",
    "a purple cat on a wooden table by the window",
    "watercolor of two green trees on grassy hills at dawn",
    "扁平插画，群山间的红色小屋，黄昏",
    "ink wash painting of misty mountains",
    "复古胶片，窗边木桌上的蓝色花瓶",
];

/// The networks that a sample needs.
pub struct Studio<'a> {
    /// Words and transformer.
    pub painter: &'a Painter,
    /// Decoder.
    pub vae: &'a AutoencoderKl,
    /// Words to ids.
    pub tokenizer: &'a Tokenizer,
    /// Where they are.
    pub device: &'a Device,
}

/// Paints one picture for each prompt from seeds 0, 1, 2, …, all in one batch.
///
/// # Errors
/// When the device fails.
pub fn paint(
    studio: &Studio<'_>,
    prompts: &[&str],
    size: u32,
) -> Result<Vec<RgbImage>, TrainError> {
    let (count, side) = (prompts.len(), size as usize / 8);
    let painter = studio.painter;
    let channels = painter.transformer.config().in_channels;
    let encoded = prompts
        .iter()
        .map(|prompt| Ok(studio.tokenizer.encode(prompt, MAX_TOKENS)?.ids))
        .collect::<Result<Vec<_>, TrainError>>()?;
    let lengths: Vec<usize> = encoded.iter().map(Vec::len).collect();
    let rows = lengths.iter().copied().max().unwrap_or(1);
    let ids: Vec<i32> = encoded
        .into_iter()
        .flat_map(|ids| {
            let padding = rows - ids.len();
            ids.into_iter()
                .map(|id| id as i32)
                .chain(std::iter::repeat_n(0, padding))
        })
        .collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [count, rows]), studio.device);
    let features = painter.text_encoder.forward_batch(ids, &|| false)?;
    let context =
        painter
            .transformer
            .encode_context_batch(features, &lengths, [side, side], &|| false)?;

    let noise: Vec<f32> = (0..count as u64)
        .flat_map(|seed| Noise::new(Seed(seed)).draw(channels * side * side))
        .collect();
    let mut latents = Tensor::<4>::from_data(
        TensorData::new(noise, [count, channels, side, side]),
        studio.device,
    );
    let config = SchedulerConfig {
        shift: SHIFT,
        ..SchedulerConfig::default()
    };
    let schedule = FlowMatchEuler::new(&config, STEPS, side * side / 4, None);
    for pair in schedule.sigmas().windows(2) {
        let times = Tensor::<1>::full([count], 1.0 - pair[0], studio.device);
        let velocity = painter
            .transformer
            .forward(latents.clone(), times, &context, &|| false)?;
        latents = latents + velocity * (pair[0] - pair[1]);
    }
    let config = studio.vae.config();
    sheet::pictures(
        studio
            .vae
            .decode(latents / config.scaling_factor + config.shift_factor.unwrap_or(0.0)),
    )
}

/// Writes the sheet of [`PROMPTS`] after `step` steps.
///
/// # Errors
/// When the device or the disk fails.
pub fn write_sheet(studio: &Studio<'_>, folder: &Path, step: u64) -> Result<(), TrainError> {
    let pictures = paint(studio, &PROMPTS, NATIVE)?;
    sheet::write(
        &sheet::contact_sheet(&pictures, 8, 2),
        &folder.join(format!("samples-{step:05}.png")),
    )
}
