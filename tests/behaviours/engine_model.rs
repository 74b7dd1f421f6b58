//! The engine with a real model: a tiny one with random weights.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use danqing::checkpoint::Checkpoint;
use danqing::engine::{
    Engine, EngineError, EngineHandle, Event, GalleryKeeper, ModelChoice, Outcome, PipelineLoader,
    Queue, SaveTo,
};
use danqing::gallery::{naming, read_png};
use danqing::pipeline::{CancelToken, DeviceChoice, Pipeline, PipelineError, Placement, Precision};
use danqing::request::{Count, ImageSize, Prompt, Request, Seed, Steps};

const PATIENCE: Duration = Duration::from_secs(60);

fn tiny() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files/golden/tiny/model_f32")
}

fn engine(home: &Path) -> EngineHandle {
    let place = SaveTo {
        folder: home.join("gallery"),
        pattern: naming::PATTERN.into(),
    };
    let engine = Engine {
        queue: Queue::in_memory(),
        loader: Box::new(PipelineLoader),
        keeper: Box::new(GalleryKeeper::new(place, home.join("emergency"))),
        wake: Arc::new(|| ()),
    };
    engine.spawn().unwrap()
}

fn request(seed: u64) -> Request {
    let mut request = Request::new(Prompt::new("一只 red fox").unwrap(), Seed(seed));
    request.size = ImageSize::new(64, 48).unwrap();
    request.steps = Steps::new(3).unwrap();
    request
}

fn wait_for(handle: &EngineHandle, wanted: impl Fn(&Event) -> bool) -> Event {
    loop {
        let event = handle
            .events()
            .recv_timeout(PATIENCE)
            .expect("the engine fell silent");
        if wanted(&event) {
            return event;
        }
    }
}

fn load(handle: &EngineHandle, path: PathBuf) -> Event {
    handle
        .load(ModelChoice {
            path,
            device: DeviceChoice::Cpu,
            ..ModelChoice::default()
        })
        .unwrap();
    wait_for(handle, |event| {
        matches!(event, Event::Loaded { .. } | Event::LoadFailed { .. })
    })
}

fn paint(handle: &EngineHandle, request: Request) -> Vec<PathBuf> {
    handle.submit(request).unwrap();
    match wait_for(handle, |event| matches!(event, Event::Ended { .. })) {
        Event::Ended {
            outcome: Outcome::Finished(files),
            ..
        } => files,
        other => panic!("{other:?}"),
    }
}

/// Fault row 36: twice in one run, and again after a restart.
#[test]
fn the_same_seed_gives_the_same_picture_alone_among_others_and_after_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let handle = engine(home.path());
    assert!(matches!(load(&handle, tiny()), Event::Loaded { .. }));
    let mut two = request(6);
    two.count = Count::new(2).unwrap();
    let together = paint(&handle, two);
    let alone = paint(&handle, request(7));
    drop(handle);
    let handle = engine(home.path());
    load(&handle, tiny());
    let later = paint(&handle, request(7));

    let pixels = |path: &PathBuf| image::open(path).unwrap().into_rgb8();
    assert_eq!(pixels(&together[1]), pixels(&alone[0]));
    assert_eq!(pixels(&alone[0]), pixels(&later[0]));
    assert_ne!(pixels(&together[0]), pixels(&together[1]));

    let record = read_png(&alone[0]).unwrap().metadata.unwrap();
    assert_eq!(record.request, request(7));
    assert!(
        record.model.hash.is_some() && record.device.starts_with("cpu"),
        "{record:?}"
    );
    assert!(record.seconds.is_some_and(|seconds| seconds.total > 0.0));
}

#[test]
fn a_real_model_is_read_no_further_than_the_tensor_at_which_it_is_cancelled() {
    let checkpoint = Checkpoint::open(&tiny()).unwrap();
    let placement = Placement::resolve(DeviceChoice::Cpu, None).unwrap();
    let (mut calls, cancel) = (0, CancelToken::new());
    let mut progress = |_, _| {
        calls += 1;
        if calls == 5 {
            cancel.cancel();
        }
    };
    let loaded = Pipeline::load(&checkpoint, &placement, &mut progress, &cancel);
    assert!(matches!(loaded, Err(PipelineError::Cancelled)));
    assert_eq!(calls, 5);
}

#[test]
fn each_step_has_a_preview_an_eighth_of_the_size() {
    let home = tempfile::tempdir().unwrap();
    let handle = engine(home.path());
    load(&handle, tiny());
    paint(&handle, request(1));
    let preview = handle.take_preview().unwrap();
    assert_eq!((preview.image.dimensions(), preview.step), ((8, 6), 3));
}

#[test]
fn a_real_picture_is_cancelled_within_a_step() {
    let home = tempfile::tempdir().unwrap();
    let handle = engine(home.path());
    load(&handle, tiny());
    let mut long = request(1);
    long.size = ImageSize::new(256, 256).unwrap();
    long.steps = Steps::new(50).unwrap();
    let since = Instant::now();
    let job = handle.submit(long).unwrap();
    wait_for(&handle, |event| {
        matches!(event, Event::Step { step: 1, .. })
    });
    let step = since.elapsed();
    let since = Instant::now();
    handle.cancel(job).unwrap();
    let end = wait_for(&handle, |event| matches!(event, Event::Ended { .. }));
    assert!(matches!(
        end,
        Event::Ended {
            outcome: Outcome::Cancelled(_),
            ..
        }
    ));
    assert!(
        since.elapsed() < step,
        "{:?} after a first step of {step:?}",
        since.elapsed()
    );
    assert!(!home.path().join("gallery").exists(), "nothing was written");
}

/// Fault row 25: files that are no model, and the engine after them.
#[test]
fn what_is_no_model_is_refused_with_its_name_and_the_next_one_loads() {
    let home = tempfile::tempdir().unwrap();
    let handle = engine(home.path());
    std::fs::write(home.path().join("model.ckpt"), b"PK\x03\x04").unwrap();
    std::fs::create_dir(home.path().join("empty")).unwrap();
    for name in ["model.ckpt", "empty", "not-there"] {
        match load(&handle, home.path().join(name)) {
            Event::LoadFailed {
                error: EngineError::Model(words),
                ..
            } => assert!(words.contains(name), "{words}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    load(&handle, tiny());
    assert_eq!(paint(&handle, request(1)).len(), 1);
}

/// Fault row 31: the card of the last run is gone.
#[test]
fn a_device_that_is_not_there_is_refused_with_a_reason_and_the_processor_works() {
    let home = tempfile::tempdir().unwrap();
    let handle = engine(home.path());
    handle
        .load(ModelChoice {
            path: tiny(),
            device: DeviceChoice::Cuda(4096),
            ..ModelChoice::default()
        })
        .unwrap();
    match wait_for(&handle, |event| matches!(event, Event::LoadFailed { .. })) {
        Event::LoadFailed {
            error: EngineError::Device(words),
            ..
        } => assert!(words.len() > 20, "{words}"),
        other => panic!("{other:?}"),
    }
    load(&handle, tiny());
    assert_eq!(paint(&handle, request(1)).len(), 1);
}

#[test]
fn the_number_format_that_was_chosen_is_used_or_refused_and_never_replaced() {
    let home = tempfile::tempdir().unwrap();
    let handle = engine(home.path());
    let load = |precision| {
        let choice = ModelChoice {
            path: tiny(),
            device: DeviceChoice::Cpu,
            precision: Some(precision),
            ..ModelChoice::default()
        };
        handle.load(choice).unwrap();
        wait_for(&handle, |event| {
            matches!(event, Event::Loaded { .. } | Event::LoadFailed { .. })
        })
    };
    match load(Precision::Fp8) {
        Event::LoadFailed {
            error: EngineError::Device(words),
            ..
        } => assert!(words.contains("fp8") && words.contains("bf16"), "{words}"),
        other => panic!("{other:?}"),
    }
    for precision in [Precision::Bf16, Precision::F32] {
        match load(precision) {
            Event::Loaded { provenance, .. } => {
                assert_eq!(provenance.dtype, precision.to_string());
            }
            other => panic!("{other:?}"),
        }
        let [picture] = paint(&handle, request(1)).try_into().unwrap();
        let record = read_png(&picture).unwrap().metadata.unwrap();
        assert_eq!(record.dtype, precision.to_string());
    }
}

#[test]
fn a_text_encoder_that_is_not_kept_in_memory_changes_no_pixel() {
    let pixels = [false, true].map(|low_memory| {
        let home = tempfile::tempdir().unwrap();
        let handle = engine(home.path());
        let choice = ModelChoice {
            path: tiny(),
            device: DeviceChoice::Cpu,
            low_memory,
            ..ModelChoice::default()
        };
        handle.load(choice).unwrap();
        wait_for(&handle, |event| matches!(event, Event::Loaded { .. }));
        let [picture] = paint(&handle, request(1)).try_into().unwrap();
        image::open(picture).unwrap().into_rgb8()
    });
    assert_eq!(pixels[0], pixels[1]);
}

/// Fault row 24: the files are needed while they are read, and not after.
#[test]
fn a_model_whose_files_vanish_once_it_is_loaded_goes_on_painting() {
    let home = tempfile::tempdir().unwrap();
    let model = home.path().join("model");
    copy_folder(&tiny(), &model);
    let handle = engine(home.path());
    load(&handle, model.clone());
    for file in walk(&model) {
        std::fs::write(file, b"").unwrap();
    }
    std::fs::remove_dir_all(&model).unwrap();
    assert_eq!(paint(&handle, request(1)).len(), 1);
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

fn copy_folder(from: &Path, to: &Path) {
    for file in walk(from) {
        let target = to.join(file.strip_prefix(from).unwrap());
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::fs::copy(file, target).unwrap();
    }
}
