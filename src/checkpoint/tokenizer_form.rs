//! Whether a tokenizer.json is of Qwen's form, asked before the library that runs it sees the file.
//!
//! That library can do more than Qwen needs: put thirty megabytes in place of each letter, split at random, or panic
//! where settings contradict each other. What Qwen does not have is refused here.

use serde::Deserialize;

/// What may happen to text before it is split.
const NORMALIZERS: [&str; 2] = ["NFC", "Sequence"];
/// How it may be split.
const SPLITTERS: [&str; 3] = ["Split", "ByteLevel", "Sequence"];

#[derive(Deserialize)]
struct Form {
    normalizer: Option<Step>,
    pre_tokenizer: Option<Step>,
    model: Model,
}

#[derive(Deserialize)]
struct Step {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, alias = "pretokenizers", alias = "normalizers")]
    steps: Vec<Step>,
}

#[derive(Deserialize)]
struct Model {
    #[serde(rename = "type")]
    kind: String,
    dropout: Option<f64>,
    continuing_subword_prefix: Option<String>,
    end_of_word_suffix: Option<String>,
}

impl Step {
    /// The first kind, of it and those within it, that is not `known`.
    fn stranger(&self, known: &[&str]) -> Option<&str> {
        if !known.contains(&self.kind.as_str()) {
            return Some(&self.kind);
        }
        self.steps.iter().find_map(|step| step.stranger(known))
    }
}

/// Refuses what is no byte-level BPE like Qwen's, with the middle of a sentence that says why.
pub(super) fn check(json: &[u8]) -> Result<(), String> {
    let form: Form = serde_json::from_slice(json).map_err(|error| {
        format!("it is no tokenizer.json that can be read ({error}); download it again")
    })?;
    let Form {
        normalizer,
        pre_tokenizer,
        model,
    } = &form;
    let steps = [
        ("normalizer", normalizer, NORMALIZERS.as_slice()),
        ("splitter", pre_tokenizer, SPLITTERS.as_slice()),
    ];
    for (what, step, known) in steps {
        if let Some(kind) = step.as_ref().and_then(|step| step.stranger(known)) {
            return Err(foreign(&format!("a {what} {kind:?}")));
        }
    }
    if model.kind != "BPE" {
        return Err(foreign(&format!("a model {:?}", model.kind)));
    }
    if model.dropout.is_some_and(|dropout| dropout != 0.0) {
        return Err(foreign("a dropout, which splits words at random,"));
    }
    let affixes = [&model.continuing_subword_prefix, &model.end_of_word_suffix];
    if affixes.into_iter().flatten().any(|affix| !affix.is_empty()) {
        return Err(foreign("marks at the edges of words"));
    }
    Ok(())
}

fn foreign(what: &str) -> String {
    format!(
        "it has {what} and Qwen's has not, so it is another model's tokenizer; take the one of Z-Image-Turbo (Qwen3)"
    )
}
