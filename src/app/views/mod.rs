//! The panels. Each draws the state it is given and sends commands; none changes anything.

mod banner;
mod canvas;
mod canvas_bar;
mod canvas_compare;
mod dialogs;
mod gallery;
mod generate;
pub mod icons;
mod info;
mod keys;
mod models;
mod notices;
mod palette;
mod params;
mod picture;
mod preset_tile;
mod presets;
mod prompt;
mod queue;
mod queue_drag;
mod settings;
mod shell;
mod status;
mod system;
mod top_bar;
mod widgets;

pub use notices::refresh_after;
pub use picture::PICTURE_FOCUS;
pub use prompt::PROMPT_ID;
pub use shell::{closing_question, show};
pub use status::bytes_text;

use eframe::egui::{self, Context, Response, Ui};

use self::icons::Icon;
use super::command::{Action, Command, Commands};
use super::i18n::{Value, Words};
use super::state::State;
use super::textures::Textures;

/// How many characters of a cause are shown.
const CAUSE: usize = 600;

/// What a view is given.
pub struct View<'a> {
    /// What to draw.
    pub state: &'a State,
    /// In which words.
    pub words: &'a Words,
    /// With which pictures.
    pub textures: &'a Textures,
    /// Where to put what is asked.
    pub out: &'a mut Commands,
}

impl View<'_> {
    /// The sentence under `key`.
    fn say(&self, key: &str) -> String {
        self.words.say(key)
    }

    /// The sentence under `key` with its placeables filled.
    fn say_with(&self, key: &str, args: &[(&'static str, Value)]) -> String {
        self.words.say_with(key, args)
    }

    /// Why something failed. It is translated anew each frame, so no more of it than is ever read.
    fn cause(&self, why: &str) -> String {
        let why: String = why.chars().take(CAUSE).collect();
        self.words.cause(&why)
    }

    /// Asks for something.
    fn send(&mut self, command: impl Into<Command>) {
        self.out.send(command);
    }

    /// An action's text with its first key, for a tooltip.
    fn tip(&self, ctx: &Context, action: Action) -> String {
        let text = self.say(action.key());
        match keys::first(ctx, action).as_str() {
            "" => text,
            keys => format!("{text}  ({keys})"),
        }
    }

    /// Draws a button for `action` by `add`, off with its reason where it cannot be done; sends the action on a click.
    fn act(
        &mut self,
        ui: &mut Ui,
        action: Action,
        add: impl FnOnce(&mut Ui) -> Response,
    ) -> Response {
        let why = super::reasons::why_not(self.state, action);
        let response = ui.add_enabled_ui(why.is_none(), add).inner;
        if response.clicked() {
            self.send(action);
        }
        match why {
            Some(why) => response.on_disabled_hover_text(self.words.tell(&why)),
            None => response,
        }
    }

    /// An icon button for `action`.
    fn act_icon(&mut self, ui: &mut Ui, icon: Icon, action: Action) -> Response {
        self.act_toggle(ui, icon, action, false)
    }

    /// An icon button for `action` that is lit while `on`.
    fn act_toggle(&mut self, ui: &mut Ui, icon: Icon, action: Action, on: bool) -> Response {
        let tip = self.tip(ui.ctx(), action);
        let name = self.say(action.key());
        self.act(ui, action, |ui| {
            widgets::icon_toggle_tip(ui, icon, &name, &tip, on)
        })
    }

    /// A menu line for `action`.
    fn act_menu(&mut self, ui: &mut Ui, action: Action) {
        let text = self.say(action.key());
        let keys = keys::first(ui.ctx(), action);
        let response = self.act(ui, action, |ui| {
            ui.add(
                egui::Button::new(text)
                    .shortcut_text(keys)
                    .frame_when_inactive(false),
            )
        });
        if response.clicked() {
            ui.close();
        }
    }
}

/// A size in pixels.
fn size_text(width: u32, height: u32) -> String {
    format!("{width} × {height}")
}
