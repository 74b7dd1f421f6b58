//! Settings with names: search, apply with one press, save, remove.

use eframe::egui::{self, Align, Layout, RichText, Sense, TextEdit, TextStyle, Ui, Vec2, vec2};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::i18n::Language;
use crate::app::state::PresetEntry;
use crate::app::theme::{CONTROL_RADIUS, Tokens};

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
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 44.0), Sense::click());
    let label = view.say_with("presets-apply", &[("name", name.into())]);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    let applied = view.state.presets.applied == Some(place);
    let fill = if applied {
        t.chosen
    } else if response.hovered() || response.has_focus() {
        t.control
    } else {
        t.card
    };
    let radius = egui::CornerRadius::same(CONTROL_RADIUS);
    ui.painter().rect_filled(rect, radius, fill);
    if response.has_focus() {
        ui.painter().rect_stroke(
            rect,
            radius,
            widgets::focus_stroke(ui),
            egui::StrokeKind::Inside,
        );
    }
    let inner = rect.shrink2(vec2(8.0, 4.0));
    let text_rect = egui::Rect::from_min_max(
        inner.min,
        egui::pos2(inner.max.x - if own { 30.0 } else { 0.0 }, inner.max.y),
    );
    let (upper, lower) = text_rect.split_top_bottom_at_fraction(0.54);
    widgets::text_cut(
        ui,
        upper,
        egui::Align2::LEFT_CENTER,
        name,
        TextStyle::Body,
        t.text,
    );
    widgets::text_cut(
        ui,
        lower,
        egui::Align2::LEFT_CENTER,
        &about,
        TextStyle::Small,
        t.text_weak,
    );
    if own {
        let place_of =
            egui::Rect::from_center_size(inner.right_center() - vec2(13.0, 0.0), Vec2::splat(26.0));
        let name = view.say_with("presets-remove", &[("name", name.into())]);
        let button = ui.scope_builder(egui::UiBuilder::new().max_rect(place_of), |ui| {
            widgets::small_icon_button(ui, Icon::Trash, &name)
        });
        if button.inner.clicked() {
            view.send(Command::RemovePreset(place));
        }
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
