//! A terminal without a desktop, as on a server.

use super::support::program::{danqing, fail};

#[test]
fn who_has_no_desktop_is_told_what_works_without_one() {
    let home = tempfile::tempdir().unwrap();
    let mut command = danqing(&[]);
    for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
        command.env_remove(name);
    }
    let said = fail(command.env("DANQING_HOME", home.path()), 1);
    assert!(said.contains("no desktop"), "{said}");
    assert!(said.contains("danqing --help"), "{said}");
    assert!(!said.contains(".rs"), "a source file is no answer: {said}");
}
