//! Model files with bytes changed at random: what is read is still true, and nothing panics.

use std::sync::LazyLock;

use danqing::checkpoint::Tokenizer;
use danqing::checkpoint::header::Header;
use proptest::prelude::*;

use super::model_files::{tiny, write_zeros};

/// Bytes of a sound little file, and how much of it is header.
static SOUND_FILE: LazyLock<(Vec<u8>, usize)> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a");
    let shapes: [(&str, &[usize]); 3] = [
        ("layers.0.weight", &[3, 4]),
        ("layers.0.bias", &[4]),
        ("cap_pad_token", &[1, 2]),
    ];
    write_zeros(&path, "F32", 4, shapes.into_iter());
    let bytes = std::fs::read(path).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (bytes, header)
});

/// What may happen to a file on its way.
#[derive(Debug, Clone)]
enum Harm {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize),
    Cut(usize),
}

fn harm() -> impl Strategy<Value = Harm> {
    let words = prop_oneof![
        Just(b"99999999999999999999".to_vec()),
        Just(b"-1".to_vec()),
        Just(b"[[[[".to_vec()),
        Just(b"\"dtype\":".to_vec()),
        Just(b"{}".to_vec()),
        Just(b"\\u0000".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..9),
    ];
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Harm::Set(at, byte)),
        (any::<usize>(), words).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        (any::<usize>(), 0usize..40).prop_map(|(at, len)| Harm::Remove(at, len)),
        (any::<usize>(), 0usize..80).prop_map(|(at, len)| Harm::Repeat(at, len)),
        any::<usize>().prop_map(Harm::Cut),
    ]
}

fn apply(bytes: &mut Vec<u8>, harm: Harm) {
    let within = |at: usize, len: usize| at % (len + 1);
    match harm {
        Harm::Set(at, byte) => {
            let at = within(at, bytes.len());
            if let Some(old) = bytes.get_mut(at) {
                *old = byte;
            }
        }
        Harm::Insert(at, new) => {
            let at = within(at, bytes.len());
            bytes.splice(at..at, new);
        }
        Harm::Remove(at, len) => {
            let at = within(at, bytes.len());
            bytes.drain(at..(at + len).min(bytes.len()));
        }
        Harm::Repeat(at, len) => {
            let at = within(at, bytes.len());
            let copy = bytes[at..(at + len).min(bytes.len())].to_vec();
            bytes.splice(at..at, copy);
        }
        Harm::Cut(at) => bytes.truncate(within(at, bytes.len())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever happens to a file, it is refused or its tensors cover its bytes exactly; and where this reader says
    /// yes, the safetensors crate does as well.
    #[test]
    fn a_harmed_header_is_refused_or_still_true(harms in proptest::collection::vec(harm(), 1..6), fix_length in any::<bool>()) {
        let (mut bytes, header) = SOUND_FILE.clone();
        // Half of the cases keep the length word right, or nearly everything would end there.
        let mut body = bytes.split_off(8);
        let data = body.split_off(header - 8);
        let mut json = body;
        for harm in harms {
            apply(&mut json, harm);
        }
        let mut harmed = if fix_length { (json.len() as u64).to_le_bytes().to_vec() } else { bytes };
        harmed.extend(json);
        harmed.extend(data);

        if let Ok(header) = Header::read(&mut harmed.as_slice(), harmed.len() as u64) {
            let mut ranges: Vec<_> = header.tensors.values().map(|entry| entry.range.clone()).collect();
            ranges.sort_by_key(|range| (range.start, range.end));
            let mut end = harmed.len() as u64 - ranges.iter().map(|range| range.end - range.start).sum::<u64>();
            for range in ranges {
                prop_assert_eq!(range.start, end);
                end = range.end;
            }
            prop_assert_eq!(end, harmed.len() as u64);
            prop_assert!(safetensors::SafeTensors::deserialize(&harmed).is_ok());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// A harmed tokenizer is refused or encodes; it never panics.
    #[test]
    fn a_harmed_tokenizer_is_refused_or_works(harms in proptest::collection::vec(harm(), 1..4)) {
        let mut bytes = std::fs::read(tiny().join("tokenizer/tokenizer.json")).unwrap();
        for harm in harms {
            apply(&mut bytes, harm);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokenizer.json");
        std::fs::write(&path, bytes).unwrap();
        let encoded = Tokenizer::open(&path).and_then(|tokenizer| tokenizer.encode("A red 狐狸 <|im_end|> 123", 16));
        if let Ok(tokens) = encoded {
            prop_assert!(tokens.ids.len() <= 16);
        }
    }
}
