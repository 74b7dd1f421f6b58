//! Models that come, go, and are given up half read.

use std::path::Path;
use std::time::Instant;

use danqing::engine::{EngineError, Event, Outcome, Status};

use super::scripted::{Studio, TENSOR, request};

#[test]
fn the_old_model_is_freed_before_the_new_one_is_read() {
    let mut studio = Studio::new();
    studio.load();
    studio.handle.load(studio.choice("second")).unwrap();
    studio.wait_for(
        |event| matches!(event, Event::Loaded { choice, .. } if choice.path == Path::new("second")),
    );
    assert_eq!(studio.most_models_at_once(), 1);
    studio.handle.unload().unwrap();
    studio.wait_for(|event| matches!(event, Event::Unloaded));
    assert_eq!(studio.models_alive(), 0);
    assert!(matches!(studio.handle.status(), Status::NoModel));
}

/// A studio that reads the large model, with a job that waits for it.
fn reading_a_large_model() -> Studio {
    let mut studio = Studio::new();
    studio.submit(request(1));
    studio.handle.load(studio.choice("large")).unwrap();
    studio.wait_for(|event| matches!(event, Event::LoadProgress { .. }));
    studio
}

fn until_load_failed(studio: &mut Studio) -> EngineError {
    match studio.wait_for(|event| matches!(event, Event::Loaded { .. } | Event::LoadFailed { .. }))
    {
        Event::LoadFailed { error, .. } => error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_model_that_is_being_read_is_given_up_within_one_tensor() {
    let mut studio = reading_a_large_model();
    let since = Instant::now();
    studio.handle.cancel_current();
    assert_eq!(until_load_failed(&mut studio), EngineError::Cancelled);
    assert!(since.elapsed() < 10 * TENSOR, "took {:?}", since.elapsed());
    assert!(matches!(studio.handle.status(), Status::NoModel));
    assert_eq!((studio.loads(), studio.models_alive()), (0, 0));

    // The job still waits, and the next model paints it.
    studio.handle.load(studio.choice("second")).unwrap();
    assert!(matches!(studio.until_ended(), Outcome::Finished(_)));
}

#[test]
fn another_choice_ends_the_reading_of_the_first() {
    let mut studio = reading_a_large_model();
    let since = Instant::now();
    studio.handle.load(studio.choice("second")).unwrap();
    assert_eq!(until_load_failed(&mut studio), EngineError::Cancelled);
    assert!(matches!(studio.until_ended(), Outcome::Finished(_)));
    assert!(since.elapsed() < 100 * TENSOR, "took {:?}", since.elapsed());
    assert_eq!(studio.loads(), 1);
}

#[test]
fn closing_does_not_wait_for_a_model_that_is_being_read() {
    let mut studio = reading_a_large_model();
    let since = Instant::now();
    assert!(studio.handle.shutdown());
    assert!(since.elapsed() < 100 * TENSOR, "took {:?}", since.elapsed());
    assert_eq!(studio.handle.queue().view().jobs.len(), 1);
}

#[test]
fn a_model_that_cannot_be_loaded_does_not_fail_the_jobs_that_wait() {
    let mut studio = Studio::new();
    studio.handle.queue().push(request(1)).unwrap();
    studio.handle.load(studio.choice("missing")).unwrap();
    studio.wait_for(|event| matches!(event, Event::LoadFailed { .. }));
    assert!(studio.handle.queue().is_paused());
    studio.load();
    assert!(
        matches!(studio.until_ended(), Outcome::Finished(_)),
        "it goes on with the next model"
    );
    studio.handle.set_paused(true);
    studio.handle.load(studio.choice("missing")).unwrap();
    studio.wait_for(|event| matches!(event, Event::LoadFailed { .. }));
    studio.load();
    assert!(
        studio.handle.queue().is_paused(),
        "a pause that the designer made stays"
    );
}
