use super::Failure;
use crate::files::Places;
use crate::gallery::{
    metadata::Metadata,
    writer::{self, WriteError},
};
use image::RgbImage;
use std::path::{Path, PathBuf};

/// A name that no picture has; nothing is ever seen under it.
const PROBE: &str = "danqing-can-write.png";

/// Where pictures go.
#[derive(Debug, PartialEq, Eq)]
pub enum Output {
    /// Into this folder, under a new name each.
    Folder(PathBuf),
    /// Into this file.
    File(PathBuf),
    /// Into this many files, whose names are this one with a number.
    Numbered(PathBuf),
}

impl Output {
    /// Reads `--output` for so many `pictures`, and looks whether it is there to write to.
    ///
    /// # Errors
    /// [`Failure::Input`] for a folder that does not exist, and for a file that is no PNG by name.
    pub fn find(path: Option<&Path>, pictures: usize) -> Result<Self, Failure> {
        let Some(path) = path else {
            return Ok(Self::Folder(PathBuf::from(".")));
        };
        if path.is_dir() {
            return Ok(Self::Folder(path.to_owned()));
        }
        if path.exists() && path.extension().is_none() {
            return Err(Failure::Input(format!(
                "{} is not a folder; name a folder that exists, or a .png file",
                path.display()
            )));
        }
        let ends_as_folder = path
            .as_os_str()
            .to_string_lossy()
            .ends_with(std::path::is_separator);
        match path.extension() {
            Some(extension) if !ends_as_folder && extension.eq_ignore_ascii_case("png") => {}
            Some(extension) if !ends_as_folder => {
                return Err(Failure::Input(format!(
                    "pictures are written as PNG, not as {:?}; name a .png file or a folder",
                    extension.to_string_lossy()
                )));
            }
            _ => return Err(WriteError::NoFolder(path.to_owned()).into()),
        }
        if let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir())
        {
            return Err(WriteError::NoFolder(folder.to_owned()).into());
        }
        Ok(if pictures == 1 {
            Self::File(path.to_owned())
        } else {
            Self::Numbered(path.to_owned())
        })
    }

    /// Looks whether pictures can be written there, before any is painted.
    ///
    /// # Errors
    /// [`WriteError::Io`] with what the system says.
    pub fn expect_writable(&self) -> Result<(), WriteError> {
        match self {
            Self::Folder(folder) => writer::expect_writable(&folder.join(PROBE)),
            Self::File(path) | Self::Numbered(path) => writer::expect_writable(path),
        }
    }

    /// Saves picture `index`, counted from 0.
    ///
    /// # Errors
    /// [`WriteError`], and nothing is left of the picture.
    pub fn save(
        &self,
        index: usize,
        pixels: &RgbImage,
        metadata: &Metadata,
    ) -> Result<PathBuf, WriteError> {
        let path = match self {
            Self::Folder(folder) => return writer::write_png(folder, pixels, metadata),
            Self::File(path) => path.clone(),
            Self::Numbered(path) => {
                let mut name = path.file_stem().unwrap_or_default().to_owned();
                name.push(format!("-{}.png", index + 1));
                path.with_file_name(name)
            }
        };
        writer::write_png_as(&path, pixels, metadata)?;
        Ok(path)
    }
}

/// Keeps a picture that could not be saved for the reason `why`, so that its pixels are not lost: in the folder for
/// such pictures, else among the system's temporary files. Says where it is.
pub fn rescue(why: &WriteError, pixels: &RgbImage, metadata: &Metadata) -> Failure {
    let own = Places::find().ok().map(|places| places.rescued());
    let folders = own
        .into_iter()
        .chain([std::env::temp_dir().join("danqing")]);
    let mut kept = folders.filter_map(|folder| {
        std::fs::create_dir_all(&folder).ok()?;
        writer::write_png(&folder, pixels, metadata).ok()
    });
    Failure::Input(match kept.next() {
        Some(path) => format!("{why}; this picture is kept at {}", path.display()),
        None => format!("{why}; the picture could be kept nowhere else, its seed paints it again"),
    })
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_folder_or_a_png_file_or_refused() {
        let folder = tempfile::tempdir().unwrap();
        let within = |name: &str| folder.path().join(name);
        assert_eq!(
            Output::find(Some(folder.path()), 4).unwrap(),
            Output::Folder(folder.path().into())
        );
        assert_eq!(
            Output::find(Some(&within("a.PNG")), 1).unwrap(),
            Output::File(within("a.PNG"))
        );
        assert_eq!(
            Output::find(Some(&within("a.png")), 2).unwrap(),
            Output::Numbered(within("a.png"))
        );
        for refused in ["none", "none/", "none.png/", "none/a.png", "a.jpg"] {
            assert!(
                matches!(
                    Output::find(Some(&within(refused)), 1),
                    Err(Failure::Input(_))
                ),
                "{refused}"
            );
        }
    }
}
