//! What a person decides once.

use eframe::egui::{
    self, Align, ComboBox, Layout, RichText, ScrollArea, TextEdit, ThemePreference, Ui, vec2,
};

use super::View;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::i18n::{Language, Value};
use crate::app::motion::Motion;
use crate::app::settings::Settings;
use crate::app::theme::Tokens;
use crate::engine::PreviewQuality;
use crate::pipeline::device::{DeviceChoice, Precision};

/// Draws the dialog's content.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let mut settings = view.state.settings.clone();
    ScrollArea::vertical().id_salt("settings").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 12.0;
        language(ui, view, &mut settings);
        theme(ui, view, &mut settings);
        motion(ui, view, &mut settings);
        ui.separator();
        folder(ui, view);
        pattern(ui, view, &mut settings);
        ui.separator();
        device(ui, view, &mut settings);
        precision(ui, view, &mut settings);
        let low_memory = switch(ui, view, "settings-low-memory", &mut settings.low_memory);
        low_memory.on_hover_text(view.say("settings-low-memory-tip"));
        previews(ui, view, &mut settings);
        switch(ui, view, "settings-notify", &mut settings.attention);
        default_preset(ui, view, &mut settings);
        widgets::follow_focus(ui);
    });
    if settings != view.state.settings {
        view.send(Command::Settings(Box::new(settings)));
    }
}

/// A row: the name on the left, the control on the right.
fn row<R>(ui: &mut Ui, name: &str, add: impl FnOnce(&mut Ui) -> R) -> R {
    ui.horizontal(|ui| {
        let width = (ui.available_width() * 0.36).min(180.0);
        ui.allocate_ui_with_layout(
            vec2(width, 28.0),
            Layout::left_to_right(Align::Center),
            |ui| {
                ui.set_min_width(width);
                ui.add(egui::Label::new(name).wrap());
            },
        );
        add(ui)
    })
    .inner
}

fn language(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-language");
    row(ui, &name, |ui| {
        let system = view.say("settings-system");
        let choices = std::iter::once((None, system))
            .chain(Language::ALL.map(|l| (Some(l), l.endonym().to_owned())));
        for (choice, text) in choices {
            if widgets::chip(ui, &text, settings.language == choice).clicked() {
                settings.language = choice;
            }
        }
    });
}

fn theme(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-theme");
    row(ui, &name, |ui| {
        for (choice, key) in [
            (ThemePreference::System, "settings-system"),
            (ThemePreference::Light, "settings-theme-light"),
            (ThemePreference::Dark, "settings-theme-dark"),
        ] {
            if widgets::chip(ui, &view.say(key), settings.theme == choice).clicked() {
                settings.theme = choice;
            }
        }
    });
}

fn motion(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-motion");
    row(ui, &name, |ui| {
        for (choice, key) in [
            (Motion::System, "settings-system"),
            (Motion::Reduced, "settings-motion-reduced"),
            (Motion::Full, "settings-motion-full"),
        ] {
            if widgets::chip(ui, &view.say(key), settings.motion == choice).clicked() {
                settings.motion = choice;
            }
        }
    });
}

fn switch(ui: &mut Ui, view: &View<'_>, key: &'static str, on: &mut bool) -> egui::Response {
    let text = view.say(key);
    ui.checkbox(on, text)
}

/// Every number format that there is, with what it costs; those that the device lacks are off and say why.
fn precision(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-precision");
    let choices = std::iter::once(None).chain(Precision::ALL.map(Some));
    row(ui, &name, |ui| {
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            ui.horizontal_wrapped(|ui| {
                for choice in choices {
                    let why = choice.and_then(|precision| view.state.why_not_precision(precision));
                    let text = precision_name(view, choice);
                    let chosen = settings.precision == choice;
                    let chip = ui
                        .add_enabled_ui(why.is_none(), |ui| widgets::chip(ui, &text, chosen))
                        .inner
                        .on_hover_text(precision_cost(view, choice));
                    let chip = match why {
                        Some(why) => chip.on_disabled_hover_text(view.say_with(
                            "settings-precision-unusable",
                            &[("why", Value::Cause(why.to_owned()))],
                        )),
                        None => chip,
                    };
                    if chip.clicked() {
                        settings.precision = choice;
                    }
                }
            });
            widgets::hint(ui, &precision_cost(view, settings.precision));
        });
    });
}

fn precision_name(view: &View<'_>, choice: Option<Precision>) -> String {
    match choice {
        None => view.say("settings-device-auto"),
        Some(precision) => precision.to_string(),
    }
}

/// What is gained and lost by a choice.
fn precision_cost(view: &View<'_>, choice: Option<Precision>) -> String {
    match choice {
        None => view.say("settings-precision-auto"),
        Some(precision) => view.say(&format!("settings-precision-{precision}")),
    }
}

fn previews(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-previews");
    row(ui, &name, |ui| {
        for (choice, key, tip) in [
            (
                PreviewQuality::Off,
                "settings-previews-off",
                "settings-previews-off-tip",
            ),
            (
                PreviewQuality::Fast,
                "settings-previews-fast",
                "settings-previews-fast-tip",
            ),
            (
                PreviewQuality::Good,
                "settings-previews-good",
                "settings-previews-good-tip",
            ),
        ] {
            let tip = view.say(tip);
            let chip = widgets::chip(ui, &view.say(key), settings.previews == choice);
            if chip.on_hover_text(tip).clicked() {
                settings.previews = choice;
            }
        }
    });
}

fn folder(ui: &mut Ui, view: &mut View<'_>) {
    let name = view.say("settings-folder");
    row(ui, &name, |ui| {
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            let folder = view.state.gallery_folder.display().to_string();
            ui.add(
                egui::Label::new(RichText::new(folder).color(Tokens::of(ui).text_weak))
                    .wrap()
                    .selectable(true),
            );
            ui.horizontal(|ui| {
                if widgets::button(ui, &view.say("settings-folder-choose")).clicked() {
                    view.send(Command::PickGalleryFolder);
                }
                let name = view.say(Action::OpenFolder.key());
                view.act(ui, Action::OpenFolder, |ui| widgets::button(ui, &name));
            });
        });
    });
}

fn pattern(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-pattern");
    row(ui, &name, |ui| {
        ui.with_layout(Layout::top_down(Align::Min), |ui| {
            let field = TextEdit::singleline(&mut settings.pattern)
                .id(egui::Id::unique("file pattern"))
                .desired_width(f32::INFINITY)
                .margin(egui::Margin::symmetric(8, 6))
                .char_limit(120);
            field.show(ui).response.response.accessible_name(&name);
            widgets::hint(ui, &view.say("settings-pattern-hint"));
        });
    });
}

fn device(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-device");
    let auto = view.say("settings-device-auto");
    let text = |choice: DeviceChoice| -> String {
        let known = view.state.devices.iter().find(|device| device.id == choice);
        match (choice, known) {
            (DeviceChoice::Auto, _) => auto.clone(),
            (_, Some(device)) => view.words.cause(&device.name),
            (choice, None) => choice.to_string(),
        }
    };
    row(ui, &name, |ui| {
        let combo = ComboBox::from_id_salt("device")
            .selected_text(text(settings.device))
            .truncate();
        let response = combo.show_ui(ui, |ui| {
            let choices = std::iter::once(DeviceChoice::Auto)
                .chain(view.state.devices.iter().map(|device| device.id));
            for choice in choices {
                ui.selectable_value(&mut settings.device, choice, text(choice));
            }
        });
        response.response.accessible_name(&name);
    });
}

fn default_preset(ui: &mut Ui, view: &View<'_>, settings: &mut Settings) {
    let name = view.say("settings-preset");
    let none = view.say("settings-preset-none");
    let language = view.words.language();
    row(ui, &name, |ui| {
        let chosen = settings.preset.clone();
        let text = view
            .state
            .presets
            .entries
            .iter()
            .find(|entry| Some(&entry.key) == chosen.as_ref());
        let text = text.map_or_else(|| none.clone(), |entry| entry.name(language).to_owned());
        let combo = ComboBox::from_id_salt("preset")
            .selected_text(text)
            .truncate();
        let response = combo.show_ui(ui, |ui| {
            ui.selectable_value(&mut settings.preset, None, &none);
            for entry in &view.state.presets.entries {
                ui.selectable_value(
                    &mut settings.preset,
                    Some(entry.key.clone()),
                    entry.name(language),
                );
            }
        });
        response.response.accessible_name(&name);
    });
}
