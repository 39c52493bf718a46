//! Text that others wrote, as it may be shown: names, labels, messages of registries and identity providers.
//!
//! Everything shown to a person, a terminal, a log or a spreadsheet goes through one of these functions.
//! [`printable`] is the only escaper; the others cut, quote or guard what it gives.

use std::fmt::Write as _;

/// The most characters of untrusted text that a message repeats. Our choice: it holds an image reference or the URL of
/// an identity provider, and a message stays readable.
const MAX_EXCERPT: usize = 160;

/// Untrusted text without characters that act instead of being shown.
///
/// Control characters, which could move a terminal's cursor, change its colours or forge a line of a log, marks that
/// change the direction of writing, and line separators become `\u{…}`. All other text stays as it is.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        push_printable(&mut shown, character);
    }
    shown
}

/// The beginning of untrusted text, [`printable`] and with `…` where the rest is missing, for a message.
pub fn excerpt(text: &str) -> String {
    printable_prefix(text, MAX_EXCERPT)
}

/// At most so many characters of untrusted text, [`printable`] and with `…` where the rest is missing.
pub fn printable_prefix(text: &str, longest: usize) -> String {
    let mut shown = String::new();
    for character in text.chars().take(longest) {
        push_printable(&mut shown, character);
    }
    if text.chars().nth(longest).is_some() {
        shown.push('…');
    }
    shown
}

/// An [`excerpt`] in single quotes. Quotes and backslashes within it are escaped, so that the text cannot seem to end early.
pub fn quoted(text: &str) -> String {
    let mut shown = String::from("'");
    for character in text.chars().take(MAX_EXCERPT) {
        if matches!(character, '\'' | '\\') {
            shown.push('\\');
        }
        push_printable(&mut shown, character);
    }
    if text.chars().nth(MAX_EXCERPT).is_some() {
        shown.push('…');
    }
    shown.push('\'');
    shown
}

/// Whether no character of a text acts instead of being shown.
pub fn is_printable(text: &str) -> bool {
    !text.chars().any(acts)
}

/// Untrusted text as the cell of a spreadsheet, without characters that act instead of being shown (breaks of lines and
/// tabs may stand in a cell). Excel and others run a cell that starts with one of `= + - @`, a tab
/// or a line break as a formula; an apostrophe in front makes it text.
pub fn spreadsheet_text(text: &str) -> String {
    let mut cell = String::with_capacity(text.len());
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']) {
        cell.push('\'');
    }
    for character in text.chars() {
        match character {
            '\t' | '\r' | '\n' => cell.push(character),
            _ => push_printable(&mut cell, character),
        }
    }
    cell
}

fn push_printable(shown: &mut String, character: char) {
    if acts(character) {
        // Writing to a string never fails.
        let _ = write!(shown, "{}", character.escape_unicode());
    } else {
        shown.push(character);
    }
}

/// Whether a character steers what shows it: control characters (C0, DEL, C1), Unicode's bidirectional controls
/// (property `Bidi_Control`), and the separators of lines and paragraphs.
fn acts(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_cannot_steer_a_terminal() {
        assert_eq!(printable("a\u{1b}[2J\u{202e}b\n"), "a\\u{1b}[2J\\u{202e}b\\u{a}");
        assert_eq!(
            printable("\u{9b}31m\u{2066}\u{2028}"),
            "\\u{9b}31m\\u{2066}\\u{2028}"
        );
        assert_eq!(printable("tämä: it's \"so\" \\"), "tämä: it's \"so\" \\");
    }

    #[test]
    fn an_excerpt_is_short_and_says_that_it_is_cut() {
        assert_eq!(excerpt("team-a/api"), "team-a/api");
        assert_eq!(printable_prefix("näinpä", 6), "näinpä");
        assert_eq!(printable_prefix("näinpä", 5), "näinp…");
        let long = excerpt(&"é".repeat(10_000));
        assert_eq!(long.chars().count(), MAX_EXCERPT + 1);
    }

    #[test]
    fn a_quoted_text_ends_where_it_seems_to_end() {
        assert_eq!(
            quoted("x'; expected \u{1b}[31m\\"),
            r"'x\'; expected \u{1b}[31m\\'"
        );
        assert!(quoted(&"x".repeat(10_000)).ends_with("x…'"));
    }

    #[test]
    fn a_cell_is_never_a_formula() {
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"] {
            assert_eq!(spreadsheet_text(formula), format!("'{formula}"));
        }
        assert_eq!(spreadsheet_text("team-a/api"), "team-a/api");
        assert_eq!(spreadsheet_text("a\u{202e}b\u{1b}\nc"), "a\\u{202e}b\\u{1b}\nc");
    }

    proptest! {
        #[test]
        fn nothing_that_acts_is_left(text in any::<String>()) {
            for shown in [printable(&text), excerpt(&text), quoted(&text)] {
                prop_assert!(!shown.chars().any(acts), "{shown:?}");
            }
            // Escaping again changes nothing, so text that passes through two rooms stays readable.
            prop_assert_eq!(printable(&printable(&text)), printable(&text));
        }

        #[test]
        fn harmless_text_stays_as_it_is(text in "[a-z0-9äöß/:.@ _-]{0,160}") {
            prop_assert_eq!(&printable(&text), &text);
            prop_assert_eq!(&excerpt(&text), &text);
            prop_assert_eq!(quoted(&text), format!("'{text}'"));
        }

        #[test]
        fn a_message_stays_short(text in any::<String>()) {
            let longest = MAX_EXCERPT * "_u{2028}".len() + 1;
            prop_assert!(excerpt(&text).chars().count() <= longest);
        }

        #[test]
        fn no_cell_starts_like_a_formula(text in "[=+@\t\r\n＝＋－＠a-]{0,4}") {
            let cell = spreadsheet_text(&text);
            prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']));
            prop_assert!(cell.ends_with(&text));
        }
    }
}
