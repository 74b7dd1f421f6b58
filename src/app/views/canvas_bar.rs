//! The bar below the picture: zoom, compare, and what can be done with it.

use eframe::egui::{Align, Layout, RichText, Ui};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::Action;
use crate::app::state::{CompareMode, Zoom};
use crate::app::theme::{GRID, Tokens};

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

/// Draws the bar.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let t = Tokens::of(ui);
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 2.0;
        let zoom = view.state.canvas.zoom;
        let roomy = ui.available_width() > 460.0;
        view.act_toggle(ui, Icon::Fit, Action::ZoomFit, zoom == Zoom::Fit);
        let one = view.act(ui, Action::ZoomActual, |ui| {
            widgets::text_button(ui, "1:1", zoom == Zoom::Scale(1.0))
        });
        let name = view.say(Action::ZoomActual.key());
        let tip = view.tip(ui.ctx(), Action::ZoomActual);
        one.accessible_name(name).on_hover_text(tip);
        if roomy {
            view.act_icon(ui, Icon::Minus, Action::ZoomOut);
            view.act_icon(ui, Icon::Plus, Action::ZoomIn);
            if let Zoom::Scale(scale) = zoom {
                ui.label(
                    RichText::new(format!("{:.0} %", scale * 100.0))
                        .small()
                        .color(t.text_weak),
                );
            }
            ui.add_space(GRID);
            let compare = view.state.canvas.compare;
            view.act_toggle(
                ui,
                Icon::Compare,
                Action::CompareSides,
                compare == Some(CompareMode::Sides),
            );
            view.act_toggle(
                ui,
                Icon::Split,
                Action::CompareSlider,
                compare == Some(CompareMode::Slider),
            );
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ui.spacing_mut().item_spacing.x = 2.0;
            view.act_icon(ui, Icon::Trash, Action::Trash);
            view.act_icon(ui, Icon::Export, Action::Export);
            if roomy {
                view.act_icon(ui, Icon::Folder, Action::Reveal);
                view.act_icon(ui, Icon::Copy, Action::CopyPicture);
            }
            let starred = view.state.chosen_entry().is_some_and(|entry| entry.star);
            view.act_toggle(
                ui,
                if starred { Icon::StarFull } else { Icon::Star },
                Action::Star,
                starred,
            );
            view.act_icon(ui, Icon::Redo, Action::ReuseAll);
            if roomy {
                view.act_icon(ui, Icon::Info, Action::ShowInfo);
            }
        });
    });
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
