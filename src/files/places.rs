//! Where personal files go: the system's own folders, or one folder named by `DANQING_HOME`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::FileError;

/// The variable that gathers all personal files below one folder, for a portable copy or a test.
pub const HOME_VARIABLE: &str = "DANQING_HOME";

/// The folders of one person's Danqing. None is made before something is written into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// Settings that a person may edit and carry to another machine.
    pub config: PathBuf,
    /// What is not to be lost: the session, the queue, own presets, added models.
    pub data: PathBuf,
    /// What may be deleted at any time: thumbnails, the gallery index.
    pub cache: PathBuf,
    /// Finished pictures, unless the settings name another folder.
    pub pictures: PathBuf,
}

impl Places {
    /// The folders named by `DANQING_HOME`, else the system's own (XDG on Linux).
    ///
    /// # Errors
    /// [`FileError::NoHome`] when neither names one, as on an account without a home folder.
    pub fn find() -> Result<Self, FileError> {
        Self::from_variable(std::env::var_os(HOME_VARIABLE))
    }

    fn from_variable(home: Option<OsString>) -> Result<Self, FileError> {
        if let Some(home) = home.filter(|home| !home.is_empty()) {
            return Ok(Self::below(Path::new(&home)));
        }
        let folders = directories::ProjectDirs::from("", "", "danqing").ok_or(FileError::NoHome)?;
        let user = directories::UserDirs::new().ok_or(FileError::NoHome)?;
        let pictures = user
            .picture_dir()
            .map_or_else(|| user.home_dir().join("Pictures"), Path::to_path_buf);
        Ok(Self {
            config: folders.config_dir().to_owned(),
            data: folders.data_dir().to_owned(),
            cache: folders.cache_dir().to_owned(),
            pictures: pictures.join("Danqing"),
        })
    }

    /// All folders below `home`.
    pub fn below(home: &Path) -> Self {
        Self {
            config: home.join("config"),
            data: home.join("data"),
            cache: home.join("cache"),
            pictures: home.join("pictures"),
        }
    }

    /// The settings, in TOML.
    pub fn settings(&self) -> PathBuf {
        self.config.join("settings.toml")
    }

    /// The draft and the prompt history.
    pub fn session(&self) -> PathBuf {
        self.data.join("session.json")
    }

    /// The jobs that wait.
    pub fn queue(&self) -> PathBuf {
        self.data.join("queue.json")
    }

    /// The starts that have not ended well, for the crash-loop guard.
    pub fn starts(&self) -> PathBuf {
        self.data.join("starts.json")
    }

    /// The person's own presets.
    pub fn presets(&self) -> PathBuf {
        self.data.join("presets")
    }

    /// Presets that were removed where the system has no trash.
    pub fn removed_presets(&self) -> PathBuf {
        self.data.join("removed-presets")
    }

    /// Pictures that could not be written where they were to go.
    pub fn rescued(&self) -> PathBuf {
        self.data.join("pictures")
    }

    /// Measured seconds a step, from which times are foretold.
    pub fn timings(&self) -> PathBuf {
        self.cache.join("timings.json")
    }

    /// Small pictures for the gallery.
    pub fn thumbnails(&self) -> PathBuf {
        self.cache.join("thumbnails")
    }

    /// Logs, a few files of limited size.
    pub fn logs(&self) -> PathBuf {
        self.cache.join("logs")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn one_variable_gathers_everything() {
        let places = Places::from_variable(Some("/somewhere".into())).unwrap();
        for path in [
            places.settings(),
            places.queue(),
            places.thumbnails(),
            places.pictures,
        ] {
            assert!(path.starts_with("/somewhere"), "{path:?}");
        }
    }

    #[test]
    fn an_empty_variable_is_no_folder() {
        let chosen = Places::from_variable(Some(OsString::new())).map(|places| places.data);
        let unset = Places::from_variable(None).map(|places| places.data);
        assert_eq!(chosen.ok(), unset.ok());
    }
}
