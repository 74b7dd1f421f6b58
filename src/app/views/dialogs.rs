//! What lies over the window until it is closed: with Esc, with a press beside it, or with its cross.

use eframe::egui::{
    self, Align, Context, Id, Key, Layout, Modal, Modifiers, RichText, TextEdit, Ui, vec2,
};

use super::View;
use super::icons::Icon;
use super::{keys, models, notices, palette, settings, system, widgets};
use crate::app::command::Command;
use crate::app::i18n::Words;
use crate::app::state::{Dialog, ExportKind, PathFor};
use crate::app::theme::Tokens;

/// Draws the dialog that is open.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let Some(dialog) = view.state.layout.dialog else {
        return;
    };
    let screen = ui.ctx().content_rect().size();
    let (width, height, title) = match dialog {
        Dialog::Palette => (560.0_f32, 440.0_f32, None),
        Dialog::Keys => (760.0, 640.0, Some("keys-title")),
        Dialog::Models => (640.0, 640.0, Some("models-title")),
        Dialog::Settings => (560.0, 640.0, Some("settings-title")),
        Dialog::System => (560.0, 560.0, Some("system-title")),
        Dialog::Notices => (520.0, 520.0, Some("notices-title")),
        Dialog::SavePreset => (420.0, 300.0, Some("save-preset-title")),
        Dialog::PasteText => (520.0, 400.0, Some("paste-title")),
        Dialog::Export => (420.0, 300.0, Some("export-title")),
        Dialog::TypePath => (520.0, 300.0, Some("path-title")),
    };
    let size = vec2(width.min(screen.x - 48.0), height.min(screen.y - 64.0));
    let modal = Modal::new(Id::unique(("dialog", dialog as u8)))
        .frame(frame(ui.ctx()))
        .backdrop_color(Tokens::of(ui).backdrop);
    let response = modal.show(ui.ctx(), |ui| {
        ui.set_width(size.x);
        ui.set_max_height(size.y);
        if let Some(title) = title {
            header(ui, view, title);
        }
        content(ui, view, dialog);
    });
    if response.should_close() {
        view.send(Command::CloseDialog);
    }
}

fn frame(ctx: &Context) -> egui::Frame {
    egui::Frame::popup(&ctx.global_style()).inner_margin(egui::Margin::same(16))
}

fn header(ui: &mut Ui, view: &mut View<'_>, title: &str) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(view.say(title)).heading());
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = view.say("dialog-close");
            if widgets::icon_button(ui, Icon::Close, &name).clicked() {
                view.send(Command::CloseDialog);
            }
        });
    });
}

fn content(ui: &mut Ui, view: &mut View<'_>, dialog: Dialog) {
    match dialog {
        Dialog::Palette => palette::show(ui, view),
        Dialog::Keys => keys::show(ui, view),
        Dialog::Models => models::show(ui, view),
        Dialog::Settings => settings::show(ui, view),
        Dialog::System => system::show(ui, view),
        Dialog::Notices => notices::history(ui, view),
        Dialog::SavePreset => save_preset(ui, view),
        Dialog::PasteText => paste(ui, view),
        Dialog::Export => export(ui, view),
        Dialog::TypePath => type_path(ui, view),
    }
}

/// Text that lives as long as its dialog is open.
fn kept_text(ui: &Ui, id: &str) -> String {
    ui.data_mut(|data| {
        data.get_temp_mut_or_default::<String>(Id::unique(id))
            .clone()
    })
}

fn keep_text(ui: &Ui, id: &str, text: String) {
    ui.data_mut(|data| data.insert_temp(Id::unique(id), text));
}

fn save_preset(ui: &mut Ui, view: &mut View<'_>) {
    let mut name = kept_text(ui, "preset name");
    let with_prompt_id = Id::unique("preset with prompt");
    let mut with_prompt = ui.data_mut(|data| *data.get_temp_mut_or(with_prompt_id, true));
    let field = TextEdit::singleline(&mut name)
        .id(Id::unique("preset name field"))
        .hint_text(view.say("save-preset-name"))
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(10, 8))
        .char_limit(80);
    let response = field
        .show(ui)
        .response
        .response
        .accessible_name(view.say("save-preset-name"));
    if !response.has_focus() && !response.lost_focus() && name.is_empty() {
        response.request_focus();
    }
    ui.checkbox(&mut with_prompt, view.say("save-preset-with-prompt"));
    let with_picture_id = Id::unique("preset with picture");
    let mut with_picture = ui.data_mut(|data| *data.get_temp_mut_or(with_picture_id, true));
    let texture = view.state.gallery.chosen.as_ref();
    if let Some(texture) = texture.and_then(|path| view.textures.thumbnail(path)) {
        ui.horizontal(|ui| {
            widgets::tile(ui, texture, 56.0);
            ui.checkbox(&mut with_picture, view.say("save-preset-with-picture"));
        });
    }
    let ready = !name.trim().is_empty();
    let enter = response.lost_focus()
        && ui.input(|i| i.key_pressed(Key::Enter))
        && !view.state.desk.composing;
    // A name that is there already is a question, which Enter does not answer.
    let same = view.state.presets.own_named(name.trim());
    let command = match same {
        Some(place) => replace_or_both(ui, view, place, &name, (with_prompt, with_picture)),
        None => {
            let save = ui.add_enabled_ui(ready, |ui| {
                let width = ui.available_width();
                widgets::primary_button(ui, &view.say("save-preset-save"), width)
            });
            let pressed = save
                .inner
                .on_disabled_hover_text(view.say("save-preset-needs-name"))
                .clicked();
            (ready && (pressed || enter)).then(|| Command::SavePresetAs {
                name: name.trim().to_owned(),
                with_prompt,
                with_picture,
            })
        }
    };
    if let Some(command) = command {
        view.send(command);
        name.clear();
    }
    keep_text(ui, "preset name", name);
    ui.data_mut(|data| {
        data.insert_temp(with_prompt_id, with_prompt);
        data.insert_temp(with_picture_id, with_picture);
    });
}

/// Asks what is to become of the preset of the same name.
fn replace_or_both(
    ui: &mut Ui,
    view: &View<'_>,
    place: usize,
    name: &str,
    (with_prompt, with_picture): (bool, bool),
) -> Option<Command> {
    let name = name.trim().to_owned();
    let about = view.say_with("save-preset-same", &[("name", name.as_str().into())]);
    ui.add(egui::Label::new(about).wrap());
    ui.horizontal(|ui| {
        let replace = widgets::button(ui, &view.say("save-preset-replace")).clicked();
        let both = widgets::button(ui, &view.say("save-preset-both")).clicked();
        if replace {
            Some(Command::ReplacePreset {
                place,
                with_prompt,
                with_picture,
            })
        } else {
            both.then_some(Command::SavePresetAs {
                name,
                with_prompt,
                with_picture,
            })
        }
    })
    .inner
}

fn paste(ui: &mut Ui, view: &mut View<'_>) {
    let mut text = kept_text(ui, "import text");
    ui.add(egui::Label::new(view.say("paste-about")).wrap());
    let field = TextEdit::multiline(&mut text)
        .id(Id::unique("import text field"))
        .hint_text(view.say("paste-hint"))
        .desired_width(f32::INFINITY)
        .desired_rows(8)
        .margin(egui::Margin::same(10));
    let scroll = egui::ScrollArea::vertical().max_height(220.0);
    let response = scroll
        .show(ui, |ui| field.show(ui).response.response)
        .inner
        .accessible_name(view.say("paste-title"));
    if text.is_empty() && !response.has_focus() {
        response.request_focus();
    }
    let ready = !text.trim().is_empty();
    let width = ui.available_width();
    let name = view.say("paste-import");
    let import = ui
        .add_enabled_ui(ready, |ui| widgets::primary_button(ui, &name, width))
        .inner;
    if import
        .on_disabled_hover_text(view.say("paste-needs-text"))
        .clicked()
    {
        view.send(Command::ImportText(std::mem::take(&mut text)));
        view.send(Command::CloseDialog);
    }
    keep_text(ui, "import text", text);
}

fn export(ui: &mut Ui, view: &mut View<'_>) {
    for (kind, key) in [
        (ExportKind::Png, "export-png"),
        (ExportKind::Jpeg, "export-jpeg"),
        (ExportKind::WebP, "export-webp"),
    ] {
        let (name, about) = (view.say(key), view.say(&format!("{key}-about")));
        if widgets::wide_choice(ui, &name, &about).clicked() {
            view.send(Command::CloseDialog);
            view.send(Command::ExportAs(kind));
        }
    }
}

/// Whether what is called `name` was not drawn in the pass before this one.
fn just_opened(ui: &Ui, name: &str) -> bool {
    let now = ui.ctx().cumulative_pass_nr();
    let id = Id::unique(("drawn in pass", name));
    let before =
        ui.data_mut(|data| std::mem::replace(data.get_temp_mut_or_default::<u64>(id), now));
    before + 1 < now
}

/// A field for a path, where the desktop has no dialog for files.
fn type_path(ui: &mut Ui, view: &mut View<'_>) {
    let Some(path) = view.state.layout.path.as_ref() else {
        return;
    };
    let about = match path.wanted {
        PathFor::Import => "path-for-import",
        PathFor::Model => "path-for-model",
        PathFor::Gallery => "path-for-gallery",
        PathFor::Copy(..) | PathFor::Unsaved(_) => "path-for-copy",
    };
    let about = view.say(about);
    ui.add(egui::Label::new(&about).wrap());
    let mut text = path.text.clone();
    let response = TextEdit::singleline(&mut text)
        .id(Id::unique("path field"))
        .hint_text(view.say("path-hint"))
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(10, 8))
        .show(ui)
        .response
        .response
        .accessible_name(about);
    if just_opened(ui, "path field") {
        response.request_focus();
    }
    widgets::hint(ui, &view.say("path-why"));
    let ready = !text.trim().is_empty();
    let enter = response.lost_focus()
        && ui.input(|i| i.key_pressed(Key::Enter))
        && !view.state.desk.composing;
    let name = view.say(if path.wanted.writes() {
        "path-save"
    } else {
        "path-open"
    });
    let pressed = ui
        .add_enabled_ui(ready, |ui| {
            let width = ui.available_width();
            widgets::primary_button(ui, &name, width)
        })
        .inner
        .on_disabled_hover_text(view.say("path-needs-text"))
        .clicked();
    if text != path.text {
        view.send(Command::TypePath(text));
    }
    if ready && (pressed || enter) {
        view.send(Command::UsePath);
    }
}

/// Asks whether to close while a picture is being painted, or while one is `unsaved`. Returns what was chosen.
pub fn closing_question(ctx: &Context, words: &Words, unsaved: bool) -> Option<Command> {
    let (title, text, stay) = if unsaved {
        (
            "closing-unsaved-title",
            "closing-unsaved-text",
            "closing-unsaved-stay",
        )
    } else {
        ("closing-title", "closing-text", "closing-stay")
    };
    let mut answer = None;
    let modal = Modal::new(Id::unique("closing")).frame(frame(ctx));
    let response = modal.show(ctx, |ui| {
        ui.set_width(380.0_f32.min(ui.ctx().content_rect().width() - 48.0));
        ui.label(RichText::new(words.say(title)).heading());
        ui.add(egui::Label::new(words.say(text)).wrap());
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            let stay = widgets::button(ui, &words.say(stay));
            if ui.memory(|memory| memory.focused().is_none()) {
                stay.request_focus();
            }
            if stay.clicked() {
                answer = Some(Command::StayOpen);
            }
            if widgets::button(ui, &words.say("closing-close")).clicked() {
                answer = Some(Command::CloseAnyway);
            }
        });
    });
    let escape = ctx.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape));
    if answer.is_none() && (escape || response.should_close()) {
        answer = Some(Command::StayOpen);
    }
    answer
}
