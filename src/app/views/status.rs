//! The status line: what the engine does, how far it is, how long it will take, how much memory it holds.

use eframe::egui::{self, Align, Button, Label, Layout, Response, RichText, Ui, vec2};

use super::View;
use crate::app::command::Action;
use crate::app::state::State;
use crate::app::theme::Tokens;
use crate::engine::Status;
use crate::engine::slots::Painting;
use crate::pipeline::Stage;

/// Draws the line.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let t = Tokens::of(ui);
    let (text, share) = describe(view);
    if let Some(share) = share {
        let line = ui.max_rect().expand2(vec2(12.0, 0.0));
        let done = egui::Rect::from_min_size(line.min, vec2(line.width() * share, 2.0));
        ui.painter().rect_filled(done, 0.0, t.accent);
    }
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        if let Some(bytes) = view.state.engine.memory {
            let text = view.say_with("status-memory", &[("memory", bytes_text(bytes).into())]);
            ui.label(RichText::new(text).small().color(t.text_weak));
        }
        if let Some(why) = &view.state.queue.unsaved {
            ui.label(
                RichText::new(view.say("status-queue-unsaved"))
                    .small()
                    .color(t.warning),
            )
            .on_hover_text(why);
        }
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            let text = RichText::new(&text).small().color(t.text);
            let label = if looks_elsewhere(view.state) {
                back_to_the_job(ui, view, text)
            } else {
                ui.add(Label::new(text).truncate())
            };
            // Said by a screen reader as it changes.
            ui.ctx().accesskit_node_builder(label.id, |node| {
                node.set_live(egui::accesskit::Live::Polite)
            });
        });
    });
}

/// Whether a job runs and something else is on the canvas.
fn looks_elsewhere(state: &State) -> bool {
    match &state.engine.status {
        Status::Painting(now) => state.canvas.watching != Some(now.job),
        _ => false,
    }
}

/// The line as a way back to what is being painted.
fn back_to_the_job(ui: &mut Ui, view: &mut View<'_>, text: RichText) -> Response {
    let tip = view.tip(ui.ctx(), Action::Watch);
    // As the line stands where it is plain text.
    ui.spacing_mut().button_padding.x = 0.0;
    let button = Button::new(text).frame_when_inactive(false).truncate();
    view.act(ui, Action::Watch, |ui| ui.add(button))
        .on_hover_text(tip)
}

/// The sentence, and the share done where it is known.
pub(super) fn describe(view: &View<'_>) -> (String, Option<f32>) {
    match &view.state.engine.status {
        Status::NoModel => (view.say("status-no-model"), None),
        Status::DeviceLost(_) => (view.say("status-device-lost"), None),
        Status::Ready(_) if view.state.queue.paused && !view.state.queue.jobs.is_empty() => {
            let waiting = view.state.queue.waiting().count();
            (
                view.say_with("status-paused", &[("count", waiting.into())]),
                None,
            )
        }
        Status::Ready(_) => (view.say("status-ready"), None),
        Status::Loading {
            choice,
            done,
            total,
            ..
        } => {
            let name = view.state.model_name(&choice.path);
            if *total == 0 {
                return (
                    view.say_with("status-loading", &[("name", name.into())]),
                    None,
                );
            }
            let share = *done as f32 / *total as f32;
            let args = [
                ("name", name.into()),
                ("done", bytes_text(*done).into()),
                ("total", bytes_text(*total).into()),
            ];
            (view.say_with("status-loading-bytes", &args), Some(share))
        }
        Status::Painting(painting) => painting_line(view, painting),
    }
}

fn painting_line(view: &View<'_>, painting: &Painting) -> (String, Option<f32>) {
    let stage = match painting.stage {
        Some(Stage::Denoise) => view.say_with(
            "stage-denoise",
            &[
                ("step", painting.step.into()),
                ("steps", painting.steps.into()),
            ],
        ),
        Some(Stage::EncodeText) => view.say("stage-encode-text"),
        Some(Stage::EncodeImage) => view.say("stage-encode-image"),
        Some(Stage::Decode) => view.say("stage-decode"),
        _ => view.say("stage-start"),
    };
    let mut parts = Vec::new();
    if painting.pictures > 1 {
        let args = [
            ("picture", (painting.picture + 1).into()),
            ("pictures", painting.pictures.into()),
        ];
        parts.push(view.say_with("status-picture", &args));
    }
    parts.push(stage);
    let steps_left = painting.step < painting.steps;
    if let Some(left) = painting.time_left().filter(|_| steps_left) {
        let key = if painting.pictures > 1 {
            "status-left-picture"
        } else {
            "status-left"
        };
        parts.push(view.say_with(key, &[("time", duration(view, left.as_secs_f64()).into())]));
    }
    let waiting = view.state.queue.waiting().count();
    if waiting > 0 {
        parts.push(view.say_with("status-waiting", &[("count", waiting.into())]));
    }
    (parts.join(" · "), Some(share_done(painting)))
}

/// The share of the job that is done, by steps.
#[must_use]
pub fn share_done(painting: &Painting) -> f32 {
    let steps = painting.steps.max(1) as f32;
    let of_this = painting.step as f32 / steps;
    ((painting.picture as f32 + of_this) / painting.pictures.max(1) as f32).clamp(0.0, 1.0)
}

/// Seconds as a person says them.
#[must_use]
pub fn duration(view: &View<'_>, seconds: f64) -> String {
    if seconds < 0.95 {
        view.say_with(
            "time-milliseconds",
            &[("milliseconds", format!("{:.0}", seconds * 1000.0).into())],
        )
    } else if seconds < 10.0 {
        view.say_with(
            "time-tenths",
            &[("seconds", format!("{seconds:.1}").into())],
        )
    } else if seconds < 90.0 {
        view.say_with(
            "time-seconds",
            &[("seconds", format!("{seconds:.0}").into())],
        )
    } else if seconds < 5400.0 {
        view.say_with(
            "time-minutes",
            &[("minutes", format!("{:.0}", seconds / 60.0).into())],
        )
    } else {
        view.say_with(
            "time-hours",
            &[("hours", format!("{:.1}", seconds / 3600.0).into())],
        )
    }
}

/// Bytes in the unit that suits them.
#[must_use]
pub fn bytes_text(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    if mib < 1.0 {
        format!("{:.0} KiB", mib * 1024.0)
    } else if mib < 1024.0 {
        format!("{mib:.0} MiB")
    } else {
        format!("{:.1} GiB", mib / 1024.0)
    }
}
