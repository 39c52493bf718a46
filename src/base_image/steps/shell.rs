//! A parser for shell scripts that finds the commands they run.
//!
//! It knows words and quotes, operators, comments, here-documents, subshells, reserved words and the
//! patterns of `case`; variables whose value the script sets itself are filled in. It runs nothing and
//! never fails: a truncated or malformed part ends the script.

use std::collections::HashMap;

use super::kind::Command;
use super::lexer::{Lexer, Token};

/// The maximum depth of scripts within scripts (`sh -c '…'`). Our choice.
const MAX_DEPTH: usize = 4;
/// The maximum number of commands of a step. Our choice, far above real steps.
const MAX_COMMANDS: usize = 2_000;

/// The simple commands of a script, in order.
pub fn parse(script: &str) -> Vec<Command> {
    let mut reader = Reader::default();
    reader.script(script, 0);
    reader.commands
}

#[derive(Default)]
struct Reader {
    commands: Vec<Command>,
    variables: HashMap<String, String>,
}

impl Reader {
    fn script(&mut self, script: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        let tokens = Lexer::new(script).tokens();
        let mut words: Vec<(String, bool)> = Vec::new();
        let mut documents: Vec<String> = Vec::new();
        // How many `case` are open, and whether one of its patterns is expected.
        let mut cases = 0_usize;
        let mut pattern = false;
        let mut parentheses = 0_usize;
        let mut skip_next = false;
        for token in tokens.into_iter().chain([Token::Operator(";")]) {
            if pattern {
                match &token {
                    Token::Operator(")") => pattern = false,
                    Token::Word { text, .. } if text == "esac" => {
                        pattern = false;
                        cases = cases.saturating_sub(1);
                    }
                    _ => {}
                }
                continue;
            }
            match token {
                Token::Word { text, quoted } => {
                    if std::mem::take(&mut skip_next) {
                        continue;
                    }
                    if words.is_empty() && !quoted {
                        match text.as_str() {
                            "esac" => {
                                cases = cases.saturating_sub(1);
                                continue;
                            }
                            _ if is_reserved(&text) => continue,
                            _ => {}
                        }
                    }
                    words.push((text, quoted));
                    if words[0].0 == "case" && words.last().is_some_and(|(word, _)| word == "in") {
                        cases += 1;
                        pattern = true;
                        words.clear();
                    }
                }
                Token::Redirect => skip_next = true,
                Token::Document(text) => documents.push(text),
                Token::Operator(operator) => {
                    skip_next = false;
                    match operator {
                        "(" if words.len() == 1 => {
                            // `name()` begins a function; its body is parsed like other commands.
                            words.clear();
                            parentheses += 1;
                            continue;
                        }
                        "(" => parentheses += 1,
                        ")" => parentheses = parentheses.saturating_sub(1),
                        ";;" => pattern = cases > 0,
                        _ => {}
                    }
                    let words = std::mem::take(&mut words);
                    let documents = std::mem::take(&mut documents);
                    self.command(words, documents, depth);
                }
            }
        }
    }

    /// Handles a simple command: records assignments, unwraps wrappers, and keeps the rest.
    fn command(&mut self, words: Vec<(String, bool)>, documents: Vec<String>, depth: usize) {
        let mut words: Vec<String> = words
            .into_iter()
            .flat_map(|(word, quoted)| self.filled_in(word, quoted))
            .collect();
        let assignments = words.iter().take_while(|word| assignment(word).is_some()).count();
        if assignments == words.len() {
            for word in &words {
                self.note(word);
            }
        }
        words.drain(..assignments);
        loop {
            let Some(program) = words.first().map(|word| base_name(word).to_owned()) else {
                // `<<EOF` alone: BuildKit's form of a script in a here-document.
                for document in documents {
                    self.script(&document, depth + 1);
                }
                return;
            };
            match program.as_str() {
                "export" | "local" | "readonly" | "declare" => {
                    for word in &words[1..] {
                        self.note(word);
                    }
                    return;
                }
                "sudo" | "env" | "exec" | "command" | "time" | "nice" | "nohup" | "xargs" | "builtin"
                | "doas" | "timeout" | "ionice" => {
                    words.remove(0);
                    let takes_value = |word: &str| {
                        matches!(
                            (program.as_str(), word),
                            ("sudo", "-u" | "-g") | ("nice" | "xargs", "-n") | ("xargs", "-P" | "-I" | "-L")
                        )
                    };
                    while let Some(word) = words.first() {
                        if takes_value(word) {
                            words.drain(..words.len().min(2));
                        } else if word.starts_with('-')
                            || assignment(word).is_some()
                            || (program == "timeout" && word.starts_with(|c: char| c.is_ascii_digit()))
                        {
                            words.remove(0);
                        } else {
                            break;
                        }
                    }
                }
                "gosu" | "su-exec" | "setpriv" | "runuser" if words.len() > 2 => {
                    words.drain(..2);
                }
                "eval" => {
                    let script = words[1..].join(" ");
                    self.script(&script, depth + 1);
                    return;
                }
                "sh" | "bash" | "ash" | "dash" | "zsh" | "su" => {
                    let script = words
                        .iter()
                        .position(|word| {
                            word.starts_with('-') && !word.starts_with("--") && word.ends_with('c')
                        })
                        .and_then(|at| words.get(at + 1).cloned());
                    match script {
                        Some(script) => self.script(&script, depth + 1),
                        None => {
                            self.keep(&program, &words);
                            for document in documents {
                                self.script(&document, depth + 1);
                            }
                        }
                    }
                    return;
                }
                _ => {
                    self.keep(&program, &words);
                    return;
                }
            }
        }
    }

    fn keep(&mut self, program: &str, words: &[String]) {
        if !matches!(program, "" | "for" | "select") && self.commands.len() < MAX_COMMANDS {
            self.commands.push(Command {
                program: program.to_owned(),
                words: words[1..].to_vec(),
            });
        }
    }

    fn note(&mut self, word: &str) {
        if let Some((name, value)) = assignment(word)
            && value.len() < 4_000
        {
            self.variables.insert(name.to_owned(), value.to_owned());
        }
    }

    /// A word that is one variable, unquoted, becomes the words of its value.
    fn filled_in(&self, word: String, quoted: bool) -> Vec<String> {
        if quoted {
            return vec![word];
        }
        let name = word.strip_prefix('$').map(|name| {
            name.strip_prefix('{')
                .and_then(|name| name.strip_suffix('}'))
                .unwrap_or(name)
        });
        match name.and_then(|name| self.variables.get(name)) {
            Some(value) => value.split_whitespace().map(ToOwned::to_owned).collect(),
            None => vec![word],
        }
    }
}

/// `NAME=value`, `NAME+=value`.
fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some((name, value))
}

fn is_reserved(word: &str) -> bool {
    matches!(
        word,
        "if" | "then"
            | "else"
            | "elif"
            | "fi"
            | "do"
            | "done"
            | "while"
            | "until"
            | "{"
            | "}"
            | "!"
            | "function"
    )
}

fn base_name(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn commands(script: &str) -> Vec<String> {
        parse(script)
            .into_iter()
            .map(|command| {
                let words = command.words.join(" ");
                format!("{} {words}", command.program).trim_end().to_owned()
            })
            .collect()
    }

    #[test]
    fn operators_and_lines_part_commands() {
        for script in [
            "a 1 && b 2 || c 3; d 4 | e 5 & f 6",
            "set -eux; a 1 && \\\n  b 2 ||\tc 3\nd 4 | e 5 & f 6 # g 7",
            "( a 1; b 2 ) && { c 3; d 4; } | e 5 & f 6",
            "if a 1; then b 2; else c 3; fi; while d 4; do e 5; done; f 6",
            "for x in p q; do a 1; b 2; done; c 3; d 4; ! e 5; f 6",
            "case \"$(arch)\" in amd64|x86_64) a 1; b 2;; *) c 3;; esac; d 4; e 5; f() { f 6; }",
            "sudo -u x a 1; env A=b b 2; exec c 3; sh -c 'd 4; e 5'; A=1 B=2 f 6",
            "a 1 >/dev/null 2>&1; b 2 < /x; c 3 >> y; d 4 &> z; e 5 2>/dev/null; f 6",
        ] {
            let found: Vec<String> = commands(script).into_iter().filter(|c| c != "set -eux").collect();
            assert_eq!(found, ["a 1", "b 2", "c 3", "d 4", "e 5", "f 6"], "{script}");
        }
    }

    #[test]
    fn quotes_and_substitutions_hide_operators() {
        assert_eq!(commands("echo 'a; b' \"c && d\" e\\;f"), ["echo a; b c && d e;f"]);
        assert_eq!(
            commands("x=\"$(a; b)\" && c ${d:-e;f} `g; h`"),
            ["c ${d:-e;f} `g; h`"]
        );
        assert_eq!(commands("/usr/bin/apt-get install a"), ["apt-get install a"]);
    }

    #[test]
    fn variables_that_the_script_sets_are_filled_in() {
        assert_eq!(
            commands("deps='a b'; apk add $deps ${deps} \"$deps\" $other"),
            ["apk add a b a b $deps $other"]
        );
        assert_eq!(commands("deps=(a b); apk add $deps"), ["apk add a b"]);
    }

    #[test]
    fn here_documents_are_text_unless_a_shell_reads_them() {
        assert_eq!(commands("cat <<EOF > x\nmake\nEOF\nls"), ["cat", "ls"]);
        assert_eq!(commands("<<EOF\nset -e\nmake\nEOF\n"), ["set -e", "make"]);
        assert_eq!(commands("bash <<-'E'\n\tmake\n\tE\nls"), ["bash", "make", "ls"]);
        // BuildKit shows only how such a script begins.
        assert_eq!(commands("<<EOF (apt-get update...)"), ["apt-get update..."]);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_fault(script in "\\PC{0,200}") {
            parse(&script);
        }

        #[test]
        fn any_sequence_of_shell_marks_is_read_without_a_fault(
            script in "(a|b=c|'|\"|\\\\|\\$|\\(|\\)|\\{|\\}|`|<<E|<|>|2>|&|\\||;|\n| |#|case x in|esac|if|E\n){0,60}"
        ) {
            parse(&script);
        }

        #[test]
        fn what_is_quoted_is_never_a_command(text in "[a-z;&|()<> #$]{0,60}") {
            let found = parse(&format!("first '{text}' && second"));
            prop_assert_eq!(found.len(), 2);
            prop_assert_eq!(&found[0].words[0], &text);
            prop_assert_eq!(&found[1].program, "second");
        }
    }
}
