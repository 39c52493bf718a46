//! Removes secrets from an image's history before it is kept.
//!
//! A build step can contain the value of an environment variable or build argument, or a URL with a password. The
//! analysis needs the form of the step but not those values, so they are replaced by `…` before a step leaves this
//! room. Version variables stay, because they are evidence.

use super::is_kept_variable;

/// Replaces a value that is not kept.
const HIDDEN: &str = "…";
/// The longest step that is kept, in bytes. Our choice: the analysis reads commands; a longer step is an inlined file.
const MAX_STEP: usize = 16 * 1024;

/// The text of a step without the values that the analysis does not need.
pub(super) fn step(text: &str) -> String {
    let mut text = without_argument_values(text);
    if let Some((before, assignments)) = split_environment(&text) {
        text = format!("{before}{}", without_values(assignments));
    }
    text = without_passwords(&text);
    if text.len() > MAX_STEP {
        let end = (0..=MAX_STEP)
            .rev()
            .find(|&at| text.is_char_boundary(at))
            .unwrap_or(0);
        text.truncate(end);
        text.push_str(HIDDEN);
    }
    text
}

/// `|2 TOKEN=abc MODE=x /bin/sh -c …`: build arguments in front of the command.
fn without_argument_values(text: &str) -> String {
    let lead = text.len() - text.trim_start().len();
    let (start, body) = text.split_at(lead);
    let (instruction, body) = match body.strip_prefix("RUN ") {
        Some(rest) => ("RUN ", rest),
        None => ("", body),
    };
    let Some((count, rest)) = body.strip_prefix('|').and_then(|body| body.split_once(' ')) else {
        return text.to_owned();
    };
    let Ok(count) = count.parse::<usize>() else {
        return text.to_owned();
    };
    // A value may hold spaces, so the arguments end where the shell begins, or after `count` words.
    let end = [
        "/bin/sh -c",
        "/bin/bash ",
        "/bin/ash ",
        "cmd /S /C",
        "powershell ",
    ]
    .iter()
    .filter_map(|shell| rest.find(shell))
    .min()
    .unwrap_or_else(|| {
        rest.match_indices(' ')
            .nth(count.saturating_sub(1))
            .map_or(rest.len(), |(at, _)| at + 1)
    });
    let (arguments, command) = rest.split_at(end);
    format!(
        "{start}{instruction}|{count} {}{command}",
        without_values(arguments)
    )
}

/// Splits an `ENV` or `ARG` instruction of either builder into its keyword and its assignments.
fn split_environment(text: &str) -> Option<(&str, &str)> {
    let body = text.trim_start();
    let body = body
        .strip_prefix("/bin/sh -c")
        .map(str::trim_start)
        .unwrap_or(body);
    let body = body.strip_prefix("#(nop)").map(str::trim_start).unwrap_or(body);
    let rest = body.strip_prefix("ENV ").or_else(|| body.strip_prefix("ARG "))?;
    Some(text.split_at(text.len() - rest.len()))
}

/// Hides the value of each `NAME=value` whose name is not kept. The text up to the next assignment belongs to the
/// value, because builders print values with spaces unquoted.
fn without_values(assignments: &str) -> String {
    let mut shown = String::new();
    let mut hiding = false;
    for word in assignments.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let space = &word[bare.len()..];
        if bare == "#" || bare == "buildkit" {
            shown.push_str(word);
            hiding = false;
            continue;
        }
        let name = bare
            .split_once('=')
            .map(|(name, _)| name)
            .filter(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
        match name {
            Some(name) if is_kept_variable(name) => {
                hiding = false;
                shown.push_str(word);
            }
            Some(name) => {
                hiding = true;
                shown.push_str(name);
                shown.push('=');
                shown.push_str(HIDDEN);
                shown.push_str(space);
            }
            None if hiding => {}
            None => shown.push_str(word),
        }
    }
    shown
}

/// `https://user:password@host` → `https://…@host`, anywhere in the text.
fn without_passwords(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = after
            .find(|c: char| c == '/' || c.is_whitespace() || matches!(c, '"' | '\'' | ';' | '|'))
            .unwrap_or(after.len());
        match after[..end].rfind('@') {
            Some(user_end) => {
                shown.push_str(HIDDEN);
                rest = &after[user_end..];
            }
            None => rest = after,
        }
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::step;

    #[test]
    fn values_of_other_variables_go_and_version_variables_stay() {
        for (said, kept) in [
            (
                "/bin/sh -c #(nop)  ENV NODE_VERSION=12.1.0",
                "/bin/sh -c #(nop)  ENV NODE_VERSION=12.1.0",
            ),
            ("ENV API_TOKEN=hunter2", "ENV API_TOKEN=…"),
            (
                "/bin/sh -c #(nop) ENV GREETING=open the door NODE_VERSION=1",
                "/bin/sh -c #(nop) ENV GREETING=… NODE_VERSION=1",
            ),
            (
                "|2 TOKEN=hunter2 MODE=a b /bin/sh -c make",
                "|2 TOKEN=… MODE=… /bin/sh -c make",
            ),
            (
                "RUN |1 TOKEN=hunter2 /bin/sh -c make # buildkit",
                "RUN |1 TOKEN=… /bin/sh -c make # buildkit",
            ),
            ("ARG PASSWORD=hunter2", "ARG PASSWORD=…"),
            (
                "RUN curl https://me:hunter2@example.com/x && echo a@b",
                "RUN curl https://…@example.com/x && echo a@b",
            ),
            (
                "/bin/sh -c apt-get install -y curl",
                "/bin/sh -c apt-get install -y curl",
            ),
        ] {
            assert_eq!(step(said), kept);
        }
    }

    #[test]
    fn a_long_step_is_cut_at_a_character() {
        let cut = step(&"é".repeat(20_000));
        assert!(cut.len() <= 16 * 1024 + 3 && cut.ends_with('…'));
    }
}
