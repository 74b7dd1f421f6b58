//! A window of any state, drawn by the graphics card's stand-in.

use std::path::PathBuf;

use danqing::app::command::Commands;
use danqing::app::i18n::{Language, Words};
use danqing::app::state::State;
use danqing::app::textures::Textures;
use danqing::app::{fonts, theme, views};
use eframe::egui::{self, Theme, ThemePreference, Vec2};
use egui_kittest::Harness;
use image::RgbImage;

/// A window of `state`.
pub fn window<'a>(state: State, size: Vec2, scale: f32, theme: Theme) -> Harness<'a, Shown> {
    let language = state.settings.language.unwrap_or(Language::English);
    let mut harness = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(scale)
        .with_theme(theme)
        .with_max_steps(16)
        .with_context_setup(move |ctx| {
            fonts::install(ctx, language);
            let preference = if theme == Theme::Dark {
                ThemePreference::Dark
            } else {
                ThemePreference::Light
            };
            theme::install(ctx, preference, true);
        })
        .wgpu()
        .build_ui_state(
            |ui, shown: &mut Shown| {
                shown.upload(ui.ctx());
                let root = ui.ctx().content_rect();
                ui.scope_builder(egui::UiBuilder::new().max_rect(root), |ui| {
                    let Shown {
                        state,
                        words,
                        textures,
                        commands,
                        ..
                    } = shown;
                    views::show(
                        ui,
                        &mut views::View {
                            state,
                            words,
                            textures,
                            out: commands,
                        },
                    );
                });
            },
            Shown {
                words: Words::new(language),
                state,
                textures: Textures::default(),
                commands: Commands::default(),
                fresh: true,
            },
        );
    harness.run_steps(4);
    harness
}

/// What a window of the tests is made of.
pub struct Shown {
    state: State,
    words: Words,
    textures: Textures,
    /// What the views asked for.
    pub commands: Commands,
    fresh: bool,
}

impl Shown {
    /// Paints the thumbnails and pictures that the state speaks of.
    fn upload(&mut self, ctx: &egui::Context) {
        if !std::mem::take(&mut self.fresh) {
            return;
        }
        let paths: Vec<PathBuf> = self
            .state
            .gallery
            .shown()
            .iter()
            .map(|entry| entry.path.clone())
            .collect();
        for (number, path) in paths.into_iter().enumerate() {
            let picture = landscape(128, 96 + 16 * (number as u32 % 5), number as u32);
            self.textures.put_thumbnail(ctx, path.clone(), &picture);
            if number < 2 {
                self.textures
                    .put_picture(ctx, path, &landscape(512, 512, number as u32));
            }
        }
        let image =
            image::load_from_memory(include_bytes!("../../../assets/icons/danqing-128.png"))
                .unwrap()
                .into_rgba8();
        let size = [image.width() as usize, image.height() as usize];
        let mark = egui::ColorImage::from_rgba_unmultiplied(size, image.as_raw());
        self.textures.mark = Some(ctx.load_texture("mark", mark, egui::TextureOptions::LINEAR));
        if self.state.canvas.watching.is_some() {
            self.textures.put_preview(ctx, &landscape(64, 64, 3));
        }
    }
}

/// A sky, a sun and hills.
fn landscape(width: u32, height: u32, variant: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32, y as f32 / height as f32);
        let shift = variant as f32;
        let hill = 0.62 + 0.12 * (u * 7.0 + shift).sin() + 0.05 * (u * 17.0 + shift * 2.0).cos();
        let sun = (u - 0.3 - 0.07 * (variant % 5) as f32).hypot(v - 0.32) < 0.12;
        let warm = 40.0 * ((variant * 37 % 7) as f32 / 7.0);
        if v > hill {
            let depth = (v - hill) * 120.0;
            image::Rgb([
                (60.0 + warm - depth * 0.3) as u8,
                (96.0 - depth * 0.4) as u8,
                (80.0 - depth * 0.2) as u8,
            ])
        } else if sun {
            image::Rgb([240, 196, 120])
        } else {
            image::Rgb([
                (150.0 + warm + 60.0 * v) as u8,
                (176.0 + 30.0 * v) as u8,
                (205.0 - warm) as u8,
            ])
        }
    })
}
