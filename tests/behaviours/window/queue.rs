//! The queue in the window, and what of it survives.

use std::time::{Duration, Instant};

use danqing::app::command::{Action, Command, QueueChange};
use danqing::app::state::{Closing, RightTab, State, prompt_of};
use danqing::engine::JobId;
use danqing::request::{Count, Draft, Steps};
use eframe::egui::{Key, Modifiers, Pos2, vec2};
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;

fn prompts(state: &State) -> Vec<String> {
    let jobs = state.queue.jobs.iter();
    jobs.map(|job| job.request.prompt.to_string()).collect()
}

fn id(desk: &Desk<'_>, prompt: &str) -> JobId {
    let mut jobs = desk.state().queue.jobs.iter();
    jobs.find(|job| job.request.prompt.as_str() == prompt)
        .unwrap()
        .id
}

/// A job that paints for a second or so, and these behind it.
fn behind_a_long_job(desk: &mut Desk<'_>, waiting: &[&str]) {
    let short = desk.state().draft.clone();
    let long = Draft {
        prompt: "a long one".into(),
        steps: Steps::new(50).unwrap(),
        count: Count::new(8).unwrap(),
        ..short.clone()
    };
    desk.send(Command::Draft(Box::new(long)));
    desk.send(Action::Generate);
    desk.wait("it runs", |state| state.queue.running().is_some());
    desk.send(Command::Draft(Box::new(short)));
    for prompt in waiting {
        desk.write(prompt);
        desk.send(Action::Generate);
    }
    let all = waiting.len() + 1;
    desk.wait("they wait", |state| state.queue.jobs.len() == all);
}

/// The row of a job, by its share of the height.
fn on_row(desk: &Desk<'_>, prompt: &str, share: f32) -> Pos2 {
    let row = desk.window.get_by_label(&format!("Job: {prompt}")).rect();
    row.left_top() + vec2(40.0, row.height() * share)
}

fn drag(desk: &mut Desk<'_>, from: Pos2, to: Pos2) {
    desk.window.hover_at(from);
    desk.window.run_steps(1);
    desk.window.drag_at(from);
    desk.window.run_steps(1);
    for share in [0.2, 0.6, 1.0] {
        desk.window.hover_at(from + (to - from) * share);
        desk.window.run_steps(1);
    }
    desk.window.drop_at(to);
    desk.window.run_steps(3);
}

/// Pauses the queue and adds a job for each of the prompts.
fn wait_in_a_paused_queue(desk: &mut Desk<'_>, prompts: &[&str]) {
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    for prompt in prompts {
        desk.write(prompt);
        desk.send(Action::Generate);
    }
    desk.wait("all wait", |state| state.queue.jobs.len() == prompts.len());
}

#[test]
fn a_job_is_dragged_to_where_the_line_is_seen() {
    let mut desk = Desk::open();
    wait_in_a_paused_queue(&mut desk, &["one", "two", "three"]);
    desk.send(Action::ShowQueue);
    desk.window.run_steps(2);
    let (from, to) = (on_row(&desk, "one", 0.5), on_row(&desk, "two", 0.8));
    drag(&mut desk, from, to);
    assert_eq!(prompts(desk.state()), ["two", "one", "three"]);
    let (from, to) = (on_row(&desk, "three", 0.5), on_row(&desk, "two", 0.2));
    drag(&mut desk, from, to);
    assert_eq!(prompts(desk.state()), ["three", "two", "one"]);
    let (from, last) = (on_row(&desk, "three", 0.5), on_row(&desk, "one", 1.0));
    drag(&mut desk, from, last + vec2(0.0, 120.0));
    assert_eq!(prompts(desk.state()), ["two", "one", "three"], "behind all");
}

#[test]
fn a_job_is_dragged_as_well_while_another_one_runs() {
    let mut desk = Desk::open();
    behind_a_long_job(&mut desk, &["one", "two", "three"]);
    desk.send(Action::ShowQueue);
    desk.window.run_steps(2);
    let (from, to) = (on_row(&desk, "three", 0.5), on_row(&desk, "two", 0.2));
    drag(&mut desk, from, to);
    assert_eq!(prompts(desk.state())[1..], ["one", "three", "two"]);
    let (from, to) = (on_row(&desk, "two", 0.5), on_row(&desk, "a long one", 0.2));
    drag(&mut desk, from, to);
    assert_eq!(prompts(desk.state())[1..], ["two", "one", "three"]);
    assert!(
        desk.state().queue.running().is_some(),
        "it ran all the while"
    );
    desk.send(Action::CancelWaiting);
    desk.send(Action::Cancel);
    desk.wait("it stops", |state| state.queue.jobs.is_empty());
}

#[test]
fn a_job_that_is_being_edited_waits_for_its_changes() {
    let mut desk = Desk::open();
    behind_a_long_job(&mut desk, &["one"]);
    let one = id(&desk, "one");
    desk.send(Command::Queue(QueueChange::Edit(one)));
    desk.send(Action::ShowQueue);
    desk.window.run_steps(2);
    desk.window.get_by_label("You are editing a waiting job");
    desk.send(Action::Cancel);
    desk.wait("nothing runs", |state| state.queue.running().is_none());
    for _ in 0..40 {
        desk.window.step();
        std::thread::sleep(Duration::from_millis(3));
    }
    assert_eq!(
        prompts(desk.state()),
        ["one"],
        "its turn has come, and it waits"
    );
    desk.write("one, changed");
    desk.send(Command::Queue(QueueChange::SaveEdit));
    desk.wait("it is painted", |state| {
        let mut shown = state.gallery.shown().iter();
        state.queue.jobs.is_empty() && shown.any(|entry| prompt_of(entry) == "one, changed")
    });
}

#[test]
fn changes_to_a_job_that_is_gone_become_a_new_job() {
    let mut desk = Desk::open();
    behind_a_long_job(&mut desk, &["one"]);
    let one = id(&desk, "one");
    desk.send(Command::Queue(QueueChange::Edit(one)));
    desk.write("one, changed");
    desk.send(Command::Queue(QueueChange::Cancel(one)));
    desk.wait("it is gone", |state| state.queue.jobs.len() == 1);
    desk.send(Command::Queue(QueueChange::SaveEdit));
    desk.wait("it is there anew", |state| {
        prompts(state).contains(&"one, changed".to_owned())
    });
    assert!(desk.notices().contains(&"notice-edit-added"));
    desk.send(Action::CancelWaiting);
    desk.send(Action::Cancel);
    desk.wait("it stops", |state| state.queue.jobs.is_empty());
}

#[test]
fn undo_leaves_the_job_that_was_taken_into_the_panels() {
    let mut desk = Desk::open();
    wait_in_a_paused_queue(&mut desk, &["one"]);
    desk.write("my draft");
    desk.send(Action::ShowQueue);
    desk.window.run_steps(2);
    desk.window.get_by_label("Job: one").focus();
    desk.window.run_steps(2);
    desk.press(Modifiers::NONE, Key::Enter);
    assert_eq!(desk.state().draft.prompt, "one", "Enter takes it");
    assert_eq!(desk.state().layout.tab, RightTab::Queue);
    desk.send(Action::Undo);
    assert_eq!(desk.state().draft.prompt, "my draft");
    assert!(
        desk.state().editing.is_none(),
        "it would save the draft into the job"
    );
}

/// What is in the panels may be just what the job is; only a step from before the edit ends it.
#[test]
fn undo_within_the_edit_of_a_job_stays_with_that_job() {
    let mut desk = Desk::open();
    desk.send(Action::DrawSeed);
    wait_in_a_paused_queue(&mut desk, &["one"]);
    let one = id(&desk, "one");
    desk.send(Command::Queue(QueueChange::Edit(one)));
    desk.write("one, changed");
    desk.send(Command::Queue(QueueChange::Edit(one)));
    assert_eq!(desk.state().draft.prompt, "one, changed", "taken once");
    desk.send(Action::Undo);
    assert_eq!(desk.state().draft.prompt, "one");
    assert!(desk.state().editing.is_some(), "it is still that job");
    desk.send(Action::Undo);
    assert_ne!(desk.state().draft.prompt, "one");
    assert!(desk.state().editing.is_none(), "this is from before it");
}

#[test]
fn one_job_is_never_written_into_another() {
    let mut desk = Desk::open();
    wait_in_a_paused_queue(&mut desk, &["one", "two"]);
    desk.write("my draft");
    for prompt in ["one", "two"] {
        let job = id(&desk, prompt);
        desk.send(Command::Queue(QueueChange::Edit(job)));
    }
    desk.send(Action::Undo);
    assert_eq!(desk.state().draft.prompt, "one");
    assert!(desk.state().editing.is_none(), "it would be saved into two");
    desk.send(Command::Queue(QueueChange::SaveEdit));
    assert_eq!(prompts(desk.state()), ["one", "two"]);
    desk.send(Action::Undo);
    assert_eq!(desk.state().draft.prompt, "my draft");
}

#[test]
fn the_queue_is_reordered_edited_and_cancelled() {
    let mut desk = Desk::open();
    wait_in_a_paused_queue(&mut desk, &["one", "two", "three"]);
    let ids: Vec<_> = desk.state().queue.jobs.iter().map(|job| job.id).collect();
    desk.send(Command::Queue(QueueChange::MoveBy(ids[2], -2)));
    desk.wait("it moved", |state| {
        prompts(state) == ["three", "one", "two"]
    });
    desk.write("my draft");
    desk.send(Command::Queue(QueueChange::Edit(ids[0])));
    assert_eq!(desk.state().draft.prompt, "one");
    desk.write("one, changed");
    desk.send(Command::Queue(QueueChange::SaveEdit));
    desk.wait("it changed", |state| {
        prompts(state) == ["three", "one, changed", "two"]
    });
    assert_eq!(
        desk.state().draft.prompt,
        "my draft",
        "what was written before is there again"
    );
    desk.send(Action::CancelWaiting);
    desk.wait("it is empty", |state| state.queue.jobs.is_empty());
    assert_eq!(
        desk.state().gallery.view.total,
        0,
        "nothing cancelled is ever written"
    );
}

#[test]
fn the_draft_and_the_queue_survive_and_are_offered() {
    let mut desk = Desk::open();
    wait_in_a_paused_queue(&mut desk, &["一艘小船"]);
    desk.write("not yet sent");
    let session = desk.home.path().join("data/session.json");
    let since = Instant::now();
    while !std::fs::read_to_string(&session)
        .unwrap_or_default()
        .contains("not yet sent")
    {
        assert!(
            since.elapsed() < Duration::from_secs(30),
            "the draft is written soon after a change"
        );
        desk.window.step();
        std::thread::sleep(Duration::from_millis(20));
    }
    let home = desk.home.clone();
    drop(desk);
    let mut desk = Desk::reopen(home);
    assert_eq!(desk.state().draft.prompt, "not yet sent");
    assert_eq!(desk.state().recovery, Some(1));
    assert_eq!(desk.state().layout.dialog, None, "never a modal on launch");
    desk.window.get_by_label("Continue").click();
    desk.window.run_steps(2);
    desk.wait("the job is painted", |state| state.gallery.view.total == 1);
}

/// What was added under the banner is not what the banner asks about.
#[test]
fn giving_up_the_earlier_queue_spares_what_was_added_since() {
    let mut desk = Desk::open();
    wait_in_a_paused_queue(&mut desk, &["old one", "old two"]);
    let home = desk.home.clone();
    drop(desk);
    let mut desk = Desk::reopen(home);
    desk.write("new");
    desk.send(Action::Generate);
    desk.wait("it waits", |state| state.queue.jobs.len() == 3);
    let said = |desk: &Desk<'_>, key: &str| {
        let mut live = desk.state().notices.live();
        live.any(|notice| notice.message.key == key)
    };
    assert!(
        said(&desk, "notice-queue-waits"),
        "it says why nothing starts"
    );
    desk.window.get_by_label("Discard").click();
    desk.window.run_steps(2);
    desk.wait("the new one is painted", |state| {
        let mut shown = state.gallery.shown().iter();
        state.queue.jobs.is_empty() && shown.any(|entry| prompt_of(entry) == "new")
    });
    assert_eq!(desk.state().gallery.view.total, 1);
    assert!(!said(&desk, "notice-queue-waits"));
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    desk.send(Action::Undo);
    desk.wait("they are back", |state| {
        prompts(state) == ["old one", "old two"]
    });
}

#[test]
fn jobs_that_were_removed_come_back_with_one_press() {
    let mut desk = Desk::open();
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    for prompt in ["one", "two", "three"] {
        desk.write(prompt);
        desk.send(Action::Generate);
    }
    let all = ["one", "two", "three"];
    desk.wait("all wait", |state| prompts(state) == all);
    desk.send(Action::ShowQueue);
    desk.window.run_steps(2);
    desk.window.get_by_label("Job: two").focus();
    desk.window.run_steps(2);
    desk.press(Modifiers::NONE, Key::Delete);
    desk.wait("one is gone", |state| prompts(state) == ["one", "three"]);
    desk.send(Action::Undo);
    desk.wait("it is back", |state| prompts(state) == all);
    desk.send(Action::CancelWaiting);
    desk.wait("all are gone", |state| state.queue.jobs.is_empty());
    desk.window.run_steps(4);
    assert!(!desk.notices().contains(&"notice-cancelled"), "said once");
    desk.window
        .get_by_label("3 jobs were removed from the queue");
    desk.window.get_by_label("Undo").click();
    desk.window.run_steps(2);
    desk.wait("all are back", |state| prompts(state) == all);
}

#[test]
fn that_the_queue_is_paused_is_said_no_longer_than_it_is() {
    let mut desk = Desk::open();
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    desk.write("a fox");
    desk.send(Action::Generate);
    let said = |state: &State| {
        let mut live = state.notices.live();
        live.any(|notice| notice.message.key == "notice-queue-paused")
    };
    assert!(said(desk.state()));
    desk.send(Action::PauseQueue);
    desk.wait("it goes on", |state| !state.queue.paused);
    desk.window.step();
    assert!(!said(desk.state()));
}

#[test]
fn closing_asks_once_while_a_picture_is_painted() {
    let mut desk = Desk::open();
    let mut draft = Draft {
        prompt: "a long one".into(),
        ..desk.state().draft.clone()
    };
    draft.steps = danqing::request::Steps::new(50).unwrap();
    draft.count = danqing::request::Count::new(8).unwrap();
    desk.send(Command::Draft(Box::new(draft)));
    desk.send(Action::Generate);
    desk.wait("it runs", |state| state.queue.running().is_some());
    desk.ask_to_close();
    assert_eq!(desk.state().closing, Closing::Asked);
    desk.window.get_by_label("Keep painting").click();
    desk.window.run_steps(2);
    assert_eq!(desk.state().closing, Closing::No);
    desk.send(Action::Cancel);
    desk.wait("it stops", |state| state.queue.running().is_none());
}
