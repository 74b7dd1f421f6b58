//! The words of the window, in Chinese and English, from `assets/i18n/*.ftl`.
//!
//! A missing key shows as itself and is logged; a test keeps the two key sets equal and every used key defined.

use std::borrow::Cow;

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use super::causes::Causes;

/// A language of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Simplified Chinese (简体中文).
    Chinese,
}

impl Language {
    /// Both, in the order of the settings.
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// Its name in itself.
    #[must_use]
    pub fn endonym(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Chinese => "中文",
        }
    }

    /// The system's language: Chinese where its locale is Chinese, else English.
    #[must_use]
    pub fn of_system() -> Self {
        match sys_locale::get_locale() {
            Some(locale) if locale.to_ascii_lowercase().starts_with("zh") => Self::Chinese,
            _ => Self::English,
        }
    }

    /// The Fluent source of this language's words.
    #[must_use]
    pub fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../assets/i18n/en.ftl"),
            Self::Chinese => include_str!("../../assets/i18n/zh-CN.ftl"),
        }
    }

    /// The Fluent source of this language's sentences for causes.
    pub(super) fn causes(self) -> &'static str {
        match self {
            Self::English => include_str!("../../assets/i18n/causes.en.ftl"),
            Self::Chinese => include_str!("../../assets/i18n/causes.zh-CN.ftl"),
        }
    }

    fn identifier(self) -> LanguageIdentifier {
        match self {
            Self::English => unic_langid::LanguageIdentifier::from_bytes(b"en"),
            Self::Chinese => unic_langid::LanguageIdentifier::from_bytes(b"zh-CN"),
        }
        .unwrap_or_default()
    }
}

/// A sentence to be said in whichever language is in force when it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The Fluent key.
    pub key: &'static str,
    /// What the sentence's placeables stand for.
    pub args: Vec<(&'static str, Value)>,
    /// The cause in the program's own words (English), shown below on request.
    pub detail: Option<String>,
}

/// The value of a placeable.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text as it is.
    Text(String),
    /// A number, for plural rules.
    Number(f64),
    /// Why something failed, in the program's own words (English).
    Cause(String),
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Number(number as f64)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

impl Message {
    /// The sentence under `key`.
    #[must_use]
    pub fn new(key: &'static str) -> Self {
        Self {
            key,
            args: Vec::new(),
            detail: None,
        }
    }

    /// Sets a placeable.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.args.push((name, value.into()));
        self
    }

    /// Sets a placeable to why something failed.
    #[must_use]
    pub fn with_cause(self, name: &'static str, why: impl ToString) -> Self {
        self.with(name, Value::Cause(why.to_string()))
    }

    /// Adds the cause.
    #[must_use]
    pub fn because(mut self, detail: impl ToString) -> Self {
        self.detail = Some(detail.to_string());
        self
    }
}

/// The words of one language.
pub struct Words {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    causes: Option<Causes>,
}

/// The words in `source`.
pub(super) fn bundle(language: Language, source: &str) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new(vec![language.identifier()]);
    // The isolating marks around placeables are for mixed directions; fonts draw them as boxes.
    bundle.set_use_isolating(false);
    // Fluent would write 1024 as 1024 in both languages; numbers are formatted where they are made.
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(part, errors)| {
        tracing::error!(?errors, "the words of {language:?} have faults");
        part
    });
    bundle.add_resource_overriding(resource);
    bundle
}

impl Words {
    /// Loads the words of `language`.
    #[must_use]
    pub fn new(language: Language) -> Self {
        Self {
            language,
            bundle: bundle(language, language.source()),
            causes: Causes::new(language),
        }
    }

    /// The language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// The sentence under `key`.
    #[must_use]
    pub fn say(&self, key: &str) -> String {
        self.format(key, None)
    }

    /// The sentence under `key` with its placeables filled.
    #[must_use]
    pub fn say_with(&self, key: &str, args: &[(&'static str, Value)]) -> String {
        let mut fluent = FluentArgs::new();
        for (name, value) in args {
            match value {
                Value::Text(text) => fluent.set(*name, FluentValue::from(text.as_str())),
                Value::Number(number) => fluent.set(*name, FluentValue::from(*number)),
                Value::Cause(why) => fluent.set(*name, FluentValue::from(self.cause(why))),
            }
        }
        self.format(key, Some(&fluent))
    }

    /// The sentence of `message`, without its cause.
    #[must_use]
    pub fn tell(&self, message: &Message) -> String {
        self.say_with(message.key, &message.args)
    }

    /// Why something failed, in this language as far as the program knows the sentence.
    #[must_use]
    pub fn cause(&self, why: &str) -> String {
        match &self.causes {
            Some(causes) => causes.say(why),
            None => why.to_owned(),
        }
    }

    fn format(&self, key: &str, args: Option<&FluentArgs>) -> String {
        let Some(pattern) = self.bundle.get_message(key).and_then(|m| m.value()) else {
            tracing::error!(key, language = ?self.language, "a sentence is missing");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let text: Cow<str> = self.bundle.format_pattern(pattern, args, &mut errors);
        if !errors.is_empty() {
            tracing::error!(key, ?errors, "a sentence could not be filled in");
        }
        text.into_owned()
    }
}
