//! Keys into actions. While an input method composes, no key is anything but its own.

use eframe::egui::{
    Context, DragAndDrop, Event, Id, ImeEvent, InputState, Key, KeyboardShortcut, Modifiers, Popup,
};

use super::command::Action;
use super::state::State;
use super::views::PICTURE_FOCUS;

/// What the keyboard is on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Focus {
    /// Nothing: keys mean what is seen.
    Nowhere,
    /// The picture on the canvas.
    Picture,
    /// Something that takes text.
    Text,
    /// Any other control.
    Control,
}

impl Focus {
    fn of(ctx: &Context) -> Self {
        if ctx.text_edit_focused() {
            return Self::Text;
        }
        let Some(focused) = ctx.memory(|memory| memory.focused()) else {
            return Self::Nowhere;
        };
        let picture = ctx.data(|data| data.get_temp::<Id>(Id::unique(PICTURE_FOCUS)));
        if picture == Some(focused) {
            Self::Picture
        } else {
            Self::Control
        }
    }
}

/// Notes whether an input method is composing, and takes away keys that are meant for it: Enter that picks a word and
/// Backspace that shortens it would else end the line or eat text that is already there.
pub fn note_composition(input: &mut InputState, composing: &mut bool) {
    input.events.retain(|event| match event {
        Event::Ime(ImeEvent::Preedit { text, .. }) => {
            *composing = !text.is_empty();
            true
        }
        Event::Ime(ImeEvent::Commit(_)) => {
            *composing = false;
            true
        }
        Event::Key { .. } => !*composing,
        _ => true,
    });
}

/// Actions that keys of one frame asked for.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// Those to be done before the widgets see the frame.
    pub first: Vec<Action>,
    /// Those to be done after: text stands before their keys that belongs to what they act on.
    pub after_text: Vec<Action>,
}

/// Takes the keys that mean actions out of the input, so that no widget sees them.
#[must_use]
pub fn take_actions(ctx: &Context, state: &State, composing_before: bool) -> Taken {
    // The key that ends a composition (Enter, Esc, a number) belongs to it too.
    if state.desk.composing || composing_before {
        return Taken::default();
    }
    let mut focus = Focus::of(ctx);
    let mut all: Vec<(Action, &KeyboardShortcut)> = Action::ALL
        .iter()
        .flat_map(|action| action.shortcuts().iter().map(|keys| (*action, keys)))
        .collect();
    // Ctrl+Shift+Z before Ctrl+Z, since the looser one would match both; and letters alone come last.
    all.sort_by_key(|(_, keys)| {
        let Modifiers {
            shift,
            alt,
            command,
            ..
        } = keys.modifiers;
        std::cmp::Reverse((shift || alt, command))
    });
    // Esc lets go of what is dragged and closes a menu; it must not stop the job that runs as well.
    let holds_escape = DragAndDrop::has_any_payload(ctx) || Popup::is_any_open(ctx);
    let (mut taken, mut after_text) = (Vec::new(), Vec::new());
    let in_field = focus == Focus::Text;
    ctx.input_mut(|input| {
        for (action, keys) in all {
            let lets_go = holds_escape && keys.logical_key == Key::Escape;
            if lets_go || !may_act(state, action, keys, focus) {
                continue;
            }
            // A slow frame may hold the same key several times; each press counts.
            let late = in_field && text_before(input, keys.logical_key);
            let presses = input.count_and_consume_key(keys.modifiers, keys.logical_key);
            if presses > 0 {
                // What was typed right behind it, within one slow frame, is text.
                if matches!(
                    action,
                    Action::FocusPrompt | Action::SearchGallery | Action::Palette
                ) {
                    focus = Focus::Text;
                }
                let actions = if late { &mut after_text } else { &mut taken };
                actions.extend(std::iter::repeat_n(action, presses));
            }
        }
        if focus != Focus::Text && state.layout.dialog.is_none() {
            // The system's own keys for copy and paste arrive as events of their own.
            input.events.retain(|event| match event {
                Event::Copy => {
                    taken.push(Action::CopyPicture);
                    false
                }
                _ => true,
            });
        }
    });
    Taken {
        first: taken,
        after_text,
    }
}

/// Whether text came before the first press of `key` in this frame, which a slow frame may hold together.
fn text_before(input: &InputState, key: Key) -> bool {
    let first = input.events.iter().find_map(|event| match event {
        Event::Text(_) | Event::Paste(_) | Event::Ime(ImeEvent::Commit(_)) => Some(true),
        Event::Key {
            key: pressed,
            pressed: true,
            ..
        } if *pressed == key => Some(false),
        _ => None,
    });
    first == Some(true)
}

/// Text that was pasted while nothing takes text: a preset, or the settings of a picture.
#[must_use]
pub fn take_pasted(ctx: &Context, state: &State) -> Option<String> {
    if ctx.text_edit_focused() || state.layout.dialog.is_some() {
        return None;
    }
    ctx.input(|input| {
        input.events.iter().find_map(|event| match event {
            Event::Paste(text) => Some(text.clone()),
            _ => None,
        })
    })
}

fn may_act(state: &State, action: Action, keys: &KeyboardShortcut, focus: Focus) -> bool {
    if state.closing == super::state::Closing::Asked {
        return false;
    }
    let escape = keys.logical_key == Key::Escape;
    if state.layout.dialog.is_some() {
        // A dialog has the keys to itself, but for those that open and close dialogs, or clear what lies over it.
        let acts = opens_dialog(action) || action == Action::DismissNotices;
        return !escape && keys.modifiers.command && acts || keys.logical_key == Key::F1;
    }
    if escape {
        // Esc belongs to what is open; only when work runs is it "cancel".
        return state.queue.running().is_some();
    }
    if focus == Focus::Text {
        return action.acts_while_typing(keys);
    }
    let arrow = matches!(
        keys.logical_key,
        Key::ArrowLeft | Key::ArrowRight | Key::ArrowUp | Key::ArrowDown
    );
    // Arrows move sliders and the focus where there is one.
    if arrow && keys.modifiers.is_none() {
        return focus == Focus::Nowhere;
    }
    // On a button, a row of a list or a small picture, Del means that, and not the picture on the canvas.
    let delete = matches!(keys.logical_key, Key::Delete | Key::Backspace);
    !delete || matches!(focus, Focus::Nowhere | Focus::Picture)
}

fn opens_dialog(action: Action) -> bool {
    matches!(
        action,
        Action::Palette
            | Action::Settings
            | Action::Models
            | Action::SavePreset
            | Action::PasteText
            | Action::Export
            | Action::Quit
    )
}
