//! An engine whose painter does what a test tells it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use danqing::engine::{
    CancelToken, Engine, EngineError, EngineHandle, Event, GalleryKeeper, JobId, Loader,
    ModelChoice, Outcome, Painter, Progress, Provenance, Queue, SaveTo,
};
use danqing::gallery::{metadata::ModelRecord, naming};
use danqing::pipeline::{DeviceChoice, Picture, Stage, Timings};
use danqing::request::{ImageSize, Prompt, Request, Seed};
use image::RgbImage;

/// What the painter does with its next picture; when none is left, it paints.
pub enum Act {
    Paint,
    /// As many steps, one for each signal, and the picture at the next.
    StepsOnSignal(u32),
    SlowSteps(u32, Duration),
    Fail(EngineError),
    Panic(&'static str),
}

#[derive(Default)]
struct Ledger {
    acts: Mutex<VecDeque<Act>>,
    loads: AtomicUsize,
    alive: AtomicUsize,
    most_alive: AtomicUsize,
    caches_freed: AtomicUsize,
    previews: AtomicUsize,
    wakes: AtomicUsize,
    panic_on_drop: AtomicBool,
}

pub struct Studio {
    pub handle: EngineHandle,
    ledger: Arc<Ledger>,
    signal: Sender<()>,
    read: usize,
    home: tempfile::TempDir,
}

/// What one tensor of the model "large" takes to read.
pub const TENSOR: Duration = Duration::from_millis(10);

/// Longer than anything here takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn request(seed: u64) -> Request {
    let mut request = Request::new(Prompt::new("a fox").unwrap(), Seed(seed));
    request.size = ImageSize::new(64, 32).unwrap();
    request
}

impl Studio {
    pub fn new() -> Self {
        Self::with_queue(Queue::in_memory())
    }

    pub fn with_queue(queue: Queue) -> Self {
        let home = tempfile::tempdir().unwrap();
        let ledger = Arc::new(Ledger::default());
        let (signal, signals) = unbounded();
        let place = SaveTo {
            folder: home.path().join("gallery"),
            pattern: naming::PATTERN.into(),
        };
        let wakes = ledger.clone();
        let engine = Engine {
            queue,
            loader: Box::new(Desk {
                ledger: ledger.clone(),
                signals,
            }),
            keeper: Box::new(GalleryKeeper::new(place, home.path().join("emergency"))),
            wake: Arc::new(move || {
                wakes.wakes.fetch_add(1, Ordering::SeqCst);
            }),
        };
        Self {
            handle: engine.spawn().unwrap(),
            ledger,
            signal,
            read: 0,
            home,
        }
    }

    pub fn script(&mut self, acts: impl IntoIterator<Item = Act>) {
        self.ledger.acts.lock().unwrap().extend(acts);
    }

    pub fn choice(&self, name: &str) -> ModelChoice {
        ModelChoice {
            path: PathBuf::from(name),
            device: DeviceChoice::Cpu,
            ..ModelChoice::default()
        }
    }

    pub fn load(&mut self) {
        self.handle.load(self.choice("first")).unwrap();
        self.wait_for(|event| matches!(event, Event::Loaded { .. }));
    }

    pub fn submit(&self, request: Request) -> JobId {
        self.handle.submit(request).unwrap()
    }

    pub fn signals(&self, count: usize) {
        for _ in 0..count {
            self.signal.send(()).unwrap();
        }
    }

    pub fn next(&mut self) -> Event {
        self.read += 1;
        self.handle
            .events()
            .recv_timeout(PATIENCE)
            .expect("the engine fell silent")
    }

    pub fn wait_for(&mut self, wanted: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = self.next();
            if wanted(&event) {
                return event;
            }
        }
    }

    pub fn until_ended(&mut self) -> Outcome {
        match self.wait_for(|event| matches!(event, Event::Ended { .. })) {
            Event::Ended { outcome, .. } => outcome,
            _ => unreachable!("it was just looked at"),
        }
    }

    pub fn wait_until(&self, done: impl Fn(&Self) -> bool) {
        let since = Instant::now();
        while !done(self) {
            assert!(since.elapsed() < PATIENCE, "it never came to be");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// No further terminal event comes.
    pub fn assert_silent(&self) {
        while let Ok(event) = self.handle.events().recv_timeout(Duration::from_millis(30)) {
            assert!(
                !matches!(event, Event::Ended { .. }),
                "a second end: {event:?}"
            );
        }
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn save_to(&self, folder: &str) {
        self.handle
            .save_to(SaveTo {
                folder: self.home().join(folder),
                pattern: naming::PATTERN.into(),
            })
            .unwrap();
    }

    pub fn pictures(&self) -> usize {
        std::fs::read_dir(self.home().join("gallery")).map_or(0, Iterator::count)
    }

    pub fn loads(&self) -> usize {
        self.ledger.loads.load(Ordering::SeqCst)
    }

    pub fn models_alive(&self) -> usize {
        self.ledger.alive.load(Ordering::SeqCst)
    }

    pub fn most_models_at_once(&self) -> usize {
        self.ledger.most_alive.load(Ordering::SeqCst)
    }

    pub fn caches_freed(&self) -> usize {
        self.ledger.caches_freed.load(Ordering::SeqCst)
    }

    pub fn previews_drawn(&self) -> usize {
        self.ledger.previews.load(Ordering::SeqCst)
    }

    pub fn wakes(&self) -> usize {
        self.ledger.wakes.load(Ordering::SeqCst)
    }

    pub fn events_read(&self) -> usize {
        self.read
    }

    pub fn panic_on_drop(&self) {
        self.ledger.panic_on_drop.store(true, Ordering::SeqCst);
    }
}

struct Desk {
    ledger: Arc<Ledger>,
    signals: Receiver<()>,
}

impl Loader for Desk {
    fn load(
        &mut self,
        choice: &ModelChoice,
        progress: &mut dyn FnMut(u64, u64),
        cancel: &CancelToken,
    ) -> Result<Box<dyn Painter>, EngineError> {
        if choice.path == Path::new("missing") {
            return Err(EngineError::Model("there is no model".into()));
        }
        let tensors = if choice.path == Path::new("large") {
            2_000
        } else {
            2
        };
        for tensor in 1..=tensors {
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            if tensors > 2 {
                std::thread::sleep(TENSOR);
            }
            progress(tensor, tensors);
        }
        self.ledger.loads.fetch_add(1, Ordering::SeqCst);
        let alive = self.ledger.alive.fetch_add(1, Ordering::SeqCst) + 1;
        self.ledger.most_alive.fetch_max(alive, Ordering::SeqCst);
        Ok(Box::new(Scripted {
            ledger: self.ledger.clone(),
            signals: self.signals.clone(),
        }))
    }
}

struct Scripted {
    ledger: Arc<Ledger>,
    signals: Receiver<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.ledger.alive.fetch_sub(1, Ordering::SeqCst);
        if self.ledger.panic_on_drop.swap(false, Ordering::SeqCst) {
            panic!("the driver is gone");
        }
    }
}

impl Scripted {
    fn steps(
        &self,
        steps: u32,
        report: &mut dyn FnMut(Progress<'_>),
        cancel: &CancelToken,
        wait: impl Fn(),
    ) -> Result<(), EngineError> {
        report(Progress::Stage(Stage::Denoise));
        for step in 1..=steps {
            wait();
            if cancel.is_cancelled() {
                return Err(EngineError::Cancelled);
            }
            let preview = |_| {
                self.ledger.previews.fetch_add(1, Ordering::SeqCst);
                RgbImage::new(8, 4)
            };
            report(Progress::Step {
                step,
                steps,
                preview: &preview,
            });
        }
        Ok(())
    }
}

impl Painter for Scripted {
    fn paint(
        &mut self,
        request: &Request,
        report: &mut dyn FnMut(Progress<'_>),
        cancel: &CancelToken,
    ) -> Result<Picture, EngineError> {
        assert_eq!(request.count.get(), 1, "pictures are asked for one by one");
        let act = self
            .ledger
            .acts
            .lock()
            .unwrap()
            .pop_front()
            .unwrap_or(Act::Paint);
        let signal = || self.signals.recv_timeout(PATIENCE).expect("no signal came");
        match act {
            Act::Paint => self.steps(request.steps.get(), report, cancel, || {})?,
            Act::StepsOnSignal(steps) => {
                self.steps(steps, report, cancel, signal)?;
                signal();
            }
            Act::SlowSteps(steps, pace) => {
                self.steps(steps, report, cancel, || std::thread::sleep(pace))?
            }
            Act::Fail(error) => return Err(error),
            Act::Panic(words) => panic!("{words}"),
        }
        Ok(Picture {
            pixels: RgbImage::new(request.size.width(), request.size.height()),
            seed: request.seed,
            prompt: 0,
            latents: Vec::new(),
            latent_shape: [0; 3],
            timings: Timings::default(),
            peak_memory: None,
            decoded_in_tiles: false,
        })
    }

    fn provenance(&self) -> Provenance {
        Provenance {
            model: ModelRecord {
                name: "scripted".into(),
                hash: None,
            },
            loras: Vec::new(),
            device: "none".into(),
            dtype: "f32".into(),
            notice: None,
        }
    }

    fn free_caches(&mut self) {
        self.ledger.caches_freed.fetch_add(1, Ordering::SeqCst);
    }
}
