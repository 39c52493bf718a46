//! Untrusted text in the markup of each channel. Names of repositories come from registries, and must neither format a
//! message nor mention people nor make a link.

use crate::oci::text::printable;

/// Text in Slack's mrkdwn. `&`, `<` and `>` are escaped as Slack documents (<https://docs.slack.dev/messaging/formatting-message-text>,
/// read on 2026-12-01); without `<`, nothing is a mention or a link. Characters that format get an invisible word
/// joiner before them, since Slack has no escape for them.
pub(super) fn slack(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in printable(text).chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '*' | '_' | '~' | '`' | '@' | '#' => {
                escaped.push('\u{2060}');
                escaped.push(character);
            }
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text in the Markdown of Adaptive Cards (<https://learn.microsoft.com/adaptive-cards/authoring-cards/text-features>,
/// read on 2026-12-01). Characters that format or make links are escaped by a backslash.
pub(super) fn teams(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in printable(text).chars() {
        if r"\`*_{}[]()#+-!|<>~".contains(character) {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}

/// Text for a line of plain text or a subject: on one line, without characters that act.
pub(super) fn plain(text: &str) -> String {
    printable(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_text_mentions_nobody_and_links_nowhere() {
        let hostile = "<!channel> <https://evil.example|click> & *bold* @here";
        let escaped = slack(hostile);
        assert!(!escaped.contains('<') && !escaped.contains('>'), "{escaped}");
        assert!(escaped.starts_with("&lt;!channel&gt;"), "{escaped}");
        assert!(escaped.contains("&amp;") && !escaped.contains(" *b") && !escaped.contains(" @h"));
        assert_eq!(slack("shop/cart"), "shop/cart");
    }

    #[test]
    fn teams_text_makes_no_link_and_no_format() {
        assert_eq!(
            teams("[click](https://evil.example)"),
            r"\[click\]\(https://evil.example\)"
        );
        assert_eq!(teams("**bold** <at>x</at>"), r"\*\*bold\*\* \<at\>x\</at\>");
    }

    #[test]
    fn line_breaks_and_terminal_commands_are_shown() {
        for escape in [plain, slack, teams] {
            let escaped = escape("a\r\nBcc: b\u{1b}[31m");
            assert!(!escaped.contains(['\r', '\n', '\u{1b}']), "{escaped}");
        }
    }
}
