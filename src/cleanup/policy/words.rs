//! The words of a command line, as a shell divides them.

/// Divides a command line at spaces; quotes keep spaces, a backslash takes the next character as it is.
pub(super) fn words(line: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, ' ' | '\t') => words.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(character);
                word.get_or_insert_default();
            }
            (Some(open), close) if open == close => quote = None,
            (None, '\\') => word.get_or_insert_default().extend(characters.next()),
            // Within double quotes, a backslash before other characters stands for itself.
            (Some('"'), '\\') if matches!(characters.peek(), Some('"' | '\\' | '$' | '`')) => {
                word.get_or_insert_default().extend(characters.next());
            }
            (_, other) => word.get_or_insert_default().push(other),
        }
    }
    if let Some(quote) = quote {
        return Err(format!("a quote {quote} is not closed"));
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_divided_as_by_a_shell() {
        let line = r#"--filter 'a b:.*' --ago 7d "x\.y" c\ d e"f"'g' """#;
        let expected = ["--filter", "a b:.*", "--ago", "7d", r"x\.y", "c d", "efg", ""];
        assert_eq!(words(line).unwrap(), expected);
        assert!(words("'open").is_err());
    }
}
