//! What is known of the chosen picture, and which of it to take over.

use eframe::egui::{RichText, ScrollArea, Ui};

use super::View;
use super::icons::Icon;
use super::{size_text, status, widgets};
use crate::app::command::{Action, Command};
use crate::app::state::Reuse;
use crate::app::theme::GRID;
use crate::gallery::dates;
use crate::gallery::metadata::Metadata;
use crate::gallery::search::shown_model;

/// Draws the tab.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let Some(path) = view.state.gallery.chosen.clone() else {
        widgets::empty_state(
            ui,
            Icon::Info,
            &view.say("info-empty"),
            &view.say("info-empty-more"),
        );
        return;
    };
    ScrollArea::vertical()
        .id_salt("info")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.set_max_width(ui.available_width() - 10.0);
            match view.state.gallery.chosen_facts().cloned() {
                Some(facts) => known(ui, view, &facts),
                None => {
                    widgets::hint(ui, &view.say("info-none"));
                }
            }
            widgets::card(ui, |ui| {
                widgets::title(ui, &view.say("info-file"));
                let file = path
                    .file_name()
                    .map(|name| name.to_string_lossy().into_owned())
                    .unwrap_or_default();
                widgets::fact(ui, &view.say("info-name"), &file);
                let folder = path
                    .parent()
                    .map(|folder| folder.display().to_string())
                    .unwrap_or_default();
                widgets::fact(ui, &view.say("info-folder"), &folder);
            });
            widgets::follow_focus(ui);
        });
}

fn known(ui: &mut Ui, view: &mut View<'_>, facts: &Metadata) {
    reuse(ui, view);
    ui.add_space(GRID);
    words(ui, view, facts);
    ui.add_space(GRID);
    widgets::card(ui, |ui| settings(ui, view, facts));
    ui.add_space(GRID);
    widgets::card(ui, |ui| making(ui, view, facts));
    ui.add_space(GRID);
}

fn reuse(ui: &mut Ui, view: &mut View<'_>) {
    widgets::card(ui, |ui| {
        widgets::title(ui, &view.say("info-reuse"));
        ui.horizontal_wrapped(|ui| {
            ui.spacing_mut().item_spacing = eframe::egui::vec2(6.0, 6.0);
            for (part, key) in [
                (Reuse::All, "reuse-all"),
                (Reuse::Prompt, "reuse-prompt"),
                (Reuse::Seed, "reuse-seed"),
                (Reuse::Size, "reuse-size"),
                (Reuse::Sampling, "reuse-sampling"),
            ] {
                let name = view.say(key);
                if widgets::chip(ui, &name, false).clicked() {
                    view.send(Command::Reuse(part));
                }
            }
        });
    });
}

fn words(ui: &mut Ui, view: &mut View<'_>, facts: &Metadata) {
    widgets::card(ui, |ui| {
        ui.horizontal(|ui| {
            widgets::title(ui, &view.say("info-prompt"));
            ui.with_layout(
                eframe::egui::Layout::right_to_left(eframe::egui::Align::Center),
                |ui| {
                    let name = view.say(Action::CopyPrompt.key());
                    view.act(ui, Action::CopyPrompt, |ui| {
                        widgets::small_icon_button(ui, Icon::Copy, &name)
                    });
                },
            );
        });
        ui.add(
            eframe::egui::Label::new(facts.request.prompt.as_str())
                .wrap()
                .selectable(true),
        );
        if let Some(negative) = &facts.request.negative {
            ui.add_space(GRID);
            ui.label(RichText::new(view.say("prompt-negative-title")).strong());
            ui.add(
                eframe::egui::Label::new(negative.as_str())
                    .wrap()
                    .selectable(true),
            );
        }
    });
}

fn settings(ui: &mut Ui, view: &View<'_>, facts: &Metadata) {
    let request = &facts.request;
    widgets::title(ui, &view.say("info-settings"));
    widgets::fact(
        ui,
        &view.say("info-size"),
        &size_text(request.size.width(), request.size.height()),
    );
    widgets::fact(
        ui,
        &view.say("sampling-steps"),
        &request.steps.get().to_string(),
    );
    let guidance = if request.guidance.is_on() {
        format!("{:.1}", request.guidance.get())
    } else {
        view.say("sampling-guidance-off")
    };
    widgets::fact(ui, &view.say("sampling-guidance"), &guidance);
    widgets::fact(ui, &view.say("seed-title"), &request.seed.to_string());
    for lora in &facts.loras {
        widgets::fact(ui, "LoRA", &format!("{} × {:.2}", lora.name, lora.strength));
    }
}

fn making(ui: &mut Ui, view: &View<'_>, facts: &Metadata) {
    widgets::title(ui, &view.say("info-making"));
    widgets::fact(ui, &view.say("info-model"), shown_model(&facts.model.name));
    if let Some(hash) = &facts.model.hash {
        widgets::fact(ui, &view.say("info-hash"), hash.get(..16).unwrap_or(hash));
    }
    widgets::fact(
        ui,
        &view.say("info-device"),
        &view.words.cause(&facts.device),
    );
    widgets::fact(ui, &view.say("info-precision"), &facts.dtype);
    if let Some(seconds) = &facts.seconds {
        let time = |seconds: f64| status::duration(view, seconds);
        widgets::fact(
            ui,
            &view.say("stage-encode-text-name"),
            &time(seconds.encode_text),
        );
        if facts.request.start.is_some() {
            widgets::fact(
                ui,
                &view.say("stage-encode-image-name"),
                &time(seconds.encode_image),
            );
        }
        widgets::fact(ui, &view.say("stage-denoise-name"), &time(seconds.denoise));
        widgets::fact(ui, &view.say("stage-decode-name"), &time(seconds.decode));
        widgets::fact(ui, &view.say("info-total"), &time(seconds.total));
        if seconds.denoise > 0.0 {
            let pace = f64::from(facts.request.steps.get()) / seconds.denoise;
            let text = view.say_with(
                "info-steps-per-second",
                &[("pace", format!("{pace:.2}").into())],
            );
            widgets::fact(ui, &view.say("info-pace"), &text);
        }
    }
    if let Some(bytes) = facts.peak_memory {
        let text = status::bytes_text(bytes);
        widgets::fact(ui, &view.say("info-peak-memory"), &text);
    }
    if let Some(created) = &facts.created {
        widgets::fact(ui, &view.say("info-created"), &dates::shown(created));
    }
    widgets::fact(ui, &view.say("info-program"), &facts.program);
}
