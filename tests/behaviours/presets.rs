//! Preset files as people hand them around.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use danqing::files::{FileError, read_capped};
use danqing::request::preset::{self, Preset, PresetSeed, PresetWarning};
use danqing::request::{Draft, Seed};

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/files")
        .join(folder);
    let paths = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect()
}

/// Fault rows 1, 3 to 6, 8: see the list beside the files.
#[test]
fn every_hostile_preset_is_refused_with_a_reason() {
    let hostile = files("hostile/presets");
    assert!(hostile.len() >= 20);
    for path in hostile {
        let bytes = read_capped(&path, preset::MAX_BYTES).unwrap();
        let error = Preset::parse(&bytes)
            .expect_err(&path.display().to_string())
            .to_string();
        assert!(
            error.len() > 15 && error.len() < 400,
            "{}: {error}",
            path.display()
        );
    }
}

#[test]
fn every_good_preset_is_read_and_written_back_alike() {
    for path in files("good/presets") {
        let (preset, _) = Preset::parse(&std::fs::read(&path).unwrap()).unwrap();
        let (again, _) = Preset::parse(preset.to_json().as_bytes()).unwrap();
        assert_eq!(again, preset, "{}", path.display());
    }
}

#[test]
fn a_preset_with_every_key_moves_every_slider() {
    let path = files("good/presets")
        .into_iter()
        .find(|path| path.ends_with("everything.json"))
        .unwrap();
    let (preset, warnings) = Preset::parse(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(warnings, []);
    let mut draft = Draft::default();
    preset.apply(&mut draft);
    assert_eq!((draft.size.width(), draft.size.height()), (576, 1024));
    assert_eq!(
        (draft.steps.get(), draft.count.get(), draft.guidance.get()),
        (12, 4, 1.5)
    );
    assert_eq!(
        (draft.cfg_normalization.get(), draft.cfg_truncation.get()),
        (0.5, 0.9)
    );
    assert_eq!(
        (draft.shift.map(|shift| shift.get()), draft.seed),
        (Some(3.1), Some(Seed(u64::MAX)))
    );
    assert_eq!(draft.full_prompt(), "a fox\n在雪地里，ink wash");
    assert_eq!(
        (
            draft.negative.as_str(),
            preset.title(true),
            preset.title(false)
        ),
        ("blur", "全部", "Everything")
    );
    assert_eq!(preset.seed, Some(PresetSeed::Held(Seed(u64::MAX))));
    for (chinese, prompt, negative) in [
        (true, "雪地里的狐狸，水墨画", "模糊"),
        (false, "a fox in the snow, ink wash", "blur"),
    ] {
        preset.in_language(chinese).apply(&mut draft);
        assert_eq!(
            (draft.full_prompt().as_str(), draft.negative.as_str()),
            (prompt, negative)
        );
    }
}

/// Fault row 9.
#[test]
fn a_preset_of_another_program_keeps_its_keys_but_no_paths() {
    let path = files("good/presets")
        .into_iter()
        .find(|path| path.ends_with("strangers.json"))
        .unwrap();
    let (preset, warnings) = Preset::parse(&std::fs::read(path).unwrap()).unwrap();
    assert_eq!(preset.unknown.keys().collect::<Vec<_>>(), ["sampler"]);
    assert_eq!(warnings.len(), 3);
    assert!(warnings.contains(&PresetWarning::PathLeftOut("site".into())));
}

/// Fault row 2.
#[test]
fn a_gigabyte_a_pipe_a_device_and_a_folder_are_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let sparse = folder.path().join("sparse.json");
    std::fs::File::create(&sparse)
        .unwrap()
        .set_len(1 << 30)
        .unwrap();
    let mut traps = vec![folder.path().to_owned(), PathBuf::from("/dev/zero")];
    let pipe = folder.path().join("pipe.json");
    if std::process::Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .is_ok_and(|status| status.success())
    {
        traps.push(pipe);
    }
    let since = Instant::now();
    assert!(matches!(
        read_capped(&sparse, preset::MAX_BYTES),
        Err(FileError::TooLarge { .. })
    ));
    for trap in traps.iter().filter(|trap| trap.exists()) {
        let refused = read_capped(trap, preset::MAX_BYTES);
        assert!(
            matches!(refused, Err(FileError::NotAFile { .. })),
            "{}",
            trap.display()
        );
    }
    assert!(since.elapsed() < Duration::from_millis(100));
}
