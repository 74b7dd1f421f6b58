//! The queue and its file.

use std::path::Path;
use std::time::{Duration, Instant};

use danqing::engine::job::MAX_ATTEMPTS;
use danqing::engine::{JobId, JobState, Queue, QueueError};

use super::engine::scripted::request;

fn order(queue: &Queue) -> Vec<u64> {
    queue.view().jobs.iter().map(|job| job.id.0).collect()
}

fn queue_of(count: u64) -> Queue {
    let queue = Queue::in_memory();
    for seed in 0..count {
        queue.push(request(seed)).unwrap();
    }
    queue
}

#[test]
fn jobs_move_to_where_they_are_dropped() {
    for (moved, place, expected) in [
        (1, 3, [2, 3, 4, 1]),
        (4, 0, [4, 1, 2, 3]),
        (2, 2, [1, 3, 2, 4]),
        (3, 2, [1, 2, 3, 4]),
        (1, 99, [2, 3, 4, 1]),
    ] {
        let queue = queue_of(4);
        queue.move_to(JobId(moved), place).unwrap();
        assert_eq!(order(&queue), expected, "{moved} to {place}");
    }
}

#[test]
fn a_job_moves_to_stand_before_another_one() {
    let before = |id: u64| (id != 0).then_some(JobId(id));
    for (moved, next, expected) in [
        (1, 3, [2, 1, 3, 4]),
        (4, 1, [4, 1, 2, 3]),
        (2, 2, [1, 2, 3, 4]),
        (2, 0, [1, 3, 4, 2]),
        (3, 99, [3, 1, 2, 4]),
    ] {
        let queue = queue_of(4);
        queue.move_before(JobId(moved), before(next)).unwrap();
        assert_eq!(order(&queue), expected, "{moved} before {next}");
    }
}

#[test]
fn removed_jobs_come_back_to_their_places() {
    let queue = queue_of(4);
    let removed = queue.remove_where(|job| [1, 3].contains(&job.id.0));
    assert_eq!(order(&queue), [2, 4]);
    let before: Vec<_> = removed
        .iter()
        .map(|gone| gone.job.request.clone())
        .collect();
    queue.put_back(&removed).unwrap();
    assert_eq!(order(&queue), [5, 2, 6, 4], "no name is used twice");
    let back = [0, 2].map(|place: usize| queue.view().jobs[place].request.clone());
    assert_eq!(before, back);
    assert_eq!(queue.push(request(9)), Ok(JobId(7)));
}

#[test]
fn jobs_move_by_key_and_stop_at_the_ends() {
    let queue = queue_of(3);
    queue.move_by(JobId(3), -1).unwrap();
    assert_eq!(order(&queue), [1, 3, 2]);
    queue.move_by(JobId(3), -5).unwrap();
    assert_eq!(order(&queue), [3, 1, 2]);
    queue.move_by(JobId(3), 1).unwrap();
    assert_eq!(order(&queue), [1, 3, 2]);
    assert_eq!(queue.move_by(JobId(9), 1), Err(QueueError::Gone(JobId(9))));
}

/// Fault row 35.
#[test]
fn a_thousand_jobs_keep_their_names_while_the_queue_changes() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("queue.json");
    let (queue, _) = Queue::open(file.clone());
    let since = Instant::now();
    for seed in 0..1_000 {
        queue.push(request(seed)).unwrap();
    }
    for id in (1..=1_000).step_by(2) {
        queue.cancel(JobId(id)).unwrap();
    }
    queue.edit(JobId(500), request(77)).unwrap();
    queue.move_to(JobId(1_000), 0).unwrap();
    assert!(
        since.elapsed() < Duration::from_secs(1),
        "changes took {:?}",
        since.elapsed()
    );
    assert!(queue.flush());
    drop(queue);

    let (queue, restored) = Queue::open(file);
    assert_eq!(restored.jobs, 500);
    let view = queue.view();
    assert_eq!(view.jobs[0].id, JobId(1_000));
    let edited = view.jobs.iter().find(|job| job.id == JobId(500)).unwrap();
    assert_eq!(edited.request, request(77));
    assert_eq!(
        queue.push(request(1)).unwrap(),
        JobId(1_001),
        "no name is used twice"
    );
}

#[test]
fn cancelling_all_that_wait_leaves_an_empty_file() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("queue.json");
    let (queue, _) = Queue::open(file.clone());
    queue.push(request(1)).unwrap();
    queue.push(request(2)).unwrap();
    assert_eq!(queue.remove_where(|_| true).len(), 2);
    drop(queue);
    assert_eq!(Queue::open(file).1.jobs, 0);
}

#[test]
fn the_view_says_when_it_is_new() {
    let queue = queue_of(1);
    let before = queue.view().revision;
    assert_eq!(queue.view().revision, before);
    queue.set_paused(true);
    assert!(queue.view().revision > before);
}

/// What a crash leaves: the job that ran is in the file as running.
fn crashed(file: &Path, attempts: u32) {
    let (queue, _) = Queue::open(file.to_owned());
    queue.push(request(1)).unwrap();
    queue.push(request(2)).unwrap();
    assert!(queue.flush());
    drop(queue);
    let mut json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    json["jobs"][0]["state"] = "running".into();
    json["jobs"][0]["attempts"] = attempts.into();
    json["jobs"][0]["painted"] = 3.into();
    std::fs::write(file, json.to_string()).unwrap();
}

#[test]
fn a_job_cut_off_by_a_crash_waits_again_and_keeps_what_it_painted() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("queue.json");
    crashed(&file, 1);
    let (queue, restored) = Queue::open(file);
    assert_eq!((restored.jobs, restored.held_back), (2, 0));
    let view = queue.view();
    assert_eq!(
        (&view.jobs[0].state, view.jobs[0].painted),
        (&JobState::Waiting, 3)
    );
}

/// Fault row 21, for one job.
#[test]
fn a_job_that_stops_the_program_again_and_again_is_held_back() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("queue.json");
    crashed(&file, MAX_ATTEMPTS);
    let (queue, restored) = Queue::open(file);
    assert_eq!(restored.held_back, 1);
    let view = queue.view();
    assert!(
        matches!(&view.jobs[0].state, JobState::Failed { reason } if reason.contains("3 times"))
    );
    assert_eq!(view.jobs[1].state, JobState::Waiting);
    queue.retry(view.jobs[0].id).unwrap();
    assert_eq!(queue.view().jobs[0].attempts, 0);
}

/// Fault row 20, for the queue: damaged, newer, a folder, huge.
#[test]
fn a_queue_file_that_cannot_be_used_is_kept_and_said() {
    let newer = r#"{"version": 99, "next_id": 1, "jobs": []}"#;
    for content in ["", "{", "[]", newer, "\u{0}\u{1}"] {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("queue.json");
        std::fs::write(&file, content).unwrap();
        let (queue, restored) = Queue::open(file.clone());
        let warning = restored.warning.expect("it is said");
        assert!(warning.contains("queue.json.bad"), "{warning}");
        assert_eq!(
            std::fs::read_to_string(home.path().join("queue.json.bad")).unwrap(),
            content
        );
        queue.push(request(1)).unwrap();
        drop(queue);
        assert_eq!(Queue::open(file).1.jobs, 1, "and the queue works");
    }
}

#[test]
fn one_job_that_cannot_be_read_does_not_take_the_others_with_it() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("queue.json");
    crashed(&file, 1);
    let hostile =
        std::fs::read_to_string(&file)
            .unwrap()
            .replacen("\"width\":64", "\"width\":1000000", 1);
    std::fs::write(&file, &hostile).unwrap();
    let (queue, restored) = Queue::open(file);
    assert_eq!(queue.view().jobs.len(), 1);
    assert!(
        restored
            .warning
            .is_some_and(|warning| warning.contains("1 jobs"))
    );
    assert_eq!(
        std::fs::read_to_string(home.path().join("queue.json.bad")).unwrap(),
        hostile
    );
}

/// Fault row 44: a home folder that cannot be written.
#[test]
fn a_queue_that_cannot_be_written_works_and_says_so() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("data"),
        b"a file where the folder should be",
    )
    .unwrap();
    let (queue, restored) = Queue::open(home.path().join("data/queue.json"));
    assert_eq!(restored.jobs, 0);
    queue.push(request(1)).unwrap();
    assert!(!queue.flush());
    let view = queue.view();
    assert_eq!(view.jobs.len(), 1);
    assert!(
        view.unsaved
            .as_ref()
            .is_some_and(|reason| reason.contains("queue.json"))
    );
}

/// Fault row 18: what a kill between the temporary file and its rename leaves.
#[test]
fn what_a_killed_write_left_is_removed_and_the_old_queue_is_there() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("queue.json");
    let (queue, _) = Queue::open(file.clone());
    queue.push(request(1)).unwrap();
    drop(queue);
    let stray = home.path().join(".queue.json.Ab12Cd");
    std::fs::write(&stray, b"{\"version\": 1, \"jo").unwrap();
    assert_eq!(Queue::open(file).1.jobs, 1);
    assert!(!stray.exists());
}
