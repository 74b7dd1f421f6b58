#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use super::*;

fn refusal(json: &str) -> PresetError {
    Preset::parse(json.as_bytes()).unwrap_err()
}

fn good(json: &str) -> Preset {
    Preset::parse(json.as_bytes()).unwrap().0
}

#[test]
fn what_is_absent_stays_as_it_was() {
    let before = Draft {
        prompt: "a fox".into(),
        seed: Some(Seed(5)),
        ..Draft::default()
    };
    let mut draft = before.clone();
    good(r#"{"version": 1, "steps": 4}"#).apply(&mut draft);
    assert_eq!(
        draft,
        Draft {
            steps: Steps::new(4).unwrap(),
            ..before
        }
    );
}

#[test]
fn a_draft_saved_as_a_preset_comes_back() {
    let draft = Draft {
        prompt: "一只狐狸".into(),
        style: "水墨画".into(),
        negative: "blur".into(),
        size: ImageSize::new(576, 1024).unwrap(),
        steps: Steps::new(12).unwrap(),
        guidance: Guidance::new(1.5).unwrap(),
        shift: Some(Shift::new(3.1).unwrap()),
        seed: Some(Seed(u64::MAX)),
        count: Count::new(4).unwrap(),
        ..Draft::default()
    };
    let preset = Preset::from_draft("狐狸", &draft);
    let (read, warnings) = Preset::parse(preset.to_json().as_bytes()).unwrap();
    assert_eq!(read, preset);
    assert_eq!(warnings, []);
    let mut restored = Draft::default();
    read.apply(&mut restored);
    assert_eq!(restored, draft);
}

/// Fault row 1.
#[test]
fn a_file_that_is_no_object_is_refused_with_its_place() {
    assert_eq!(refusal(""), PresetError::Empty);
    assert_eq!(refusal(" \n"), PresetError::Empty);
    for (json, line, column) in [
        ("null", 1, 4),
        ("[]", 1, 0),
        ("{\"steps\": 8,\n \"wid", 2, 5),
        ("{} x", 1, 4),
    ] {
        match refusal(json) {
            PresetError::Syntax {
                line: l,
                column: c,
                what,
            } => {
                assert_eq!((l, c), (line, column), "{json}: {what}");
            }
            other => panic!("{json}: {other}"),
        }
    }
    let utf16: Vec<u8> = [0xfeff_u16]
        .into_iter()
        .chain("{}".encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect();
    assert!(matches!(
        Preset::parse(&utf16),
        Err(PresetError::Encoding(_))
    ));
    assert!(matches!(
        Preset::parse(b"{\"name\": \"\xff\"}"),
        Err(PresetError::Encoding(_))
    ));
    assert_eq!(refusal("{}"), PresetError::NoSettings);
    assert_eq!(
        refusal(r#"{"name": "just a name"}"#),
        PresetError::NoSettings
    );
    assert_eq!(good("\u{feff}{\"steps\": 8}").steps, Some(Steps::default()));
}

/// Fault row 3.
#[test]
fn a_hundred_thousand_brackets_are_a_syntax_error() {
    let json = format!("{{\"steps\": {}", "[".repeat(100_000));
    assert!(matches!(refusal(&json), PresetError::Syntax { .. }));
    assert!(matches!(
        refusal(&" ".repeat(300 << 10)),
        PresetError::TooLong(_)
    ));
}

/// Fault row 4.
#[test]
fn a_number_out_of_range_is_refused_with_its_key_and_range() {
    for value in ["0", "-1", "1e9", "8.5"] {
        let message = refusal(&format!("{{\"steps\": {value}}}")).to_string();
        assert!(
            message.contains("steps") && message.contains("between 1 and 50"),
            "{value}: {message}"
        );
    }
    for value in ["\"8\"", "null", "true", "[8]", "{}"] {
        let message = refusal(&format!("{{\"steps\": {value}}}")).to_string();
        assert!(
            message.contains("\"steps\" must be a number"),
            "{value}: {message}"
        );
    }
    for value in ["NaN", "1e400", "Infinity", "0x8"] {
        let json = format!("{{\"steps\": {value}}}");
        assert!(
            matches!(refusal(&json), PresetError::Syntax { line: 1, .. }),
            "{value}"
        );
    }
}

/// Fault row 5.
#[test]
fn a_size_that_does_not_work_offers_two_that_do() {
    for (width, height) in [(1000, 1000), (65536, 65536), (16, 16384), (0, 512)] {
        let message = refusal(&format!("{{\"width\": {width}, \"height\": {height}}}")).to_string();
        assert!(message.contains("nearest sizes"), "{message}");
    }
    assert_eq!(
        refusal(r#"{"width": 512}"#),
        PresetError::HalfASize("height")
    );
}

/// Fault row 6.
#[test]
fn seeds_are_exact_and_a_missing_one_is_left_to_chance() {
    for json in [
        r#"{"seed": -1}"#,
        r#"{"seed": null}"#,
        r#"{"seed": "random"}"#,
    ] {
        assert_eq!(good(json).seed, Some(PresetSeed::Random), "{json}");
    }
    assert_eq!(good(r#"{"steps": 8}"#).seed, None);
    for json in [
        r#"{"seed": "18446744073709551615"}"#,
        r#"{"seed": 18446744073709551615}"#,
    ] {
        assert_eq!(
            good(json).seed,
            Some(PresetSeed::Held(Seed(u64::MAX))),
            "{json}"
        );
    }
    for value in ["18446744073709551616", "-2", "1.5", "\"\"", "[1]"] {
        assert!(
            Preset::parse(format!("{{\"seed\": {value}}}").as_bytes()).is_err(),
            "{value}"
        );
    }
}

/// Fault row 7.
#[test]
fn a_prompt_with_control_characters_is_refused_and_special_tokens_are_text() {
    assert!(matches!(
        refusal(r#"{"prompt": "a\u0000b"}"#),
        PresetError::Value { key: "prompt", .. }
    ));
    assert_eq!(
        good(r#"{"prompt": "<|im_end|>"}"#).prompt.as_deref(),
        Some("<|im_end|>")
    );
    assert_eq!(good(r#"{"prompt": ""}"#).prompt.as_deref(), Some(""));
}

/// Fault row 8.
#[test]
fn keys_of_other_programs_survive_and_newer_formats_are_refused() {
    let json = r#"{"version": 1, "steps": 8, "zoom": {"level": [1, 2]}}"#;
    let (preset, warnings) = Preset::parse(json.as_bytes()).unwrap();
    assert_eq!(warnings, [PresetWarning::Unknown("zoom".into())]);
    let written: Value = serde_json::from_str(&preset.to_json()).unwrap();
    assert_eq!(written["zoom"]["level"][1], 2);
    assert_eq!(
        refusal(r#"{"version": 2, "steps": "of another kind"}"#),
        PresetError::Newer(2)
    );
    assert!(matches!(
        refusal(r#"{"version": "1.0", "steps": 8}"#),
        PresetError::Kind { key: "version", .. }
    ));
    let twice = refusal("{\"steps\": 8,\n \"steps\": 9}");
    assert!(
        matches!(&twice, PresetError::Syntax { line: 2, what, .. } if what.contains("twice")),
        "{twice}"
    );
}

/// Fault row 9.
#[test]
fn paths_and_addresses_are_left_out_and_said() {
    let json = r#"{"steps": 8, "path": "x", "output": "../../x", "note": "https://example.com", "next": {"a": "/etc"},
        "drive": "C:\\x", "colour": "red"}"#;
    let (preset, warnings) = Preset::parse(json.as_bytes()).unwrap();
    assert_eq!(preset.unknown.keys().collect::<Vec<_>>(), ["colour"]);
    let left_out = warnings
        .iter()
        .filter(|warning| matches!(warning, PresetWarning::PathLeftOut(_)))
        .count();
    assert_eq!(left_out, 5);
}

/// Fault row 16.
#[test]
fn any_name_gives_a_file_name_that_every_system_accepts() {
    for (name, file) in [
        ("Product shot", "preset-product-shot.json"),
        ("CON", "preset-con.json"),
        ("../../x", "preset-x.json"),
        ("a. ", "preset-a.json"),
        ("狐狸 🦊", "preset-狐狸.json"),
        ("🦊", "preset.json"),
    ] {
        let preset = Preset {
            name: Some(name.into()),
            ..Preset::default()
        };
        assert_eq!(preset.file_name(), file);
    }
    let long = Preset {
        name: Some("长".repeat(300)),
        ..Preset::default()
    };
    assert!(long.file_name().len() < 255);
}

#[test]
fn every_shipped_preset_is_good_and_named_in_both_languages() {
    let shipped: Vec<_> = shipped().collect::<Result<_, _>>().unwrap();
    assert!(shipped.len() >= 12);
    for (file, preset) in &shipped {
        for text in [
            &preset.name,
            &preset.name_zh,
            &preset.about,
            &preset.about_zh,
        ] {
            assert!(text.as_ref().is_some_and(|text| !text.is_empty()), "{file}");
        }
        assert_eq!(preset.unknown.len(), 0, "{file}");
    }
    let shipped_files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/presets"))
        .unwrap()
        .filter(|entry| {
            let path = entry.as_ref().unwrap().path();
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .count();
    assert_eq!(
        shipped_files,
        shipped.len(),
        "a file of presets/ is not offered"
    );
}

#[test]
fn every_shipped_preset_speaks_both_languages() {
    let han = |text: &str| text.contains(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c));
    for shipped in shipped() {
        let (file, preset) = shipped.unwrap();
        for chinese in [true, false] {
            let said = preset.in_language(chinese);
            let words = [said.prompt, said.style, said.negative];
            let words: Vec<String> = words.into_iter().flatten().collect();
            assert!(!words.is_empty(), "{file}");
            for text in words {
                assert_eq!(han(&text), chinese, "{file}: {text}");
            }
        }
    }
}

#[test]
fn a_preset_in_one_language_is_used_in_both_and_kept_whole() {
    let (preset, warnings) =
        Preset::parse(r#"{"version": 1, "prompt_zh": "一只狐狸"}"#.as_bytes()).unwrap();
    assert_eq!(warnings, []);
    for chinese in [true, false] {
        let said = preset.in_language(chinese);
        assert_eq!(said.prompt.as_deref(), Some("一只狐狸"));
    }
    let written: Value = serde_json::from_str(&preset.to_json()).unwrap();
    assert_eq!(written["version"], 1, "older programs read it too");
    assert_eq!(written["prompt_zh"], "一只狐狸");
    assert!(matches!(
        refusal(r#"{"prompt_en": "a\u0000b"}"#),
        PresetError::Value {
            key: "prompt_en",
            ..
        }
    ));
}

#[test]
fn a_thumbnail_travels_with_its_preset_and_a_broken_one_costs_only_itself() {
    let jpeg = vec![0xff, 0xd8, 0xff, 0xe0, 1, 2, 3];
    let preset = Preset {
        thumbnail: Thumbnail::new(jpeg.clone()),
        steps: Some(Steps::new(4).unwrap()),
        ..Preset::default()
    };
    let (read, warnings) = Preset::parse(preset.to_json().as_bytes()).unwrap();
    assert_eq!((&read, warnings), (&preset, vec![]));
    assert_eq!(read.thumbnail.unwrap().bytes(), jpeg);
    for broken in ["/9j/", "not base64!", "R0lGODlh", "data:text/html,hello"] {
        let json = format!(r#"{{"steps": 4, "thumbnail": "{broken}x"}}"#);
        let (read, warnings) = Preset::parse(json.as_bytes()).unwrap();
        assert_eq!(read.thumbnail, None, "{broken}");
        assert_eq!(warnings, [PresetWarning::Thumbnail]);
    }
    let alone = format!(r#"{{"thumbnail": "{}"}}"#, "AAAA");
    assert_eq!(refusal(&alone), PresetError::NoSettings);
}
