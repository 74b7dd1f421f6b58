//! What is pressed: icons, words, pills, and rows of choices.

use eframe::egui::{
    self, Button, Color32, CornerRadius, Frame, Margin, Rect, Response, RichText, Role, Sense,
    Stroke, StrokeKind, TextStyle, Ui, Vec2, WidgetInfo, pos2, vec2,
};

use super::{focus_ring, focus_stroke};
use crate::app::theme::{CONTROL, CONTROL_RADIUS, Tokens};
use crate::app::views::icons::Icon;

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
    let padding = std::mem::replace(&mut ui.spacing_mut().button_padding, vec2(8.0, 3.0));
    let response = ui.add(button);
    ui.spacing_mut().button_padding = padding;
    focus_ring(ui, &response, response.rect, 13);
    response
}

/// A row of equally wide choices of which one holds. Returns the one pressed.
pub fn segments(ui: &mut Ui, names: &[String], chosen: usize) -> Option<usize> {
    const GAP: f32 = 2.0;
    let t = Tokens::of(ui);
    let mut pressed = None;
    Frame::new()
        .fill(t.control)
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(2))
        .show(ui, |ui| {
            ui.spacing_mut().button_padding.x = 2.0;
            let row = vec2(ui.available_width(), 28.0);
            let (row, _) = ui.allocate_exact_size(row, Sense::hover());
            let width = (row.width() - GAP * (names.len() as f32 - 1.0)) / names.len() as f32;
            for (index, name) in names.iter().enumerate() {
                let on = index == chosen;
                let fill = if on { t.card } else { Color32::TRANSPARENT };
                let color = if on { t.text } else { t.text_weak };
                let button = Button::new(RichText::new(name).color(color))
                    .fill(fill)
                    .stroke(Stroke::NONE)
                    .truncate()
                    .selected(on);
                // Each in its own place: in a row that grows, every next one would stand a little lower.
                let left = row.left() + index as f32 * (width + GAP);
                let place = Rect::from_min_size(pos2(left, row.top()), vec2(width, 28.0));
                let response = ui.put(place, button);
                focus_ring(ui, &response, place, CONTROL_RADIUS);
                if response.clicked() {
                    pressed = Some(index);
                }
            }
        });
    pressed.filter(|index| *index != chosen)
}
