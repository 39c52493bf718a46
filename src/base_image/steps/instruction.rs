use std::borrow::Cow;

/// The Dockerfile instruction of a history entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keyword {
    /// Runs a command.
    Run,
    /// Copies files.
    Copy,
    /// Copies, fetches or unpacks files.
    Add,
    /// Sets the working directory and creates it if missing.
    Workdir,
    /// Sets the command that is run.
    Cmd,
    /// Sets a variable.
    Env,
    /// Declares a build argument.
    Arg,
    /// Sets a label.
    Label,
    /// Any other instruction that changes only the configuration.
    Metadata,
    /// The text is empty.
    Missing,
}

/// The shell of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shell {
    /// `sh`, `bash` and similar.
    Posix,
    /// `cmd.exe` or PowerShell.
    Windows,
}

/// A history entry, parsed as an instruction. Reads the forms of all known builders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction<'a> {
    /// The instruction.
    pub keyword: Keyword,
    /// Its arguments: for [`Keyword::Run`] the script, without build arguments, mounts and the shell.
    pub body: Cow<'a, str>,
    /// For [`Keyword::Run`] the shell.
    pub shell: Shell,
    /// Whether the text has BuildKit's form.
    pub buildkit: bool,
    /// Whether the text has the form of Docker's first builder.
    pub classic: bool,
}

impl<'a> Instruction<'a> {
    /// Parses a history entry. Never fails: an unknown form is a command.
    pub fn read(text: &'a str) -> Self {
        let trimmed = text.trim();
        let (text, buildkit) = match trimmed.strip_suffix("# buildkit") {
            Some(before) => (before.trim_end(), true),
            None => (trimmed, false),
        };
        let mut read = Self {
            keyword: Keyword::Missing,
            body: Cow::Borrowed(""),
            shell: Shell::Posix,
            buildkit,
            classic: false,
        };
        if text.is_empty() {
            return read;
        }
        if let Some(body) = no_operation(text) {
            let (keyword, body) = keyword(body).unwrap_or((Keyword::Metadata, body));
            (read.keyword, read.body, read.classic) = (keyword, Cow::Borrowed(body), true);
            return read;
        }
        let (keyword, body) = keyword(text).unwrap_or((Keyword::Run, text));
        read.keyword = keyword;
        if keyword == Keyword::Run {
            read.classic = text.starts_with("/bin/sh -c") || text.starts_with('|');
            (read.body, read.shell) = script(body);
        } else {
            read.body = Cow::Borrowed(body);
        }
        read
    }

    /// Whether the step makes a layer: always, never, or `None` if it depends on what was there.
    pub fn makes_layer(&self) -> Option<bool> {
        match self.keyword {
            Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Missing => Some(true),
            Keyword::Workdir => None,
            Keyword::Cmd | Keyword::Env | Keyword::Arg | Keyword::Label | Keyword::Metadata => Some(false),
        }
    }
}

/// The text after `#(nop)`, which Docker's first builder writes for instructions that run no command.
fn no_operation(text: &str) -> Option<&str> {
    let text = text.strip_prefix("RUN ").unwrap_or(text);
    let at = text.find("#(nop)")?;
    let is_shell = [
        "/bin/sh -c",
        "/bin/bash",
        "/bin/ash",
        "cmd /S /C",
        "powershell",
        "pwsh",
    ]
    .iter()
    .any(|shell| text.starts_with(shell));
    (at == 0 || (is_shell && at < 120)).then(|| text[at + "#(nop)".len()..].trim_start())
}

fn keyword(text: &str) -> Option<(Keyword, &str)> {
    let (word, body) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let keyword = match word {
        "RUN" => Keyword::Run,
        "COPY" => Keyword::Copy,
        "ADD" => Keyword::Add,
        "WORKDIR" => Keyword::Workdir,
        "CMD" => Keyword::Cmd,
        "ENV" => Keyword::Env,
        "ARG" => Keyword::Arg,
        "LABEL" => Keyword::Label,
        "ENTRYPOINT" | "EXPOSE" | "HEALTHCHECK" | "MAINTAINER" | "ONBUILD" | "SHELL" | "STOPSIGNAL"
        | "USER" | "VOLUME" => Keyword::Metadata,
        _ => return None,
    };
    Some((keyword, body.trim_start()))
}

/// Removes mounts, build arguments and the shell from a command.
fn script(body: &str) -> (Cow<'_, str>, Shell) {
    let mut body = body;
    while let Some(flag) = body.strip_prefix("--") {
        let end = flag.find(char::is_whitespace).unwrap_or(flag.len());
        body = flag[end..].trim_start();
    }
    body = without_arguments(body);
    if let Some(words) = exec_form(body) {
        return from_words(&words);
    }
    without_shell(body)
}

/// `|2 A=b C=d e /bin/sh -c make` → `/bin/sh -c make`.
fn without_arguments(body: &str) -> &str {
    let Some((count, rest)) = body.strip_prefix('|').and_then(|body| body.split_once(' ')) else {
        return body;
    };
    let Ok(count) = count.parse::<usize>() else {
        return body;
    };
    // A value may contain spaces, so the arguments end where the shell begins.
    let shell = [
        "/bin/sh -",
        "/bin/bash -",
        "/bin/ash -",
        "/usr/bin/env ",
        "cmd /S /C",
        "powershell ",
    ]
    .iter()
    .filter_map(|shell| rest.find(shell))
    .min();
    match shell {
        Some(at) => &rest[at..],
        None => rest
            .match_indices(' ')
            .nth(count.saturating_sub(1))
            .map_or("", |(at, _)| &rest[at + 1..]),
    }
}

/// `["apt-get", "install"]`.
fn exec_form(body: &str) -> Option<Vec<String>> {
    body.starts_with('[')
        .then(|| serde_json::from_str::<Vec<String>>(body).ok())
        .flatten()
        .filter(|words| !words.is_empty())
}

fn from_words(words: &[String]) -> (Cow<'static, str>, Shell) {
    let joined = words.join(" ");
    let (script, shell) = without_shell(&joined);
    if script.len() < joined.len() || shell == Shell::Windows {
        return (Cow::Owned(script.into_owned()), shell);
    }
    // No shell interprets these words, so their characters have no special meaning.
    let quoted: Vec<String> = words
        .iter()
        .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
        .collect();
    (Cow::Owned(quoted.join(" ")), Shell::Posix)
}

fn without_shell(body: &str) -> (Cow<'_, str>, Shell) {
    let starts = |start: &str| {
        body.get(..start.len())
            .is_some_and(|lead| lead.eq_ignore_ascii_case(start))
    };
    if starts("cmd /S /C") || starts("cmd.exe ") {
        let rest = body.get("cmd /S /C".len()..).unwrap_or_default();
        return (Cow::Borrowed(rest.trim_start()), Shell::Windows);
    }
    if starts("powershell") || starts("pwsh") {
        let at = body.find("-Command").map_or(0, |at| at + "-Command".len());
        return (Cow::Borrowed(body[at..].trim_start()), Shell::Windows);
    }
    let mut rest = body;
    let mut word = next_word(&mut rest);
    if word == "/usr/bin/env" {
        word = next_word(&mut rest);
    }
    let name = word.rsplit('/').next().unwrap_or(word);
    if !matches!(name, "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh") {
        return (Cow::Borrowed(body), Shell::Posix);
    }
    // Options up to the one with a `c`: -c, -lc, -euxo pipefail -c.
    loop {
        let before = rest;
        let option = next_word(&mut rest);
        if !option.starts_with('-') || option.starts_with("--") {
            return (
                Cow::Borrowed(if option.is_empty() { body } else { before }),
                Shell::Posix,
            );
        }
        if option.contains('o') {
            next_word(&mut rest);
        }
        if option.contains('c') {
            return (Cow::Borrowed(rest.trim_start()), Shell::Posix);
        }
    }
}

fn next_word<'a>(rest: &mut &'a str) -> &'a str {
    let text = rest.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, after) = text.split_at(end);
    *rest = after;
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> (Keyword, String) {
        let read = Instruction::read(text);
        (read.keyword, read.body.into_owned())
    }

    #[test]
    fn every_builders_form_is_read_alike() {
        for text in [
            "/bin/sh -c apt-get update",
            "RUN apt-get update",
            "RUN /bin/sh -c apt-get update # buildkit",
            "RUN apt-get update # buildkit",
            "|2 TOKEN=… MODE=a b /bin/sh -c apt-get update",
            "RUN |1 VERSION=1 /bin/bash -euxo pipefail -c apt-get update # buildkit",
            "RUN --mount=type=cache,target=/var/cache/apt --network=none apt-get update",
            "RUN [\"/bin/bash\", \"-c\", \"apt-get update\"]",
            "/bin/bash -o pipefail -c apt-get update",
            "|1 A=b apt-get update",
        ] {
            assert_eq!(body(text), (Keyword::Run, "apt-get update".into()), "{text}");
        }
        assert_eq!(
            body("RUN [\"echo\", \"a && b\"]"),
            (Keyword::Run, "'echo' 'a && b'".into())
        );
    }

    #[test]
    fn instructions_that_run_nothing() {
        for (text, keyword, rest) in [
            ("/bin/sh -c #(nop)  CMD [\"bash\"]", Keyword::Cmd, "[\"bash\"]"),
            (
                "/bin/sh -c #(nop) ADD file:00 in / ",
                Keyword::Add,
                "file:00 in /",
            ),
            ("ENV A=b", Keyword::Env, "A=b"),
            ("COPY . /app # buildkit", Keyword::Copy, ". /app"),
            ("cmd /S /C #(nop)  ENV A=b", Keyword::Env, "A=b"),
            ("RUN cmd /S /C #(nop) COPY a in C: ", Keyword::Copy, "a in C:"),
            ("EXPOSE map[80/tcp:{}]", Keyword::Metadata, "map[80/tcp:{}]"),
            ("", Keyword::Missing, ""),
        ] {
            assert_eq!(body(text), (keyword, rest.into()), "{text}");
        }
    }

    #[test]
    fn windows_shells_are_told_apart() {
        for text in [
            "cmd /S /C powershell -Command Invoke-WebRequest x",
            "powershell -Command $ErrorActionPreference = 'Stop'; Remove-Item x",
            "RUN powershell -Command Remove-Item x",
        ] {
            assert_eq!(Instruction::read(text).shell, Shell::Windows, "{text}");
        }
    }
}
