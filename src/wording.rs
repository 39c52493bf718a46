//! Messages for people: which known name was probably meant, and lines that fit a terminal.

use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

/// The known name that is most like `word` in spelling; `None` if none is near.
///
/// Near means: at most a third of the longer name's characters differ, and at least one may.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter_map(|name| Some((distance(word, name)?, name)))
        .min()
        .map(|(_, name)| name)
}

/// How many characters differ; `None` if the names are not near.
pub fn distance(word: &str, name: &str) -> Option<usize> {
    let distance = strsim::damerau_levenshtein(word, name);
    let longer = word.chars().count().max(name.chars().count());
    (distance <= (longer / 3).max(1)).then_some(distance)
}

/// The known name of several words (`azure-container-registry-premium`) that has most of the words of `text`
/// (`azure-premium`), or is like it in spelling; `None` if it has none of them.
pub fn nearest_by_words<'a>(text: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<&'a str> {
    let text = text.to_lowercase();
    if let Some(name) = nearest(&text, known.clone()) {
        return Some(name);
    }
    let wanted: Vec<&str> = words(&text).collect();
    let shared = |name: &str| {
        wanted
            .iter()
            .filter(|wanted| words(name).any(|word| word == **wanted || is_misspelt(wanted, word)))
            .count()
    };
    known
        .into_iter()
        .map(|name| (shared(name), name))
        .filter(|(shared, _)| *shared > 0)
        // The most words in common, then a name that starts with the first of them, then the shortest, then the first.
        .min_by_key(|(shared, name)| {
            let starts_alike = wanted.first().is_some_and(|word| name.starts_with(word));
            (usize::MAX - shared, !starts_alike, name.len(), *name)
        })
        .map(|(_, name)| name)
}

/// Whether a word of four letters or more differs in one. Shorter words are often others of the same length.
fn is_misspelt(wanted: &str, word: &str) -> bool {
    wanted.len() >= 4 && distance(wanted, word) == Some(1)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 1)
}

/// Paragraphs broken between words into lines of at most so many characters. Longer words stay whole. Lines that start
/// with spaces go on with as many.
pub fn wrapped(text: &str, width: usize) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let indent = &line[..line.len() - line.trim_start_matches(' ').len()];
            let options = Options::new(width)
                .subsequent_indent(indent)
                .break_words(false)
                .word_separator(WordSeparator::AsciiSpace)
                .word_splitter(WordSplitter::NoHyphenation)
                .wrap_algorithm(WrapAlgorithm::FirstFit);
            // A number stays with its percent sign.
            textwrap::fill(&line.replace(" %", "\u{a0}%"), options).replace("\u{a0}%", " %")
        })
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typing_error_is_recognised_and_another_word_is_not() {
        let known = ["nginx", "bonita", "crux", "gcc", "julia"];
        assert_eq!(nearest("ngnix", known), Some("nginx"));
        assert_eq!(nearest("redis", known), None);
    }

    #[test]
    fn a_name_is_found_by_some_of_its_words() {
        let known = [
            "aws-ecr",
            "azure-container-registry-basic",
            "azure-container-registry-premium",
            "docker-hub-pro",
        ];
        let meant = |text| nearest_by_words(text, known);
        assert_eq!(meant("azure-premium"), Some("azure-container-registry-premium"));
        assert_eq!(meant("acr-premium"), Some("azure-container-registry-premium"));
        assert_eq!(meant("Azure"), Some("azure-container-registry-basic"));
        assert_eq!(meant("ecr"), Some("aws-ecr"));
        assert_eq!(meant("quay"), None);
    }

    #[test]
    fn lines_break_between_words_only_and_keep_their_indentation() {
        assert_eq!(wrapped("one two three", 7), "one two\nthree");
        assert_eq!(wrapped("anextremelylongword a", 4), "anextremelylongword\na");
        assert_eq!(wrapped("  one two\nthree-four", 6), "  one\n  two\nthree-four");
        assert_eq!(wrapped("off by 2.9 %.", 10), "off by\n2.9 %.");
    }
}
