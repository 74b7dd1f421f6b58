//! Small pictures for the gallery: made in the background, kept on disk, and the latest ones in memory.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{PixelType, Resizer};
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageReader, Limits, RgbImage};
use sha2::{Digest as _, Sha256};

use super::entry::Entry;
use crate::files;

/// The longer side of a small picture, in pixels.
pub const SIDE: u32 = 256;

/// The longest side of a picture that is opened.
const MAX_SIDE: u32 = 16_384;

/// The most memory that opening one picture may take.
const MAX_ALLOC: u64 = 256 << 20;

/// Requests that are remembered; older ones were scrolled past.
const MAX_WANTED: usize = 256;

/// The most that the small pictures on disk take; the oldest go first.
const MAX_DISK_BYTES: u64 = 512 << 20;

/// A small picture is well below this.
const MAX_CACHED_BYTES: u64 = 1 << 20;

/// A small picture, or why there is none.
#[derive(Clone, Debug)]
pub enum Thumb {
    /// The pixels.
    Ready(Arc<RgbImage>),
    /// It is being made; the wake function is called when it is there.
    Coming,
    /// The picture cannot be shown.
    Bad(Arc<str>),
}

/// Makes and keeps small pictures. No method waits.
pub struct Thumbs {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    state: Mutex<State>,
    wanted: Condvar,
    folder: PathBuf,
    budget: usize,
    wake: Arc<dyn Fn() + Send + Sync>,
}

#[derive(Default)]
struct State {
    /// What is in memory, by key, with the tick of its last use.
    ready: HashMap<Key, (Thumb, u64)>,
    bytes: usize,
    tick: u64,
    /// The latest request last, since it is what the designer looks at.
    wanted: VecDeque<(Key, PathBuf)>,
    making: Vec<Key>,
    closing: bool,
}

/// A digest of path, time and size: a picture that changes gets another small one.
type Key = [u8; 16];

impl Thumbs {
    /// Small pictures kept in `folder`, of which at most `budget` bytes are in memory.
    ///
    /// # Errors
    /// The system grants no thread.
    pub fn new(
        folder: PathBuf,
        budget: usize,
        wake: Arc<dyn Fn() + Send + Sync>,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            wanted: Condvar::new(),
            folder,
            budget,
            wake,
        });
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let mut thumbs = Self {
            shared,
            threads: Vec::new(),
        };
        for number in 0..(cores / 2).clamp(1, 4) {
            let shared = thumbs.shared.clone();
            let work = move || {
                if number == 0 {
                    prune(&shared.folder, MAX_DISK_BYTES);
                }
                shared.make_wanted();
            };
            thumbs.threads.push(
                std::thread::Builder::new()
                    .name(format!("thumbs-{number}"))
                    .spawn(work)?,
            );
        }
        Ok(thumbs)
    }

    /// The small picture of `entry` in `gallery`, as far as it is there. Asking brings it about.
    pub fn get(&self, gallery: &Path, entry: &Entry) -> Thumb {
        let path = gallery.join(&entry.path);
        let key = key(&path, entry);
        let mut state = self.shared.lock();
        state.tick += 1;
        let tick = state.tick;
        if let Some((thumb, used)) = state.ready.get_mut(&key) {
            *used = tick;
            return thumb.clone();
        }
        if !state.making.contains(&key) {
            if let Some(place) = state.wanted.iter().position(|(wanted, _)| *wanted == key) {
                state.wanted.remove(place);
            }
            state.wanted.push_back((key, path));
            if state.wanted.len() > MAX_WANTED {
                state.wanted.pop_front();
            }
            self.shared.wanted.notify_one();
        }
        Thumb::Coming
    }

    /// Bytes of pixels in memory.
    pub fn bytes(&self) -> usize {
        self.shared.lock().bytes
    }
}

impl Drop for Thumbs {
    fn drop(&mut self) {
        self.shared.lock().closing = true;
        self.shared.wanted.notify_all();
        for thread in self.threads.drain(..) {
            // A panic in it was reported by the panic hook.
            thread.join().ok();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_wanted(&self) {
        let mut state = self.lock();
        while !state.closing {
            let Some((key, path)) = state.wanted.pop_back() else {
                state = self
                    .wanted
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            state.making.push(key);
            drop(state);
            // A decoder that panics costs one picture.
            let made = catch_unwind(AssertUnwindSafe(|| self.make(&key, &path)));
            let thumb =
                match made.unwrap_or_else(|_| Err("the picture cannot be decoded".to_owned())) {
                    Ok(pixels) => Thumb::Ready(Arc::new(pixels)),
                    Err(reason) => Thumb::Bad(reason.into()),
                };
            state = self.lock();
            state.making.retain(|making| *making != key);
            state.keep(key, thumb, self.budget);
            drop(state);
            (self.wake)();
            state = self.lock();
        }
    }

    fn make(&self, key: &Key, path: &Path) -> Result<RgbImage, String> {
        let name: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        let file = self.folder.join(name + ".jpg");
        if let Ok(bytes) = files::read_capped(&file, MAX_CACHED_BYTES)
            && let Ok(picture) =
                image::load_from_memory_with_format(&bytes, image::ImageFormat::Jpeg)
        {
            return Ok(picture.into_rgb8());
        }
        let small = shrink(&open_limited(path)?.into_rgb8())?;
        let mut bytes = Vec::new();
        let encoded = small.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 88));
        if let Err(error) = encoded
            .map_err(|error| error.to_string())
            .and_then(|()| files::replace(&file, &bytes).map_err(|error| error.to_string()))
        {
            tracing::debug!("a small picture is not kept: {error}");
        }
        Ok(small)
    }
}

impl State {
    fn keep(&mut self, key: Key, thumb: Thumb, budget: usize) {
        self.tick += 1;
        self.bytes += size(&thumb);
        if let Some((old, _)) = self.ready.insert(key, (thumb, self.tick)) {
            self.bytes -= size(&old);
        }
        while self.bytes > budget && self.ready.len() > 1 {
            let Some(oldest) = self
                .ready
                .iter()
                .min_by_key(|(_, (_, used))| *used)
                .map(|(key, _)| *key)
            else {
                return;
            };
            if let Some((old, _)) = self.ready.remove(&oldest) {
                self.bytes -= size(&old);
            }
        }
    }
}

/// What an entry counts: its pixels, and something for being listed.
fn size(thumb: &Thumb) -> usize {
    match thumb {
        Thumb::Ready(pixels) => pixels.as_raw().len() + 128,
        Thumb::Coming | Thumb::Bad(_) => 128,
    }
}

fn key(path: &Path, entry: &Entry) -> Key {
    let mut digest = Sha256::new();
    digest.update(path.as_os_str().as_encoded_bytes());
    digest.update(entry.modified.to_le_bytes());
    digest.update(entry.bytes.to_le_bytes());
    let mut key = Key::default();
    key.copy_from_slice(&digest.finalize()[..16]);
    key
}

/// Opens a picture within limits that are checked before memory is taken.
///
/// # Errors
/// Why it cannot be shown, as a sentence without its path.
pub fn open_limited(path: &Path) -> Result<DynamicImage, String> {
    let is_file = std::fs::metadata(path)
        .map_err(|error| error.to_string())?
        .is_file();
    if !is_file {
        return Err("it is not a regular file".to_owned());
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    let reader = ImageReader::new(BufReader::new(file)).with_guessed_format();
    let mut reader = reader.map_err(|error| error.to_string())?;
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    reader.decode().map_err(|error| error.to_string())
}

fn shrink(picture: &RgbImage) -> Result<RgbImage, String> {
    let (width, height) = picture.dimensions();
    let longer = width.max(height);
    if longer <= SIDE {
        return Ok(picture.clone());
    }
    let scaled = |side: u32| (u64::from(side) * u64::from(SIDE) / u64::from(longer)).max(1) as u32;
    let (small_width, small_height) = (scaled(width), scaled(height));
    let source = ImageRef::new(width, height, picture.as_raw(), PixelType::U8x3)
        .map_err(|error| error.to_string())?;
    let mut target = Image::new(small_width, small_height, PixelType::U8x3);
    Resizer::new()
        .resize(&source, &mut target, None)
        .map_err(|error| error.to_string())?;
    RgbImage::from_raw(small_width, small_height, target.into_vec())
        .ok_or_else(|| "the small picture has the wrong size".to_owned())
}

/// Keeps the folder of small pictures below `most` bytes: the oldest go.
fn prune(folder: &Path, most: u64) {
    files::sweep_temporaries(folder, &[".jpg"], Duration::from_secs(3600));
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let mut kept: Vec<(SystemTime, u64, PathBuf)> = entries
        .flatten()
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            Some((metadata.modified().ok()?, metadata.len(), entry.path()))
        })
        .collect();
    kept.sort_unstable();
    let mut bytes: u64 = kept.iter().map(|(_, bytes, _)| bytes).sum();
    for (_, length, path) in kept {
        if bytes <= most {
            return;
        }
        if std::fs::remove_file(path).is_ok() {
            bytes -= length;
        }
    }
}
