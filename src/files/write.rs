//! Writing a file so that a full disk, a kill or a power cut leaves the old content or the new, never half.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use atomic_write_file::{AtomicWriteFile, OpenOptions};

use super::FileError;

/// Replaces the content of `path` by `bytes`, making its folder where it is missing.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace_with(path, |file| file.write_all(bytes))
}

/// Replaces the content of `path` by what `fill` writes.
///
/// The bytes go to a hidden file beside `path`, reach the disk, and only then take its name. When `fill` or the disk
/// fails, `path` keeps its old content.
pub fn replace_with(
    path: &Path,
    fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), FileError> {
    try_replace(path, fill).map_err(|source| FileError::Write {
        path: path.to_owned(),
        source,
    })
}

fn try_replace(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)?;
    }
    let file = options(path).open(path)?;
    let mut buffer = BufWriter::with_capacity(64 << 10, &file);
    fill(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    file.commit()
}

/// Of a file that is replaced its permissions are kept; those of a link, everything to everyone, mean nothing.
fn options(path: &Path) -> OpenOptions {
    let mut options = AtomicWriteFile::options();
    #[cfg(unix)]
    {
        use atomic_write_file::unix::OpenOptionsExt as _;
        let is_link = std::fs::symlink_metadata(path).is_ok_and(|found| found.is_symlink());
        options.preserve_mode(!is_link);
    }
    #[cfg(not(unix))]
    let _ = path;
    options
}

/// Renames a file that cannot be used to `NAME.bad`, so that nothing overwrites it; an earlier `.bad` is numbered.
///
/// # Errors
/// Why it cannot be renamed, or its folder not be looked into.
pub fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().unwrap_or(OsStr::new("file"));
    let target = first_free(|number| {
        let mut name = name.to_owned();
        name.push(".bad");
        if let Some(number) = number {
            name.push(number.to_string());
        }
        path.with_file_name(name)
    })?;
    std::fs::rename(path, &target)?;
    Ok(target)
}

/// `path`, or a numbered name beside it (`NAME-2.json`) where something has that name already.
///
/// # Errors
/// When the folder cannot be looked into.
pub fn free_name(path: &Path) -> io::Result<PathBuf> {
    first_free(|number| {
        let Some(number) = number else {
            return path.to_owned();
        };
        let mut name = path.file_stem().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        if let Some(ending) = path.extension() {
            name.push(".");
            name.push(ending);
        }
        path.with_file_name(name)
    })
}

/// The first of the names without a number, with 2, with 3, … that nothing has, not even a link to nowhere.
fn first_free(name: impl Fn(Option<u64>) -> PathBuf) -> io::Result<PathBuf> {
    let mut number = None;
    loop {
        let path = name(number);
        match std::fs::symlink_metadata(&path) {
            Ok(_) => number = Some(number.map_or(2, |number| number + 1)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
}

/// Removes what a killed [`replace_with`] left in `folder`: its hidden files (`.NAME.xxxxxx`) older than `age`.
///
/// Only names that end in one of `endings` (as in `.json`) before the random part are taken, so that a stranger's
/// hidden files stay. Returns how many were removed.
pub fn sweep_temporaries(folder: &Path, endings: &[&str], age: Duration) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return 0;
    };
    let now = SystemTime::now();
    let is_old = |entry: &std::fs::DirEntry| {
        entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|modified| {
                now.duration_since(modified)
                    .is_ok_and(|elapsed| elapsed >= age)
            })
    };
    entries
        .flatten()
        .filter(|entry| is_temporary(&entry.file_name(), endings) && is_old(entry))
        .filter(|entry| std::fs::remove_file(entry.path()).is_ok())
        .count()
}

fn is_temporary(name: &OsStr, endings: &[&str]) -> bool {
    name.to_str()
        .and_then(|name| name.strip_prefix('.')?.rsplit_once('.'))
        .is_some_and(|(stem, random)| {
            random.len() == 6
                && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && endings.iter().any(|ending| stem.ends_with(ending))
        })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    /// A disk that is full after so many bytes.
    struct FullAfter<'a> {
        left: usize,
        disk: &'a mut dyn Write,
    }

    impl Write for FullAfter<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let taken = bytes.len().min(self.left);
            if taken == 0 && !bytes.is_empty() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.left -= taken;
            self.disk.write(&bytes[..taken])
        }

        fn flush(&mut self) -> io::Result<()> {
            self.disk.flush()
        }
    }

    /// Fault row 17.
    #[test]
    fn a_disk_that_fills_up_at_any_byte_leaves_the_old_content_and_no_stray_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        let new = b"language = \"zh-CN\"\n".repeat(8);
        replace(&path, b"old").unwrap();
        for room in 0..new.len() {
            let error = replace_with(&path, |disk| FullAfter { left: room, disk }.write_all(&new))
                .unwrap_err();
            assert!(error.to_string().contains("settings.toml"), "{error}");
            assert_eq!(
                std::fs::read(&path).unwrap(),
                b"old",
                "with room for {room} bytes"
            );
        }
        replace_with(&path, |disk| {
            FullAfter {
                left: new.len(),
                disk,
            }
            .write_all(&new)
        })
        .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), new);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    /// Fault row 18: what a kill between the temporary file and its rename leaves.
    #[test]
    fn what_a_killed_write_left_is_swept_and_other_hidden_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        for name in [
            "queue.json",
            ".queue.json.Ab12Zz",
            ".bashrc",
            ".notes.txt.Ab12Zz",
            ".queue.json.bak",
        ] {
            std::fs::write(folder.path().join(name), b"x").unwrap();
        }
        assert_eq!(
            sweep_temporaries(folder.path(), &[".json"], Duration::from_secs(3600)),
            0,
            "too young"
        );
        assert_eq!(
            sweep_temporaries(folder.path(), &[".json"], Duration::ZERO),
            1
        );
        assert!(!folder.path().join(".queue.json.Ab12Zz").exists());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 4);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_is_replaced_gives_its_permissions_to_nobody() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let [file, link] = ["file", "link"].map(|name| folder.path().join(name));
        std::fs::write(&file, "kept").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "kept");
        let mode = std::fs::symlink_metadata(&link)
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o111, 0, "{mode:o}");
    }

    #[test]
    fn a_file_put_aside_never_replaces_an_earlier_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.toml");
        for content in ["first", "second", "third"] {
            std::fs::write(&path, content).unwrap();
            let aside = put_aside(&path).unwrap();
            assert_eq!(std::fs::read_to_string(aside).unwrap(), content);
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_name_that_is_taken_is_numbered_before_its_ending() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.b.png");
        for name in ["a.b.png", "a.b-2.png", "a.b-3.png"] {
            let free = free_name(&path).unwrap();
            assert_eq!(free, folder.path().join(name));
            std::fs::write(free, "").unwrap();
        }
        for number in 4..1_100 {
            std::fs::write(folder.path().join(format!("a.b-{number}.png")), "").unwrap();
        }
        let free = free_name(&path).unwrap();
        assert_eq!(free, folder.path().join("a.b-1100.png"));
    }
}
