//! The presets that come with the program: the files of `presets/`, in the order in which they are offered.

use super::{Preset, PresetError};

const FILES: [(&str, &str); 14] = [
    (
        "product-shot",
        include_str!("../../../presets/product-shot.json"),
    ),
    (
        "anime-character",
        include_str!("../../../presets/anime-character.json"),
    ),
    (
        "watercolour-social",
        include_str!("../../../presets/watercolour-social.json"),
    ),
    (
        "style-photo",
        include_str!("../../../presets/style-photo.json"),
    ),
    (
        "style-illustration",
        include_str!("../../../presets/style-illustration.json"),
    ),
    (
        "style-retro",
        include_str!("../../../presets/style-retro.json"),
    ),
    ("poster", include_str!("../../../presets/poster.json")),
    (
        "demo-paper-cut-fox",
        include_str!("../../../presets/demo-paper-cut-fox.json"),
    ),
    (
        "demo-ink-mountains",
        include_str!("../../../presets/demo-ink-mountains.json"),
    ),
    (
        "demo-watercolour-lake",
        include_str!("../../../presets/demo-watercolour-lake.json"),
    ),
    (
        "demo-night-street",
        include_str!("../../../presets/demo-night-street.json"),
    ),
    (
        "demo-cup-on-table",
        include_str!("../../../presets/demo-cup-on-table.json"),
    ),
    (
        "demo-balloon-desert",
        include_str!("../../../presets/demo-balloon-desert.json"),
    ),
    (
        "demo-meadow-cat",
        include_str!("../../../presets/demo-meadow-cat.json"),
    ),
];

/// The shipped presets, with the names of their files.
///
/// # Errors
/// None as long as the files of `presets/` are good, which a test holds.
pub fn shipped() -> impl Iterator<Item = Result<(&'static str, Preset), PresetError>> {
    FILES
        .iter()
        .map(|(name, json)| Preset::parse(json.as_bytes()).map(|(preset, _)| (*name, preset)))
}
