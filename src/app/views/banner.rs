//! Offers that wait calmly above the columns: the queue of an earlier run, and a job that is being edited.

use eframe::egui::{Align, Button, Frame, Label, Layout, Margin, Panel, Ui};

use super::View;
use super::widgets;
use crate::app::command::{Action, Command, QueueChange};
use crate::app::theme::Tokens;

/// Draws the offers that stand.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    if view.state.engine.lost {
        let text = view.say("banner-device-lost");
        let restart = view.say("banner-restart");
        offer(
            ui,
            "lost",
            &text,
            &mut [(&restart, Command::Do(Action::RestartEngine))],
            view,
        );
    }
    if !view.state.unsaved.is_empty() {
        let text = view.say_with(
            "banner-unsaved",
            &[("count", view.state.unsaved.len().into())],
        );
        let (save, discard) = (view.say("banner-unsaved-save"), view.say("banner-discard"));
        let choices = &mut [
            (save.as_str(), Command::SaveUnsaved),
            (&discard, Command::DiscardUnsaved),
        ];
        offer(ui, "unsaved", &text, choices, view);
    }
    if view.state.held_back > 0 {
        let text = view.say_with(
            "banner-held-back",
            &[("count", view.state.held_back.into())],
        );
        let (look, read) = (view.say("action-show-queue"), view.say("notice-dismiss"));
        let choices = &mut [
            (look.as_str(), Command::HeldBack { show: true }),
            (&read, Command::HeldBack { show: false }),
        ];
        offer(ui, "held back", &text, choices, view);
    }
    if let Some(jobs) = view.state.recovery {
        let text = view.say_with("banner-recovery", &[("count", jobs.into())]);
        let (resume, discard) = (view.say("banner-resume"), view.say("banner-discard"));
        offer(
            ui,
            "recovery",
            &text,
            &mut [
                (&resume, Command::ResumeQueue),
                (&discard, Command::DiscardQueue),
            ],
            view,
        );
    }
    if view.state.editing.is_some() {
        let text = view.say("banner-editing");
        let (save, leave) = (view.say("banner-save-edit"), view.say("banner-leave-edit"));
        let save_command = Command::Queue(QueueChange::SaveEdit);
        offer(
            ui,
            "editing",
            &text,
            &mut [
                (&save, save_command),
                (&leave, Command::Queue(QueueChange::LeaveEdit)),
            ],
            view,
        );
    }
}

fn offer(ui: &mut Ui, id: &str, text: &str, choices: &mut [(&str, Command)], view: &mut View<'_>) {
    let t = Tokens::of(ui);
    let frame = Frame::new()
        .fill(t.chosen)
        .inner_margin(Margin::symmetric(16, 6));
    Panel::top(format!("banner-{id}"))
        .frame(frame)
        .show_separator_line(false)
        .show(ui, |ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                for (index, (name, command)) in choices.iter().enumerate().rev() {
                    let pressed = if index == 0 {
                        ui.add(Button::new(*name).fill(t.card).min_size([0.0, 28.0].into()))
                            .clicked()
                    } else {
                        widgets::button(ui, name).clicked()
                    };
                    if pressed {
                        view.send(command.clone());
                    }
                }
                ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                    ui.add(Label::new(text).truncate())
                });
            });
        });
}
