//! Words on their way to whoever started the program: results on stdout, what is said along the way on stderr.

use std::io::{self, Write as _};
use std::sync::OnceLock;

/// Why a line could not be printed, of the first such line.
static LOST: OnceLock<io::Error> = OnceLock::new();

/// Prints a line on stdout. Whoever reads it may have gone (`danqing show … | head -1`), which is no failure: what was
/// asked for is done. Any other failure, such as a full disk, is [`lost`].
pub fn print_line(line: &str) {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            LOST.set(error).ok();
        }
        _ => {}
    }
}

/// Why not all lines were printed. The work goes on without them; whoever waits for them is told when it ends.
pub fn lost() -> Option<&'static io::Error> {
    LOST.get()
}

/// Says on stderr what is worth knowing and keeps nothing from being done.
pub fn note(words: &str) {
    say("note", words);
}

/// Says on stderr something of a kind: a note, or the error that ends the program.
pub fn say(kind: &str, words: &str) {
    // Whoever closed stderr does not want to know.
    let _ = writeln!(std::io::stderr().lock(), "{kind}: {}", printable(words));
}

/// Text without what would steer a terminal: it may quote a stranger's file.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' && c != '\t' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_a_file_do_not_reach_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2Jb\nc\u{9b}\u{7}"),
            "a\u{fffd}[2Jb\nc\u{fffd}\u{fffd}"
        );
    }
}
