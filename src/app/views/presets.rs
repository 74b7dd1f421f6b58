//! Settings with names: search, apply with one press, save, remove.

use eframe::egui::{self, Align, RichText, Sense, TextEdit, TextStyle, Ui, Vec2, vec2};

use super::View;
use super::icons::Icon;
use super::{preset_tile, size_text, widgets};
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
            widgets::at_end(ui, "presets", |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                for (icon, action) in [
                    (Icon::Plus, Action::SavePreset),
                    (Icon::Import, Action::Open),
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
    let found = state.presets_found();
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
    let mut before = true;
    for (place, entry) in found {
        let suits = state.suits_model(&entry.preset);
        if before && !suits {
            others(ui, view);
        }
        before = suits;
        row(ui, view, place, entry, language);
    }
}

/// The line above the presets that were made for another model.
fn others(ui: &mut Ui, view: &View<'_>) {
    ui.add_space(6.0);
    widgets::hint(ui, &view.say("presets-others"));
}

fn row(ui: &mut Ui, view: &mut View<'_>, place: usize, entry: &PresetEntry, language: Language) {
    let t = Tokens::of(ui);
    let own = entry.file.is_some();
    let suits = view.state.suits_model(&entry.preset);
    let name = entry.name(language);
    let about = entry
        .about(language)
        .map_or_else(|| summary(view, entry), str::to_owned);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    if view.state.presets.reveal.as_ref() == Some(&entry.key) {
        ui.scroll_to_rect(rect, Some(Align::Center));
    }
    let label = label(view, entry, name);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &label));
    let applied = view.state.presets.applied == Some(place);
    widgets::row_ground(ui, rect, &response, applied);
    let inner = rect.shrink(4.0);
    let (picture, words) = inner.split_left_right_at_x(inner.left() + inner.height());
    let texture = view.textures.preset(&entry.key);
    preset_tile::paint(ui, picture, entry, texture, !suits);
    let mut words = words.shrink2(vec2(0.0, 2.0));
    words.min.x += 10.0;
    words.max.x -= if own { 32.0 } else { 4.0 };
    let (upper, lower) = words.split_top_bottom_at_fraction(0.52);
    let align = egui::Align2::LEFT_CENTER;
    let color = if suits { t.text } else { t.text_weak };
    widgets::text_cut(ui, upper, align, name, TextStyle::Body, color);
    let line = if suits {
        about.clone()
    } else {
        format!("{} · {about}", made_for(view, entry))
    };
    widgets::text_cut(ui, lower, align, &line, TextStyle::Small, t.text_weak);
    if own {
        remove_button(ui, view, place, name, inner);
    }
    if response.clicked() {
        view.send(Command::ApplyPreset(place));
    }
    response.on_hover_ui(|ui| tip(ui, view, entry, name, &about));
}

/// What a screen reader says of a row.
fn label(view: &View<'_>, entry: &PresetEntry, name: &str) -> String {
    let label = view.say_with("presets-apply", &[("name", name.into())]);
    if view.state.suits_model(&entry.preset) {
        label
    } else {
        format!("{label} · {}", made_for(view, entry))
    }
}

fn made_for(view: &View<'_>, entry: &PresetEntry) -> String {
    let model = view.state.made_for(&entry.preset);
    view.say_with("presets-made-for", &[("model", model.into())])
}

fn tip(ui: &mut Ui, view: &View<'_>, entry: &PresetEntry, name: &str, about: &str) {
    ui.label(RichText::new(name).strong());
    ui.label(about);
    let preset = entry.preset_in(view.words.language());
    for text in [&preset.prompt, &preset.style].into_iter().flatten() {
        ui.label(text);
    }
    if let Some(why) = other_model(view, entry) {
        ui.label(RichText::new(why).color(Tokens::of(ui).warning));
    }
}

/// Why a preset that was made for another model may disappoint.
fn other_model(view: &View<'_>, entry: &PresetEntry) -> Option<String> {
    let current = view.state.current_model()?;
    let args = [
        ("model", view.state.made_for(&entry.preset).into()),
        ("current", current.name.as_str().into()),
    ];
    (!view.state.suits_model(&entry.preset)).then(|| view.say_with("presets-other-model", &args))
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
    let preset = entry.preset_in(view.words.language());
    let mut parts = Vec::new();
    if let Some(size) = preset.size {
        parts.push(size_text(size.width(), size.height()));
    }
    if let Some(steps) = preset.steps {
        parts.push(view.say_with("steps-count", &[("steps", steps.get().into())]));
    }
    if let Some(text) = preset.prompt.as_ref().or(preset.style.as_ref()) {
        parts.push(text.clone());
    }
    parts.join(" · ")
}
