//! Where the small demo model lies that comes with the program.

use std::path::{Path, PathBuf};

/// Names a folder that is taken as the demo model instead of any other.
pub const DEMO_MODEL_VARIABLE: &str = "DANQING_DEMO_MODEL";

/// Finds the demo model: the folder that [`DEMO_MODEL_VARIABLE`] names; beside the program as packages install it;
/// in the source tree the program was built from.
pub fn find_demo_model() -> Option<PathBuf> {
    let named = std::env::var_os(DEMO_MODEL_VARIABLE).map(PathBuf::from);
    let program = std::env::current_exe().ok();
    let beside = program
        .as_deref()
        .and_then(Path::parent)
        .map(beside_program)
        .into_iter()
        .flatten();
    let source_tree = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/models/demo");
    named
        .into_iter()
        .chain(beside)
        .chain([source_tree])
        .find(|folder| is_model(folder))
}

fn beside_program(folder: &Path) -> [PathBuf; 3] {
    [
        // /usr/bin → /usr/share on Linux
        folder.join("../share/danqing/models/demo"),
        // Danqing.app/Contents/MacOS → Resources
        folder.join("../Resources/models/demo"),
        // an unpacked archive, and Windows
        folder.join("assets/models/demo"),
    ]
}

fn is_model(folder: &Path) -> bool {
    folder.join("model_index.json").is_file()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_folder_without_an_index_is_no_model() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_model(folder.path()));
        std::fs::write(folder.path().join("model_index.json"), "{}").unwrap();
        assert!(is_model(folder.path()));
    }
}
