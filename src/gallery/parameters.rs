//! The `parameters` text that most tools for generated pictures write and read (first by AUTOMATIC1111's web UI):
//!
//! ```text
//! the prompt, any number of lines
//! Negative prompt: the negative prompt, any number of lines
//! Steps: 8, Sampler: Euler, CFG scale: 1, Seed: 7, Size: 1024x1024, Model: "a, b"
//! ```

use super::metadata::Metadata;
use crate::request::{
    Guidance, ImageSize, Prompt, Request, RequestError, Seed, Shift, StartImage, Steps,
};
use std::fmt::Write as _;

/// Keyword of the PNG text chunk.
pub const KEYWORD: &str = "parameters";

const NEGATIVE: &str = "Negative prompt:";

/// The text, taken apart but not yet believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameters {
    /// The prompt as written.
    pub prompt: String,
    /// The negative prompt as written; empty when there was none.
    pub negative: String,
    /// Settings in the order written, such as ("Steps", "8").
    pub settings: Vec<(String, String)>,
}

impl Parameters {
    /// Takes the text apart. Anything is accepted: what does not look like settings is prompt.
    pub fn parse(text: &str) -> Self {
        let lines: Vec<&str> = text.trim_end().lines().collect();
        let (words, settings) = match lines.split_last() {
            Some((last, rest)) if looks_like_settings(last) => (rest, split_settings(last)),
            _ => (lines.as_slice(), Vec::new()),
        };
        let mut prompt: Vec<&str> = Vec::new();
        let mut negative: Option<Vec<&str>> = None;
        for line in words {
            match (&mut negative, line.trim_start().strip_prefix(NEGATIVE)) {
                (None, Some(rest)) => negative = Some(vec![rest.strip_prefix(' ').unwrap_or(rest)]),
                (None, None) => prompt.push(line),
                (Some(lines), _) => lines.push(line),
            }
        }
        Self {
            prompt: prompt.join("\n"),
            negative: negative.unwrap_or_default().join("\n"),
            settings,
        }
    }

    /// The value of the setting `name`, whatever its capitals.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The request these parameters stand for, and a line about each setting that could not be kept.
    ///
    /// # Errors
    /// [`RequestError`] when the prompt cannot be used: without it there is no request.
    pub fn to_request(&self) -> Result<(Request, Vec<String>), RequestError> {
        let mut warnings = Vec::new();
        let mut request = Request::new(Prompt::new(self.prompt.as_str())?, Seed::random());
        match Prompt::optional(self.negative.as_str()) {
            Ok(negative) => request.negative = negative,
            Err(error) => warnings.push(format!("the negative prompt is left out: {error}")),
        }
        keep(
            self.setting("Steps").map(str::parse::<Steps>),
            &mut request.steps,
            &mut warnings,
        );
        keep(
            self.setting("CFG scale").map(str::parse::<Guidance>),
            &mut request.guidance,
            &mut warnings,
        );
        keep(
            self.setting("Seed").map(str::parse::<Seed>),
            &mut request.seed,
            &mut warnings,
        );
        let mut shift = Shift::default();
        if let Some(text) = self.setting("Shift") {
            keep(Some(text.parse()), &mut shift, &mut warnings);
            request.shift = Some(shift);
        }
        match self.setting("Size").map(str::parse::<ImageSize>) {
            Some(Ok(size)) => request.size = size,
            Some(Err(RequestError::Size {
                width,
                height,
                nearest: [nearest, _],
                ..
            })) => {
                warnings.push(format!("the size {width}x{height} becomes {nearest}"));
                request.size = nearest;
            }
            Some(Err(error)) => warnings.push(error.to_string()),
            None => {}
        }
        Ok((request, warnings))
    }
}

fn keep<T>(parsed: Option<Result<T, RequestError>>, target: &mut T, warnings: &mut Vec<String>) {
    match parsed {
        Some(Ok(value)) => *target = value,
        Some(Err(error)) => warnings.push(format!("a setting is left out: {error}")),
        None => {}
    }
}

/// The text for a record of ours.
pub fn write(metadata: &Metadata) -> String {
    let Request {
        prompt,
        negative,
        size,
        steps,
        guidance,
        shift,
        seed,
        start,
        ..
    } = &metadata.request;
    let mut text = prompt.as_str().to_owned();
    if let Some(negative) = negative {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n{NEGATIVE} {negative}");
    }
    let mut settings = vec![
        ("Steps", steps.to_string()),
        ("Sampler", "Euler".to_owned()),
        ("CFG scale", guidance.to_string()),
        ("Seed", seed.to_string()),
        ("Size", size.to_string()),
    ];
    // Other tools show ten digits.
    let short = |hash: &String| hash.chars().take(10).collect();
    settings.extend(
        metadata
            .model
            .hash
            .as_ref()
            .map(|hash| ("Model hash", short(hash))),
    );
    settings.push(("Model", metadata.model.name.clone()));
    settings.extend(shift.map(|shift| ("Shift", shift.to_string())));
    settings.extend(
        start
            .as_ref()
            .map(|StartImage { strength, .. }| ("Denoising strength", strength.to_string())),
    );
    if !metadata.loras.is_empty() {
        let names: Vec<String> = metadata
            .loras
            .iter()
            .map(|lora| format!("{}: {}", lora.name, lora.strength))
            .collect();
        settings.push(("Loras", names.join(", ")));
    }
    settings.push(("RNG", "CPU".to_owned()));
    settings.push(("Version", metadata.program.clone()));
    let line: Vec<String> = settings
        .iter()
        .map(|(key, value)| format!("{key}: {}", quote(value)))
        .collect();
    text + "\n" + &line.join(", ")
}

/// Quotes a value as JSON does if it would otherwise run into its neighbours.
fn quote(value: &str) -> String {
    if value.contains([',', ':', '"', '\n', '\r', '\\']) {
        serde_json::Value::from(value).to_string()
    } else {
        value.to_owned()
    }
}

/// Three settings make a settings line; fewer may be a prompt with a colon in it.
fn looks_like_settings(line: &str) -> bool {
    split_settings(line)
        .iter()
        .filter(|(key, _)| !key.is_empty())
        .count()
        >= 3
}

/// Splits `Key: value, Key: "quoted, value", …`. Parts that are not of this form are skipped.
fn split_settings(line: &str) -> Vec<(String, String)> {
    let mut settings = Vec::new();
    let mut rest = line;
    while let Some((key, after)) = rest.split_once(':') {
        // A comma before the colon ends a part that has no key.
        let key = key.rsplit(',').next().unwrap_or(key).trim();
        let after = after.trim_start();
        let (value, next) = quoted(after).unwrap_or_else(|| match after.split_once(',') {
            Some((value, next)) => (value.trim_end().to_owned(), next),
            None => (after.trim_end().to_owned(), ""),
        });
        let is_key = key.starts_with(|c: char| c.is_alphanumeric())
            && key
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '/' | '_'));
        if is_key {
            settings.push((key.to_owned(), value));
        }
        rest = next;
    }
    settings
}

/// Reads a JSON string at the start of `text`; `None` if there is none, or it has no end.
fn quoted(text: &str) -> Option<(String, &str)> {
    if !text.starts_with('"') {
        return None;
    }
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let value = values.next()?.ok()?;
    Some((
        value,
        text[values.byte_offset()..]
            .trim_start()
            .trim_start_matches(','),
    ))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use crate::gallery::metadata::tests::{any_request, record};
    use proptest::prelude::*;

    #[test]
    fn text_of_other_tools_is_read() {
        let parameters = Parameters::parse(
            "a cat, \"quoted\",\nsecond line: with a colon\n\nNegative prompt: dog,\nbird\n\
             Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x520, \
             Model hash: c35782bad8, Lora hashes: \"a: 1, b: \\\"2\\\"\", Version: v1.10.1\n",
        );
        assert_eq!(
            parameters.prompt,
            "a cat, \"quoted\",\nsecond line: with a colon\n"
        );
        assert_eq!(parameters.negative, "dog,\nbird");
        assert_eq!(parameters.setting("lora hashes"), Some("a: 1, b: \"2\""));
        assert_eq!(parameters.setting("Version"), Some("v1.10.1"));
        let (request, warnings) = parameters.to_request().unwrap();
        assert_eq!(
            (request.steps.get(), request.guidance.get(), request.seed),
            (20, 7.0, Seed(965400086))
        );
        assert_eq!(request.size.to_string(), "512x512");
        assert_eq!(warnings, ["the size 512x520 becomes 512x512"]);
    }

    #[test]
    fn text_that_is_only_a_prompt_stays_a_prompt() {
        for text in [
            "a cat",
            "style: ink, a cat",
            "one\ntwo\nthree",
            "say: \"unclosed, Steps: 3",
            "::,,:\",\\",
        ] {
            let parameters = Parameters::parse(text);
            assert_eq!(
                (parameters.prompt.as_str(), parameters.settings.len()),
                (text, 0)
            );
        }
        assert!(Parameters::parse("").to_request().is_err());
    }

    #[test]
    fn settings_out_of_range_are_left_out_with_a_word() {
        let (request, warnings) =
            Parameters::parse("cat\nSteps: 2000, CFG scale: nan, Seed: -5, Size: big, A: 1")
                .to_request()
                .unwrap();
        assert_eq!(request.steps, Steps::default());
        assert_eq!(warnings.len(), 4, "{warnings:?}");
    }

    proptest! {
        #[test]
        fn nothing_makes_the_reader_panic(text in "(?s).{0,200}") {
            let _ = Parameters::parse(&text).to_request();
        }

        #[test]
        fn what_is_written_is_read_again(request in any_request()) {
            // A prompt may imitate the form's own words; only the JSON record is then exact.
            prop_assume!(!request.prompt.as_str().contains("Negative") && !request.prompt.as_str().contains('\u{2028}'));
            let (read, warnings) = Parameters::parse(&write(&record(request.clone()))).to_request().unwrap();
            prop_assert_eq!(warnings, Vec::<String>::new());
            prop_assert_eq!(read.prompt, request.prompt);
            prop_assert_eq!(read.negative, request.negative);
            prop_assert_eq!((read.steps, read.guidance, read.seed, read.size), (request.steps, request.guidance, request.seed, request.size));
            prop_assert_eq!(read.shift, request.shift);
        }
    }
}
