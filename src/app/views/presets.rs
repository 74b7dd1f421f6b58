//! Settings with names: search, apply with one press, save, remove.

use eframe::egui::{self, Align, Layout, RichText, Sense, TextEdit, TextStyle, Ui, Vec2, vec2};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::i18n::Language;
use crate::app::state::PresetEntry;
use crate::app::theme::Tokens;

/// The height of a preset in the list.
const ROW: f32 = 52.0;

/// Draws the card.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    widgets::card(ui, |ui| {
        ui.horizontal(|ui| {
            widgets::title(ui, &view.say("presets-title"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                for (icon, action) in [
                    (Icon::Import, Action::Open),
                    (Icon::Plus, Action::SavePreset),
                ] {
                    let tip = view.tip(ui.ctx(), action);
                    let name = view.say(action.key());
                    view.act(ui, action, |ui| {
                        widgets::small_icon_button_tip(ui, icon, &name, &tip)
                    });
                }
            });
        });
        if view.state.presets.entries.len() > 4 {
            search(ui, view);
        }
        list(ui, view);
    });
}

fn search(ui: &mut Ui, view: &mut View<'_>) {
    let mut query = view.state.presets.query.clone();
    let response = TextEdit::singleline(&mut query)
        .id(egui::Id::unique("preset search"))
        .hint_text(view.say("presets-search"))
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 6))
        .show(ui)
        .response
        .response
        .accessible_name(view.say("presets-search"));
    if response.changed() {
        view.send(Command::SearchPresets(query));
    }
}

fn list(ui: &mut Ui, view: &mut View<'_>) {
    let state = view.state;
    let language = view.words.language();
    let found: Vec<(usize, &PresetEntry)> = state.presets.found().collect();
    if found.is_empty() {
        let key = if state.presets.entries.is_empty() {
            "presets-none"
        } else {
            "presets-no-match"
        };
        widgets::hint(ui, &view.say(key));
        return;
    }
    ui.spacing_mut().item_spacing.y = 2.0;
    for (place, entry) in found {
        row(ui, view, place, entry, language);
    }
}

fn row(ui: &mut Ui, view: &mut View<'_>, place: usize, entry: &PresetEntry, language: Language) {
    let t = Tokens::of(ui);
    let own = entry.file.is_some();
    let name = entry.name(language);
    let about = entry
        .about(language)
        .map_or_else(|| summary(view, entry), str::to_owned);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let label = view.say_with("presets-apply", &[("name", name.into())]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    let applied = view.state.presets.applied == Some(place);
    widgets::row_ground(ui, rect, &response, applied);
    let inner = rect.shrink(4.0);
    let (picture, words) = inner.split_left_right_at_x(inner.left() + inner.height());
    widgets::paint_tile(ui, picture, view.textures.preset(&entry.key), name);
    let mut words = words.shrink2(vec2(0.0, 2.0));
    words.min.x += 10.0;
    words.max.x -= if own { 32.0 } else { 4.0 };
    let (upper, lower) = words.split_top_bottom_at_fraction(0.52);
    let align = egui::Align2::LEFT_CENTER;
    widgets::text_cut(ui, upper, align, name, TextStyle::Body, t.text);
    widgets::text_cut(ui, lower, align, &about, TextStyle::Small, t.text_weak);
    if own {
        remove_button(ui, view, place, name, inner);
    }
    if response.clicked() {
        view.send(Command::ApplyPreset(place));
    }
    response.on_hover_ui(|ui| {
        ui.label(RichText::new(name).strong());
        ui.label(&about);
        for text in [&entry.preset.prompt, &entry.preset.style]
            .into_iter()
            .flatten()
        {
            ui.label(text);
        }
    });
}

fn remove_button(ui: &mut Ui, view: &mut View<'_>, place: usize, name: &str, row: egui::Rect) {
    let at = egui::Rect::from_center_size(row.right_center() - vec2(14.0, 0.0), Vec2::splat(26.0));
    let name = view.say_with("presets-remove", &[("name", name.into())]);
    // A child of its own, since a scope would move the rows that follow.
    let ui = &mut ui.new_child(
        egui::UiBuilder::new()
            .max_rect(at)
            .id_salt(("remove", place)),
    );
    if widgets::small_icon_button(ui, Icon::Trash, &name).clicked() {
        view.send(Command::RemovePreset(place));
    }
}

/// What a preset without a sentence of its own sets.
fn summary(view: &View<'_>, entry: &PresetEntry) -> String {
    let preset = &entry.preset;
    let mut parts = Vec::new();
    if let Some(size) = preset.size {
        parts.push(format!("{}×{}", size.width(), size.height()));
    }
    if let Some(steps) = preset.steps {
        parts.push(view.say_with("steps-count", &[("steps", steps.get().into())]));
    }
    if let Some(text) = preset.prompt.as_ref().or(preset.style.as_ref()) {
        parts.push(text.clone());
    }
    parts.join(" · ")
}
