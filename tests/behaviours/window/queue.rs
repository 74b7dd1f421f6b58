//! The queue in the window, and what of it survives.

use std::time::{Duration, Instant};

use danqing::app::command::{Action, Command};
use danqing::app::state::{Closing, State};
use danqing::request::Draft;
use egui_kittest::kittest::Queryable as _;

use super::desk::Desk;

#[test]
fn the_queue_is_reordered_edited_and_cancelled() {
    use danqing::app::command::QueueChange;
    let mut desk = Desk::open();
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    for prompt in ["one", "two", "three"] {
        desk.write(prompt);
        desk.send(Action::Generate);
    }
    desk.wait("all wait", |state| state.queue.jobs.len() == 3);
    let ids: Vec<_> = desk.state().queue.jobs.iter().map(|job| job.id).collect();
    let prompts = |state: &State| {
        state
            .queue
            .jobs
            .iter()
            .map(|job| job.request.prompt.to_string())
            .collect::<Vec<_>>()
    };
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
    desk.send(Action::PauseQueue);
    desk.wait("it is paused", |state| state.queue.paused);
    desk.write("一艘小船");
    desk.send(Action::Generate);
    desk.wait("it waits", |state| state.queue.jobs.len() == 1);
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
