//! Whether anything slides or fades: as a person has chosen, else as the desktop says.

#[cfg(target_os = "linux")]
use crate::files::read_capped;

/// The most bytes of a desktop's settings file.
#[cfg(target_os = "linux")]
const MAX_BYTES: u64 = 1 << 20;

/// What a person has chosen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// As the desktop says.
    #[default]
    System,
    /// Nothing moves by itself.
    Reduced,
    /// Panels and lists may move.
    Full,
}

impl Motion {
    /// Whether nothing is to move, on a desktop that asks for that or does not.
    #[must_use]
    pub fn is_reduced(self, desktop_is_still: bool) -> bool {
        match self {
            Self::System => desktop_is_still,
            Self::Reduced => true,
            Self::Full => false,
        }
    }
}

/// Whether the desktop asks its programs to keep still. Runs small programs of the desktop, so that it takes its time;
/// a desktop that cannot be asked does not ask for it.
#[cfg(target_os = "linux")]
#[must_use]
pub fn desktop_is_still() -> bool {
    let gnome = answer("gsettings get org.gnome.desktop.interface enable-animations");
    let kde = directories::BaseDirs::new()
        .map(|folders| folders.config_dir().join("kdeglobals"))
        .and_then(|file| read_capped(&file, MAX_BYTES).ok());
    gnome.is_some_and(|text| text.trim() == "false")
        || kde.is_some_and(|bytes| kde_is_still(&String::from_utf8_lossy(&bytes)))
}

/// Whether the desktop asks its programs to keep still.
#[cfg(target_os = "macos")]
#[must_use]
pub fn desktop_is_still() -> bool {
    let said = answer("defaults read com.apple.universalaccess reduceMotion");
    said.is_some_and(|text| text.trim() == "1")
}

/// Whether the desktop asks its programs to keep still; there is no cheap way to ask this one.
#[cfg(not(any(target_os = "linux", target_os = "macos")))]
#[must_use]
pub fn desktop_is_still() -> bool {
    false
}

/// What a command of the desktop prints.
#[cfg(any(target_os = "linux", target_os = "macos"))]
fn answer(command: &str) -> Option<String> {
    let mut words = command.split(' ');
    let output = std::process::Command::new(words.next()?)
        .args(words)
        .stdin(std::process::Stdio::null())
        .output()
        .ok()?;
    output
        .status
        .success()
        .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// KDE keeps how long animations take as a factor; 0 is none at all.
#[cfg(target_os = "linux")]
fn kde_is_still(settings: &str) -> bool {
    let mut group = "";
    settings.lines().map(str::trim).any(|line| {
        if line.starts_with('[') {
            group = line;
            return false;
        }
        let value = line
            .split_once('=')
            .filter(|(key, _)| group == "[KDE]" && key.trim() == "AnimationDurationFactor");
        value.is_some_and(|(_, factor)| factor.trim().parse() == Ok(0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_persons_choice_goes_before_the_desktops() {
        for still in [false, true] {
            assert_eq!(Motion::System.is_reduced(still), still);
            assert!(Motion::Reduced.is_reduced(still));
            assert!(!Motion::Full.is_reduced(still));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn kde_says_it_with_a_factor() {
        for (settings, still) in [
            ("", false),
            ("[KDE]\nAnimationDurationFactor=0\n", true),
            (
                "[General]\nx=1\n\n[KDE]\n AnimationDurationFactor = 0.0 \n",
                true,
            ),
            ("[KDE]\nAnimationDurationFactor=0.5\n", false),
            ("[Other]\nAnimationDurationFactor=0\n", false),
            ("AnimationDurationFactor=0\n[KDE]\n", false),
        ] {
            assert_eq!(kde_is_still(settings), still, "{settings}");
        }
    }
}
