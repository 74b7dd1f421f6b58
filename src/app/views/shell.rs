//! The arrangement: three columns, or one at a time in a narrow window; bars above and below; dialogs over all.

use eframe::egui::{CentralPanel, Frame, Margin, Panel, Rect, ScrollArea, Ui};

use super::{
    View, banner, canvas, dialogs, gallery, generate, info, notices, params, presets, prompt,
    queue, status,
};
use super::{top_bar, widgets};
use crate::app::command::{Action, Command};
use crate::app::state::{Narrow, RightTab};
use crate::app::theme::{GRID, NARROW, Tokens};

pub use super::dialogs::closing_question;

/// The least width of the left column.
const WRITE: f32 = 280.0;
/// The least width of the right column.
const BROWSE: f32 = 200.0;
/// The width that columns leave to the picture.
const PICTURE: f32 = 360.0;
/// The height of the left column below which what is pressed says no more than it must.
const LOW: f32 = 280.0;
/// The height below which it scrolls along with the rest.
const LOWEST: f32 = 130.0;

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
    let room = if narrow {
        one_column(ui, view)
    } else {
        three_columns(ui, view)
    };
    dialogs::show(ui, view);
    // Below a dialog, whose last rows messages over the picture would cover.
    let over_all = view.state.layout.dialog.is_some();
    let room = if over_all {
        ui.ctx().content_rect()
    } else {
        room
    };
    notices::show(ui, view, room);
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

/// Returns where messages may lie: over the picture.
fn three_columns(ui: &mut Ui, view: &mut View<'_>) -> Rect {
    let width = ui.available_width();
    let frame = column_frame(ui);
    let (mut left, mut right) = (view.state.layout.left, view.state.layout.right);
    // Columns that were drawn wide in a large window leave the picture its room in a small one.
    let most = (width - PICTURE - BROWSE).clamp(WRITE, 440.0);
    let write = Panel::left("write")
        .frame(frame)
        .default_size((width * 0.26).clamp(300.0, 380.0))
        .size_range(WRITE..=most)
        .show_collapsible(ui, &mut left, |ui| write_column(ui, view));
    // Between a phone's width and a laptop's, the picture needs the room more than the gallery does.
    let right_size = if width < 1000.0 {
        BROWSE
    } else {
        (width * 0.22).clamp(240.0, 340.0)
    };
    let taken = write.map_or(0.0, |write| write.response.rect.width());
    let most = (width - PICTURE - taken).clamp(BROWSE, 560.0);
    Panel::right("browse")
        .frame(frame)
        .default_size(right_size)
        .size_range(BROWSE..=most)
        .show_collapsible(ui, &mut right, |ui| browse_column(ui, view));
    if left != view.state.layout.left {
        view.send(Action::FoldLeft);
    }
    if right != view.state.layout.right {
        view.send(Action::FoldRight);
    }
    let canvas = CentralPanel::no_frame().show(ui, |ui| canvas::show(ui, view));
    canvas.inner
}

/// Returns where messages may lie: over all but what is pressed below.
fn one_column(ui: &mut Ui, view: &mut View<'_>) -> Rect {
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
    let frame = column_frame(ui);
    match page {
        Narrow::Look => {
            let canvas = CentralPanel::no_frame();
            canvas.show(ui, |ui| canvas::show(ui, view)).inner
        }
        Narrow::Write => {
            let column = CentralPanel::default().frame(frame);
            column.show(ui, |ui| write_column(ui, view)).inner
        }
        Narrow::Browse => {
            let column = CentralPanel::default().frame(frame);
            let shown = column.show(ui, |ui| browse_column(ui, view));
            shown.response.rect
        }
    }
}

/// Prompt, sliders, presets; the button to press stays in sight below them, unless that would leave too little of them.
/// Returns where they stand.
fn write_column(ui: &mut Ui, view: &mut View<'_>) -> Rect {
    let height = ui.available_height();
    let (low, along) = (height < LOW, height < LOWEST);
    if !along {
        let edge = if low { 4 } else { 8 };
        let margin = Margin {
            left: 0,
            right: 0,
            top: edge,
            bottom: 4,
        };
        Panel::bottom("generate")
            .frame(Frame::new().inner_margin(margin))
            .show_separator_line(false)
            .show(ui, |ui| generate::show(ui, view, low));
    }
    let rest = ui.available_rect_before_wrap();
    ScrollArea::vertical()
        .id_salt("write")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            ui.spacing_mut().item_spacing.y = GRID;
            prompt::show(ui, view);
            if along {
                generate::show(ui, view, low);
            }
            params::show(ui, view);
            presets::show(ui, view);
            ui.add_space(GRID);
            widgets::follow_focus(ui);
        });
    rest
}

/// Gallery, queue and what is known of the picture.
fn browse_column(ui: &mut Ui, view: &mut View<'_>) {
    let tabs = [RightTab::Gallery, RightTab::Queue, RightTab::Info];
    let waiting = view.state.queue.jobs.len();
    let narrow = ui.available_width() < 240.0;
    let queue = match waiting {
        0 => view.say("tab-queue"),
        n if narrow => view.say_with("tab-queue-count-narrow", &[("count", n.into())]),
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
