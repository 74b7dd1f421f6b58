//! The built program, run as a designer runs it.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use super::golden;

/// `danqing` with `arguments`.
pub fn danqing(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_danqing"));
    command.args(arguments);
    command
}

/// `danqing generate` with the small golden model, on the CPU unless `arguments` say otherwise, into `output`.
pub fn generate(arguments: &[&str], output: &Path) -> Command {
    let mut command = danqing(&["generate"]);
    if !arguments.contains(&"--device") {
        command.args(["--device", "cpu"]);
    }
    command
        .arg("--model")
        .arg(tiny_model())
        .arg("--output")
        .arg(output)
        .args(arguments);
    command
}

/// The golden model in f32.
pub fn tiny_model() -> PathBuf {
    golden::folder().join("tiny/model_f32")
}

/// Runs `command`, which must succeed, and returns the lines of its stdout.
#[track_caller]
pub fn succeed(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Runs `command`, which must end with `code`, and returns what it says on stderr.
#[track_caller]
pub fn fail(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", errors(&output));
    assert_eq!(output.stdout, b"", "a failure must print nothing on stdout");
    errors(&output)
}

/// What a program said on stderr.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The names in `folder`, hidden ones too.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
