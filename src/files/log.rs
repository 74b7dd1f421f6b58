//! What the program says of itself: on stderr, and for the window, which has none, in a few files of limited size.
//!
//! Prompts are never written. The home folder is written as `~`, so that a log can be shown to others.

use std::backtrace::Backtrace;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tracing_appender::non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::Layer as _;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, fmt};

/// The variable that says what is logged, as in `danqing=debug`.
pub const FILTER_VARIABLE: &str = "DANQING_LOG";

const USUAL: &str = "warn,danqing=info,cubecl=error,burn=error";
const USUAL_ON_STDERR: &str = "warn,cubecl=error,burn=error";

/// The newest log; older ones have a number, as in `danqing.1.log`.
const NAME: &str = "danqing.log";

/// How many files there are.
const FILES: usize = 5;

/// The most bytes of each.
const MOST_BYTES: u64 = 5 << 20;

/// Lines that wait for a slow disk; beyond that they are dropped.
const MOST_WAITING: usize = 4_096;

/// The way to the files, once there is one.
static KEPT: OnceLock<NonBlocking> = OnceLock::new();

/// Writes what matters to stderr from now on.
pub fn begin() {
    let chosen = |usual: &str| {
        EnvFilter::try_from_env(FILTER_VARIABLE).unwrap_or_else(|_| EnvFilter::new(usual))
    };
    let stderr = fmt::layer()
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr)
        .with_filter(chosen(USUAL_ON_STDERR));
    let file = fmt::layer()
        .with_ansi(false)
        .with_writer(|| -> Box<dyn Write> {
            match KEPT.get() {
                Some(kept) => Box::new(kept.clone()),
                None => Box::new(io::sink()),
            }
        })
        .with_filter(chosen(USUAL));
    tracing_subscriber::registry()
        .with(stderr)
        .with(file)
        .init();
}

/// Writes it to files in `folder` as well, panics included, until what is returned is dropped. A folder that cannot be
/// written costs the log only.
#[must_use = "dropping it ends the log"]
pub fn keep_in(folder: &Path) -> Option<WorkerGuard> {
    let home = directories::BaseDirs::new().map(|folders| folders.home_dir().to_owned());
    let log = Log::open(folder, home.as_deref(), MOST_BYTES)
        .inspect_err(|error| tracing::warn!("no log is kept: {error}"))
        .ok()?;
    let (writer, guard) = NonBlockingBuilder::default()
        .buffered_lines_limit(MOST_WAITING)
        .lossy(true)
        .finish(log);
    KEPT.set(writer).ok()?;
    std::panic::set_hook(Box::new(|panic| {
        tracing::error!("{panic}\n{}", Backtrace::force_capture());
    }));
    Some(guard)
}

/// Files that never grow beyond a size together.
struct Log {
    folder: PathBuf,
    file: File,
    written: u64,
    most_bytes: u64,
    home: Option<Vec<u8>>,
}

impl Log {
    fn open(folder: &Path, home: Option<&Path>, most_bytes: u64) -> io::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let file = append(&folder.join(NAME))?;
        let home = home.map(|home| home.as_os_str().as_encoded_bytes().to_vec());
        Ok(Self {
            folder: folder.to_owned(),
            written: file.metadata()?.len(),
            file,
            most_bytes,
            // The root folder as a home would take every slash.
            home: home.filter(|home| home.len() > 1),
        })
    }

    fn begin_next_file(&mut self) -> io::Result<()> {
        let numbered = |number: usize| match number {
            0 => self.folder.join(NAME),
            _ => self.folder.join(format!("danqing.{number}.log")),
        };
        for number in (1..FILES).rev() {
            match std::fs::rename(numbered(number - 1), numbered(number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        self.file = append(&numbered(0))?;
        self.written = self.file.metadata()?.len();
        Ok(())
    }
}

impl Write for Log {
    /// Takes one line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let said = match &self.home {
            Some(home) => without(line, home),
            None => line.to_vec(),
        };
        let room = usize::try_from(self.most_bytes).unwrap_or(usize::MAX);
        let said = &said[..said.len().min(room)];
        if self.written + said.len() as u64 > self.most_bytes {
            self.begin_next_file()?;
        }
        self.file.write_all(said)?;
        self.written += said.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// A file that only its owner reads.
fn append(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// `line` with `~` for each `home` in it.
fn without(line: &[u8], home: &[u8]) -> Vec<u8> {
    let mut said = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some((first, others)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(home) {
            said.push(b'~');
            rest = after;
        } else {
            said.push(*first);
            rest = others;
        }
    }
    said
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    fn read(folder: &Path) -> Vec<(String, String)> {
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|item| item.unwrap().path())
            .map(|path| {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                (name, std::fs::read_to_string(path).unwrap())
            })
            .collect();
        files.sort();
        files
    }

    /// Fault row 45: a log without end.
    #[test]
    fn five_files_of_limited_size_keep_the_newest_lines() {
        let folder = tempfile::tempdir().unwrap();
        let lines = |from: u32, to: u32| {
            let mut log = Log::open(folder.path(), None, 1_000).unwrap();
            for number in from..to {
                writeln!(log, "line {number:08}").unwrap();
            }
        };
        // In two runs, so that the second goes on where the first ended.
        lines(0, 4_321);
        lines(4_321, 10_000);
        let files = read(folder.path());
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "danqing.1.log",
                "danqing.2.log",
                "danqing.3.log",
                "danqing.4.log",
                "danqing.log"
            ]
        );
        assert!(files.iter().all(|(_, content)| content.len() <= 1_000));
        let newest = &files.last().unwrap().1;
        assert!(newest.ends_with("line 00009999\n"), "{newest}");
        let all: usize = files
            .iter()
            .map(|(_, content)| content.lines().count())
            .sum();
        assert!(all > 4 * 60, "only {all} lines are kept");
    }

    /// Fault row 45: what is said is no map of the home folder, and a line without end is no file without end.
    #[test]
    fn the_home_folder_is_not_named_and_long_lines_are_cut() {
        let folder = tempfile::tempdir().unwrap();
        let home = Path::new("/home/mei");
        let mut log = Log::open(folder.path(), Some(home), 1_000).unwrap();
        log.write_all(b"cannot write /home/mei/Pictures/a.png, nor /home/mei/b\n")
            .unwrap();
        log.write_all(&[b'x'; 5_000]).unwrap();
        let files = read(folder.path());
        let said: String = files.iter().map(|(_, content)| content.as_str()).collect();
        assert!(
            said.contains("cannot write ~/Pictures/a.png, nor ~/b"),
            "{said}"
        );
        assert!(!said.contains("mei"));
        assert!(files.iter().all(|(_, content)| content.len() <= 1_000));
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_a_log() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let _log = Log::open(folder.path(), None, 1_000).unwrap();
        let mode = std::fs::metadata(folder.path().join(NAME))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o077, 0);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_an_error_and_no_panic() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(Log::open(&file.join("logs"), None, 1_000).is_err());
    }
}
