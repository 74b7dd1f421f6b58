//! The pictures that are on the graphics card: few whole ones, and as many small ones as are looked at.

use std::cell::Cell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

use eframe::egui::{ColorImage, Context, TextureHandle, TextureOptions};
use image::RgbImage;

/// Small pictures kept besides those in sight: 256 KiB each.
const SMALL: usize = 320;
/// Whole pictures kept: the chosen one, its neighbour, and the one it is compared with.
const WHOLE: usize = 3;

/// Thumbnails of presets: 64 KiB each.
const PRESETS: usize = 500;

struct Kept {
    texture: TextureHandle,
    seen: Cell<u64>,
}

/// What the views may draw pictures with.
#[derive(Default)]
pub struct Textures {
    small: HashMap<PathBuf, Kept>,
    whole: HashMap<PathBuf, Kept>,
    presets: HashMap<String, TextureHandle>,
    /// The newest preview.
    pub preview: Option<TextureHandle>,
    /// The program's mark.
    pub mark: Option<TextureHandle>,
    tick: Cell<u64>,
}

impl Textures {
    /// The small picture of `path`, if it is there.
    #[must_use]
    pub fn thumbnail(&self, path: &Path) -> Option<&TextureHandle> {
        self.seen(&self.small, path)
    }

    /// The whole picture of `path`, if it is there.
    #[must_use]
    pub fn picture(&self, path: &Path) -> Option<&TextureHandle> {
        self.seen(&self.whole, path)
    }

    /// The thumbnail of the preset called `key`, if it has one.
    #[must_use]
    pub fn preset(&self, key: &str) -> Option<&TextureHandle> {
        self.presets.get(key)
    }

    /// Keeps the thumbnails of these presets and no others.
    pub fn put_presets<'a>(
        &mut self,
        ctx: &Context,
        pictures: impl Iterator<Item = (&'a str, &'a RgbImage)>,
    ) {
        let options =
            TextureOptions::LINEAR.with_mipmap_mode(Some(eframe::egui::TextureFilter::Linear));
        self.presets = pictures
            .take(PRESETS)
            .map(|(key, pixels)| (key.to_owned(), upload(ctx, key, pixels, options)))
            .collect();
    }

    fn seen<'a>(&self, kept: &'a HashMap<PathBuf, Kept>, path: &Path) -> Option<&'a TextureHandle> {
        let kept = kept.get(path)?;
        self.tick.set(self.tick.get() + 1);
        kept.seen.set(self.tick.get());
        Some(&kept.texture)
    }

    /// Keeps a small picture.
    pub fn put_thumbnail(&mut self, ctx: &Context, path: PathBuf, pixels: &RgbImage) {
        let texture = upload(ctx, &path.to_string_lossy(), pixels, TextureOptions::LINEAR);
        keep(&mut self.small, path, texture, self.tick.get(), SMALL);
    }

    /// Keeps a whole picture. It is drawn with mipmaps, so that a large one does not flicker when it is small.
    pub fn put_picture(&mut self, ctx: &Context, path: PathBuf, pixels: &RgbImage) {
        let options =
            TextureOptions::LINEAR.with_mipmap_mode(Some(eframe::egui::TextureFilter::Linear));
        let texture = upload(ctx, &path.to_string_lossy(), pixels, options);
        keep(&mut self.whole, path, texture, self.tick.get(), WHOLE);
    }

    /// Shows a newer preview.
    pub fn put_preview(&mut self, ctx: &Context, pixels: &RgbImage) {
        let image = color_image(pixels);
        match &mut self.preview {
            Some(texture) => texture.set(image, TextureOptions::LINEAR),
            None => self.preview = Some(ctx.load_texture("preview", image, TextureOptions::LINEAR)),
        }
    }

    /// Forgets all pictures of a gallery.
    pub fn clear(&mut self) {
        self.small.clear();
        self.whole.clear();
    }

    /// Forgets a picture whose file has changed.
    pub fn forget(&mut self, path: &Path) {
        self.small.remove(path);
        self.whole.remove(path);
    }
}

fn keep(
    kept: &mut HashMap<PathBuf, Kept>,
    path: PathBuf,
    texture: TextureHandle,
    tick: u64,
    most: usize,
) {
    kept.insert(
        path,
        Kept {
            texture,
            seen: Cell::new(tick),
        },
    );
    while kept.len() > most {
        let oldest = kept
            .iter()
            .min_by_key(|(_, kept)| kept.seen.get())
            .map(|(path, _)| path.clone());
        let Some(oldest) = oldest else { return };
        kept.remove(&oldest);
    }
}

fn upload(ctx: &Context, name: &str, pixels: &RgbImage, options: TextureOptions) -> TextureHandle {
    ctx.load_texture(name, color_image(pixels), options)
}

fn color_image(pixels: &RgbImage) -> ColorImage {
    ColorImage::from_rgb(
        [pixels.width() as usize, pixels.height() as usize],
        pixels.as_raw(),
    )
}
