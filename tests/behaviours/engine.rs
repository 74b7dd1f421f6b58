//! The engine's thread, driven through its handle; the painter is scripted.

mod loading;
pub mod scripted;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use danqing::engine::{
    EngineError, Event, JobId, JobState, Outcome, PreviewQuality, Queue, Status,
};
use danqing::request::{Count, Seed};
use scripted::{Act, Studio, request};

#[test]
fn jobs_run_in_order_and_each_picture_is_on_disk_before_it_is_told() {
    let mut studio = Studio::new();
    studio.load();
    let mut first = request(7);
    first.count = Count::new(3).unwrap();
    let ids = [studio.submit(first), studio.submit(request(20))];
    let mut kept = Vec::new();
    let mut ended = Vec::new();
    while ended.len() < 2 {
        match studio.next() {
            Event::Kept {
                job,
                seed,
                kept: file,
                ..
            } => {
                assert!(file.path.exists());
                kept.push((job, seed));
            }
            Event::Ended {
                job,
                outcome: Outcome::Finished(files),
            } => ended.push((job, files.len())),
            _ => {}
        }
    }
    let expected = [
        (ids[0], Seed(7)),
        (ids[0], Seed(8)),
        (ids[0], Seed(9)),
        (ids[1], Seed(20)),
    ];
    assert_eq!(kept, expected);
    assert_eq!(ended, [(ids[0], 3), (ids[1], 1)]);
    assert_eq!(studio.handle.queue().view().jobs.len(), 0);
}

#[test]
fn a_picture_of_several_says_its_own_seed_and_makes_itself_again() {
    let mut studio = Studio::new();
    studio.load();
    let mut asked = request(u64::MAX);
    asked.count = Count::new(2).unwrap();
    studio.submit(asked);
    let Outcome::Finished(files) = studio.until_ended() else {
        panic!("not finished")
    };
    let records: Vec<_> = files
        .iter()
        .map(|file| danqing::gallery::read_png(file).unwrap().metadata.unwrap())
        .collect();
    assert_eq!(records[1].request.seed, Seed(0));
    assert_eq!(records[1].request.count, Count::default());
    assert_eq!(records[0].model.name, "scripted");
}

/// Fault row 33: before it starts, between steps, after the last step, after its end, twice.
#[test]
fn cancelling_at_any_moment_gives_one_terminal_event_and_writes_nothing() {
    for moment in ["waiting", "first step", "last step", "ended", "twice"] {
        let mut studio = Studio::new();
        studio.script([Act::StepsOnSignal(4)]);
        studio.load();
        let blocker = (moment == "waiting").then(|| {
            let blocker = studio.submit(request(1));
            studio.wait_for(|event| matches!(event, Event::Started(_)));
            blocker
        });
        let job = studio.submit(request(2));
        match moment {
            "waiting" => studio.handle.cancel(job).unwrap(),
            "last step" => {
                studio.signals(4);
                studio.wait_for(|event| matches!(event, Event::Step { step: 4, .. }));
                studio.handle.cancel(job).unwrap();
            }
            "ended" => {
                studio.signals(5);
                assert!(matches!(studio.until_ended(), Outcome::Finished(_)));
                assert!(studio.handle.cancel(job).is_err());
                studio.assert_silent();
                continue;
            }
            _ => {
                studio.signals(1);
                studio.wait_for(|event| matches!(event, Event::Step { step: 1, .. }));
                studio.handle.cancel(job).unwrap();
                if moment == "twice" {
                    // The second call may find the job gone already.
                    studio.handle.cancel(job).ok();
                }
            }
        }
        studio.signals(8);
        let mut ends: Vec<JobId> = Vec::new();
        while !ends.contains(&job) {
            if let Event::Ended {
                job: ended,
                outcome,
            } = studio.next()
            {
                ends.push(ended);
                assert_eq!(
                    matches!(outcome, Outcome::Cancelled(_)),
                    ended == job,
                    "{moment}"
                );
            }
        }
        if blocker.is_some_and(|blocker| !ends.contains(&blocker)) {
            studio.until_ended();
        }
        studio.assert_silent();
        assert_eq!(
            studio.pictures(),
            usize::from(blocker.is_some()),
            "{moment}"
        );
    }
}

#[test]
fn cancel_answers_before_the_next_step() {
    let mut studio = Studio::new();
    studio.script([Act::SlowSteps(1_000, Duration::from_millis(50))]);
    studio.load();
    let job = studio.submit(request(1));
    studio.wait_for(|event| matches!(event, Event::Step { .. }));
    let since = Instant::now();
    studio.handle.cancel(job).unwrap();
    assert!(matches!(studio.until_ended(), Outcome::Cancelled(_)));
    assert!(
        since.elapsed() < Duration::from_millis(100),
        "took {:?}",
        since.elapsed()
    );
}

#[test]
fn what_was_finished_of_a_cancelled_job_is_kept() {
    let mut studio = Studio::new();
    studio.script([Act::Paint, Act::StepsOnSignal(2)]);
    studio.load();
    let mut asked = request(1);
    asked.count = Count::new(4).unwrap();
    let job = studio.submit(asked);
    studio.wait_for(|event| matches!(event, Event::Kept { .. }));
    studio.handle.cancel(job).unwrap();
    studio.signals(4);
    let Outcome::Cancelled(files) = studio.until_ended() else {
        panic!("not cancelled")
    };
    assert_eq!(files.len(), 1);
    assert_eq!(studio.pictures(), 1);
}

/// Fault row 32.
#[test]
fn a_panic_costs_one_job_and_the_model_is_loaded_again() {
    let mut studio = Studio::new();
    studio.script([Act::Panic("index out of bounds"), Act::Paint]);
    studio.load();
    studio.submit(request(1));
    let Outcome::Failed {
        error: EngineError::Panicked(words),
        ..
    } = studio.until_ended()
    else {
        panic!("no panic told")
    };
    assert!(words.contains("index out of bounds"));
    studio.submit(request(2));
    assert!(matches!(studio.until_ended(), Outcome::Finished(_)));
    assert_eq!(studio.loads(), 2);
    assert!(studio.handle.is_alive());
}

/// Fault row 32: a panic in the model's own clean-up.
#[test]
fn a_model_that_panics_when_it_is_freed_does_not_end_the_thread() {
    let mut studio = Studio::new();
    studio.panic_on_drop();
    studio.load();
    studio.handle.unload().unwrap();
    studio.wait_for(|event| matches!(event, Event::Unloaded));
    studio.load();
    studio.submit(request(1));
    assert!(matches!(studio.until_ended(), Outcome::Finished(_)));
}

/// Fault row 32: an engine that hangs is shown, never killed.
#[test]
fn a_silent_engine_says_for_how_long() {
    let mut studio = Studio::new();
    studio.script([Act::StepsOnSignal(1)]);
    studio.load();
    assert_eq!(studio.handle.silent_for(), None);
    studio.submit(request(1));
    studio.wait_for(|event| matches!(event, Event::Started(_)));
    std::thread::sleep(Duration::from_millis(60));
    assert!(
        studio
            .handle
            .silent_for()
            .is_some_and(|silence| silence >= Duration::from_millis(40))
    );
    studio.signals(4);
    studio.until_ended();
    studio.wait_until(|studio| matches!(studio.handle.status(), Status::Ready(_)));
    assert_eq!(studio.handle.silent_for(), None);
}

/// Fault row 29.
#[test]
fn memory_that_runs_out_once_is_tried_again_with_the_caches_freed() {
    let mut studio = Studio::new();
    let too_little = || Act::Fail(EngineError::OutOfMemory("8 GiB".into()));
    studio.script([
        too_little(),
        Act::Paint,
        too_little(),
        too_little(),
        Act::Paint,
    ]);
    studio.load();
    studio.submit(request(1));
    assert!(matches!(studio.until_ended(), Outcome::Finished(_)));
    assert_eq!(studio.caches_freed(), 1);

    let job = studio.submit(request(2));
    let Outcome::Failed { error, .. } = studio.until_ended() else {
        panic!("it has enough memory")
    };
    assert!(error.to_string().contains("smaller size"), "{error}");
    studio.submit(request(3));
    assert!(
        matches!(studio.until_ended(), Outcome::Finished(_)),
        "the others are kept"
    );

    let left = studio.handle.queue().view();
    assert_eq!(left.jobs[0].id, job);
    assert!(
        matches!(left.jobs[0].state, JobState::Failed { .. }),
        "and this one can be tried again"
    );
}

/// Fault row 30.
#[test]
fn a_lost_device_keeps_the_job_and_takes_no_more_work() {
    let mut studio = Studio::new();
    studio.script([Act::Fail(EngineError::DeviceLost("illegal address".into()))]);
    studio.load();
    let job = studio.submit(request(1));
    let other = studio.submit(request(2));
    studio.wait_for(|event| matches!(event, Event::DeviceLost(_)));
    assert!(matches!(studio.until_ended(), Outcome::PutBack(_)));
    let view = studio.handle.queue().view();
    assert!(view.paused);
    assert_eq!(
        view.waiting().map(|job| job.id).collect::<Vec<_>>(),
        [job, other]
    );
    studio.handle.set_paused(false);
    studio.handle.load(studio.choice("other")).unwrap();
    studio.wait_for(|event| {
        matches!(
            event,
            Event::LoadFailed {
                error: EngineError::DeviceLost(_),
                ..
            }
        )
    });
    assert!(matches!(studio.handle.status(), Status::DeviceLost(_)));
}

/// Fault row 34.
#[test]
fn a_window_that_reads_nothing_neither_stalls_the_engine_nor_loses_an_end() {
    let mut studio = Studio::new();
    studio.load();
    let jobs: Vec<JobId> = (0..200).map(|seed| studio.submit(request(seed))).collect();
    studio.wait_until(|studio| studio.handle.queue().view().jobs.is_empty());
    assert_eq!(
        studio.pictures(),
        jobs.len(),
        "all painted while nobody listened"
    );
    let mut ended = Vec::new();
    while ended.len() < jobs.len() {
        if let Event::Ended { job, .. } = studio.next() {
            ended.push(job);
        }
    }
    assert_eq!(ended, jobs);
    studio.assert_silent();
}

/// Fault row 34.
#[test]
fn only_the_newest_preview_is_kept_and_none_is_drawn_when_nobody_wants_one() {
    let mut studio = Studio::new();
    studio.load();
    studio.submit(request(1));
    studio.until_ended();
    let preview = studio.handle.take_preview().unwrap();
    assert_eq!(preview.step, 8);
    assert!(studio.handle.take_preview().is_none());
    studio.handle.set_previews(PreviewQuality::Off);
    studio.submit(request(2));
    studio.until_ended();
    assert!(studio.handle.take_preview().is_none());
    assert_eq!(studio.previews_drawn(), 8);
}

#[test]
fn the_status_tells_step_and_time_left() {
    let mut studio = Studio::new();
    studio.script([Act::StepsOnSignal(8)]);
    studio.load();
    studio.submit(request(1));
    studio.signals(3);
    studio.wait_for(|event| matches!(event, Event::Step { step: 3, .. }));
    let Status::Painting(painting) = studio.handle.status() else {
        panic!("it does not paint")
    };
    assert_eq!(
        (painting.step, painting.steps, painting.pictures),
        (3, 8, 1)
    );
    assert!(painting.time_left().is_some());
    studio.signals(9);
    studio.until_ended();
}

/// Fault row 33: the window is closed while a picture is painted.
#[test]
fn closing_puts_the_running_job_back_into_the_queue_on_disk() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("queue.json");
    let mut studio = Studio::with_queue(Queue::open(file.clone()).0);
    studio.script([Act::SlowSteps(1_000, Duration::from_millis(5))]);
    studio.load();
    let jobs = [studio.submit(request(1)), studio.submit(request(2))];
    studio.wait_for(|event| matches!(event, Event::Step { .. }));
    assert!(studio.handle.shutdown());
    assert_eq!(studio.pictures(), 0);
    drop(studio);

    let (queue, restored) = Queue::open(file);
    assert_eq!((restored.jobs, restored.warning), (2, None));
    let view = queue.view();
    assert!(view.paused, "they are offered, not started");
    assert_eq!(view.waiting().map(|job| job.id).collect::<Vec<_>>(), jobs);
}

/// Fault row 15: the gallery's folder cannot be written.
#[test]
fn a_picture_that_the_gallery_does_not_take_is_kept_elsewhere_or_in_memory() {
    let mut studio = Studio::new();
    studio.load();
    std::fs::write(
        studio.home().join("blocked"),
        b"a file where a folder should be",
    )
    .unwrap();
    studio.save_to("blocked");
    studio.submit(request(1));
    let mut instead = None;
    loop {
        match studio.next() {
            Event::Kept { kept, .. } => {
                assert!(kept.path.exists());
                instead = kept.instead;
            }
            Event::Ended {
                outcome: Outcome::Finished(_),
                ..
            } => break,
            _ => {}
        }
    }
    assert!(instead.is_some_and(|reason| reason.contains("blocked")));

    std::fs::remove_dir_all(studio.home().join("emergency")).unwrap();
    std::fs::write(studio.home().join("emergency"), b"blocked too").unwrap();
    studio.submit(request(2));
    let Outcome::Failed { error, unsaved, .. } = studio.until_ended() else {
        panic!("it was saved")
    };
    assert!(matches!(error, EngineError::NotSaved(_)));
    assert_eq!(
        unsaved.map(|picture| picture.seed),
        Some(Seed(2)),
        "the picture is still there"
    );
}

#[test]
fn the_window_is_woken_for_every_event() {
    let mut studio = Studio::new();
    studio.load();
    studio.submit(request(1));
    studio.until_ended();
    studio.wait_until(|studio| studio.wakes() >= studio.events_read());
}

#[test]
fn commands_do_not_wait_for_the_engine_even_when_there_are_too_many() {
    let mut studio = Studio::new();
    studio.script([Act::StepsOnSignal(1)]);
    studio.load();
    studio.submit(request(1));
    studio.wait_for(|event| matches!(event, Event::Started(_)));
    let refused = Arc::new(AtomicUsize::new(0));
    let since = Instant::now();
    for _ in 0..1_000 {
        studio.handle.look();
        if studio.handle.unload().is_err() {
            refused.fetch_add(1, Ordering::Relaxed);
        }
    }
    assert!(since.elapsed() < Duration::from_millis(200));
    assert!(refused.load(Ordering::Relaxed) > 0);
    studio.signals(4);
    studio.until_ended();
}
