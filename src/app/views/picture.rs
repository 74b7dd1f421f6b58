//! A picture in the picture area: where it is, how it is moved and made larger, how it is painted.

use std::path::Path;

use eframe::egui::{
    self, Align2, Color32, CornerRadius, Id, Pos2, Rect, TextureHandle, Ui, Vec2, pos2, vec2,
};

use super::View;
use crate::app::command::Command;
use crate::app::state::{Zoom, prompt_of, size_of};
use crate::app::theme::GRID;

/// The least and the most screen pixels for one of the picture.
const ZOOMS: std::ops::RangeInclusive<f32> = 0.05..=32.0;

/// Where egui keeps which of its widgets is the picture, while the keyboard is on it.
pub const PICTURE_FOCUS: &str = "keyboard on the picture";

/// What is drawn.
pub struct Shown<'a> {
    /// Its pixels.
    pub texture: &'a TextureHandle,
    /// Its size in pixels, which a preview only stands for.
    pub size: Vec2,
    /// What a screen reader says.
    pub name: String,
}

/// A picture of the gallery.
pub fn of_entry<'a>(view: &View<'_>, path: &Path, texture: &'a TextureHandle) -> Shown<'a> {
    let entry = view.state.gallery.entry(path);
    let size = entry.and_then(|entry| size_of(entry));
    let size = size.map_or(texture.size_vec2(), |(width, height)| {
        vec2(width as f32, height as f32)
    });
    let prompt = entry
        .map(|entry| prompt_of(entry).to_owned())
        .unwrap_or_default();
    Shown {
        texture,
        size,
        name: view.say_with("canvas-picture", &[("prompt", prompt.into())]),
    }
}

/// Where the picture is, in points.
pub fn placed(ui: &Ui, view: &View<'_>, area: Rect, size: Vec2) -> Rect {
    let scale = scale(ui, view.state.canvas.zoom, area, size);
    let (x, y) = if view.state.canvas.zoom == Zoom::Fit {
        (0.0, 0.0)
    } else {
        view.state.canvas.pan
    };
    Rect::from_center_size(area.center() + vec2(x, y), size * scale)
}

/// Points for one pixel of the picture.
pub fn scale(ui: &Ui, zoom: Zoom, area: Rect, size: Vec2) -> f32 {
    match zoom {
        Zoom::Scale(scale) => scale / ui.ctx().pixels_per_point(),
        Zoom::Fit => {
            let margin = if area.width() > 480.0 {
                3.0 * GRID
            } else {
                GRID
            };
            let room = (area.size() - Vec2::splat(2.0 * margin)).max(Vec2::splat(16.0));
            (room.x / size.x.max(1.0)).min(room.y / size.y.max(1.0))
        }
    }
}

/// Tells how large the picture is drawn, from where the next step of the zoom starts.
pub fn note_scale(ui: &Ui, view: &mut View<'_>, area: Rect, size: Vec2) {
    let drawn = scale(ui, view.state.canvas.zoom, area, size) * ui.ctx().pixels_per_point();
    let known = view.state.canvas.drawn.unwrap_or(0.0);
    if (drawn - known).abs() > 1e-3 * drawn {
        view.send(Command::Drawn(drawn));
    }
}

/// Lets the wheel zoom about the pointer and a drag pan.
pub fn zoom_and_pan(
    ui: &Ui,
    view: &mut View<'_>,
    area: Rect,
    size: Vec2,
    response: &egui::Response,
) {
    if response.has_focus() {
        ui.data_mut(|data| data.insert_temp(Id::unique(PICTURE_FOCUS), response.id));
    }
    let canvas = &view.state.canvas;
    let ppp = ui.ctx().pixels_per_point();
    let old = scale(ui, canvas.zoom, area, size) * ppp;
    let old_pan = if canvas.zoom == Zoom::Fit {
        Vec2::ZERO
    } else {
        vec2(canvas.pan.0, canvas.pan.1)
    };
    if response.double_clicked() {
        let zoom = if canvas.zoom == Zoom::Fit {
            Zoom::Scale(1.0)
        } else {
            Zoom::Fit
        };
        view.send(Command::Canvas {
            zoom,
            pan: (0.0, 0.0),
        });
        return;
    }
    let mut new = old;
    let mut pan = old_pan;
    if let Some(pointer) = response.hover_pos() {
        let (pinch, wheel) = ui.input(|i| (i.zoom_delta(), i.smooth_scroll_delta().y));
        let factor = pinch * (wheel / 240.0).exp();
        if (factor - 1.0).abs() > 1e-4 {
            new = (old * factor).clamp(*ZOOMS.start(), *ZOOMS.end());
            let from_middle = pointer - area.center();
            pan = from_middle - (from_middle - pan) * (new / old);
        }
    }
    if response.dragged() {
        pan += response.drag_delta();
    }
    if (new - old).abs() > 1e-6 || pan != old_pan {
        let reach = size * (new / ppp) * 0.5 + area.size() * 0.4;
        pan = pan.clamp(-reach, reach);
        view.send(Command::Canvas {
            zoom: Zoom::Scale(new),
            pan: (pan.x, pan.y),
        });
    }
}

/// Paints a picture, cut to the area.
pub fn paint(ui: &Ui, clip: Rect, rect: Rect, texture: &TextureHandle) {
    let uv = Rect::from_min_max(Pos2::ZERO, pos2(1.0, 1.0));
    ui.painter()
        .with_clip_rect(clip)
        .image(texture.id(), rect, uv, Color32::WHITE);
}

/// A small label on the picture.
pub fn tag(ui: &Ui, at: Pos2, align: Align2, text: &str) {
    let font = egui::TextStyle::Small.resolve(ui.style());
    let galley = ui
        .painter()
        .layout_no_wrap(text.to_owned(), font, Color32::WHITE);
    let rect = align.anchor_size(at, galley.size() + vec2(12.0, 6.0));
    ui.painter()
        .rect_filled(rect, CornerRadius::same(6), Color32::from_black_alpha(150));
    ui.painter()
        .galley(rect.min + vec2(6.0, 3.0), galley, Color32::WHITE);
}
