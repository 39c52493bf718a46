//! Reads regular expressions.

use crate::oci::text::excerpt;

/// The largest number of repetitions, as in RE2.
const MOST_REPEATED: u32 = 1000;
/// The deepest nesting of groups. Our choice.
const DEEPEST: usize = 100;

/// A text that is no regular expression, or one with syntax that is not supported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a regular expression that is supported: {0}")]
pub(in crate::cleanup) struct InvalidRegex(String);

impl InvalidRegex {
    pub(super) fn too_large() -> Self {
        Self("its repetitions are too large together".to_owned())
    }
}

/// A set of characters.
#[derive(Debug, Clone, Default)]
pub(super) struct Class {
    ranges: Vec<(char, char)>,
    is_negated: bool,
}

/// A part of an expression.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Empty,
    One(Class),
    Start,
    End,
    WordBoundary(bool),
    All(Vec<Node>),
    Any(Vec<Node>),
    Repeat(Box<Node>, u32, Option<u32>),
}

impl Class {
    pub(super) fn contains(&self, character: char) -> bool {
        let is_in = self
            .ranges
            .iter()
            .any(|&(low, high)| (low..=high).contains(&character));
        is_in != self.is_negated
    }

    fn of(ranges: &[(char, char)], is_negated: bool) -> Self {
        Self {
            ranges: ranges.to_vec(),
            is_negated,
        }
    }

    /// The class of an escaped letter.
    fn escaped(letter: char) -> Option<Self> {
        let is_negated = letter.is_ascii_uppercase();
        Some(match letter.to_ascii_lowercase() {
            'd' => Self::of(&[('0', '9')], is_negated),
            'w' => Self::of(&[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')], is_negated),
            's' => Self::of(&[('\t', '\n'), ('\u{c}', '\r'), (' ', ' ')], is_negated),
            _ => return None,
        })
    }

    fn ignoring_case(mut self) -> Self {
        for (low, high) in self.ranges.clone() {
            for (first, last, shift) in [('a', 'z', -32_i32), ('A', 'Z', 32)] {
                let (from, to) = (low.max(first), high.min(last));
                let shifted = |character: char| char::from_u32((character as i32 + shift) as u32);
                if from <= to
                    && let (Some(from), Some(to)) = (shifted(from), shifted(to))
                {
                    self.ranges.push((from, to));
                }
            }
        }
        self
    }
}

pub(super) struct Parser {
    text: Vec<char>,
    at: usize,
    ignores_case: bool,
}

impl Parser {
    /// Reads a whole expression.
    pub(super) fn parse(text: &str) -> Result<Node, InvalidRegex> {
        let mut parser = Self {
            text: text.chars().collect(),
            at: 0,
            ignores_case: false,
        };
        let node = parser.alternatives(0)?;
        match parser.at < parser.text.len() {
            true => parser.error("a ) without a ("),
            false => Ok(node),
        }
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    fn takes(&mut self, character: char) -> bool {
        let is_next = self.peek() == Some(character);
        self.at += usize::from(is_next);
        is_next
    }

    fn error<T>(&self, problem: &str) -> Result<T, InvalidRegex> {
        let text: String = self.text.iter().collect();
        Err(InvalidRegex(format!("{}: {problem}", excerpt(&text))))
    }

    fn alternatives(&mut self, depth: usize) -> Result<Node, InvalidRegex> {
        if depth > DEEPEST {
            return self.error("its groups are nested too deeply");
        }
        let mut alternatives = vec![self.sequence(depth)?];
        while self.takes('|') {
            alternatives.push(self.sequence(depth)?);
        }
        Ok(Node::Any(alternatives))
    }

    fn sequence(&mut self, depth: usize) -> Result<Node, InvalidRegex> {
        let mut nodes = Vec::new();
        while let Some(character) = self.peek() {
            if character == '|' || character == ')' {
                break;
            }
            let node = self.atom(depth)?;
            nodes.push(self.repeated(node)?);
        }
        Ok(Node::All(nodes))
    }

    fn repeated(&mut self, node: Node) -> Result<Node, InvalidRegex> {
        let mut node = node;
        loop {
            let (least, most) = match self.peek() {
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('?') => (0, Some(1)),
                Some('{') => match self.counts()? {
                    Some(counts) => counts,
                    None => return Ok(node),
                },
                _ => return Ok(node),
            };
            self.at += 1;
            // Whether it takes as little as it can does not change what matches.
            self.takes('?');
            if matches!(self.peek(), Some('*' | '+')) {
                return self.error("a repetition of a repetition");
            }
            node = Node::Repeat(Box::new(node), least, most);
        }
    }

    /// The numbers of `{2,3}`, before its closing brace; `None` if the brace stands for itself.
    fn counts(&mut self) -> Result<Option<(u32, Option<u32>)>, InvalidRegex> {
        let rest: String = self.text[self.at + 1..]
            .iter()
            .take_while(|&&next| next != '}')
            .collect();
        let is_closed = self.text.get(self.at + 1 + rest.chars().count()) == Some(&'}');
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u32>().ok().filter(|_| is_plain)
        };
        let counts = match rest.split_once(',') {
            None => number(&rest).map(|count| (count, Some(count))),
            Some((least, "")) => number(least).map(|least| (least, None)),
            Some((least, most)) => number(least)
                .zip(number(most))
                .map(|(least, most)| (least, Some(most))),
        };
        let Some((least, most)) = counts.filter(|_| is_closed) else {
            return Ok(None);
        };
        if least > MOST_REPEATED || most.is_some_and(|most| most > MOST_REPEATED || most < least) {
            return self.error("a repetition that is too large or whose end is before its start");
        }
        self.at += 1 + rest.chars().count();
        Ok(Some((least, most)))
    }

    fn atom(&mut self, depth: usize) -> Result<Node, InvalidRegex> {
        let Some(character) = self.peek() else {
            return Ok(Node::Empty);
        };
        self.at += 1;
        match character {
            '(' => self.group(depth),
            '[' => Ok(Node::One(self.class()?)),
            '.' => Ok(Node::One(Class::of(&[('\n', '\n')], true))),
            '^' => Ok(Node::Start),
            '$' => Ok(Node::End),
            '*' | '+' | '?' => self.error("a repetition of nothing"),
            '\\' => self.escape(),
            literal => Ok(Node::One(self.literal(literal))),
        }
    }

    fn literal(&self, character: char) -> Class {
        let class = Class::of(&[(character, character)], false);
        if self.ignores_case {
            class.ignoring_case()
        } else {
            class
        }
    }

    fn group(&mut self, depth: usize) -> Result<Node, InvalidRegex> {
        let outer = self.ignores_case;
        if self.takes('?') {
            let rest: String = self.text[self.at..].iter().collect();
            if rest.starts_with('=')
                || rest.starts_with('!')
                || rest.starts_with("<=")
                || rest.starts_with("<!")
            {
                return self.error("looking ahead or behind is not supported");
            }
            if rest.starts_with("P<") || rest.starts_with('<') {
                while self.peek().is_some_and(|next| next != '>') {
                    self.at += 1;
                }
                self.at += 1;
            } else {
                while let Some(flag) = self.peek() {
                    match flag {
                        'i' => self.ignores_case = true,
                        's' | 'm' | 'U' => {}
                        ':' | ')' => break,
                        _ => return self.error("an unknown kind of group"),
                    }
                    self.at += 1;
                }
                if self.takes(')') {
                    // Flags for the rest of the group around it.
                    return Ok(Node::Empty);
                }
                self.takes(':');
            }
        }
        let node = self.alternatives(depth + 1)?;
        if !self.takes(')') {
            return self.error("a ( without a )");
        }
        self.ignores_case = outer;
        Ok(node)
    }

    fn escape(&mut self) -> Result<Node, InvalidRegex> {
        let Some(character) = self.peek() else {
            return self.error("it ends with a backslash");
        };
        self.at += 1;
        Ok(match character {
            'b' => Node::WordBoundary(true),
            'B' => Node::WordBoundary(false),
            'A' => Node::Start,
            'z' | 'Z' => Node::End,
            't' => Node::One(Class::of(&[('\t', '\t')], false)),
            'n' => Node::One(Class::of(&[('\n', '\n')], false)),
            other => match Class::escaped(other) {
                Some(class) => Node::One(class),
                None if other.is_ascii_alphanumeric() => {
                    return self.error("an escaped letter or digit without a meaning");
                }
                None => Node::One(Class::of(&[(other, other)], false)),
            },
        })
    }

    fn class(&mut self) -> Result<Class, InvalidRegex> {
        let mut class = Class {
            is_negated: self.takes('^'),
            ..Class::default()
        };
        let mut is_first = true;
        loop {
            let Some(character) = self.peek() else {
                return self.error("a [ without a ]");
            };
            self.at += 1;
            if character == ']' && !is_first {
                break;
            }
            is_first = false;
            if character == '[' && self.peek() == Some(':') {
                return self.error("named classes such as [:alpha:] are not supported");
            }
            let low = if character == '\\' {
                let Some(escaped) = self.peek() else {
                    return self.error("it ends with a backslash");
                };
                self.at += 1;
                match Class::escaped(escaped) {
                    Some(own) if !own.is_negated => {
                        class.ranges.extend(own.ranges);
                        continue;
                    }
                    Some(_) => return self.error("a negated class within a class is not supported"),
                    None => escaped,
                }
            } else {
                character
            };
            let is_range =
                self.peek() == Some('-') && self.text.get(self.at + 1).is_some_and(|&next| next != ']');
            if !is_range {
                class.ranges.push((low, low));
                continue;
            }
            self.at += 1;
            self.takes('\\');
            let high = self.peek().unwrap_or(low);
            self.at += 1;
            if high < low {
                return self.error("a range whose end is before its start");
            }
            class.ranges.push((low, high));
        }
        Ok(if self.ignores_case {
            class.ignoring_case()
        } else {
            class
        })
    }
}
