//! Moving a job by dragging its row: where it would come to stand, and what hangs on the pointer meanwhile.

use eframe::egui::{
    Area, DragAndDrop, Frame, Id, Label, Order, Rangef, Rect, Response, Sense, Stroke, Ui, vec2,
};

use super::View;
use super::queue::shorten;
use crate::app::command::{Command, QueueChange};
use crate::app::theme::Tokens;
use crate::engine::{Job, JobId, JobState};

/// From a row to the line between it and the next.
const TO_LINE: f32 = 3.0;

/// Lets `job` be dragged by its row while it waits, and others be dropped before it or before the one `below`.
pub fn row(ui: &Ui, view: &mut View<'_>, job: &Job, below: Option<JobId>, response: &Response) {
    if job.state == JobState::Waiting {
        response.dnd_set_drag_payload(job.id);
    }
    let Some(pointer) = ui.ctx().pointer_latest_pos() else {
        return;
    };
    let rect = response.rect;
    // Half of the gap belongs to each row, so that there is no place between them where a job is dropped in vain.
    let reach = rect.expand2(vec2(0.0, TO_LINE));
    let target = ui.interact(reach, response.id.with("target"), Sense::hover());
    // Nothing comes to stand before the job that runs.
    let (before, y) = if job.state == JobState::Running || pointer.y > rect.center().y {
        (below, rect.bottom() + TO_LINE)
    } else {
        (Some(job.id), rect.top() - TO_LINE)
    };
    drop_before(ui, view, &target, before, rect.x_range(), y);
}

/// Lets a job be dropped behind all others, on what the rows leave `free`.
pub fn end(ui: &Ui, view: &mut View<'_>, free: Rect) {
    if free.is_positive() {
        let target = ui.interact(free, Id::unique("behind all jobs"), Sense::hover());
        drop_before(
            ui,
            view,
            &target,
            None,
            free.x_range(),
            free.top() - TO_LINE,
        );
    }
}

fn drop_before(
    ui: &Ui,
    view: &mut View<'_>,
    target: &Response,
    before: Option<JobId>,
    line: Rangef,
    y: f32,
) {
    if let Some(moved) = target.dnd_release_payload::<JobId>() {
        let change = QueueChange::MoveBefore(*moved, before);
        view.send(Command::Queue(change));
    } else if target.dnd_hover_payload::<JobId>().is_some() {
        let stroke = Stroke::new(2.0, Tokens::of(ui).accent_text);
        ui.painter().hline(line, y, stroke);
    }
}

/// The words of the dragged job, beside the pointer.
pub fn ghost(ui: &Ui, view: &View<'_>) {
    let ctx = ui.ctx();
    let (Some(id), Some(pointer)) = (DragAndDrop::payload::<JobId>(ctx), ctx.pointer_latest_pos())
    else {
        return;
    };
    let Some(job) = view.state.queue.jobs.iter().find(|job| job.id == *id) else {
        return;
    };
    Area::new(Id::unique("dragged job"))
        .order(Order::Tooltip)
        .interactable(false)
        .fixed_pos(pointer + vec2(14.0, 8.0))
        .show(ctx, |ui| {
            Frame::popup(ui.style()).show(ui, |ui| {
                ui.set_max_width(220.0);
                let words = shorten(job.request.prompt.as_str());
                ui.add(Label::new(words).truncate());
            });
        });
}
