//! Regular expressions of vendors' policies, in the part of RE2's syntax that policies for tags use.
//!
//! Matching takes time in proportion to expression and text, whatever the expression.

mod parse;

pub(super) use parse::InvalidRegex;
use parse::{Class, Node, Parser};

/// The most instructions of an expression. Our choice: far more than any policy needs.
const MOST_INSTRUCTIONS: usize = 20_000;

/// A regular expression.
#[derive(Debug, Clone)]
pub(super) struct Regex {
    text: String,
    program: Vec<Instruction>,
}

#[derive(Debug, Clone)]
enum Instruction {
    One(Class),
    /// Goes on at both places.
    Either(usize, usize),
    Jump(usize),
    Start,
    End,
    WordBoundary(bool),
    Match,
}

impl Regex {
    /// Reads an expression.
    pub(super) fn new(text: &str) -> Result<Self, InvalidRegex> {
        let node = Parser::parse(text)?;
        let mut program = Vec::new();
        emit(&node, &mut program)?;
        program.push(Instruction::Match);
        Ok(Self {
            text: text.to_owned(),
            program,
        })
    }

    /// The expression.
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches any part of a text.
    pub(super) fn finds(&self, text: &str) -> bool {
        self.runs(text, false)
    }

    /// Whether it matches the whole text.
    pub(super) fn matches_whole(&self, text: &str) -> bool {
        self.runs(text, true)
    }

    fn runs(&self, text: &str, whole: bool) -> bool {
        let text: Vec<char> = text.chars().collect();
        let mut states = vec![false; self.program.len()];
        let mut next = states.clone();
        for at in 0..=text.len() {
            if at == 0 || !whole {
                self.enter(0, &text, at, &mut states);
            }
            let is_match = self.program.len().checked_sub(1).is_some_and(|last| states[last]);
            if is_match && (!whole || at == text.len()) {
                return true;
            }
            let Some(&character) = text.get(at) else { break };
            next.fill(false);
            for (place, instruction) in self.program.iter().enumerate() {
                if let (true, Instruction::One(class)) = (states[place], instruction)
                    && class.contains(character)
                {
                    self.enter(place + 1, &text, at + 1, &mut next);
                }
            }
            std::mem::swap(&mut states, &mut next);
        }
        false
    }

    /// Marks an instruction, and those that follow from it without a character.
    fn enter(&self, place: usize, text: &[char], at: usize, states: &mut [bool]) {
        let mut pending = vec![place];
        while let Some(place) = pending.pop() {
            if std::mem::replace(&mut states[place], true) {
                continue;
            }
            match self.program[place] {
                Instruction::Jump(to) => pending.push(to),
                Instruction::Either(one, other) => pending.extend([one, other]),
                Instruction::Start if at == 0 => pending.push(place + 1),
                Instruction::End if at == text.len() => pending.push(place + 1),
                Instruction::WordBoundary(wanted) => {
                    let is_word = |at: Option<usize>| {
                        at.and_then(|at| text.get(at))
                            .is_some_and(|&character| is_word(character))
                    };
                    if (is_word(at.checked_sub(1)) != is_word(Some(at))) == wanted {
                        pending.push(place + 1);
                    }
                }
                _ => {}
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

fn emit(node: &Node, program: &mut Vec<Instruction>) -> Result<(), InvalidRegex> {
    if program.len() > MOST_INSTRUCTIONS {
        return Err(InvalidRegex::too_large());
    }
    match node {
        Node::Empty => {}
        Node::One(class) => program.push(Instruction::One(class.clone())),
        Node::Start => program.push(Instruction::Start),
        Node::End => program.push(Instruction::End),
        Node::WordBoundary(wanted) => program.push(Instruction::WordBoundary(*wanted)),
        Node::All(nodes) => {
            for node in nodes {
                emit(node, program)?;
            }
        }
        Node::Any(nodes) => {
            let mut ends = Vec::new();
            for (place, node) in nodes.iter().enumerate() {
                let is_last = place + 1 == nodes.len();
                let fork = program.len();
                if !is_last {
                    program.push(Instruction::Jump(0));
                }
                emit(node, program)?;
                if !is_last {
                    ends.push(program.len());
                    program.push(Instruction::Jump(0));
                    program[fork] = Instruction::Either(fork + 1, program.len());
                }
            }
            let end = program.len();
            for jump in ends {
                program[jump] = Instruction::Jump(end);
            }
        }
        Node::Repeat(node, least, most) => {
            for _ in 0..*least {
                emit(node, program)?;
            }
            match most {
                None => {
                    let fork = program.len();
                    program.push(Instruction::Jump(0));
                    emit(node, program)?;
                    program.push(Instruction::Jump(fork));
                    program[fork] = Instruction::Either(fork + 1, program.len());
                }
                Some(most) => {
                    let mut forks = Vec::new();
                    for _ in *least..*most {
                        forks.push(program.len());
                        program.push(Instruction::Jump(0));
                        emit(node, program)?;
                    }
                    let end = program.len();
                    for fork in forks {
                        program[fork] = Instruction::Either(fork + 1, end);
                    }
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_match_as_in_re2() {
        for (expression, text, finds, matches) in [
            (".*", "", true, true),
            ("hello", "a-hello-b", true, false),
            ("^hello.*", "hello-1", true, true),
            ("v[0-9]+\\.[0-9]+", "v1.22", true, true),
            ("v[0-9]+\\.[0-9]+$", "v1.22-rc", false, false),
            ("(?:dev|test)-\\d{2,3}", "test-123", true, true),
            ("(?:dev|test)-\\d{2,3}", "test-1", false, false),
            ("(master|stable.*)", "stable-9", true, true),
            ("a|b|", "x", true, false),
            ("[^a-c]x?", "d", true, true),
            ("[]a]", "]", true, true),
            ("(?i)RC", "1.0-rc1", true, false),
            ("\\w*test\\w*", "my_test_1", true, true),
            ("\\bdev\\b", "a-dev-b", true, false),
            ("x{2}", "xxx", true, false),
            ("x{2,}", "xxx", true, true),
            ("x{a", "x{a", true, true),
            ("(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false, false),
            ("a.c", "abc", true, true),
            ("a\\.c", "abc", false, false),
            ("", "x", true, false),
        ] {
            let regex = Regex::new(expression).unwrap();
            assert_eq!(
                (regex.finds(text), regex.matches_whole(text)),
                (finds, matches),
                "{expression} {text}"
            );
        }
    }

    #[test]
    fn what_is_not_supported_is_refused() {
        for wrong in [
            "(", ")", "[a", "*a", "a**", "(?=a)", "(?!a)", "\\1", "a{5,2}", "a{2000}", "\\", "[z-a]",
            "(?<!a)b",
        ] {
            assert!(Regex::new(wrong).is_err(), "{wrong}");
        }
        assert!(Regex::new("((a{1000}){1000}){1000}").is_err());
        assert!(Regex::new(&"(".repeat(10_000)).is_err());
    }
}
