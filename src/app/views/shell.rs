//! The arrangement: three columns, or one at a time in a narrow window; bars above and below; dialogs over all.

use eframe::egui::{CentralPanel, Frame, Margin, Panel, ScrollArea, Ui};

use super::{
    View, banner, canvas, dialogs, gallery, generate, info, notices, params, presets, prompt,
    queue, status,
};
use super::{top_bar, widgets};
use crate::app::command::{Action, Command};
use crate::app::state::{Narrow, RightTab};
use crate::app::theme::{GRID, NARROW, Tokens};

pub use super::dialogs::closing_question;

/// The whole window.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let t = Tokens::of(ui);
    let narrow = ui.available_width() < NARROW;
    let bar = Frame::new()
        .fill(t.panel)
        .inner_margin(Margin::symmetric(12, 6));
    Panel::top("top")
        .frame(bar)
        .show(ui, |ui| top_bar::show(ui, view, narrow));
    banner::show(ui, view);
    let foot = Frame::new()
        .fill(t.panel)
        .inner_margin(Margin::symmetric(12, 0));
    Panel::bottom("status")
        .frame(foot)
        .exact_size(30.0)
        .show(ui, |ui| status::show(ui, view));
    if narrow {
        one_column(ui, view);
    } else {
        three_columns(ui, view);
    }
    dialogs::show(ui, view);
    notices::show(ui, view);
}

fn column_frame(ui: &Ui) -> Frame {
    Frame::new()
        .fill(Tokens::of(ui).panel)
        .inner_margin(Margin {
            left: 12,
            right: 12,
            top: 4,
            bottom: 8,
        })
}

fn three_columns(ui: &mut Ui, view: &mut View<'_>) {
    let width = ui.available_width();
    let frame = column_frame(ui);
    let (mut left, mut right) = (view.state.layout.left, view.state.layout.right);
    Panel::left("write")
        .frame(frame)
        .default_size((width * 0.26).clamp(300.0, 380.0))
        .size_range(280.0..=440.0)
        .show_collapsible(ui, &mut left, |ui| write_column(ui, view));
    // Between a phone's width and a laptop's, the picture needs the room more than the gallery does.
    let right_size = if width < 1000.0 {
        200.0
    } else {
        (width * 0.22).clamp(240.0, 340.0)
    };
    Panel::right("browse")
        .frame(frame)
        .default_size(right_size)
        .size_range(200.0..=560.0)
        .show_collapsible(ui, &mut right, |ui| browse_column(ui, view));
    if left != view.state.layout.left {
        view.send(Action::FoldLeft);
    }
    if right != view.state.layout.right {
        view.send(Action::FoldRight);
    }
    CentralPanel::no_frame().show(ui, |ui| canvas::show(ui, view));
}

fn one_column(ui: &mut Ui, view: &mut View<'_>) {
    let names = ["narrow-write", "narrow-look", "narrow-browse"].map(|key| view.say(key));
    let pages = [Narrow::Write, Narrow::Look, Narrow::Browse];
    let page = view.state.layout.narrow;
    let bar = Frame::new()
        .fill(Tokens::of(ui).panel)
        .inner_margin(Margin {
            left: 12,
            right: 12,
            top: 0,
            bottom: 6,
        });
    Panel::top("pages")
        .frame(bar)
        .show_separator_line(false)
        .show(ui, |ui| {
            let place = pages.iter().position(|p| *p == page).unwrap_or(0);
            if let Some(pressed) =
                widgets::segments(ui, &names, place).and_then(|place| pages.get(place))
            {
                view.send(Command::Narrow(*pressed));
            }
        });
    match page {
        Narrow::Look => {
            CentralPanel::no_frame().show(ui, |ui| canvas::show(ui, view));
        }
        Narrow::Write => {
            CentralPanel::default()
                .frame(column_frame(ui))
                .show(ui, |ui| write_column(ui, view));
        }
        Narrow::Browse => {
            CentralPanel::default()
                .frame(column_frame(ui))
                .show(ui, |ui| browse_column(ui, view));
        }
    }
}

/// Prompt, sliders, presets; the button to press stays in sight below them.
fn write_column(ui: &mut Ui, view: &mut View<'_>) {
    Panel::bottom("generate")
        .frame(Frame::new().inner_margin(Margin {
            left: 0,
            right: 0,
            top: 8,
            bottom: 4,
        }))
        .show_separator_line(false)
        .show(ui, |ui| generate::show(ui, view));
    ScrollArea::vertical()
        .id_salt("write")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = GRID;
            prompt::show(ui, view);
            params::show(ui, view);
            presets::show(ui, view);
            ui.add_space(GRID);
            widgets::follow_focus(ui);
        });
}

/// Gallery, queue and what is known of the picture.
fn browse_column(ui: &mut Ui, view: &mut View<'_>) {
    let tabs = [RightTab::Gallery, RightTab::Queue, RightTab::Info];
    let waiting = view.state.queue.jobs.len();
    let queue = match waiting {
        0 => view.say("tab-queue"),
        n => view.say_with("tab-queue-count", &[("count", n.into())]),
    };
    let names = [view.say("tab-gallery"), queue, view.say("tab-info")];
    let tab = view.state.layout.tab;
    ui.add_space(4.0);
    let place = tabs.iter().position(|t| *t == tab).unwrap_or(0);
    if let Some(pressed) = widgets::segments(ui, &names, place).and_then(|place| tabs.get(place)) {
        view.send(Command::Tab(*pressed));
    }
    ui.add_space(4.0);
    match tab {
        RightTab::Gallery => gallery::show(ui, view),
        RightTab::Queue => queue::show(ui, view),
        RightTab::Info => info::show(ui, view),
    }
}
