//! Rows of cards and lists: labelled controls, facts, choices with a picture.

use eframe::egui::{
    self, Align, Align2, Color32, CornerRadius, Layout, Rect, Response, RichText, Role, Sense,
    Stroke, StrokeKind, TextStyle, TextureHandle, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::{focus_stroke, text_cut};
use crate::app::theme::{CONTROL, CONTROL_RADIUS, GRID, Tokens};

/// The width of a slider's typed value.
pub const VALUE_WIDTH: f32 = 64.0;
/// Half the width of a slider's handle.
pub const HANDLE: f32 = 8.0;

/// A slider with its name on the left and a typed value on the right.
///
/// The wheel scrolls the column, never the value.
pub fn slider_row(
    ui: &mut Ui,
    name: &str,
    value: &mut f64,
    range: std::ops::RangeInclusive<f64>,
    step: f64,
    format: impl Fn(f64) -> String,
) -> Response {
    labelled_row(ui, name, |ui| {
        let slider = ui
            .scope(|ui| {
                slider_look(ui);
                ui.spacing_mut().slider_width =
                    (ui.available_width() - VALUE_WIDTH - GRID).max(48.0);
                let slider = egui::Slider::new(value, range.clone());
                ui.add(slider.step_by(step).show_value(false))
            })
            .inner
            .accessible_name(name);
        let typed = typed(ui, name, value, range, step, format);
        *value = (*value / step).round() * step;
        slider.union(typed)
    })
}

/// A number while it is typed. What is made of it may be another, and must not take its place under the typing hand.
#[derive(Clone, Copy)]
struct Typed {
    number: f64,
    /// What the row stood at when it was typed.
    stood: f64,
    /// Whether it was typed just now, so that what is made of it is still to be seen.
    fresh: bool,
}

/// `number` and the steps that arrows up and down ask for.
fn stepped(ui: &Ui, number: f64, step: f64) -> f64 {
    let presses =
        |key| ui.input_mut(|input| input.count_and_consume_key(egui::Modifiers::NONE, key)) as f64;
    let by = presses(egui::Key::ArrowUp) - presses(egui::Key::ArrowDown);
    if by == 0.0 {
        return number;
    }
    ((number / step).round() + by) * step
}

/// The typed value of a slider.
fn typed(
    ui: &mut Ui,
    name: &str,
    value: &mut f64,
    range: std::ops::RangeInclusive<f64>,
    step: f64,
    format: impl Fn(f64) -> String,
) -> Response {
    let key = ui.scope_id().with(("typed", name));
    let kept = ui.data(|data| data.get_temp::<Typed>(key));
    // A change that came from elsewhere is shown at once.
    let kept = kept.filter(|kept| kept.fresh || kept.stood == *value);
    let before = kept.map_or(*value, |kept| kept.number);
    let mut number = before;
    if kept.is_some() {
        // A quarter of a step, which suits the drag, would be rounded away.
        number = stepped(ui, number, step).clamp(*range.start(), *range.end());
    }
    let parse = |text: &str| {
        let digits = text.trim().trim_end_matches(|c: char| !c.is_ascii_digit());
        digits.parse().ok()
    };
    let drag = egui::DragValue::new(&mut number)
        .range(range)
        .speed(step * 0.25)
        .custom_formatter(|value, _| format(value))
        .custom_parser(parse);
    ui.spacing_mut().button_padding = vec2(4.0, 3.0);
    let response = ui
        .add_sized(vec2(VALUE_WIDTH, 28.0), drag)
        .accessible_name(name);
    let fresh = number != before;
    let stood = *value;
    if fresh {
        *value = number;
    }
    let typing = response.has_focus();
    ui.data_mut(|data| {
        if typing {
            let typed = Typed {
                number,
                stood,
                fresh,
            };
            data.insert_temp(key, typed);
        } else {
            data.remove::<Typed>(key);
        }
    });
    response
}

/// A row of a card: its name on the left, in a column that all such rows share, and a control behind it.
pub fn labelled_row<R>(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    let layout = Layout::left_to_right(Align::Center);
    let row = vec2(ui.available_width(), CONTROL);
    ui.allocate_ui_with_layout(row, layout, |ui| {
        ui.set_min_height(CONTROL);
        let width = (ui.available_width() * 0.22).clamp(48.0, 76.0);
        ui.allocate_ui_with_layout(vec2(width, CONTROL), layout, |ui| {
            ui.set_min_width(width);
            ui.label(name);
        });
        add(ui)
    })
    .inner
}

/// A ring in cinnabar on a quiet rail.
fn slider_look(ui: &mut Ui) {
    let t = Tokens::of(ui);
    ui.spacing_mut().interact_size.y = HANDLE * 2.5;
    let visuals = ui.visuals_mut();
    visuals.selection.bg_fill = t.accent;
    let rail = t.control_active;
    let widgets = &mut visuals.widgets;
    for (widget, width) in [
        (&mut widgets.inactive, 2.0),
        (&mut widgets.hovered, 3.0),
        (&mut widgets.active, 4.0),
    ] {
        widget.bg_fill = t.card;
        widget.fg_stroke = Stroke::new(width, t.accent);
    }
    // The rail takes the colour of a control at rest, and the handle at rest with it.
    widgets.inactive.bg_fill = rail;
}

/// A row of a list: a name and, behind it, what is known of it.
pub fn fact(ui: &mut Ui, name: &str, value: &str) {
    ui.horizontal_top(|ui| {
        ui.spacing_mut().button_padding.y = 0.0;
        let width = (ui.available_width() * 0.36).min(140.0);
        ui.allocate_ui_with_layout(vec2(width, 18.0), Layout::left_to_right(Align::Min), |ui| {
            ui.set_min_width(width);
            ui.add(egui::Label::new(RichText::new(name).color(Tokens::of(ui).text_weak)).wrap());
        });
        ui.add(egui::Label::new(value).wrap().selectable(true));
    });
}

/// The ground of a row that can be pressed: lit under the pointer, tinted while `chosen`, outlined under the keyboard.
pub fn row_ground(ui: &Ui, rect: Rect, response: &Response, chosen: bool) {
    let t = Tokens::of(ui);
    let radius = CornerRadius::same(CONTROL_RADIUS);
    if chosen {
        ui.painter().rect_filled(rect, radius, t.chosen);
    } else if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, radius, t.control);
    }
    if response.has_focus() {
        let stroke = focus_stroke(ui);
        ui.painter()
            .rect_stroke(rect, radius, stroke, StrokeKind::Inside);
    }
}

/// A choice over the whole width: what it is, and below what that means.
pub fn wide_choice(ui: &mut Ui, text: &str, about: &str) -> Response {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 54.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), text));
    let line = Stroke::new(1.0, t.line);
    let radius = CornerRadius::same(CONTROL_RADIUS);
    row_ground(ui, rect, &response, false);
    ui.painter()
        .rect_stroke(rect, radius, line, StrokeKind::Inside);
    let (upper, lower) = rect
        .shrink2(vec2(12.0, 7.0))
        .split_top_bottom_at_fraction(0.54);
    text_cut(
        ui,
        upper,
        Align2::LEFT_CENTER,
        text,
        TextStyle::Body,
        t.text,
    );
    text_cut(
        ui,
        lower,
        Align2::LEFT_CENTER,
        about,
        TextStyle::Small,
        t.text_weak,
    );
    response
}

/// The middle square of a texture.
#[must_use]
pub fn cover(size: Vec2) -> Rect {
    let least = size.min_elem().max(1.0);
    let share = vec2(least / size.x.max(1.0), least / size.y.max(1.0));
    let min = (Vec2::splat(1.0) - share) * 0.5;
    Rect::from_min_max(pos2(min.x, min.y), pos2(0.0, 0.0) + min + share)
}

/// A small square picture.
pub fn tile(ui: &mut Ui, texture: &TextureHandle, side: f32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    paint_tile(ui, rect, texture, Color32::WHITE);
}

/// A [`tile`] in a given place, its colours multiplied by `tint`.
pub fn paint_tile(ui: &Ui, rect: Rect, texture: &TextureHandle, tint: Color32) {
    let radius = CornerRadius::same(CONTROL_RADIUS);
    let shape = egui::epaint::RectShape::filled(rect, radius, tint);
    let shape = shape.with_texture(texture.id(), cover(texture.size_vec2()));
    ui.painter().add(shape);
}
