//! The prompt: its editor, its length in tokens, words of style, and what to steer away from.

use std::sync::Arc;

use eframe::egui::{
    self, Align, Color32, FontId, FontSelection, Galley, Id, Layout, RichText, TextBuffer,
    TextEdit, TextFormat, TextStyle, Ui,
    text::{CCursor, CCursorRange, LayoutJob},
    text_edit::TextEditState,
};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::state::MAX_TOKENS;
use crate::app::theme::Tokens;
use crate::request::has_style_word;

/// The prompt's editor, for giving it the keyboard.
pub const PROMPT_ID: &str = "the prompt";

/// Prompts that the list of earlier ones offers.
const RECALLED: usize = 40;

/// Draws the card.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    widgets::card(ui, |ui| {
        ui.horizontal(|ui| {
            widgets::title(ui, &view.say("prompt-title"));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.spacing_mut().item_spacing.x = 2.0;
                history(ui, view);
            });
        });
        editor(ui, view);
        style_line(ui, view);
        if view.state.desk.words_open {
            words(ui, view);
        }
        if view.state.desk.negative_open {
            negative(ui, view);
        }
        // An identity of its own: what opens above would else take the keyboard from the chip that opened it.
        let builder = egui::UiBuilder::new().scope_id(Id::unique("foot of the prompt"));
        ui.scope_builder(builder, |ui| foot(ui, view));
    });
}

/// What opens more, and how long the prompt is.
fn foot(ui: &mut Ui, view: &mut View<'_>) {
    let over = cut(view);
    if over {
        count_line(ui, view);
    }
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        let words = (view.say("prompt-words"), view.state.desk.words_open);
        if widgets::chip(ui, &words.0, words.1).clicked() {
            view.send(Command::ShowWords(!words.1));
        }
        let open = view.state.desk.negative_open;
        let written = !view.state.draft.negative.trim().is_empty();
        let name = view.say(if written && !open {
            "prompt-negative-folded"
        } else {
            "prompt-negative-open"
        });
        if widgets::chip(ui, &name, open || written).clicked() {
            view.send(Command::ShowNegative(!open));
        }
        if !over && !view.state.draft.prompt.is_empty() {
            let layout = Layout::right_to_left(Align::Center);
            ui.with_layout(layout, |ui| count_line(ui, view));
        }
    });
}

/// Whether the encoder will not see all of the prompt.
fn cut(view: &View<'_>) -> bool {
    let count = view.state.desk.tokens.as_ref();
    count.is_some_and(|count| count.tokens > MAX_TOKENS || count.cut_at.is_some())
}

/// The prompts so far, the newest first.
fn history(ui: &mut Ui, view: &mut View<'_>) {
    let none = view.state.desk.history.is_empty();
    let name = view.say("prompt-history");
    let keys = super::keys::first(ui.ctx(), Action::EarlierPrompt);
    let tip = format!("{name}  ({keys})");
    let button = ui
        .add_enabled_ui(!none, |ui| {
            widgets::small_icon_button_tip(ui, Icon::History, &name, &tip)
        })
        .inner
        .on_disabled_hover_text(view.say("why-no-history"));
    egui::Popup::menu(&button).show(|ui| {
        ui.set_width(320.0);
        egui::ScrollArea::vertical()
            .max_height(360.0)
            .show(ui, |ui| {
                ui.spacing_mut().item_spacing.y = 2.0;
                let prompts = view.state.desk.history.iter().enumerate().rev();
                for (place, prompt) in prompts.take(RECALLED) {
                    let line = egui::Button::new(prompt.replace('\n', " "))
                        .truncate()
                        .frame_when_inactive(false);
                    let response = ui.add_sized(egui::vec2(ui.available_width(), 28.0), line);
                    if response.on_hover_text(prompt).clicked() {
                        view.out.send(Command::RecallPrompt(place));
                    }
                }
                widgets::follow_focus(ui);
            });
    });
}

fn editor(ui: &mut Ui, view: &mut View<'_>) {
    let mut text = view.state.draft.prompt.clone();
    let cut_at = view
        .state
        .desk
        .tokens
        .as_ref()
        .filter(|count| count.prompt == view.state.draft.full_prompt())
        .and_then(|count| count.cut_at);
    let t = Tokens::of(ui);
    let mut layouter = move |ui: &Ui, buffer: &dyn TextBuffer, width: f32| {
        lay_out(ui, buffer.as_str(), cut_at, width, t.error)
    };
    if view.state.desk.focus_prompt {
        caret_to_end(ui, &text);
    }
    let response = TextEdit::multiline(&mut text)
        .id(Id::unique(PROMPT_ID))
        .hint_text(view.say("prompt-hint"))
        .desired_width(f32::INFINITY)
        .desired_rows(4)
        .margin(egui::Margin::same(10))
        .layouter(&mut layouter)
        .show(ui)
        .response
        .response;
    let response = response.accessible_name(view.say("prompt-name"));
    if view.state.desk.focus_prompt {
        response.request_focus();
        response.scroll_to_me(None);
    }
    if response.changed() {
        let draft = crate::request::Draft {
            prompt: text,
            ..view.state.draft.clone()
        };
        view.send(Command::Draft(Box::new(draft)));
    }
}

/// Puts the caret behind `text`, where one goes on writing.
fn caret_to_end(ui: &Ui, text: &str) {
    let id = Id::unique(PROMPT_ID);
    let mut state = TextEditState::load(ui.ctx(), id).unwrap_or_default();
    let end = CCursor::new(text.chars().count());
    state.cursor.set_char_range(Some(CCursorRange::one(end)));
    state.store(ui.ctx(), id);
}

/// The prompt with the part struck out that the encoder will not see.
fn lay_out(
    ui: &Ui,
    text: &str,
    cut_at: Option<usize>,
    width: f32,
    cut_color: Color32,
) -> Arc<Galley> {
    let font: FontId = FontSelection::from(TextStyle::Body).resolve(ui.style());
    let color = ui.visuals().text_color();
    let mut job = LayoutJob {
        wrap: egui::text::TextWrapping {
            max_width: width,
            ..Default::default()
        },
        ..Default::default()
    };
    let line_height = Some(font.size * 1.5);
    let read = TextFormat {
        font_id: font.clone(),
        color,
        line_height,
        ..Default::default()
    };
    let cut = cut_at.filter(|at| *at < text.len() && text.is_char_boundary(*at));
    let (seen, unseen) = text.split_at(cut.unwrap_or(text.len()));
    job.append(seen, 0.0, read.clone());
    if !unseen.is_empty() {
        let strikethrough = egui::Stroke::new(1.0, cut_color);
        job.append(
            unseen,
            0.0,
            TextFormat {
                color: cut_color,
                strikethrough,
                ..read
            },
        );
    }
    ui.fonts_mut(|fonts| fonts.layout_job(job))
}

/// How many tokens the prompt has of those the encoder reads.
fn count_line(ui: &mut Ui, view: &View<'_>) {
    let t = Tokens::of(ui);
    let Some(count) = &view.state.desk.tokens else {
        return;
    };
    let args = [("tokens", count.tokens.into()), ("most", MAX_TOKENS.into())];
    let (text, color) = if cut(view) {
        (view.say_with("prompt-tokens-cut", &args), t.error)
    } else if count.tokens * 10 > MAX_TOKENS * 9 {
        (view.say_with("prompt-tokens", &args), t.warning)
    } else {
        (view.say_with("prompt-tokens", &args), t.text_weak)
    };
    ui.add(egui::Label::new(RichText::new(text).small().color(color)).wrap())
        .on_hover_text(view.say("prompt-tokens-tip"));
}

/// The style that a preset put behind the prompt.
fn style_line(ui: &mut Ui, view: &mut View<'_>) {
    if view.state.draft.style.is_empty() {
        return;
    }
    ui.horizontal_wrapped(|ui| {
        widgets::hint(ui, &view.say("prompt-style"));
        ui.label(&view.state.draft.style);
        let name = view.say("prompt-style-clear");
        if widgets::small_icon_button(ui, Icon::Close, &name).clicked() {
            view.send(Command::ClearStyle);
        }
    });
}

/// Words to press into the prompt, and out of it again.
fn words(ui: &mut Ui, view: &mut View<'_>) {
    let list = view.say("style-words");
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(6.0, 6.0);
        for word in list
            .split('|')
            .map(str::trim)
            .filter(|word| !word.is_empty())
        {
            let chosen = has_style_word(&view.state.draft.prompt, word);
            if widgets::chip(ui, word, chosen).clicked() {
                view.send(Command::StyleWord(word.to_owned()));
            }
        }
    });
}

fn negative(ui: &mut Ui, view: &mut View<'_>) {
    let mut text = view.state.draft.negative.clone();
    widgets::title(ui, &view.say("prompt-negative-title"));
    let response = TextEdit::multiline(&mut text)
        .id(Id::unique("the negative prompt"))
        .hint_text(view.say("prompt-negative-hint"))
        .desired_width(f32::INFINITY)
        .desired_rows(2)
        .margin(egui::Margin::same(10))
        .show(ui)
        .response
        .response
        .accessible_name(view.say("prompt-negative-title"));
    if response.changed() {
        let draft = crate::request::Draft {
            negative: text,
            ..view.state.draft.clone()
        };
        view.send(Command::Draft(Box::new(draft)));
    }
    if !view.state.draft.negative.trim().is_empty() && !view.state.draft.guidance.is_on() {
        widgets::hint(ui, &view.say("prompt-negative-off"));
    }
}
