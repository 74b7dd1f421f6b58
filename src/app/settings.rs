//! What a person decides once, kept as a TOML file that may be edited by hand.
//!
//! A file that cannot be read is put aside and said, never overwritten in silence; a value of it that is out of range
//! is named and replaced by the usual one, the others stay.

use std::path::{Path, PathBuf};

use eframe::egui::ThemePreference;
use serde::{Deserialize, Serialize};

use super::i18n::{Language, Message};
use super::motion::Motion;
use crate::engine::{ModelChoice, PreviewQuality};
use crate::files::{self, FileError};
use crate::gallery::naming::PATTERN;
use crate::pipeline::device::{DeviceChoice, Precision};

/// The most bytes of the file.
const MAX_BYTES: u64 = 64 << 10;
/// What is said of a file that cannot be read: it was put aside, or could not be.
const UNREADABLE: [&str; 2] = ["settings-put-aside", "settings-unreadable"];

/// What a person decides once.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// The language, or the system's.
    pub language: Option<Language>,
    /// Light, dark, or as the system is.
    pub theme: ThemePreference,
    /// Whether anything slides or fades.
    pub motion: Motion,
    /// The gallery, or the folder of pictures that the system names.
    pub gallery: Option<PathBuf>,
    /// How files are named.
    pub pattern: String,
    /// The device.
    pub device: DeviceChoice,
    /// The number format, or the one that is usual on the device.
    pub precision: Option<Precision>,
    /// Whether the text encoder is read from its files for each new prompt instead of being kept in memory.
    pub low_memory: bool,
    /// How previews are made.
    pub previews: PreviewQuality,
    /// Whether the window asks for attention when a job ends behind it.
    pub attention: bool,
    /// The preset that a start without a draft applies, by its file's name.
    pub preset: Option<String>,
    /// The checkpoint used last.
    pub model: Option<PathBuf>,
    /// Keys of another version, kept as they are.
    pub others: toml::Table,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            language: None,
            theme: ThemePreference::System,
            motion: Motion::System,
            gallery: None,
            pattern: PATTERN.to_owned(),
            device: DeviceChoice::Auto,
            precision: None,
            low_memory: false,
            previews: PreviewQuality::default(),
            attention: true,
            preset: None,
            model: None,
            others: toml::Table::new(),
        }
    }
}

/// The file's form: every key optional, every value as text where it is a choice.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Written {
    language: Option<String>,
    theme: Option<String>,
    motion: Option<String>,
    /// What earlier versions wrote instead of `motion`; read, and not written again.
    #[serde(skip_serializing)]
    reduced_motion: Option<bool>,
    gallery: Option<PathBuf>,
    file_name: Option<String>,
    device: Option<String>,
    precision: Option<String>,
    low_memory: Option<bool>,
    previews: Option<toml::Value>,
    attention: Option<bool>,
    preset: Option<String>,
    model: Option<PathBuf>,
    #[serde(flatten)]
    others: toml::Table,
}

impl Settings {
    /// Reads `file`. What is missing is as usual; what is wrong is said.
    #[must_use]
    pub fn load(file: &Path) -> (Self, Vec<Message>) {
        let bytes = match files::read_capped(file, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.is_missing() => return (Self::default(), Vec::new()),
            Err(error) => return (Self::default(), vec![put_aside(file, UNREADABLE, error)]),
        };
        let text = String::from_utf8_lossy(&bytes);
        match toml::from_str::<Written>(text.trim_start_matches('\u{feff}')) {
            Ok(written) => Self::understand(written),
            Err(error) => (Self::default(), vec![put_aside(file, UNREADABLE, error)]),
        }
    }

    fn understand(written: Written) -> (Self, Vec<Message>) {
        let mut said = Vec::new();
        let mut wrong = |key: &str, value: &str| {
            said.push(
                Message::new("settings-value-wrong")
                    .with("key", key)
                    .with("value", value),
            );
        };
        let usual = Self::default();
        let language = match written.language.as_deref() {
            None | Some("system") => None,
            Some("zh-CN" | "zh") => Some(Language::Chinese),
            Some("en") => Some(Language::English),
            Some(other) => {
                wrong("language", other);
                None
            }
        };
        let theme = match written.theme.as_deref() {
            None | Some("system") => ThemePreference::System,
            Some("light") => ThemePreference::Light,
            Some("dark") => ThemePreference::Dark,
            Some(other) => {
                wrong("theme", other);
                ThemePreference::System
            }
        };
        let device = written
            .device
            .as_deref()
            .map_or(Ok(usual.device), str::parse)
            .unwrap_or_else(|_| {
                wrong("device", written.device.as_deref().unwrap_or_default());
                usual.device
            });
        let precision = match written.precision.as_deref() {
            None | Some("auto") => None,
            Some(text) => text.parse().inspect_err(|_| wrong("precision", text)).ok(),
        };
        let motion = match written.motion.as_deref() {
            // An earlier version wrote "false" for everyone who never chose.
            None if written.reduced_motion == Some(true) => Motion::Reduced,
            None | Some("system") => Motion::System,
            Some("reduced") => Motion::Reduced,
            Some("full") => Motion::Full,
            Some(other) => {
                wrong("motion", other);
                Motion::System
            }
        };
        let previews = match &written.previews {
            None => usual.previews,
            Some(value) => preview_quality(value).unwrap_or_else(|| {
                wrong("previews", &value.to_string());
                usual.previews
            }),
        };
        let settings = Self {
            language,
            theme,
            device,
            precision,
            low_memory: written.low_memory.unwrap_or(usual.low_memory),
            motion,
            gallery: written.gallery,
            pattern: written.file_name.unwrap_or(usual.pattern),
            previews,
            attention: written.attention.unwrap_or(usual.attention),
            preset: written.preset,
            model: written.model,
            others: written.others,
        };
        (settings, said)
    }

    /// The checkpoint at `path`, where and how it is to run.
    #[must_use]
    pub fn choice(&self, path: PathBuf) -> ModelChoice {
        ModelChoice {
            path,
            device: self.device,
            precision: self.precision,
            low_memory: self.low_memory,
        }
    }

    /// Writes `file`, whole or not at all.
    ///
    /// # Errors
    /// The folder cannot be written; the old file is untouched.
    pub fn save(&self, file: &Path) -> Result<(), FileError> {
        let language = match self.language {
            None => "system",
            Some(Language::Chinese) => "zh-CN",
            Some(Language::English) => "en",
        };
        let theme = match self.theme {
            ThemePreference::System => "system",
            ThemePreference::Light => "light",
            ThemePreference::Dark => "dark",
        };
        let motion = match self.motion {
            Motion::System => "system",
            Motion::Reduced => "reduced",
            Motion::Full => "full",
        };
        let precision = self.precision.map(|precision| precision.to_string());
        let previews = match self.previews {
            PreviewQuality::Off => "off",
            PreviewQuality::Fast => "fast",
            PreviewQuality::Good => "good",
        };
        let written = Written {
            language: Some(language.to_owned()),
            theme: Some(theme.to_owned()),
            motion: Some(motion.to_owned()),
            reduced_motion: None,
            gallery: self.gallery.clone(),
            file_name: Some(self.pattern.clone()),
            device: Some(self.device.to_string()),
            precision: Some(precision.unwrap_or_else(|| "auto".to_owned())),
            low_memory: Some(self.low_memory),
            previews: Some(previews.into()),
            attention: Some(self.attention),
            preset: self.preset.clone(),
            model: self.model.clone(),
            others: self.others.clone(),
        };
        // Only a path that is no UTF-8 cannot be written; the old file stays then.
        let text = toml::to_string_pretty(&written).map_err(|error| FileError::Write {
            path: file.to_owned(),
            source: std::io::Error::other(error),
        })?;
        files::replace(file, text.as_bytes())
    }
}

/// Early versions knew only true and false.
fn preview_quality(written: &toml::Value) -> Option<PreviewQuality> {
    match written {
        toml::Value::Boolean(false) => Some(PreviewQuality::Off),
        toml::Value::Boolean(true) => Some(PreviewQuality::Fast),
        toml::Value::String(text) => match text.as_str() {
            "off" => Some(PreviewQuality::Off),
            "fast" => Some(PreviewQuality::Fast),
            "good" => Some(PreviewQuality::Good),
            _ => None,
        },
        _ => None,
    }
}

/// Keeps a file that cannot be read from being replaced by the next save, and says under `kept` where it is; under
/// `stuck` where it had to stay in its place.
pub(super) fn put_aside(
    file: &Path,
    [kept, stuck]: [&'static str; 2],
    why: impl std::fmt::Display,
) -> Message {
    let said = match files::put_aside(file) {
        Ok(aside) => Message::new(kept).with("path", aside.display().to_string()),
        Err(_) => Message::new(stuck).with("path", file.display().to_string()),
    };
    said.because(why)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn what_is_saved_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config/settings.toml");
        let settings = Settings {
            language: Some(Language::Chinese),
            theme: ThemePreference::Light,
            gallery: Some("/画/廊".into()),
            device: DeviceChoice::Cuda(1),
            precision: Some(Precision::Fp8),
            low_memory: true,
            motion: Motion::Full,
            previews: PreviewQuality::Good,
            ..Settings::default()
        };
        settings.save(&file).unwrap();
        assert_eq!(Settings::load(&file), (settings, vec![]));
    }

    /// Fault row 19: an older version in between loses nothing of a newer one.
    #[test]
    fn keys_of_a_newer_version_survive() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(
            &file,
            "previews = false\nbrush = 3\n[studio]\nlamp = \"warm\"\n",
        )
        .unwrap();
        let (mut settings, said) = Settings::load(&file);
        assert_eq!(said, vec![]);
        settings.attention = false;
        settings.save(&file).unwrap();
        let kept: toml::Table = std::fs::read_to_string(&file).unwrap().parse().unwrap();
        assert_eq!(
            (kept["brush"].as_integer(), kept["studio"]["lamp"].as_str()),
            (Some(3), Some("warm"))
        );
        assert_eq!(kept["attention"].as_bool(), Some(false));
    }

    #[test]
    fn what_an_earlier_version_said_of_motion_still_holds() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        for (text, motion) in [
            ("reduced_motion = true", Motion::Reduced),
            ("reduced_motion = false", Motion::System),
            ("motion = \"full\"\nreduced_motion = true", Motion::Full),
        ] {
            std::fs::write(&file, text).unwrap();
            let (settings, said) = Settings::load(&file);
            assert_eq!((settings.motion, said), (motion, vec![]), "{text}");
        }
        Settings::load(&file).0.save(&file).unwrap();
        let kept = std::fs::read_to_string(&file).unwrap();
        assert!(!kept.contains("reduced_motion"), "{kept}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_whose_name_is_no_text_does_not_cost_the_old_settings() {
        use std::os::unix::ffi::OsStringExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        Settings::default().save(&file).unwrap();
        let before = std::fs::read(&file).unwrap();
        let gallery = PathBuf::from(std::ffi::OsString::from_vec(vec![b'/', 0xff]));
        let settings = Settings {
            gallery: Some(gallery),
            ..Settings::default()
        };
        assert!(settings.save(&file).is_err());
        assert_eq!(std::fs::read(&file).unwrap(), before);
    }

    #[test]
    fn a_wrong_value_is_named_and_the_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(
            &file,
            "language = \"en\"\ntheme = \"puce\"\npreviews = false\nprecision = \"f8\"\nnews = 1\n",
        )
        .unwrap();
        let (settings, said) = Settings::load(&file);
        assert_eq!(
            (settings.language, settings.previews),
            (Some(Language::English), PreviewQuality::Off)
        );
        assert_eq!(
            said.iter().map(|message| message.key).collect::<Vec<_>>(),
            ["settings-value-wrong"; 2]
        );
        assert!(
            file.exists(),
            "a file that is mostly right is not put aside"
        );
    }

    /// Fault row 19.
    #[test]
    fn a_damaged_file_is_put_aside_and_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, "language = [[[").unwrap();
        let (settings, said) = Settings::load(&file);
        assert_eq!(settings, Settings::default());
        assert_eq!(
            said.iter().map(|message| message.key).collect::<Vec<_>>(),
            ["settings-put-aside"]
        );
        assert!(!file.exists());
        assert_eq!(
            std::fs::read_dir(folder.path()).unwrap().count(),
            1,
            "its content is kept"
        );
    }
}
