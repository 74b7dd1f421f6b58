//! Many things dropped, opened or pasted at once: each is taken for what it is, and what is refused is named.

use std::path::{Path, PathBuf};

use danqing::app::outcome::Imported;
use danqing::app::presets::{import, import_text};
use danqing::gallery::metadata::{Metadata, ModelRecord};
use danqing::gallery::writer::write_png;
use danqing::request::{Prompt, Request, Seed};
use image::RgbImage;

use super::model_files;

fn preset(folder: &Path, name: &str, steps: u32) -> PathBuf {
    let path = folder.join(format!("{name}.json"));
    std::fs::write(
        &path,
        format!(r#"{{"version": 1, "name": "{name}", "steps": {steps}}}"#),
    )
    .unwrap();
    path
}

fn picture(folder: &Path, prompt: &str) -> PathBuf {
    let metadata = Metadata {
        format: Metadata::FORMAT,
        program: "Danqing".into(),
        request: Request::new(Prompt::new(prompt).unwrap(), Seed(1)),
        model: ModelRecord {
            name: "a model".into(),
            hash: None,
        },
        loras: Vec::new(),
        device: "cpu".into(),
        dtype: "f32".into(),
        noise: "given".into(),
        decoded_in_tiles: false,
        created: None,
        seconds: None,
        peak_memory: None,
    };
    write_png(folder, &RgbImage::new(16, 16), &metadata).unwrap()
}

fn refused(imported: &Imported) -> Vec<&str> {
    imported
        .refused
        .iter()
        .map(|(name, _)| name.as_str())
        .collect()
}

/// Fault row 10: one of each kind.
#[test]
fn each_kind_of_file_is_taken_for_what_it_is() {
    let home = tempfile::tempdir().unwrap();
    let (own, drop) = (home.path().join("own"), home.path().join("drop"));
    let folder = drop.join("more presets");
    std::fs::create_dir_all(&folder).unwrap();
    preset(&folder, "second", 5);
    preset(&folder, "third", 6);
    std::fs::write(folder.join("notes.txt"), "no preset").unwrap();
    let stranger = drop.join("setup.exe");
    std::fs::write(&stranger, "MZ").unwrap();
    let plain = drop.join("plain.png");
    RgbImage::new(16, 16).save(&plain).unwrap();

    let imported = import(
        &own,
        &[
            preset(&drop, "first", 4),
            picture(&drop, "a fox"),
            picture(&drop, "a hare"),
            plain,
            folder,
            stranger,
            drop.join("deleted.json"),
        ],
    );
    let names: Vec<_> = imported
        .presets
        .iter()
        .filter_map(|entry| entry.preset.name.as_deref())
        .collect();
    assert_eq!(names, ["first", "second", "third"]);
    let prompts: Vec<_> = imported
        .drafts
        .iter()
        .map(|draft| draft.prompt.as_str())
        .collect();
    assert_eq!(prompts, ["a fox", "a hare"]);
    assert_eq!(
        refused(&imported),
        ["plain.png", "setup.exe", "deleted.json"]
    );
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 3);
}

/// Fault row 10: five hundred files.
#[test]
fn a_hundred_files_are_taken_at_once_and_the_rest_is_told() {
    let home = tempfile::tempdir().unwrap();
    let (own, drop) = (home.path().join("own"), home.path().join("drop"));
    std::fs::create_dir_all(&drop).unwrap();
    let files: Vec<PathBuf> = (0..500)
        .map(|number| preset(&drop, &format!("preset {number}"), 4))
        .collect();
    let imported = import(&own, &files);
    assert_eq!(imported.presets.len(), 100);
    let (name, why) = imported.refused.last().unwrap();
    assert!(
        name.contains("preset 100") && why.contains("100"),
        "{name}: {why}"
    );

    // The same once more changes nothing.
    assert_eq!(import(&own, &files).presets.len(), 100);
    assert_eq!(std::fs::read_dir(&own).unwrap().count(), 100);
}

/// Fault row 10: a name that is no text is shown as well as it can be, and used as it is.
#[cfg(target_os = "linux")]
#[test]
fn a_file_whose_name_is_no_text_is_read() {
    use std::os::unix::ffi::OsStringExt as _;
    let home = tempfile::tempdir().unwrap();
    let odd = |name: &[u8]| {
        home.path()
            .join(std::ffi::OsString::from_vec(name.to_vec()))
    };
    let (good, bad) = (odd(b"pre\xffset.json"), odd(b"ba\xffd.json"));
    std::fs::rename(preset(home.path(), "fine", 4), &good).unwrap();
    std::fs::write(&bad, "{").unwrap();
    let imported = import(&home.path().join("own"), &[good, bad]);
    assert_eq!(imported.presets.len(), 1);
    assert_eq!(refused(&imported), ["ba\u{fffd}d.json"]);
}

/// Fault row 38: the clipboard holds far more than any preset.
#[test]
fn text_without_end_is_refused_when_it_is_pasted() {
    let home = tempfile::tempdir().unwrap();
    for text in [
        "a fox ".repeat(1 << 20),
        format!("{{{}", "[".repeat(6 << 20)),
    ] {
        let imported = import_text(home.path(), &text);
        assert_eq!(imported.refused.len(), 1);
        assert!(imported.drafts.is_empty() && imported.presets.is_empty());
    }
}

/// The three files that ComfyUI uses, with the tokenizer: one model, whether dropped one by one or as a folder.
#[test]
fn the_three_files_of_comfyui_are_one_model() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("comfy");
    std::fs::create_dir_all(&folder).unwrap();
    let tiny = model_files::tiny();
    let mut files = Vec::new();
    for (part, name) in [
        ("transformer", "z_image_turbo_bf16.safetensors"),
        ("text_encoder", "qwen_3_4b.safetensors"),
        ("vae", "ae.safetensors"),
    ] {
        let file = folder.join(name);
        model_files::write(&file, &model_files::read_folder(&tiny.join(part)));
        files.push(file);
    }
    let (tokenizer, scheduler) = (
        folder.join("tokenizer.json"),
        folder.join("scheduler_config.json"),
    );
    std::fs::copy(tiny.join("tokenizer/tokenizer.json"), &tokenizer).unwrap();
    std::fs::copy(tiny.join("scheduler/scheduler_config.json"), &scheduler).unwrap();
    files.extend([tokenizer, scheduler]);
    let own = home.path().join("own");

    let dropped = import(&own, &files);
    assert_eq!(
        (dropped.models, dropped.refused),
        (vec![files[0].clone()], vec![])
    );
    assert_eq!(dropped.presets.len(), 0, "a scheduler is no preset");

    let dropped = import(&own, std::slice::from_ref(&folder));
    assert_eq!((dropped.models, dropped.refused), (vec![folder], vec![]));

    let alone = import(&own, &files[2..4]);
    assert_eq!(refused(&alone), ["ae.safetensors", "tokenizer.json"]);
    assert!(alone.models.is_empty());
    assert!(
        alone.refused[0].1.contains("autoencoder"),
        "{:?}",
        alone.refused
    );
}

#[test]
fn a_folder_is_read_for_pictures_and_models_too_and_says_when_it_holds_none() {
    let home = tempfile::tempdir().unwrap();
    let (own, drop) = (home.path().join("own"), home.path().join("drop"));
    let below = drop.join("2026/november");
    std::fs::create_dir_all(&below).unwrap();
    picture(&drop, "a fox");
    picture(&below, "a hare");
    preset(&below, "fifth", 5);
    #[cfg(unix)]
    std::os::unix::fs::symlink(&drop, below.join("round and round")).unwrap();
    let imported = import(&own, std::slice::from_ref(&drop));
    let mut prompts: Vec<_> = imported
        .drafts
        .iter()
        .map(|draft| draft.prompt.as_str())
        .collect();
    prompts.sort_unstable();
    assert_eq!(prompts, ["a fox", "a hare"]);
    assert_eq!(imported.presets.len(), 1);
    assert_eq!(refused(&imported), Vec::<&str>::new());

    let nothing = home.path().join("nothing");
    std::fs::create_dir_all(&nothing).unwrap();
    std::fs::write(nothing.join("notes.txt"), "no preset").unwrap();
    let imported = import(&own, &[nothing]);
    assert_eq!(refused(&imported), ["nothing"]);
}
