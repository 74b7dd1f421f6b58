//! The controls that every panel shares: cards, icon buttons, chips, labelled sliders, empty states.

use eframe::egui::{
    self, Align, Align2, Button, Color32, CornerRadius, Frame, Layout, Margin, Rect, Response,
    RichText, Role, Sense, Stroke, StrokeKind, TextStyle, TextureHandle, Ui, Vec2, WidgetInfo,
    pos2, vec2,
};

use super::icons::Icon;
use crate::app::theme::{CARD_RADIUS, CONTROL, CONTROL_RADIUS, GRID, Tokens};

/// A raised group on a panel.
pub fn card<R>(ui: &mut Ui, add: impl FnOnce(&mut Ui) -> R) -> R {
    let t = Tokens::of(ui);
    Frame::new()
        .fill(t.card)
        .stroke(Stroke::new(1.0, t.line))
        .corner_radius(CornerRadius::same(CARD_RADIUS))
        .inner_margin(Margin::same(12))
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            add(ui)
        })
        .inner
}

/// The title of a card or a dialog's section.
pub fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).strong());
}

/// A secondary line.
pub fn hint(ui: &mut Ui, text: &str) -> Response {
    ui.add(egui::Label::new(RichText::new(text).small().color(Tokens::of(ui).text_weak)).wrap())
}

/// A square button that shows only an icon; `name` is its accessible name and its tooltip.
pub fn icon_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    icon_toggle(ui, icon, name, false)
}

/// An [`icon_button`] that stays lit while `on`.
pub fn icon_toggle(ui: &mut Ui, icon: Icon, name: &str, on: bool) -> Response {
    sized_icon(ui, icon, name, on, CONTROL)
}

/// A small [`icon_button`] for the inside of a row.
pub fn small_icon_button(ui: &mut Ui, icon: Icon, name: &str) -> Response {
    sized_icon(ui, icon, name, false, 26.0)
}

/// A small [`icon_toggle`] for the inside of a row.
pub fn small_icon_toggle(ui: &mut Ui, icon: Icon, name: &str, on: bool) -> Response {
    sized_icon(ui, icon, name, on, 26.0)
}

/// An [`icon_toggle`] whose tooltip says more than its name.
pub fn icon_toggle_tip(ui: &mut Ui, icon: Icon, name: &str, tip: &str, on: bool) -> Response {
    bare_icon(ui, icon, name, on, CONTROL).on_hover_text(tip)
}

/// A small icon button whose tooltip says more than its name.
pub fn small_icon_button_tip(ui: &mut Ui, icon: Icon, name: &str, tip: &str) -> Response {
    bare_icon(ui, icon, name, false, 26.0).on_hover_text(tip)
}

fn sized_icon(ui: &mut Ui, icon: Icon, name: &str, on: bool, side: f32) -> Response {
    bare_icon(ui, icon, name, on, side)
        .on_hover_text(name)
        .on_disabled_hover_text(name)
}

fn bare_icon(ui: &mut Ui, icon: Icon, name: &str, on: bool, side: f32) -> Response {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(side), Sense::click());
    response.widget_info(|| {
        if on {
            WidgetInfo::selected(Role::Button, ui.is_enabled(), on, name)
        } else {
            WidgetInfo::labeled(Role::Button, ui.is_enabled(), name)
        }
    });
    if ui.is_rect_visible(rect) {
        let t = Tokens::of(ui);
        let fill = if on {
            t.control
        } else if response.is_pointer_button_down_on() {
            t.control_active
        } else if response.hovered() {
            t.control_hover
        } else {
            Color32::TRANSPARENT
        };
        let painter = ui.painter();
        painter.rect_filled(rect, CornerRadius::same(CONTROL_RADIUS), fill);
        if response.has_focus() {
            painter.rect_stroke(
                rect,
                CornerRadius::same(CONTROL_RADIUS),
                focus_stroke(ui),
                StrokeKind::Inside,
            );
        }
        let color = if on { t.accent_text } else { t.text };
        icon.paint(
            painter,
            Rect::from_center_size(rect.center(), Vec2::splat((side * 0.58).round())),
            color,
        );
    }
    response
}

/// The outline of what the keyboard is on.
#[must_use]
pub fn focus_stroke(ui: &Ui) -> Stroke {
    Stroke::new(2.0, Tokens::of(ui).accent_text)
}

/// The one button to press, in cinnabar over the whole width.
pub fn primary_button(ui: &mut Ui, text: &str, width: f32) -> Response {
    let t = Tokens::of(ui);
    ui.scope(|ui| {
        let widgets = &mut ui.visuals_mut().widgets;
        for (widget, fill) in [
            (&mut widgets.inactive, t.accent),
            (&mut widgets.hovered, t.accent_hover),
            (&mut widgets.active, t.accent_hover),
            (&mut widgets.noninteractive, t.accent),
        ] {
            widget.weak_bg_fill = fill;
            widget.bg_fill = fill;
            widget.bg_stroke = Stroke::NONE;
            widget.fg_stroke.color = t.on_accent;
        }
        widgets.active.bg_stroke = Stroke::new(2.0, t.text);
        ui.add_sized(
            vec2(width, 40.0),
            Button::new(RichText::new(text).size(15.0).strong().color(t.on_accent)),
        )
    })
    .inner
}

/// A plain button as high as the other controls.
pub fn button(ui: &mut Ui, text: &str) -> Response {
    ui.add(Button::new(text).min_size(vec2(0.0, CONTROL)))
}

/// A plain button that carries an icon before its words.
pub fn icon_text_button(ui: &mut Ui, icon: Icon, text: &str) -> Response {
    let response = ui.add(Button::new(format!("       {text}")).min_size(vec2(0.0, CONTROL)));
    response.widget_info(|| WidgetInfo::labeled(Role::Button, ui.is_enabled(), text));
    let rect = response.rect;
    let place = Rect::from_center_size(
        rect.left_center() + vec2(12.0 + 8.0, 0.0),
        Vec2::splat(16.0),
    );
    let color = if ui.is_enabled() {
        Tokens::of(ui).text
    } else {
        Tokens::of(ui).text_weak
    };
    icon.paint(ui.painter(), place, color);
    response
}

/// One choice of several, as a pill.
pub fn chip(ui: &mut Ui, text: &str, chosen: bool) -> Response {
    let t = Tokens::of(ui);
    let mut button = Button::new(RichText::new(text).text_style(TextStyle::Body).size(13.0))
        .wrap_mode(egui::TextWrapMode::Extend)
        .min_size(vec2(0.0, 26.0))
        .corner_radius(CornerRadius::same(13))
        .stroke(Stroke::NONE)
        .selected(chosen);
    if chosen {
        button = button
            .fill(t.chosen)
            .stroke(Stroke::new(1.0, t.accent_text));
    }
    // Not in a scope of its own, which would not go on to the next line of a wrapping row.
    let padding = std::mem::replace(&mut ui.spacing_mut().button_padding, vec2(10.0, 3.0));
    let response = ui.add(button);
    ui.spacing_mut().button_padding = padding;
    response
}

/// A row of equally wide choices of which one holds. Returns the one pressed.
pub fn segments(ui: &mut Ui, names: &[String], chosen: usize) -> Option<usize> {
    let t = Tokens::of(ui);
    let mut pressed = None;
    Frame::new()
        .fill(t.control)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(2))
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                let width =
                    (ui.available_width() - 2.0 * (names.len() as f32 - 1.0)) / names.len() as f32;
                for (index, name) in names.iter().enumerate() {
                    let on = index == chosen;
                    let fill = if on { t.card } else { Color32::TRANSPARENT };
                    let color = if on { t.text } else { t.text_weak };
                    let button = Button::new(RichText::new(name).color(color))
                        .fill(fill)
                        .stroke(Stroke::NONE)
                        .selected(on);
                    if ui.add_sized(vec2(width, 28.0), button).clicked() {
                        pressed = Some(index);
                    }
                }
            });
        });
    pressed.filter(|index| *index != chosen)
}

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
        let number = |text: &str| {
            let digits = text.trim().trim_end_matches(|c: char| !c.is_ascii_digit());
            digits.parse().ok()
        };
        let drag = egui::DragValue::new(value)
            .range(range)
            .speed(step * 0.25)
            .custom_formatter(|value, _| format(value))
            .custom_parser(number);
        ui.spacing_mut().button_padding = vec2(4.0, 3.0);
        let typed = ui
            .add_sized(vec2(VALUE_WIDTH, 28.0), drag)
            .accessible_name(name);
        *value = (*value / step).round() * step;
        slider.union(typed)
    })
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

/// The width of a slider's typed value.
pub const VALUE_WIDTH: f32 = 64.0;
/// Half the width of a slider's handle.
pub const HANDLE: f32 = 8.0;

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

/// A small square picture; the first letter of `name` stands for one that is not there.
pub fn tile(ui: &mut Ui, texture: Option<&TextureHandle>, name: &str, side: f32) {
    let (rect, _) = ui.allocate_exact_size(Vec2::splat(side), Sense::hover());
    paint_tile(ui, rect, texture, name);
}

/// A [`tile`] in a given place.
pub fn paint_tile(ui: &Ui, rect: Rect, texture: Option<&TextureHandle>, name: &str) {
    let t = Tokens::of(ui);
    let radius = CornerRadius::same(CONTROL_RADIUS);
    if let Some(texture) = texture {
        let shape = egui::epaint::RectShape::filled(rect, radius, Color32::WHITE);
        let shape = shape.with_texture(texture.id(), cover(texture.size_vec2()));
        ui.painter().add(shape);
        return;
    }
    ui.painter().rect_filled(rect, radius, t.control);
    let letter: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .take(1)
        .collect();
    let style = TextStyle::Heading;
    text_cut(ui, rect, Align2::CENTER_CENTER, &letter, style, t.text_weak);
}

/// What an empty list says: an icon, a sentence, and what to do.
pub fn empty_state(ui: &mut Ui, icon: Icon, text: &str, more: &str) {
    let t = Tokens::of(ui);
    ui.vertical_centered(|ui| {
        ui.add_space(GRID * 4.0);
        let (rect, _) = ui.allocate_exact_size(Vec2::splat(40.0), Sense::hover());
        icon.paint(ui.painter(), rect, t.text_weak.gamma_multiply(0.7));
        ui.add_space(GRID);
        ui.add(egui::Label::new(text).wrap());
        ui.add(egui::Label::new(RichText::new(more).small().color(t.text_weak)).wrap());
        ui.add_space(GRID * 2.0);
    });
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

/// Paints one line of text cut to a width, with an ellipsis.
pub fn text_cut(ui: &Ui, rect: Rect, align: Align2, text: &str, style: TextStyle, color: Color32) {
    let font = style.resolve(ui.style());
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let at = align.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(at.min, galley, color);
}

/// An icon button as high as [`primary_button`].
pub fn large_icon_button(ui: &mut Ui, icon: Icon, name: &str, tip: &str) -> Response {
    let rect = ui.available_rect_before_wrap();
    let place = Rect::from_min_size(rect.min, Vec2::splat(40.0));
    ui.painter().rect_filled(
        place,
        CornerRadius::same(CONTROL_RADIUS),
        Tokens::of(ui).control,
    );
    bare_icon(ui, icon, name, false, 40.0).on_hover_text(tip)
}

/// A frameless button of a few letters among icons.
pub fn text_button(ui: &mut Ui, text: &str, on: bool) -> Response {
    let t = Tokens::of(ui);
    let mut button =
        Button::new(
            RichText::new(text)
                .strong()
                .color(if on { t.accent_text } else { t.text }),
        )
        .frame_when_inactive(on)
        .min_size(Vec2::splat(CONTROL));
    if on {
        button = button.fill(t.control);
    }
    ui.add(button)
}
