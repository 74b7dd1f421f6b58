//! All keys on one sheet, and how a key is written.

use eframe::egui::{
    Align, Context, CornerRadius, Frame, Key, KeyboardShortcut, Layout, Margin, RichText,
    ScrollArea, Stroke, Ui, vec2,
};

use super::View;
use super::widgets;
use crate::app::command::Action;
use crate::app::theme::{GRID, Tokens};

/// The sheet's groups, each with the key of its title.
const GROUPS: [(&str, &[Action]); 5] = [
    (
        "keys-group-paint",
        &[
            Action::Generate,
            Action::GenerateNext,
            Action::Cancel,
            Action::Watch,
            Action::FocusPrompt,
            Action::EarlierPrompt,
            Action::LaterPrompt,
        ],
    ),
    (
        "keys-group-settings",
        &[
            Action::Undo,
            Action::Redo,
            Action::Open,
            Action::PasteText,
            Action::SavePreset,
        ],
    ),
    (
        "keys-group-gallery",
        &[
            Action::SearchGallery,
            Action::NextPicture,
            Action::PreviousPicture,
            Action::NextRow,
            Action::PreviousRow,
            Action::ShowInfo,
            Action::Star,
            Action::Trash,
            Action::CopyPicture,
            Action::Reveal,
            Action::Export,
            Action::ReuseAll,
            Action::ReusePrompt,
            Action::ReuseSeed,
            Action::ReuseSize,
        ],
    ),
    (
        "keys-group-view",
        &[
            Action::ZoomFit,
            Action::ZoomActual,
            Action::ZoomIn,
            Action::ZoomOut,
            Action::CompareSides,
            Action::HoldToCompare,
            Action::FoldLeft,
            Action::FoldRight,
            Action::OnlyPicture,
        ],
    ),
    (
        "keys-group-program",
        &[
            Action::Palette,
            Action::Keys,
            Action::Models,
            Action::Settings,
            Action::DismissNotices,
            Action::Quit,
        ],
    ),
];

/// What the pointer does, behind the group of the view.
const POINTER: [&str; 3] = ["keys-wheel", "keys-drag", "keys-double"];

/// The width from which on the groups stand in two columns.
const TWO_COLUMNS: f32 = 600.0;

/// Draws the dialog's content.
pub fn show(ui: &mut Ui, view: &View<'_>) {
    widgets::hint(ui, &view.say("keys-about"));
    ScrollArea::vertical().id_salt("keys").show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        if ui.available_width() < TWO_COLUMNS {
            for (title, actions) in GROUPS {
                group(ui, view, title, actions);
            }
            return;
        }
        ui.spacing_mut().item_spacing.x = 3.0 * GRID;
        ui.columns(2, |columns| {
            let (left, right) = columns.split_at_mut(1);
            let (Some(left), Some(right)) = (left.first_mut(), right.first_mut()) else {
                return;
            };
            for (title, actions) in GROUPS {
                let ui = match title {
                    "keys-group-view" | "keys-group-program" | "keys-group-settings" => &mut *right,
                    _ => &mut *left,
                };
                group(ui, view, title, actions);
            }
        });
    });
}

fn group(ui: &mut Ui, view: &View<'_>, title: &str, actions: &[Action]) {
    ui.add_space(GRID);
    widgets::title(ui, &view.say(title));
    for action in actions {
        let keys: Vec<String> = action
            .shortcuts()
            .iter()
            .map(|shortcut| text(ui.ctx(), shortcut))
            .collect();
        row(ui, &view.say(action.key()), &keys);
    }
    if title == "keys-group-view" {
        for key in POINTER {
            row(ui, &view.say(&format!("{key}-does")), &[view.say(key)]);
        }
    }
}

fn row(ui: &mut Ui, name: &str, keys: &[String]) {
    let t = Tokens::of(ui);
    let size = vec2(ui.available_width(), 28.0);
    ui.allocate_ui_with_layout(size, Layout::right_to_left(Align::Center), |ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        for key in keys.iter().rev() {
            Frame::new()
                .fill(t.control)
                .stroke(Stroke::new(1.0, t.line))
                .corner_radius(CornerRadius::same(4))
                .inner_margin(Margin::symmetric(6, 1))
                .show(ui, |ui| ui.label(RichText::new(key).small()));
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            ui.add(eframe::egui::Label::new(RichText::new(name).color(t.text_weak)).truncate());
        });
    });
}

/// The usual keys of `action`; empty when it has none.
pub fn first(ctx: &Context, action: Action) -> String {
    action
        .shortcuts()
        .first()
        .map(|shortcut| text(ctx, shortcut))
        .unwrap_or_default()
}

/// Keys as they are printed on a keyboard.
fn text(ctx: &Context, shortcut: &KeyboardShortcut) -> String {
    let logical_key = shortcut.logical_key;
    let written = ctx.format_shortcut(shortcut);
    let name = [logical_key.name(), logical_key.symbol_or_name()]
        .into_iter()
        .find(|name| written.ends_with(name))
        .unwrap_or_default();
    let before = written.strip_suffix(name).unwrap_or_default();
    let key = match logical_key {
        Key::Escape => "Esc",
        Key::Delete => "Del",
        Key::Period => ".",
        Key::Comma => ",",
        Key::Plus => "+",
        Key::Minus => "-",
        Key::Equals => "=",
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        _ => name,
    };
    format!("{before}{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sheet_lists_every_action_that_has_keys_once() {
        for action in Action::ALL {
            let listed = GROUPS
                .iter()
                .flat_map(|(_, actions)| *actions)
                .filter(|listed| *listed == action)
                .count();
            assert_eq!(listed == 1, !action.shortcuts().is_empty(), "{action:?}");
        }
    }

    #[test]
    fn keys_are_written_as_on_the_keyboard() {
        let ctx = Context::default();
        ctx.set_os(eframe::egui::os::OperatingSystem::Nix);
        for (action, wanted) in [
            (Action::Generate, "Ctrl+Enter"),
            (Action::Cancel, "Esc"),
            (Action::Star, "."),
            (Action::Settings, "Ctrl+,"),
            (Action::EarlierPrompt, "Alt+↑"),
            (Action::Keys, "F1"),
            (Action::DrawSeed, ""),
        ] {
            assert_eq!(first(&ctx, action), wanted);
        }
    }
}
