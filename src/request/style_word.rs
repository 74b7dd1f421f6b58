//! Words of style within a prompt: each stands between two marks, as a part of its own.

use std::ops::Range;

/// Marks that part a prompt.
const MARKS: [char; 12] = [
    ',', '，', '、', ';', '；', '.', '。', '!', '！', '?', '？', '\n',
];

/// Those of them that go with the word they stand before.
const COMMAS: [char; 3] = [',', '，', '、'];

/// Whether `word` is a part of `prompt`: 水彩 is none of "小船，水彩画".
pub fn has_style_word(prompt: &str, word: &str) -> bool {
    place(prompt, word).is_some()
}

/// `prompt` without the part `word`, and without the mark that joined it; `None` where it is no part.
pub fn without_style_word(prompt: &str, word: &str) -> Option<String> {
    let place = place(prompt, word)?;
    let (before, after) = (prompt.get(..place.start)?, prompt.get(place.end..)?);
    if let Some(before) = before.strip_suffix(COMMAS) {
        return Some(format!("{before}{after}"));
    }
    // What stands before ends in a mark of its own, or is nothing: the one behind the word is one too many.
    let mut after = after.strip_prefix(MARKS).unwrap_or(after);
    if before.is_empty() || before.ends_with('\n') {
        after = after.trim_start_matches(' ');
    }
    let joined = format!("{before}{after}");
    Some(if after.is_empty() {
        joined.trim_end().to_owned()
    } else {
        joined
    })
}

/// Where the part `word` is, with the blanks around it.
fn place(prompt: &str, word: &str) -> Option<Range<usize>> {
    let mut start = 0;
    for part in prompt.split_inclusive(MARKS) {
        let bare = part.strip_suffix(MARKS).unwrap_or(part);
        if !word.is_empty() && bare.trim() == word {
            return Some(start..start + bare.len());
        }
        start += part.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_style_is_a_whole_part_and_no_piece_of_one() {
        for (prompt, word) in [
            ("清晨湖上的白色小船，水彩画", "水彩"),
            ("a watercolours shop", "watercolour"),
            ("anime-like", "anime"),
            ("", "水彩"),
            ("a fox, , ", ""),
        ] {
            assert!(!has_style_word(prompt, word), "{prompt}");
            assert_eq!(without_style_word(prompt, word), None, "{prompt}");
        }
    }

    #[test]
    fn a_word_that_is_taken_out_takes_its_comma_along_and_nothing_else() {
        for (prompt, word, left) in [
            ("一只狐狸，水彩", "水彩", "一只狐狸"),
            ("一只狐狸，水彩，柔光", "水彩", "一只狐狸，柔光"),
            ("水彩，一只狐狸", "水彩", "一只狐狸"),
            ("水彩", "水彩", ""),
            ("小船，水彩画，水彩", "水彩", "小船，水彩画"),
            ("一只狐狸。水彩", "水彩", "一只狐狸。"),
            ("a fox, soft light, anime", "soft light", "a fox, anime"),
            ("anime, a fox", "anime", "a fox"),
            ("a fox. anime", "anime", "a fox."),
            ("a fox\nanime", "anime", "a fox"),
            ("a fox\nanime, snow", "anime", "a fox\nsnow"),
            ("a fox\nanime\nsnow", "anime", "a fox\nsnow"),
            ("a fox. anime. snow", "anime", "a fox. snow"),
            ("anime. a fox", "anime", "a fox"),
            ("一只狐狸。水彩。雪", "水彩", "一只狐狸。雪"),
        ] {
            assert!(has_style_word(prompt, word), "{prompt}");
            assert_eq!(
                without_style_word(prompt, word).as_deref(),
                Some(left),
                "{prompt}"
            );
        }
    }
}
