//! The presets that come with the program: the files of `presets/`, in the order in which they are offered. Those for the
//! demo model have a picture that it made from them in `presets/thumbnails/`.

use super::{Preset, PresetError, Thumbnail};

/// A preset's name, its file, and its picture if it has one.
type Shipped = (&'static str, &'static str, Option<&'static [u8]>);

macro_rules! file {
    ($name:literal) => {
        include_str!(concat!("../../../presets/", $name, ".json"))
    };
}

macro_rules! pictured {
    ($name:literal) => {
        (
            $name,
            file!($name),
            Some(include_bytes!(concat!("../../../presets/thumbnails/", $name, ".jpg")).as_slice()),
        )
    };
}

macro_rules! plain {
    ($name:literal) => {
        ($name, file!($name), None)
    };
}

const FILES: [Shipped; 14] = [
    plain!("product-shot"),
    plain!("anime-character"),
    plain!("watercolour-social"),
    plain!("style-photo"),
    plain!("style-illustration"),
    plain!("style-retro"),
    plain!("poster"),
    pictured!("demo-paper-cut-fox"),
    pictured!("demo-ink-mountains"),
    pictured!("demo-watercolour-lake"),
    pictured!("demo-night-street"),
    pictured!("demo-cup-on-table"),
    pictured!("demo-balloon-desert"),
    pictured!("demo-meadow-cat"),
];

/// The shipped presets, with the names of their files.
///
/// # Errors
/// None as long as the files of `presets/` are good, which a test holds.
pub fn shipped() -> impl Iterator<Item = Result<(&'static str, Preset), PresetError>> {
    FILES.iter().map(|(name, json, picture)| {
        let (mut preset, _) = Preset::parse(json.as_bytes())?;
        preset.thumbnail = picture.and_then(|bytes| Thumbnail::new(bytes.to_vec()));
        Ok((*name, preset))
    })
}
