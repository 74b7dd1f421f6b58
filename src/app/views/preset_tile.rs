//! The small square beside a preset: its own picture, else a field in a painter's colour.

use eframe::egui::{
    Color32, CornerRadius, Rect, Stroke, StrokeKind, TextureHandle, Ui, Vec2, pos2, vec2,
};

use super::icons::Icon;
use super::widgets;
use crate::app::state::PresetEntry;
use crate::app::theme::{self, CONTROL_RADIUS};

/// Paints what stands for `entry`. Without a picture, that is a sheet of the shape that it paints, or a brush where it
/// only sets a style: a drawing, not a promise of how it will look. `faint` is for what cannot be used now.
pub fn paint(
    ui: &Ui,
    rect: Rect,
    entry: &PresetEntry,
    texture: Option<&TextureHandle>,
    faint: bool,
) {
    let strength = if faint { 0.45 } else { 1.0 };
    if let Some(texture) = texture {
        return widgets::paint_tile(ui, rect, texture, Color32::WHITE.gamma_multiply(strength));
    }
    let ground = theme::pigment(&entry.key).gamma_multiply(strength);
    let ink = Color32::WHITE.gamma_multiply(strength);
    ui.painter()
        .rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), ground);
    let Some(size) = entry.preset.size else {
        let place = Rect::from_center_size(rect.center(), Vec2::splat(rect.height() * 0.5));
        return Icon::Brush.paint(ui.painter(), place, ink);
    };
    let sides = vec2(size.width() as f32, size.height() as f32);
    let scale = rect.height() * 0.56 / sides.max_elem().max(1.0);
    let sheet = Rect::from_center_size(rect.center(), (sides * scale).max(Vec2::splat(6.0)));
    landscape(ui, sheet, ink);
}

/// The outline of a sheet, on it a sun over a hill.
fn landscape(ui: &Ui, sheet: Rect, ink: Color32) {
    let line = Stroke::new(1.5, ink);
    let painter = ui.painter();
    painter.rect_stroke(sheet, CornerRadius::same(2), line, StrokeKind::Middle);
    let at = |x: f32, y: f32| {
        pos2(
            sheet.left() + x * sheet.width(),
            sheet.top() + y * sheet.height(),
        )
    };
    let hill = [
        at(0.0, 0.84),
        at(0.36, 0.52),
        at(0.6, 0.76),
        at(0.76, 0.62),
        at(1.0, 0.84),
    ];
    painter.line(hill.to_vec(), line);
    painter.circle_filled(at(0.7, 0.3), sheet.size().min_elem() * 0.09 + 0.6, ink);
}
