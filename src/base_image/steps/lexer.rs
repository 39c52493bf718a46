//! The words and operators of a shell script.

/// A token of a shell script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// A word without its quotes; whether any part was quoted; whether it names a variable to fill in.
    Word { text: String, quoted: bool },
    /// `;`, `&&`, `||`, `|`, `&`, `(`, `)`, `;;` or the end of a line.
    Operator(&'static str),
    /// A redirection; its target is the next word.
    Redirect,
    /// `<<WORD`: the document's text.
    Document(String),
}

/// Splits a script into words and operators.
pub(super) struct Lexer<'a> {
    rest: std::iter::Peekable<std::str::CharIndices<'a>>,
    text: &'a str,
    tokens: Vec<Token>,
    word: String,
    in_word: bool,
    quoted: bool,
    /// Here-documents whose text begins after the end of this line: word, and whether tabs are dropped.
    pending: Vec<String>,
    expects_document_word: bool,
}

impl<'a> Lexer<'a> {
    /// Starts at the beginning of a script.
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text.char_indices().peekable(),
            text,
            tokens: Vec::new(),
            word: String::new(),
            in_word: false,
            quoted: false,
            pending: Vec::new(),
            expects_document_word: false,
        }
    }

    /// Everything in it, in order.
    pub fn tokens(mut self) -> Vec<Token> {
        while let Some((at, character)) = self.rest.next() {
            match character {
                '\\' => match self.rest.next() {
                    // A continued line.
                    Some((_, '\n')) | None => {}
                    Some((_, '\r')) => {
                        self.take('\n');
                    }
                    Some((_, escaped)) => self.push(escaped),
                },
                '\'' => self.single_quotes(),
                '"' => self.double_quotes(),
                '$' => self.dollar(),
                '`' => self.backquotes(),
                '#' if !self.in_word => self.comment(),
                '\n' => {
                    self.end_word();
                    self.operator("\n");
                    self.documents();
                }
                ' ' | '\t' | '\r' => self.end_word(),
                ';' => {
                    self.end_word();
                    let operator = if self.take(';') { ";;" } else { ";" };
                    self.operator(operator);
                }
                '&' => {
                    self.end_word();
                    if self.take('>') {
                        self.take('>');
                        self.tokens.push(Token::Redirect);
                    } else {
                        let operator = if self.take('&') { "&&" } else { "&" };
                        self.operator(operator);
                    }
                }
                '|' => {
                    self.end_word();
                    let operator = if self.take('|') { "||" } else { "|" };
                    self.take('&');
                    self.operator(operator);
                }
                '(' if self.word.ends_with('=') => self.array(),
                '(' => {
                    self.end_word();
                    self.operator("(");
                }
                ')' => {
                    self.end_word();
                    self.operator(")");
                }
                '<' | '>' => self.redirection(at, character),
                other => self.push(other),
            }
        }
        self.end_word();
        self.tokens
    }

    fn push(&mut self, character: char) {
        self.in_word = true;
        self.word.push(character);
    }

    fn take(&mut self, wanted: char) -> bool {
        self.rest.next_if(|(_, character)| *character == wanted).is_some()
    }

    fn operator(&mut self, operator: &'static str) {
        self.tokens.push(Token::Operator(operator));
    }

    fn end_word(&mut self) {
        if !std::mem::take(&mut self.in_word) {
            return;
        }
        let text = std::mem::take(&mut self.word);
        let quoted = std::mem::take(&mut self.quoted);
        if std::mem::take(&mut self.expects_document_word) {
            self.pending.push(text);
        } else {
            self.tokens.push(Token::Word { text, quoted });
        }
    }

    fn single_quotes(&mut self) {
        self.in_word = true;
        self.quoted = true;
        for (_, character) in self.rest.by_ref() {
            if character == '\'' {
                return;
            }
            self.word.push(character);
        }
    }

    fn double_quotes(&mut self) {
        self.in_word = true;
        self.quoted = true;
        while let Some((_, character)) = self.rest.next() {
            match character {
                '"' => return,
                '\\' => match self.rest.next() {
                    Some((_, escaped @ ('"' | '\\' | '$' | '`'))) => self.word.push(escaped),
                    Some((_, '\n')) | None => {}
                    Some((_, other)) => {
                        self.word.push('\\');
                        self.word.push(other);
                    }
                },
                '$' => self.dollar(),
                '`' => self.backquotes(),
                other => self.word.push(other),
            }
        }
    }

    /// `$name`, `${…}`, `$(…)`, `$((…))`: kept as written, so that operators inside are not parsed.
    fn dollar(&mut self) {
        self.push('$');
        let (open, close) = match self.rest.peek() {
            Some((_, '{')) => ('{', '}'),
            Some((_, '(')) => ('(', ')'),
            _ => return,
        };
        let mut depth = 0_usize;
        let mut quote = None;
        while let Some((_, character)) = self.rest.next() {
            self.word.push(character);
            match (quote, character) {
                (_, '\\') => {
                    if let Some((_, escaped)) = self.rest.next() {
                        self.word.push(escaped);
                    }
                }
                (Some(open_quote), character) if character == open_quote => quote = None,
                (Some(_), _) => {}
                (None, '\'' | '"') if open == '(' => quote = Some(character),
                (None, character) if character == open => depth += 1,
                (None, character) if character == close => {
                    depth -= 1;
                    if depth == 0 {
                        return;
                    }
                }
                _ => {}
            }
        }
    }

    /// `name=(a b)`: the words of a list become the value.
    fn array(&mut self) {
        for (_, character) in self.rest.by_ref() {
            if character == ')' {
                return;
            }
            self.word.push(character);
        }
    }

    fn backquotes(&mut self) {
        self.push('`');
        while let Some((_, character)) = self.rest.next() {
            self.word.push(character);
            match character {
                '`' => return,
                '\\' => {
                    if let Some((_, escaped)) = self.rest.next() {
                        self.word.push(escaped);
                    }
                }
                _ => {}
            }
        }
    }

    fn comment(&mut self) {
        while self.rest.next_if(|(_, character)| *character != '\n').is_some() {}
    }

    fn redirection(&mut self, at: usize, character: char) {
        // The number of a file before it is part of the redirection: `2>&1`.
        if self.in_word && !self.quoted && self.word.bytes().all(|b| b.is_ascii_digit()) {
            self.in_word = false;
            self.word.clear();
        }
        self.end_word();
        if character == '<' && self.take('<') {
            if self.take('<') {
                // `<<<word`.
                self.tokens.push(Token::Redirect);
                return;
            }
            self.take('-');
            self.expects_document_word = true;
            return;
        }
        if matches!(self.rest.peek(), Some((_, '('))) {
            // `<(command)`: its commands run too.
            return;
        }
        self.rest
            .next_if(|(_, next)| matches!(next, '>' | '&' | '|' | '<'));
        debug_assert!(self.text.is_char_boundary(at));
        self.tokens.push(Token::Redirect);
    }

    /// Reads the here-documents announced on the line that has just ended.
    fn documents(&mut self) {
        for word in std::mem::take(&mut self.pending) {
            let mut document = String::new();
            while let Some(&(start, _)) = self.rest.peek() {
                let end = self.text[start..]
                    .find('\n')
                    .map_or(self.text.len(), |at| start + at + 1);
                while self.rest.next_if(|(at, _)| *at < end).is_some() {}
                let line = &self.text[start..end];
                if line.trim() == word {
                    break;
                }
                document.push_str(line);
            }
            // It belongs to the command before the line's end.
            let at = self.tokens.len().saturating_sub(1);
            self.tokens.insert(at, Token::Document(document));
        }
    }
}
