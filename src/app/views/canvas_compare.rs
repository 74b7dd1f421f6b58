//! Two pictures: beside each other with one zoom, or one over the other with a divider.

use eframe::egui::{
    self, Align2, Color32, CursorIcon, EventFilter, Rect, Sense, Stroke, Ui, pos2, vec2,
};

use super::View;
use super::picture::{Shown, note_scale, of_entry, paint, placed, tag, zoom_and_pan};
use super::widgets;
use crate::app::command::Command;
use crate::app::state::CompareMode;

/// The picture to compare with, if two are to be seen.
pub(super) fn other<'a>(view: &View<'a>) -> Option<(CompareMode, Shown<'a>)> {
    let mode = view.state.canvas.compare?;
    let path = view.state.canvas.other.as_ref()?;
    let texture = view
        .textures
        .picture(path)
        .or_else(|| view.textures.thumbnail(path))?;
    Some((mode, of_entry(view, path, texture)))
}

fn seed_of(view: &View<'_>, path: Option<&std::path::PathBuf>) -> String {
    let entry = path.and_then(|path| view.state.gallery.entry(path));
    let seed = entry.and_then(|entry| entry.facts()?.seed);
    seed.map(|seed| view.say_with("canvas-seed", &[("seed", seed.to_string().into())]))
        .unwrap_or_default()
}

/// Draws both.
pub(super) fn show(
    ui: &mut Ui,
    view: &mut View<'_>,
    area: Rect,
    mode: CompareMode,
    one: &Shown<'_>,
    two: &Shown<'_>,
) {
    match mode {
        CompareMode::Sides => sides(ui, view, area, one, two),
        CompareMode::Slider => slider(ui, view, area, one, two),
    }
}

fn sides(ui: &mut Ui, view: &mut View<'_>, area: Rect, one: &Shown<'_>, two: &Shown<'_>) {
    let (left, right) = area.split_left_right_at_fraction(0.5);
    note_scale(ui, view, left, one.size);
    let tags = [
        seed_of(view, view.state.gallery.chosen.as_ref()),
        seed_of(view, view.state.canvas.other.as_ref()),
    ];
    for (half, shown, text) in [(left, one, &tags[0]), (right, two, &tags[1])] {
        let half = half.shrink2(vec2(1.0, 0.0));
        let response = ui.allocate_rect(half, Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &shown.name));
        zoom_and_pan(ui, view, half, shown.size, &response);
        let rect = placed(ui, view, half, shown.size);
        paint(ui, half, rect, shown.texture);
        widgets::focus_ring(ui, &response, half, 0);
        if !text.is_empty() {
            tag(
                ui,
                half.left_top() + vec2(12.0, 12.0),
                Align2::LEFT_TOP,
                text,
            );
        }
    }
}

fn slider(ui: &mut Ui, view: &mut View<'_>, area: Rect, one: &Shown<'_>, two: &Shown<'_>) {
    let response = ui.allocate_rect(area, Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, &one.name));
    note_scale(ui, view, area, one.size);
    let rect = placed(ui, view, area, one.size);
    let seen = rect.intersect(area);
    let divider = view.state.canvas.divider;
    let x = egui::lerp(seen.left()..=seen.right(), divider);
    let handle = Rect::from_center_size(pos2(x, area.center().y), vec2(24.0, area.height()));
    let name = view.say("canvas-divider");
    let grip = ui
        .interact(
            handle,
            ui.scope_id().with("divider"),
            Sense::click_and_drag(),
        )
        .on_hover_cursor(CursorIcon::ResizeHorizontal);
    grip.widget_info(|| egui::WidgetInfo::slider(true, f64::from(divider) * 100.0, &name));
    if grip.has_focus() {
        // Else the arrows would take the keyboard to the next control.
        let arrows = EventFilter {
            horizontal_arrows: true,
            ..EventFilter::default()
        };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(grip.id, arrows));
        let step = ui.input(|i| {
            i32::from(i.key_pressed(egui::Key::ArrowRight))
                - i32::from(i.key_pressed(egui::Key::ArrowLeft))
        });
        if step != 0 {
            view.send(Command::Divider(
                (divider + step as f32 * 0.02).clamp(0.0, 1.0),
            ));
        }
    }
    if let Some(pointer) = grip.interact_pointer_pos().filter(|_| grip.dragged()) {
        let share = (pointer.x - seen.left()) / seen.width().max(1.0);
        view.send(Command::Divider(share.clamp(0.0, 1.0)));
    } else if !grip.dragged() {
        zoom_and_pan(ui, view, area, one.size, &response);
    }
    let left = Rect::from_min_max(area.min, pos2(x, area.max.y));
    let right = Rect::from_min_max(pos2(x, area.min.y), area.max);
    paint(ui, left, rect, one.texture);
    paint(ui, right, rect, two.texture);
    paint_divider(ui, area, seen, x);
    widgets::focus_ring(ui, &response, area, 0);
    if grip.has_focus() {
        ui.painter().with_clip_rect(area).circle_stroke(
            pos2(x, seen.center().y),
            13.0,
            widgets::focus_stroke(ui),
        );
    }
    let one_tag = seed_of(view, view.state.gallery.chosen.as_ref());
    let two_tag = seed_of(view, view.state.canvas.other.as_ref());
    if !one_tag.is_empty() {
        tag(
            ui,
            seen.left_top() + vec2(12.0, 12.0),
            Align2::LEFT_TOP,
            &one_tag,
        );
    }
    if !two_tag.is_empty() {
        tag(
            ui,
            seen.right_top() + vec2(-12.0, 12.0),
            Align2::RIGHT_TOP,
            &two_tag,
        );
    }
}

/// The line between the pictures, and its grip.
fn paint_divider(ui: &Ui, area: Rect, seen: Rect, x: f32) {
    let painter = ui.painter().with_clip_rect(area);
    painter.line_segment(
        [pos2(x, seen.top()), pos2(x, seen.bottom())],
        Stroke::new(2.0, Color32::WHITE),
    );
    painter.circle_filled(pos2(x, seen.center().y), 10.0, Color32::WHITE);
    for (points, sign) in [(-3.0_f32, -1.0_f32), (3.0, 1.0)] {
        let tip = pos2(x + points + sign * 3.0, seen.center().y);
        let back = pos2(x + points, seen.center().y);
        let stroke = Stroke::new(1.5, Color32::from_gray(60));
        painter.line_segment([back - vec2(0.0, 3.5), tip], stroke);
        painter.line_segment([back + vec2(0.0, 3.5), tip], stroke);
    }
}
