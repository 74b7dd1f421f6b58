//! The gallery: a folder that other programs write to as well.

mod files;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use danqing::gallery::metadata::{Metadata, ModelRecord};
use danqing::gallery::{Details, Gallery, Notice, View, writer};
use danqing::request::{ImageSize, Prompt, Request, Seed};
use image::{Rgb, RgbImage};

/// Longer than anything here takes, so that a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

struct Room {
    home: tempfile::TempDir,
}

impl Room {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("pictures")).unwrap();
        Self { home }
    }

    fn folder(&self) -> PathBuf {
        self.home.path().join("pictures")
    }

    fn cache(&self) -> PathBuf {
        self.home.path().join("cache")
    }

    fn open(&self) -> Gallery {
        Gallery::open(&self.folder(), &self.cache(), Arc::new(|| ())).unwrap()
    }

    /// Paints a picture that says how it was made; returns its path relative to the gallery.
    fn paint(&self, prompt: &str, seed: u64) -> PathBuf {
        let mut request = Request::new(Prompt::new(prompt).unwrap(), Seed(seed));
        request.size = ImageSize::new(64, 32).unwrap();
        let metadata = Metadata {
            format: Metadata::FORMAT,
            program: "test".into(),
            request,
            model: ModelRecord {
                name: "tiny".into(),
                hash: None,
            },
            loras: Vec::new(),
            device: "cpu".into(),
            dtype: "f32".into(),
            noise: "none".into(),
            decoded_in_tiles: false,
            created: None,
            seconds: None,
            peak_memory: None,
        };
        let pixels = RgbImage::from_fn(64, 32, |x, y| Rgb([x as u8, y as u8, seed as u8]));
        let path = writer::write_png(&self.folder(), &pixels, &metadata).unwrap();
        path.strip_prefix(self.folder()).unwrap().to_owned()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.folder().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

fn wait(gallery: &Gallery, done: impl Fn(&View) -> bool) -> Arc<View> {
    let since = Instant::now();
    loop {
        let view = gallery.view();
        if done(&view) {
            return view;
        }
        assert!(since.elapsed() < PATIENCE, "it never came to be: {view:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

fn all_read(view: &View) -> bool {
    view.complete && view.unread == 0
}

fn names(view: &View) -> Vec<&Path> {
    view.pictures
        .iter()
        .map(|entry| entry.path.as_path())
        .collect()
}

#[test]
fn pictures_are_listed_newest_first_with_what_they_say() {
    let room = Room::new();
    let older = room.paint("一只红狐狸", 1);
    std::thread::sleep(Duration::from_millis(10));
    let newer = room.paint("a blue cup", u64::MAX);
    let gallery = room.open();
    let view = wait(&gallery, all_read);
    assert_eq!(names(&view), [&newer, &older]);
    let facts = view.pictures[0].facts().unwrap();
    assert_eq!(
        (facts.width, facts.height, facts.seed),
        (64, 32, Some(Seed(u64::MAX)))
    );
    assert_eq!(
        (facts.prompt.as_str(), facts.model.as_deref()),
        ("a blue cup", Some("tiny"))
    );
}

#[test]
fn a_search_shows_what_it_finds_and_new_pictures_join_it() {
    let room = Room::new();
    room.paint("a red fox", 1);
    room.paint("a blue cup", 2);
    let gallery = room.open();
    gallery.search("fox");
    let view = wait(&gallery, |view| all_read(view) && view.query == "fox");
    assert_eq!((view.pictures.len(), view.total), (1, 2));
    let written = room.paint("another fox", 3);
    gallery.note(&room.folder().join(&written));
    wait(&gallery, |view| {
        view.total == 3 && names(view).contains(&written.as_path())
    });
    gallery.search("seed:2");
    wait(&gallery, |view| {
        view.query == "seed:2" && view.pictures.len() == 1
    });
}

#[test]
fn what_other_programs_do_to_the_folder_is_noticed() {
    let room = Room::new();
    let first = room.paint("a fox", 1);
    let gallery = room.open();
    wait(&gallery, all_read);
    // The watch is there once the folder was looked through.
    let second = room.paint("a cup", 2);
    wait(&gallery, |view| view.total == 2 && all_read(view));
    std::fs::rename(
        room.folder().join(&second),
        room.folder().join("renamed.png"),
    )
    .unwrap();
    wait(&gallery, |view| {
        names(view).contains(&Path::new("renamed.png")) && view.total == 2
    });
    std::fs::remove_file(room.folder().join(&first)).unwrap();
    wait(&gallery, |view| view.total == 1);
    std::fs::create_dir(room.folder().join("day")).unwrap();
    std::fs::rename(
        room.folder().join("renamed.png"),
        room.folder().join("day/moved.png"),
    )
    .unwrap();
    wait(&gallery, |view| names(view) == [Path::new("day/moved.png")]);
}

#[test]
fn an_idle_gallery_does_nothing() {
    let room = Room::new();
    room.paint("a fox", 1);
    let wakes = Arc::new(AtomicUsize::new(0));
    let counted = wakes.clone();
    let wake = Arc::new(move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let gallery = Gallery::open(&room.folder(), &room.cache(), wake).unwrap();
    wait(&gallery, all_read);
    std::thread::sleep(Duration::from_millis(100));
    let before = wakes.load(Ordering::SeqCst);
    std::thread::sleep(Duration::from_millis(600));
    assert_eq!(wakes.load(Ordering::SeqCst), before);
}

/// Fault row 20.
#[test]
fn stars_survive_the_loss_of_every_cache() {
    let room = Room::new();
    let picture = room.paint("a fox", 1);
    let gallery = room.open();
    gallery.star(vec![picture.clone()], true);
    wait(&gallery, |view| all_read(view) && view.pictures[0].star);
    drop(gallery);
    std::fs::remove_dir_all(room.cache()).ok();
    let gallery = room.open();
    gallery.search("star:");
    let view = wait(&gallery, |view| all_read(view) && view.query == "star:");
    assert_eq!(names(&view), [&picture]);
    gallery.star(vec![picture], false);
    wait(&gallery, |view| view.pictures.is_empty());
}

/// Fault row 20.
#[test]
fn a_damaged_index_is_made_again_and_damaged_stars_are_put_aside() {
    for garbage in [
        "",
        "{",
        "null\nnull",
        "{\"version\":99,\"gallery\":\"/\"}\n{}",
        "\u{0}",
    ] {
        let room = Room::new();
        let picture = room.paint("a fox", 1);
        wait_closed(room.open());
        let index = std::fs::read_dir(room.cache())
            .unwrap()
            .flatten()
            .next()
            .unwrap()
            .path();
        std::fs::write(&index, garbage).unwrap();
        room.put(".danqing/stars.json", garbage.as_bytes());
        let gallery = room.open();
        let view = wait(&gallery, all_read);
        assert_eq!(names(&view), [&picture]);
        let notices = gallery.take_notices();
        assert!(
            matches!(&notices[..], [Notice::Problem(said)] if said.contains("stars.json.bad")),
            "{notices:?}"
        );
        gallery.star(vec![picture], true);
        wait(&gallery, |view| {
            view.pictures.iter().all(|entry| entry.star)
        });
    }
}

fn wait_closed(gallery: Gallery) {
    wait(&gallery, all_read);
}

#[test]
fn a_second_start_shows_the_list_without_opening_a_picture() {
    let room = Room::new();
    for seed in 0..20 {
        room.paint("a fox", seed);
    }
    wait_closed(room.open());
    let gallery = room.open();
    let view = wait(&gallery, |view| view.total == 20);
    assert_eq!(view.unread, 0, "what is in them was known at once");
}

#[test]
fn the_trash_gives_back_what_it_took_also_after_a_restart() {
    let room = Room::new();
    let pictures = vec![room.paint("a fox", 1), room.paint("a cup", 2)];
    let gallery = room.open();
    wait(&gallery, all_read);
    gallery.trash(pictures.clone());
    wait(&gallery, |view| view.total == 0 && view.undoable == 2);
    assert_eq!(gallery.take_notices(), [Notice::Trashed(pictures.clone())]);
    assert!(!room.folder().join(&pictures[0]).exists());
    drop(gallery);

    let gallery = room.open();
    wait(&gallery, |view| view.complete && view.undoable == 2);
    gallery.undo_trash();
    let view = wait(&gallery, |view| view.total == 2 && all_read(view));
    assert_eq!(view.undoable, 0);
    assert!(
        pictures
            .iter()
            .all(|picture| room.folder().join(picture).exists())
    );
    gallery.undo_trash();
    let gone = vec![PathBuf::from("gone.png")];
    gallery.trash(gone.clone());
    let since = Instant::now();
    let mut notices = Vec::new();
    while notices.len() < 3 && since.elapsed() < PATIENCE {
        notices.extend(gallery.take_notices());
    }
    assert!(matches!(
        &notices[..],
        [Notice::Restored(back), Notice::Problem(said), Notice::NotTrashed(kept)]
            if back.len() == 2 && said.contains("gone.png") && *kept == gone
    ));
}

/// Fault rows 12 and 15.
#[test]
fn a_folder_full_of_traps_is_listed_with_the_bad_ones_marked() {
    let room = Room::new();
    let good = room.paint("a fox", 1);
    let bytes = std::fs::read(room.folder().join(&good)).unwrap();
    room.put("truncated.png", &bytes[..20]);
    room.put("empty.png", b"");
    room.put("text.png", b"this is no picture");
    room.put("huge.png", &header_only(60_000, 60_000));
    room.put("sub/dir/deep.PNG", &bytes);
    room.put(".hidden.png", &bytes);
    room.put(".cache/x.png", &bytes);
    room.put("notes.txt", b"not listed");
    std::fs::create_dir(room.folder().join("folder.png")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(room.folder(), room.folder().join("loop")).unwrap();
        symlink("loop2.png", room.folder().join("loop2.png")).unwrap();
        symlink(room.folder().join(&good), room.folder().join("link.png")).unwrap();
        symlink("/dev/zero", room.folder().join("zero.png")).unwrap();
    }
    let gallery = room.open();
    let view = wait(&gallery, all_read);
    let bad: Vec<&str> = view
        .pictures
        .iter()
        .filter(|entry| matches!(entry.details, Details::Bad { .. }))
        .map(|entry| entry.path.to_str().unwrap())
        .collect();
    let mut sorted = bad.clone();
    sorted.sort_unstable();
    assert_eq!(
        sorted,
        ["empty.png", "huge.png", "text.png", "truncated.png"]
    );
    let links = if cfg!(unix) { 1 } else { 0 };
    assert_eq!(view.total, 4 + 2 + links, "{:?}", names(&view));
    assert_eq!(view.problem, None);
}

/// Fault row 15: unmounted while open, then back.
#[test]
fn a_gallery_that_goes_away_is_said_and_comes_back() {
    let room = Room::new();
    room.paint("a fox", 1);
    let gallery = room.open();
    wait(&gallery, all_read);
    let away = room.home.path().join("away");
    std::fs::rename(room.folder(), &away).unwrap();
    gallery.rescan();
    let view = wait(&gallery, |view| view.problem.is_some());
    assert_eq!(view.total, 1, "the list stays");
    std::fs::rename(&away, room.folder()).unwrap();
    gallery.rescan();
    wait(&gallery, |view| view.problem.is_none() && view.total == 1);
}

#[test]
fn a_gallery_that_does_not_exist_yet_is_empty() {
    let room = Room::new();
    std::fs::remove_dir(room.folder()).unwrap();
    let gallery = room.open();
    let view = wait(&gallery, |view| view.complete);
    assert_eq!((view.total, view.problem.as_deref()), (0, None));
    assert!(!room.folder().exists(), "looking makes no folder");
}

/// Fault row 15.
#[test]
fn fifty_thousand_pictures_are_there_within_a_second() {
    let room = Room::new();
    let picture = room.folder().join(room.paint("a fox", 1));
    for number in 0..50_000 / 500 {
        let folder = room.folder().join(format!("{number}"));
        std::fs::create_dir(&folder).unwrap();
        for name in 0..500 {
            std::fs::hard_link(&picture, folder.join(format!("{name}.png"))).unwrap();
        }
    }
    let since = Instant::now();
    let gallery = room.open();
    wait(&gallery, |view| view.total > 50_000);
    let first = since.elapsed();
    let view = wait(&gallery, all_read);
    let read = since.elapsed();
    assert_eq!(view.pictures.len(), 50_001);
    drop(view);
    drop(gallery);

    let since = Instant::now();
    let gallery = room.open();
    let view = wait(&gallery, |view| view.total > 50_000);
    let again = since.elapsed();
    assert_eq!(view.unread, 0);
    let since = Instant::now();
    gallery.search("seed:1 fox -cat");
    wait(&gallery, |view| {
        !view.query.is_empty() && view.pictures.len() == 50_001
    });
    let searched = since.elapsed();
    println!(
        "50,000 pictures: listed {first:?}, all read {read:?}, next start {again:?}, search {searched:?}"
    );
    assert!(
        first < Duration::from_secs(1),
        "the first list took {first:?}"
    );
    assert!(
        again < Duration::from_secs(1),
        "the next start took {again:?}"
    );
    assert!(
        searched < Duration::from_secs(1),
        "a search took {searched:?}"
    );
}

/// A PNG that claims a size and has no pixels.
fn header_only(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = png::Encoder::new(&mut bytes, width, height);
    drop(encoder.write_header().unwrap());
    bytes
}
