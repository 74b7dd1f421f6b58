//! The controls that every panel shares: cards, icon buttons, chips, labelled sliders, empty states.

mod buttons;
mod ends;
mod focus;
mod rows;

pub use self::buttons::{
    button, chip, icon_button, icon_text_button, icon_toggle, icon_toggle_tip, large_icon_button,
    primary_button, segments, small_icon_button, small_icon_button_tip, small_icon_toggle,
    text_button,
};
pub use self::ends::{at_end, end_width};
pub use self::focus::{focus_ring, focus_stroke, follow_focus};
pub use self::rows::{
    HANDLE, VALUE_WIDTH, cover, fact, labelled_row, paint_tile, row_ground, slider_row, tile,
    wide_choice,
};

use eframe::egui::{
    self, Align2, Color32, CornerRadius, Frame, Key, Margin, Modifiers, Rect, Response, RichText,
    Sense, Stroke, TextStyle, Ui, Vec2,
};

use super::icons::Icon;
use crate::app::theme::{CARD_RADIUS, GRID, Tokens};

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

/// Whether what the keyboard is on is to be removed; the key is then taken.
#[must_use]
pub fn delete_pressed(ui: &Ui) -> bool {
    ui.input_mut(|input| {
        input.consume_key(Modifiers::NONE, Key::Delete)
            || input.consume_key(Modifiers::NONE, Key::Backspace)
    })
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

/// Paints one line of text cut to a width, with an ellipsis.
pub fn text_cut(ui: &Ui, rect: Rect, align: Align2, text: &str, style: TextStyle, color: Color32) {
    let font = style.resolve(ui.style());
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(rect.width());
    let galley = ui.painter().layout_job(job);
    let at = align.align_size_within_rect(galley.size(), rect);
    ui.painter().galley(at.min, galley, color);
}
