//! Reading a file that someone else may have made.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use super::FileError;

/// Reads a regular file of at most `cap` bytes.
///
/// The kind is asked before the file is opened, since opening a pipe waits for its other end; it is asked again
/// afterwards, and the read itself stops at the cap, since a file may change in between.
pub fn read_capped(path: &Path, cap: u64) -> Result<Vec<u8>, FileError> {
    let refuse = |source| FileError::Read {
        path: path.to_owned(),
        source,
    };
    check_kind_and_size(path, &std::fs::metadata(path).map_err(refuse)?, cap)?;
    let file = File::open(path).map_err(refuse)?;
    let metadata = file.metadata().map_err(refuse)?;
    check_kind_and_size(path, &metadata, cap)?;

    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(cap.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(refuse)?;
    if bytes.len() as u64 > cap {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            bytes: bytes.len() as u64,
            cap,
        });
    }
    Ok(bytes)
}

fn check_kind_and_size(
    path: &Path,
    metadata: &std::fs::Metadata,
    cap: u64,
) -> Result<(), FileError> {
    if !metadata.is_file() {
        return Err(FileError::NotAFile {
            path: path.to_owned(),
        });
    }
    if metadata.len() > cap {
        return Err(FileError::TooLarge {
            path: path.to_owned(),
            bytes: metadata.len(),
            cap,
        });
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_the_cap_is_read_and_one_byte_more_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, [7; 10]).unwrap();
        assert_eq!(read_capped(&path, 10).unwrap(), vec![7; 10]);
        assert!(matches!(
            read_capped(&path, 9),
            Err(FileError::TooLarge {
                bytes: 10,
                cap: 9,
                ..
            })
        ));
    }

    #[test]
    fn folders_and_devices_are_no_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            read_capped(folder.path(), 10),
            Err(FileError::NotAFile { .. })
        ));
        #[cfg(unix)]
        assert!(matches!(
            read_capped(Path::new("/dev/zero"), 10),
            Err(FileError::NotAFile { .. })
        ));
    }

    #[test]
    fn an_absent_file_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        assert!(
            read_capped(&folder.path().join("none"), 10)
                .unwrap_err()
                .is_missing()
        );
    }
}
