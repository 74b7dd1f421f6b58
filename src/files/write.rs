//! Writing a file so that a full disk, a kill or a power cut leaves the old content or the new, never half.

use std::ffi::OsStr;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use atomic_write_file::AtomicWriteFile;

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
    let file = AtomicWriteFile::open(path)?;
    let mut buffer = BufWriter::with_capacity(64 << 10, &file);
    fill(&mut buffer)?;
    buffer.flush()?;
    drop(buffer);
    file.commit()
}

/// Renames a file that cannot be used to `NAME.bad`, so that nothing overwrites it; an earlier `.bad` is numbered.
pub fn put_aside(path: &Path) -> io::Result<PathBuf> {
    let mut name = path.file_name().unwrap_or(OsStr::new("file")).to_owned();
    name.push(".bad");
    let mut target = path.with_file_name(&name);
    let mut number = 2;
    while target.try_exists()? {
        let mut numbered = name.clone();
        numbered.push(format!("{number}"));
        target = path.with_file_name(numbered);
        number += 1;
    }
    std::fs::rename(path, &target)?;
    Ok(target)
}

/// `path`, or a numbered name beside it (`NAME-2.json`) where something has that name already.
pub fn free_name(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_owned();
    let numbered = (2..1_000_u32).map(|number| {
        let mut name = stem.clone();
        name.push(format!("-{number}"));
        if let Some(ending) = path.extension() {
            name.push(".");
            name.push(ending);
        }
        path.with_file_name(name)
    });
    std::iter::once(path.to_owned())
        .chain(numbered)
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.to_owned())
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
            let free = free_name(&path);
            assert_eq!(free, folder.path().join(name));
            std::fs::write(free, "").unwrap();
        }
    }
}
