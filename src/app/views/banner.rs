//! Offers that wait calmly above the columns: the queue of an earlier run, and a job that is being edited.

use eframe::egui::{Button, Frame, Label, Margin, Panel, Ui};

use super::View;
use super::widgets;
use crate::app::command::{Action, Command, QueueChange};
use crate::app::theme::{GRID, Tokens};

/// Draws the offers that stand.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let state = view.state;
    let count = |count: usize| [("count", count.into())];
    if state.engine.lost {
        let text = view.say("banner-device-lost");
        let restart = ("banner-restart", Command::Do(Action::RestartEngine));
        offer(ui, "lost", &text, &[restart], view);
    }
    if let Some(jobs) = state.recovery {
        let text = view.say_with("banner-recovery", &count(jobs));
        let choices = [
            ("banner-resume", Command::ResumeQueue),
            ("banner-discard", Command::DiscardQueue),
        ];
        offer(ui, "recovery", &text, &choices, view);
    }
    if !state.unsaved.is_empty() {
        let text = view.say_with("banner-unsaved", &count(state.unsaved.len()));
        let choices = [
            ("banner-unsaved-save", Command::SaveUnsaved),
            ("banner-discard", Command::DiscardUnsaved),
        ];
        offer(ui, "unsaved", &text, &choices, view);
    }
    if state.held_back > 0 {
        let text = view.say_with("banner-held-back", &count(state.held_back));
        let choices = [
            ("action-show-queue", Command::HeldBack { show: true }),
            ("notice-dismiss", Command::HeldBack { show: false }),
        ];
        offer(ui, "held back", &text, &choices, view);
    }
    if state.editing.is_some() {
        let text = view.say("banner-editing");
        let choices = [
            ("banner-save-edit", Command::Queue(QueueChange::SaveEdit)),
            ("banner-leave-edit", Command::Queue(QueueChange::LeaveEdit)),
        ];
        offer(ui, "editing", &text, &choices, view);
    }
}

/// One offer: what is the matter, and what can be done, each with the key of its words; the usual choice first.
fn offer(ui: &mut Ui, id: &str, text: &str, choices: &[(&str, Command)], view: &mut View<'_>) {
    let t = Tokens::of(ui);
    let frame = Frame::new()
        .fill(t.chosen)
        .inner_margin(Margin::symmetric(16, 6));
    Panel::top(format!("banner-{id}"))
        .frame(frame)
        .show_separator_line(false)
        .show(ui, |ui| {
            ui.horizontal(|ui| {
                ui.set_min_height(28.0);
                let room = ui.available_width() - widgets::end_width(ui, id) - GRID;
                ui.scope(|ui| {
                    ui.set_max_width(room.max(0.0));
                    ui.add(Label::new(text).truncate());
                });
                widgets::at_end(ui, id, |ui| {
                    for (index, (key, command)) in choices.iter().enumerate() {
                        let name = view.say(key);
                        let pressed = if index == 0 {
                            ui.add(Button::new(name).fill(t.card).min_size([0.0, 28.0].into()))
                                .clicked()
                        } else {
                            widgets::button(ui, &name).clicked()
                        };
                        if pressed {
                            view.send(command.clone());
                        }
                    }
                });
            });
        });
}
