//! The one button to press, and what it will take.

use eframe::egui::{self, Ui, vec2};

use super::View;
use super::icons::Icon;
use super::widgets;
use crate::app::command::{Action, Command};
use crate::app::reasons::why_not;
use crate::app::state::Foretold;
use crate::app::theme::{GRID, Tokens};

/// Draws the foot of the left column; where it must be `low`, what the request takes is only a tooltip.
pub fn show(ui: &mut Ui, view: &mut View<'_>, low: bool) {
    too_large(ui, view);
    let busy = view.state.queue.running().is_some();
    let stoppable = why_not(view.state, Action::Cancel).is_none();
    let why = why_not(view.state, Action::Generate);
    ui.horizontal(|ui| {
        let cancel_width = if stoppable { 40.0 + GRID } else { 0.0 };
        let width = ui.available_width() - cancel_width;
        let text = view.say(if busy {
            "generate-queue"
        } else {
            "generate-now"
        });
        let mut tip = view.tip(ui.ctx(), Action::Generate);
        if low {
            tip = format!("{tip}\n{}", foretell(view));
        }
        let response = view
            .act(ui, Action::Generate, |ui| {
                widgets::primary_button(ui, &text, width)
            })
            .on_hover_text(tip);
        // A screen reader finds the button under one name, whatever it says at the moment.
        response.accessible_name(view.say("generate-name"));
        if stoppable {
            let name = view.say(Action::Cancel.key());
            let tip = view.tip(ui.ctx(), Action::Cancel);
            view.act(ui, Action::Cancel, |ui| {
                widgets::large_icon_button(ui, Icon::Close, &name, &tip)
            });
        }
    });
    if low {
        return;
    }
    let line = match why {
        Some(why) => view.words.tell(&why),
        None => foretell(view),
    };
    ui.add_sized(
        vec2(ui.available_width(), 18.0),
        egui::Label::new(
            egui::RichText::new(line)
                .small()
                .color(Tokens::of(ui).text_weak),
        )
        .truncate(),
    );
}

fn foretell(view: &View<'_>) -> String {
    let draft = &view.state.draft;
    let size = draft.size;
    let count = draft.count.get();
    let what = view.say_with(
        "foretell-what",
        &[
            ("count", count.into()),
            ("width", size.width().to_string().into()),
            ("height", size.height().to_string().into()),
        ],
    );
    match view.state.engine.foretold.seconds {
        Some(seconds) => {
            let time = super::status::duration(view, seconds);
            view.say_with(
                "foretell-time",
                &[("what", what.into()), ("time", time.into())],
            )
        }
        None => what,
    }
}

/// Says that the request will not fit, and offers the cheapest change.
fn too_large(ui: &mut Ui, view: &mut View<'_>) {
    let Foretold {
        too_large: Some((why, instead)),
        ..
    } = &view.state.engine.foretold
    else {
        return;
    };
    let color = Tokens::of(ui).warning;
    ui.add(
        egui::Label::new(
            egui::RichText::new(view.words.tell(why))
                .small()
                .color(color),
        )
        .wrap(),
    );
    if let Some(size) = instead {
        let name = view.say_with(
            "foretell-use-size",
            &[
                ("width", size.width().to_string().into()),
                ("height", size.height().to_string().into()),
            ],
        );
        if widgets::button(ui, &name).clicked() {
            let draft = crate::request::Draft {
                size: *size,
                ..view.state.draft.clone()
            };
            view.send(Command::Draft(Box::new(draft)));
        }
    }
}
