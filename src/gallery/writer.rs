//! Writes pictures: whole or not at all, and never over another.

use super::{metadata, metadata::Metadata, naming, parameters};
use atomic_write_file::AtomicWriteFile;
use image::RgbImage;
use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// Why a picture was not saved. Nothing of it is left in the folder.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The folder is not there.
    #[error("the folder {} does not exist; create it or choose another", .0.display())]
    NoFolder(PathBuf),
    /// The system refused: the disk is full, or read-only.
    #[error("{} cannot be saved: {cause}; {}", path.display(), remedy(cause))]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// The picture cannot be put into a PNG.
    #[error("the picture cannot be encoded: {0}")]
    Encode(String),
}

fn remedy(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "free some space on that disk or choose another folder"
        }
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "choose a folder you may write to"
        }
        _ => "choose another folder",
    }
}

/// The PNG file's bytes: pixels, `parameters` text and our record. The same input gives the same bytes.
///
/// # Errors
/// [`WriteError::Encode`] for a picture without pixels.
pub fn encode_png(pixels: &RgbImage, metadata: &Metadata) -> Result<Vec<u8>, WriteError> {
    let failed = |error: &dyn std::fmt::Display| WriteError::Encode(error.to_string());
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // At 1024² `Balanced` takes 0.6 s and `Fast` 8 ms, and painted pictures come out no larger.
    encoder.set_compression(png::Compression::Fast);
    encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
    let json = metadata.to_json().map_err(|error| failed(&error))?;
    for (keyword, text) in [
        (parameters::KEYWORD, parameters::write(metadata)),
        (metadata::KEYWORD, json),
    ] {
        encoder
            .add_itxt_chunk(keyword.to_owned(), text)
            .map_err(|error| failed(&error))?;
    }
    let mut writer = encoder.write_header().map_err(|error| failed(&error))?;
    writer
        .write_image_data(pixels.as_raw())
        .map_err(|error| failed(&error))?;
    writer.finish().map_err(|error| failed(&error))?;
    Ok(bytes)
}

/// Saves a picture in `folder` as `YYYYMMDD-HHMMSS-seed-n.png` (UTC), with the smallest `n` from 1 that is free:
/// two programs that save in the same second get two files.
///
/// # Errors
/// [`WriteError`]; the folder is then as it was.
pub fn write_png(
    folder: &Path,
    pixels: &RgbImage,
    metadata: &Metadata,
) -> Result<PathBuf, WriteError> {
    write_png_named(folder, naming::PATTERN, pixels, metadata)
}

/// As [`write_png`], named by a [pattern](naming).
///
/// # Errors
/// [`WriteError`]; no picture is left half written.
pub fn write_png_named(
    folder: &Path,
    pattern: &str,
    pixels: &RgbImage,
    metadata: &Metadata,
) -> Result<PathBuf, WriteError> {
    if !folder.is_dir() {
        return Err(WriteError::NoFolder(folder.to_owned()));
    }
    let bytes = encode_png(pixels, metadata)?;
    let stem = folder.join(naming::stem(pattern, metadata, SystemTime::now()));
    if let Some(subfolder) = stem.parent() {
        std::fs::create_dir_all(subfolder).map_err(|cause| WriteError::Io {
            path: subfolder.to_owned(),
            cause,
        })?;
    }
    let mut n = 1_u64;
    loop {
        let mut name = stem.clone().into_os_string();
        name.push(format!("-{n}.png"));
        let path = PathBuf::from(name);
        if !path.exists() && write_new(&path, &bytes)? {
            return Ok(path);
        }
        n += 1;
    }
}

/// Saves a picture under a name that was chosen, in place of what may be there.
///
/// # Errors
/// [`WriteError`]; what was there is then still there.
pub fn write_png_as(path: &Path, pixels: &RgbImage, metadata: &Metadata) -> Result<(), WriteError> {
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
    {
        return Err(WriteError::NoFolder(folder.to_owned()));
    }
    let bytes = encode_png(pixels, metadata)?;
    let write = || {
        let mut file = AtomicWriteFile::open(path)?;
        file.write_all(&bytes)?;
        file.commit()
    };
    write().map_err(|cause| WriteError::Io {
        path: path.to_owned(),
        cause,
    })
}

/// Looks whether a file can be written to `path`, and leaves nothing there: a picture takes long to make, and that it
/// cannot be saved should be known before.
///
/// # Errors
/// [`WriteError`], as writing it would give.
pub fn expect_writable(path: &Path) -> Result<(), WriteError> {
    let try_it = || AtomicWriteFile::open(path)?.discard();
    try_it().map_err(|cause| WriteError::Io {
        path: path.to_owned(),
        cause,
    })
}

/// Whether `path` was free and now holds `bytes`.
fn write_new(path: &Path, bytes: &[u8]) -> Result<bool, WriteError> {
    let failed = |cause| WriteError::Io {
        path: path.to_owned(),
        cause,
    };
    let mut file = AtomicWriteFile::open(path).map_err(failed)?;
    if let Err(cause) = file
        .write_all(bytes)
        .and_then(|()| file.as_file().sync_all())
    {
        // The first error is the one to tell; the temporary file goes either way.
        let _ = file.discard();
        return Err(failed(cause));
    }
    // The name is claimed only now, when nothing but a rename is left to do.
    match OpenOptions::new().write(true).create_new(true).open(path) {
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            file.discard().map_err(failed)?;
            return Ok(false);
        }
        Err(cause) => return Err(failed(cause)),
    }
    file.commit().map(|()| true).map_err(|cause| {
        // The claim is empty and ours.
        let _ = std::fs::remove_file(path);
        failed(cause)
    })
}

#[cfg(test)]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]
mod tests {
    use super::*;
    use crate::gallery::metadata::tests::record;
    use crate::gallery::read_png;
    use crate::request::{Prompt, Request, Seed};
    use image::Rgb;

    fn sample() -> (RgbImage, Metadata) {
        let pixels = RgbImage::from_fn(32, 16, |x, y| Rgb([x as u8 * 8, y as u8 * 16, 7]));
        let request = Request::new(
            Prompt::new("狐狸\n\"fox\"").expect("a prompt"),
            Seed(u64::MAX),
        );
        (pixels, record(request))
    }

    #[test]
    fn a_picture_and_its_record_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pixels, metadata) = sample();
        let path = write_png(folder.path(), &pixels, &metadata).expect("saved");
        let read = read_png(&path).expect("read");
        assert_eq!(read.metadata.as_ref(), Some(&metadata));
        assert_eq!(
            read.parameters.map(|p| p.prompt).as_deref(),
            Some("狐狸\n\"fox\"")
        );
        assert_eq!(read.warnings, Vec::<String>::new());
        assert_eq!(image::open(&path).expect("decoded").into_rgb8(), pixels);
    }

    #[test]
    fn many_writers_in_one_second_never_meet() {
        let folder = tempfile::tempdir().expect("a folder");
        let (pixels, metadata) = sample();
        let paths: Vec<PathBuf> = std::thread::scope(|scope| {
            let write = || {
                (0..8)
                    .map(|_| write_png(folder.path(), &pixels, &metadata).expect("saved"))
                    .collect()
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
            threads
                .into_iter()
                .flat_map(|thread| -> Vec<PathBuf> { thread.join().expect("no panic") })
                .collect()
        });
        let unique: std::collections::BTreeSet<_> = paths.iter().collect();
        assert_eq!(unique.len(), 32);
        // Every file is whole, and no temporary file is left.
        assert_eq!(
            std::fs::read_dir(folder.path()).expect("listed").count(),
            32
        );
        assert!(
            paths
                .iter()
                .all(|path| read_png(path).is_ok_and(|record| record.metadata.is_some()))
        );
    }

    #[test]
    fn a_missing_folder_is_named() {
        let (pixels, metadata) = sample();
        let error = write_png(Path::new("/nonexistent/pictures"), &pixels, &metadata).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the folder /nonexistent/pictures does not exist; create it or choose another"
        );
        let error =
            write_png_as(Path::new("/nonexistent/fox.png"), &pixels, &metadata).unwrap_err();
        assert!(matches!(error, WriteError::NoFolder(_)));
    }
}
