//! What was being done: the draft, the prompts so far, the checkpoints that were added. Written a second after a
//! change and when the program ends, so that a crash costs a second at most.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::i18n::Message;
use super::settings::put_aside;
use crate::files::{self, FileError};
use crate::request::Draft;

/// The most bytes of the file.
const MAX_BYTES: u64 = 16 << 20;
/// What is said of a file that cannot be read: it was put aside, or could not be.
const UNREADABLE: [&str; 2] = ["session-put-aside", "session-unreadable"];

/// What was being done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Session {
    /// What was being written.
    pub draft: Draft,
    /// Prompts of earlier jobs, the newest last.
    pub history: Vec<String>,
    /// Checkpoints that were added.
    pub models: Vec<PathBuf>,
    /// Whether the left and the right column are open.
    pub columns: Option<(bool, bool)>,
}

impl Session {
    /// Reads `file`; nothing when there is none yet. One that cannot be read is put aside and said.
    #[must_use]
    pub fn load(file: &Path) -> (Option<Self>, Option<Message>) {
        let bytes = match files::read_capped(file, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return (None, None),
            Err(error) => return (None, Some(put_aside(file, UNREADABLE, error))),
        };
        match serde_json::from_slice(&bytes) {
            Ok(session) => (Some(session), None),
            Err(error) => (None, Some(put_aside(file, UNREADABLE, error))),
        }
    }

    /// Writes `file`, whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written; the old file is untouched.
    pub fn save(&self, file: &Path) -> Result<(), FileError> {
        // Only a path that is no UTF-8 cannot be written; the old file stays then.
        let text = serde_json::to_vec_pretty(self).map_err(|error| FileError::Write {
            path: file.to_owned(),
            source: error.into(),
        })?;
        files::replace(file, &text)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_draft_comes_back_word_for_word() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.json");
        let draft = Draft {
            prompt: "雪地里的红狐狸，\n👩‍👩‍👧 <|im_end|>".into(),
            ..Draft::default()
        };
        let session = Session {
            draft,
            history: vec!["早先".into()],
            ..Session::default()
        };
        session.save(&file).unwrap();
        assert_eq!(Session::load(&file), (Some(session), None));
    }

    #[test]
    fn a_damaged_session_is_said_and_kept_aside() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.json");
        std::fs::write(&file, "{\"draft\":{\"steps\":9999}}").unwrap();
        let (session, said) = Session::load(&file);
        assert_eq!(session, None);
        assert_eq!(said.unwrap().key, "session-put-aside");
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "its content is kept"
        );
    }

    /// One that is too large to be read is not lost to the next save either.
    #[test]
    fn a_session_that_is_not_even_read_is_put_aside_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("session.json");
        std::fs::File::create(&file)
            .unwrap()
            .set_len(MAX_BYTES + 1)
            .unwrap();
        let (session, said) = Session::load(&file);
        assert_eq!((session, said.unwrap().key), (None, "session-put-aside"));
        Session::default().save(&file).unwrap();
        let sizes: u64 = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|item| item.unwrap().metadata().unwrap().len())
            .sum();
        assert!(sizes > MAX_BYTES, "the old one is still there");
    }
}
