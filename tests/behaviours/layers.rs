//! The layers of the crate, read from its `use` lines: nothing knows what lies to its right.
//!
//! request < model < checkpoint < pipeline < engine < { cli, app }; beside the road, cuda serves model and train (and tells
//! pipeline whether it is there), gallery and files know little of anyone, and train makes checkpoints.

use std::path::{Path, PathBuf};

/// Each module, and the others it may use.
const LAYERS: [(&str, &[&str]); 11] = [
    ("request", &["files"]),
    ("files", &[]),
    ("cuda", &["files"]),
    ("model", &["cuda"]),
    ("checkpoint", &["model", "files"]),
    (
        "pipeline",
        &["request", "cuda", "model", "checkpoint", "files"],
    ),
    ("gallery", &["request", "files"]),
    (
        "engine",
        &["request", "checkpoint", "pipeline", "gallery", "files"],
    ),
    (
        "train",
        &[
            "request",
            "cuda",
            "model",
            "checkpoint",
            "pipeline",
            "files",
        ],
    ),
    (
        "cli",
        &[
            "request",
            "model",
            "checkpoint",
            "pipeline",
            "gallery",
            "engine",
            "train",
            "files",
            "app",
            "cuda",
        ],
    ),
    (
        "app",
        &[
            "request",
            "checkpoint",
            "pipeline",
            "gallery",
            "engine",
            "files",
        ],
    ),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// The modules that `text` reaches through `crate::`, in code, not in comments.
fn reached(text: &str) -> Vec<String> {
    let code: String = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .fold(String::new(), |code, line| code + line + "\n");
    let mut modules = Vec::new();
    for after in code.split("crate::").skip(1) {
        // `crate::{model::…, request::…}` names several.
        let list = match after.strip_prefix('{') {
            Some(list) => top_level(list),
            None => vec![after.to_owned()],
        };
        for item in list {
            let name: String = item
                .trim_start()
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if !name.is_empty() {
                modules.push(name);
            }
        }
    }
    modules
}

/// Splits the inside of braces at the commas that are not within further braces.
fn top_level(list: &str) -> Vec<String> {
    let (mut depth, mut items) = (0_usize, vec![String::new()]);
    for c in list.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => items.push(String::new()),
            _ => {
                depth += usize::from(c == '{');
                depth -= usize::from(c == '}');
                items.last_mut().unwrap().push(c);
            }
        }
    }
    items
}

#[test]
fn no_module_knows_what_lies_to_its_right() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (module, allowed) in LAYERS {
        let mut files = Vec::new();
        sources(&src.join(module), &mut files);
        assert!(!files.is_empty(), "src/{module} is empty");
        for file in files {
            for used in reached(&std::fs::read_to_string(&file).unwrap()) {
                let is_layer = LAYERS.iter().any(|(name, _)| *name == used);
                if is_layer && used != module && !allowed.contains(&used.as_str()) {
                    wrong.push(format!(
                        "{} uses {used}",
                        file.strip_prefix(&src).unwrap().display()
                    ));
                }
            }
        }
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_module_of_the_crate_has_a_layer() {
    let lib = include_str!("../../src/lib.rs");
    let declared = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    for module in declared {
        assert!(
            LAYERS.iter().any(|(name, _)| *name == module),
            "src/{module} has no layer"
        );
    }
}

#[test]
fn imports_in_braces_are_seen() {
    let text = "use crate::{\n    model::{Transformer, Context},\n    request::Seed,\n};\n// crate::app::x\nfn f() { crate::engine::run() }";
    assert_eq!(reached(text), ["model", "request", "engine"]);
}
