//! Prompts become the reference's token ids, and what a cut takes away is told.

use danqing::checkpoint::{Checkpoint, CheckpointError, MAX_TOKENS, Tokenizer, load_tensors};
use serde::Deserialize;

use super::model_files::{file, tiny, tiny_copy};

#[derive(Deserialize)]
struct Golden {
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    text: String,
    ids: Vec<u32>,
}

fn tokenizer() -> Tokenizer {
    Checkpoint::open(&tiny()).unwrap().tokenizer().unwrap()
}

#[test]
fn ids_equal_the_reference_for_all_kinds_of_text() {
    let golden = std::fs::read_to_string(file("golden/tiny/golden/tokenizer.json")).unwrap();
    let golden: Golden = serde_json::from_str(&golden).unwrap();
    assert!(golden.rows.len() > 20);
    let tokenizer = tokenizer();
    for row in golden.rows {
        let tokens = tokenizer.encode(&row.text, MAX_TOKENS).unwrap();
        assert_eq!(tokens.ids, row.ids, "{:?}", row.text);
        assert_eq!(
            (tokens.total, tokens.truncated),
            (row.ids.len(), None),
            "{:?}",
            row.text
        );
    }
}

#[test]
fn the_truncated_case_keeps_the_reference_ids_and_marks_the_cut() {
    let index = std::fs::read_to_string(file("golden/tiny/golden/index.json")).unwrap();
    let index: serde_json::Value = serde_json::from_str(&index).unwrap();
    let cases = index["cases"].as_array().unwrap();
    let case = cases
        .iter()
        .find(|case| case["name"] == "truncated_64")
        .unwrap();
    let prompt = case["prompt"].as_str().unwrap();
    let (tensors, _) = load_tensors(
        &file("golden/tiny/golden/truncated_64.safetensors"),
        1 << 20,
    )
    .unwrap();
    let expected: Vec<u32> = tensors["input_ids.0"]
        .as_slice::<i64>()
        .unwrap()
        .iter()
        .map(|&id| id as u32)
        .collect();

    let tokenizer = tokenizer();
    let tokens = tokenizer.encode(prompt, 64).unwrap();
    assert_eq!(tokens.ids, expected);
    let cut = tokens.truncated.unwrap();
    assert_eq!(cut.dropped, tokens.total - 64);
    assert_eq!(cut.bytes.end, prompt.len());
    // What is left of the prompt, alone, gives the same ids up to the template's tail.
    let kept = tokenizer
        .encode(&prompt[..cut.bytes.start], MAX_TOKENS)
        .unwrap();
    assert_eq!(kept.ids[..64], expected);
}

#[test]
fn a_cut_inside_a_character_counts_the_character_as_lost() {
    let tokenizer = tokenizer();
    let prompt = "狐狸".repeat(40);
    let all = tokenizer.encode(&prompt, MAX_TOKENS).unwrap();
    for max_tokens in 3..all.total {
        let tokens = tokenizer.encode(&prompt, max_tokens).unwrap();
        let cut = tokens.truncated.unwrap();
        assert!(prompt.is_char_boundary(cut.bytes.start));
        assert_eq!(cut.chars.start * 3, cut.bytes.start);
        assert_eq!(cut.chars.end, 80);
        assert_eq!((tokens.ids.len(), tokens.total), (max_tokens, all.total));
        assert_eq!(tokens.ids, all.ids[..max_tokens]);
    }
}

#[test]
fn a_cut_of_the_template_alone_loses_no_words() {
    let tokenizer = tokenizer();
    let whole = tokenizer.encode("A red fox", MAX_TOKENS).unwrap();
    let cut = tokenizer
        .encode("A red fox", whole.total - 2)
        .unwrap()
        .truncated
        .unwrap();
    assert_eq!(
        (cut.dropped, cut.bytes.is_empty(), cut.chars),
        (2, true, 9..9)
    );
}

#[test]
fn settings_in_the_file_do_not_change_the_ids() {
    let folder = tiny_copy();
    let path = folder.path().join("tokenizer/tokenizer.json");
    let mut json: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    json["truncation"] = serde_json::json!({"direction": "Left", "max_length": 4, "strategy": "LongestFirst", "stride": 0});
    json["padding"] = serde_json::json!({"strategy": {"Fixed": 32}, "direction": "Left", "pad_to_multiple_of": null,
        "pad_id": 420, "pad_type_id": 0, "pad_token": "<|endoftext|>"});
    std::fs::write(&path, json.to_string()).unwrap();
    let changed = Checkpoint::open(folder.path())
        .unwrap()
        .tokenizer()
        .unwrap();
    let prompt = "一只红色的狐狸";
    assert_eq!(
        changed.encode(prompt, 8).unwrap(),
        tokenizer().encode(prompt, 8).unwrap()
    );
}

/// What the library behind it would do with a prompt: fill the memory, panic, or split it otherwise each time.
#[test]
fn what_qwens_tokenizer_does_not_have_is_refused() {
    use serde_json::json;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    let sound = std::fs::read(tiny().join("tokenizer/tokenizer.json")).unwrap();
    let sound: serde_json::Value = serde_json::from_slice(&sound).unwrap();
    let replace = |from: &str, to: &str| json!({"type": "Replace", "pattern": {"String": from}, "content": to});
    for (place, value, words) in [
        ("/normalizer", replace("a", &"x".repeat(1 << 20)), "Replace"),
        (
            "/normalizer",
            json!({"type": "Sequence", "normalizers": [replace("", "x")]}),
            "Replace",
        ),
        (
            "/normalizer",
            json!({"type": "Prepend", "prepend": "x"}),
            "Prepend",
        ),
        (
            "/pre_tokenizer",
            json!({"type": "Punctuation", "behavior": "Isolated"}),
            "Punctuation",
        ),
        ("/model/dropout", json!(0.5), "at random"),
        (
            "/model/continuing_subword_prefix",
            json!("##"),
            "edges of words",
        ),
        ("/model/end_of_word_suffix", json!("</w>"), "edges of words"),
        ("/model/type", json!("WordPiece"), "WordPiece"),
    ] {
        let mut changed = sound.clone();
        *changed.pointer_mut(place).unwrap() = value;
        std::fs::write(&path, changed.to_string()).unwrap();
        let error = Tokenizer::open(&path).unwrap_err().to_string();
        assert!(
            error.contains(words) && error.contains("another model's tokenizer"),
            "{place}: {error}"
        );
    }
    let mut changed = sound.clone();
    changed["post_processor"] = json!({"type": "TemplateProcessing", "special_tokens": {}, "pair": [],
        "single": vec![json!({"Sequence": {"id": "A", "type_id": 0}}); 3]});
    std::fs::write(&path, changed.to_string()).unwrap();
    let tripled = Tokenizer::open(&path)
        .unwrap()
        .encode("A red fox", MAX_TOKENS);
    assert_eq!(
        tripled.unwrap(),
        tokenizer().encode("A red fox", MAX_TOKENS).unwrap()
    );
}

#[test]
fn a_tokenizer_of_another_model_is_refused_before_any_weights() {
    let folder = tiny_copy();
    let config = folder.path().join("text_encoder/config.json");
    let text = std::fs::read_to_string(&config)
        .unwrap()
        .replace("448", "440");
    std::fs::write(&config, text).unwrap();
    let error = Checkpoint::open(folder.path())
        .unwrap()
        .tokenizer()
        .unwrap_err();
    assert!(matches!(error, CheckpointError::Tokenizer { .. }));
    assert!(error.to_string().contains("only 440"), "{error}");
}
