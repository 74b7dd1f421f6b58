//! All keys on one sheet.

use eframe::egui::{Align, Layout, RichText, ScrollArea, Ui, vec2};

use super::View;
use super::widgets;
use crate::app::command::Action;
use crate::app::theme::Tokens;

/// Draws the dialog's content.
pub fn show(ui: &mut Ui, view: &View<'_>) {
    widgets::hint(ui, &view.say("keys-about"));
    ScrollArea::vertical().id_salt("keys").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        for action in Action::ALL
            .iter()
            .filter(|action| !action.shortcuts().is_empty())
        {
            let keys: Vec<String> = action
                .shortcuts()
                .iter()
                .map(|s| ui.ctx().format_shortcut(s))
                .collect();
            row(ui, &view.say(action.key()), &keys.join("   "));
        }
        for key in ["keys-wheel", "keys-drag", "keys-double"] {
            row(ui, &view.say(&format!("{key}-does")), &view.say(key));
        }
    });
}

fn row(ui: &mut Ui, text: &str, keys: &str) {
    ui.allocate_ui_with_layout(
        vec2(ui.available_width(), 26.0),
        Layout::left_to_right(Align::Center),
        |ui| {
            ui.label(text);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.add_space(12.0);
                ui.label(RichText::new(keys).color(Tokens::of(ui).text_weak));
            });
        },
    );
}
