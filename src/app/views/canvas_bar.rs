//! The bar below the picture: zoom, compare, and what can be done with it.

use eframe::egui::{Modifiers, RichText, Ui};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::Action;
use crate::app::state::{CompareMode, Zoom};
use crate::app::theme::{CONTROL, GRID, Tokens};

/// The width of an icon and the gap behind it.
const STEP: f32 = CONTROL + 2.0;
/// The width of the scale in words.
const PERCENT: f32 = 50.0;

/// Everything that can be done with a picture, for its menus.
const MENU: [&[Action]; 4] = [
    &[
        Action::ReuseAll,
        Action::ReusePrompt,
        Action::ReuseSeed,
        Action::ReuseSize,
    ],
    &[Action::Star, Action::CopyPicture, Action::CopyPrompt],
    &[Action::Reveal, Action::OpenFolder, Action::Export],
    &[Action::Trash],
];

/// What a narrow bar leaves to the menu, the keys and the wheel.
#[derive(Clone, Copy)]
struct Room {
    compare: bool,
    copy: bool,
    steps: bool,
    info: bool,
    folder: bool,
    percent: bool,
}

impl Room {
    /// What there is room for in `width`, the most wanted first.
    fn of(width: f32) -> Self {
        // Whole picture, actual size, reuse, star, export and trash are there always.
        let mut spare = width - 6.0 * STEP - 2.0 * GRID;
        let mut fits = |width: f32| {
            let fits = spare >= width;
            spare -= if fits { width } else { 0.0 };
            fits
        };
        Self {
            compare: fits(2.0 * STEP + GRID),
            copy: fits(STEP),
            steps: fits(2.0 * STEP),
            info: fits(STEP),
            folder: fits(STEP),
            percent: fits(PERCENT),
        }
    }
}

/// Draws the bar.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let room = Room::of(ui.available_width());
        looking(ui, view, room);
        widgets::at_end(ui, "picture", |ui| doing(ui, view, room));
    });
}

/// How large the picture is, and whether there is another one beside it.
fn looking(ui: &mut Ui, view: &mut View<'_>, room: Room) {
    let t = Tokens::of(ui);
    let zoom = view.state.canvas.zoom;
    view.act_toggle(ui, Icon::Fit, Action::ZoomFit, zoom == Zoom::Fit);
    let one = view.act(ui, Action::ZoomActual, |ui| {
        widgets::text_button(ui, "1:1", zoom == Zoom::Scale(1.0))
    });
    let name = view.say(Action::ZoomActual.key());
    let tip = view.tip(ui.ctx(), Action::ZoomActual);
    one.accessible_name(name).on_hover_text(tip);
    if room.steps {
        view.act_icon(ui, Icon::Minus, Action::ZoomOut);
        view.act_icon(ui, Icon::Plus, Action::ZoomIn);
    }
    if room.percent
        && let Zoom::Scale(scale) = zoom
    {
        ui.label(
            RichText::new(format!("{:.0} %", scale * 100.0))
                .small()
                .color(t.text_weak),
        );
    }
    if room.compare {
        ui.add_space(GRID);
        let compare = view.state.canvas.compare;
        for (icon, action, mode) in [
            (Icon::Compare, Action::CompareSides, CompareMode::Sides),
            (Icon::Split, Action::CompareSlider, CompareMode::Slider),
        ] {
            let keys = ui.ctx().format_modifiers(Modifiers::COMMAND);
            let hint = view.say_with("compare-hint", &[("key", keys.into())]);
            let (name, tip) = (view.say(action.key()), view.tip(ui.ctx(), action));
            let tip = format!("{tip}\n{hint}");
            view.act(ui, action, |ui| {
                widgets::icon_toggle_tip(ui, icon, &name, &tip, compare == Some(mode))
            });
        }
    }
}

/// What can be done with the picture.
fn doing(ui: &mut Ui, view: &mut View<'_>, room: Room) {
    ui.spacing_mut().item_spacing.x = 2.0;
    if room.info {
        view.act_icon(ui, Icon::Info, Action::ShowInfo);
    }
    view.act_icon(ui, Icon::Redo, Action::ReuseAll);
    let starred = view.state.chosen_entry().is_some_and(|entry| entry.star);
    let icon = if starred { Icon::StarFull } else { Icon::Star };
    view.act_toggle(ui, icon, Action::Star, starred);
    if room.copy {
        view.act_icon(ui, Icon::Copy, Action::CopyPicture);
    }
    if room.folder {
        view.act_icon(ui, Icon::Folder, Action::Reveal);
    }
    view.act_icon(ui, Icon::Export, Action::Export);
    view.act_icon(ui, Icon::Trash, Action::Trash);
}

/// The menu of the chosen picture.
pub fn menu(ui: &mut Ui, view: &mut View<'_>) {
    for (index, group) in MENU.iter().enumerate() {
        if index > 0 {
            ui.separator();
        }
        for action in *group {
            view.act_menu(ui, *action);
        }
    }
}
