//! What the log does not say.

use super::support::program::{errors, generate};

/// Fault row 45: however much is logged, the words of a prompt are the designer's own.
#[test]
fn no_prompt_is_logged_even_when_everything_is() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["zanzibarfox", "--negative", "quaggamire"];
    let rest = ["--guidance", "2", "--size", "32x32", "--steps", "1"];
    let mut command = generate(&[&words[..], &rest].concat(), folder.path());
    let output = command.env("DANQING_LOG", "trace").output().unwrap();
    let said = errors(&output);
    assert!(output.status.success(), "{said}");
    for secret in ["zanzibarfox", "quaggamire"] {
        assert!(!said.contains(secret), "{said}");
    }
}
