//! The jobs: what runs, what waits in which order, what failed.

use std::sync::Arc;

use eframe::egui::{
    self, Align, Align2, CornerRadius, Layout, PointerButton, Rect, Response, ScrollArea, Sense,
    Stroke, StrokeKind, TextStyle, Ui, UiBuilder, vec2,
};

use super::View;
use super::icons::Icon;
use super::{queue_drag, size_text, status, widgets};
use crate::app::command::{Action, Command, QueueChange};
use crate::app::theme::{CARD_RADIUS, Tokens};
use crate::engine::{Job, JobId, JobState, Status};

const ROW: f32 = 84.0;
/// Between two rows.
const GAP: f32 = 6.0;

/// Draws the tab.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    let queue = view.state.queue.clone();
    ui.horizontal(|ui| {
        let key = if queue.paused {
            "queue-resume"
        } else {
            "queue-pause"
        };
        let icon = if queue.paused {
            Icon::Play
        } else {
            Icon::Pause
        };
        let name = view.say(key);
        view.act(ui, Action::PauseQueue, |ui| {
            widgets::icon_toggle(ui, icon, &name, queue.paused)
        });
        let waiting = queue.waiting().count();
        widgets::hint(
            ui,
            &view.say_with("queue-count", &[("count", waiting.into())]),
        );
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let name = view.say(Action::CancelWaiting.key());
            view.act(ui, Action::CancelWaiting, |ui| {
                widgets::icon_button(ui, Icon::Trash, &name)
            });
        });
    });
    if queue.jobs.is_empty() {
        widgets::empty_state(
            ui,
            Icon::Check,
            &view.say("queue-empty"),
            &view.say("queue-empty-more"),
        );
        return;
    }
    ui.spacing_mut().item_spacing.y = GAP;
    let area = ScrollArea::vertical()
        .id_salt("queue")
        .auto_shrink([false, false]);
    let shown = area.show_rows(ui, ROW, queue.jobs.len(), |ui, range| {
        let below = queue.jobs.iter().skip(range.start + 1).map(|job| job.id);
        let below = below.map(Some).chain([None]);
        let jobs = queue.jobs.iter().skip(range.start).take(range.len());
        for (job, below) in jobs.zip(below) {
            row(ui, view, job, below);
        }
        widgets::follow_focus(ui);
    });
    let rows = queue.jobs.len() as f32 * (ROW + GAP);
    let free = Rect::from_min_max(
        shown.inner_rect.min + vec2(0.0, rows - shown.state.clamped_offset().y),
        // As wide as the rows.
        shown.inner_rect.max - vec2(10.0, 0.0),
    );
    queue_drag::end(ui, view, free);
    queue_drag::ghost(ui, view);
}

fn row(ui: &mut Ui, view: &mut View<'_>, job: &Arc<Job>, below: Option<JobId>) {
    let t = Tokens::of(ui);
    let (rect, response) = ui.allocate_exact_size(
        vec2(ui.available_width() - 10.0, ROW),
        Sense::click_and_drag(),
    );
    let name = view.say_with(
        "queue-job",
        &[("prompt", shorten(job.request.prompt.as_str()).into())],
    );
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::ListItem, true, &name));
    let radius = CornerRadius::same(CARD_RADIUS);
    ui.painter().rect(
        rect,
        radius,
        t.card,
        Stroke::new(
            1.0,
            if edited(view, job) {
                t.accent_text
            } else {
                t.line
            },
        ),
        StrokeKind::Inside,
    );
    if response.has_focus() {
        ui.painter()
            .rect_stroke(rect, radius, widgets::focus_stroke(ui), StrokeKind::Inside);
    }
    queue_drag::row(ui, view, job, below, &response);
    press(ui, view, job, &response);
    let inner = rect.shrink2(vec2(10.0, 8.0));
    let line =
        |n: f32| Rect::from_min_size(inner.min + vec2(0.0, n * 20.0), vec2(inner.width(), 18.0));
    widgets::text_cut(
        ui,
        line(0.0),
        Align2::LEFT_CENTER,
        job.request.prompt.as_str(),
        TextStyle::Body,
        t.text,
    );
    widgets::text_cut(
        ui,
        line(1.0),
        Align2::LEFT_CENTER,
        &facts(view, job),
        TextStyle::Small,
        t.text_weak,
    );
    let foot = Rect::from_min_max(inner.min + vec2(0.0, 40.0), inner.max);
    state_line(ui, view, job, foot);
    buttons(ui, view, job, foot);
    match &job.state {
        JobState::Running => response.on_hover_text(view.tip(ui.ctx(), Action::Watch)),
        JobState::Failed { reason } => response.on_hover_text(view.cause(reason)),
        JobState::Waiting => response,
    };
}

/// A press on the job that runs shows it. One that waits or failed is taken into the panels by Enter or by two presses:
/// a single one is how it is dragged. Del takes it out of the queue.
fn press(ui: &Ui, view: &mut View<'_>, job: &Job, response: &Response) {
    let by_pointer = response.clicked_by(PointerButton::Primary);
    let by_key = response.clicked() && !by_pointer;
    if job.state == JobState::Running {
        if response.clicked() {
            view.send(Action::Watch);
        }
    } else if by_key || response.double_clicked() {
        view.send(Command::Queue(QueueChange::Edit(job.id)));
    } else if response.has_focus() && widgets::delete_pressed(ui) {
        view.send(Command::Queue(QueueChange::Cancel(job.id)));
    }
}

/// Whether the job is in the panels to be changed.
fn edited(view: &View<'_>, job: &Job) -> bool {
    let editing = view.state.editing.as_ref();
    job.state != JobState::Running && editing.is_some_and(|(id, _)| *id == job.id)
}

pub(super) fn shorten(prompt: &str) -> String {
    prompt.chars().take(80).collect()
}

fn facts(view: &View<'_>, job: &Job) -> String {
    let request = &job.request;
    let steps = view.say_with("steps-count", &[("steps", request.steps.get().into())]);
    let size = size_text(request.size.width(), request.size.height());
    let mut text = format!("{size} · {steps}");
    if request.count.get() > 1 {
        let pictures = view.say_with("pictures-count", &[("count", request.count.get().into())]);
        text = format!("{text} · {pictures}");
    }
    text
}

fn state_line(ui: &Ui, view: &View<'_>, job: &Job, foot: Rect) {
    let t = Tokens::of(ui);
    let line = Rect::from_min_max(foot.min, egui::pos2(foot.max.x - 116.0, foot.max.y));
    match (&job.state, &view.state.engine.status) {
        (JobState::Running, Status::Painting(painting)) if painting.job == job.id => {
            let share = status::share_done(painting);
            let bar = Rect::from_center_size(line.center(), vec2(line.width(), 6.0));
            ui.painter().rect_filled(bar, 3.0, t.control);
            let done = Rect::from_min_size(bar.min, vec2(bar.width() * share, bar.height()));
            ui.painter().rect_filled(done, 3.0, t.accent);
        }
        (JobState::Running, _) => {
            widgets::text_cut(
                ui,
                line,
                Align2::LEFT_CENTER,
                &view.say("queue-running"),
                TextStyle::Small,
                t.accent_text,
            );
        }
        _ if edited(view, job) => {
            widgets::text_cut(
                ui,
                line,
                Align2::LEFT_CENTER,
                &view.say("queue-editing"),
                TextStyle::Small,
                t.accent_text,
            );
        }
        (JobState::Waiting, _) => {
            widgets::text_cut(
                ui,
                line,
                Align2::LEFT_CENTER,
                &view.say("queue-waiting"),
                TextStyle::Small,
                t.text_weak,
            );
        }
        (JobState::Failed { reason }, _) => {
            let text = view.say_with("queue-failed", &[("reason", view.cause(reason).into())]);
            widgets::text_cut(
                ui,
                line,
                Align2::LEFT_CENTER,
                &text,
                TextStyle::Small,
                t.error,
            );
        }
    }
}

fn buttons(ui: &mut Ui, view: &mut View<'_>, job: &Job, foot: Rect) {
    let id = job.id;
    // From left to right, the order of the Tab key.
    let count = match job.state {
        JobState::Running => 1.0,
        JobState::Failed { .. } => 3.0,
        JobState::Waiting => 4.0,
    };
    let mut place = foot;
    place.min.x = foot.max.x - (28.0 * count - 2.0);
    let builder = UiBuilder::new()
        .max_rect(place)
        .layout(Layout::left_to_right(Align::Center))
        .id_salt(("job", id.0));
    // A child of its own, since a scope would move the rows that follow.
    let ui = &mut ui.new_child(builder);
    ui.spacing_mut().item_spacing.x = 2.0;
    {
        let mut button = |ui: &mut Ui, icon: Icon, key: &str, change: QueueChange| {
            let name = view.say(key);
            if widgets::small_icon_button(ui, icon, &name).clicked() {
                view.send(Command::Queue(change));
            }
        };
        match job.state {
            JobState::Running => button(ui, Icon::Close, "queue-stop", QueueChange::Cancel(id)),
            JobState::Failed { .. } => {
                button(ui, Icon::Edit, "queue-edit", QueueChange::Edit(id));
                button(ui, Icon::Redo, "queue-retry", QueueChange::Retry(id));
                button(ui, Icon::Close, "queue-remove", QueueChange::Cancel(id));
            }
            JobState::Waiting => {
                button(ui, Icon::Up, "queue-sooner", QueueChange::MoveBy(id, -1));
                button(ui, Icon::Down, "queue-later", QueueChange::MoveBy(id, 1));
                button(ui, Icon::Edit, "queue-edit", QueueChange::Edit(id));
                button(ui, Icon::Close, "queue-remove", QueueChange::Cancel(id));
            }
        }
    }
}
