//! A file of the page, in the forms in which browsers get it.

use std::io::Write as _;
use std::sync::OnceLock;

use actix_web::web::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

/// A file of the page.
pub(super) struct Asset {
    path: &'static str,
    content: Bytes,
    /// Compressed when it is first asked for.
    compressed: OnceLock<Bytes>,
}

impl Asset {
    /// A file from its text. What others wrote is kept as it is, with its licence.
    pub(super) fn new(path: &'static str, text: &'static str) -> Self {
        let is_ours = !path.starts_with("vendor/") && (path.ends_with(".js") || path.ends_with(".css"));
        let content = if is_ours {
            Bytes::from(without_comments(text))
        } else {
            Bytes::from_static(text.as_bytes())
        };
        Self {
            path,
            content,
            compressed: OnceLock::new(),
        }
    }

    /// Where it is below the folder of assets.
    pub(super) fn path(&self) -> &'static str {
        self.path
    }

    /// What it contains.
    pub(super) fn content(&self) -> &Bytes {
        &self.content
    }

    /// The content as gzip. A file is compressed once and therefore as small as gzip can.
    pub(super) fn compressed(&self) -> &Bytes {
        self.compressed.get_or_init(|| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            let written = encoder.write_all(&self.content).and_then(|()| encoder.finish());
            // Writing into memory does not fail.
            Bytes::from(written.unwrap_or_default())
        })
    }

    /// Its media type.
    pub(super) fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("js") => "text/javascript; charset=utf-8",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        }
    }
}

/// A script or style sheet of ours without comments and indentation: they are a third of its size, for readers of the
/// source alone. It takes what our formatting produces, not any script: a comment ends its line or is `/* … */` with
/// spaces within, and no text in quotes goes over several lines.
fn without_comments(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, end)) = next_comment(rest) {
        code.push_str(&rest[..start]);
        rest = rest[end..].trim_start_matches(' ');
    }
    code.push_str(rest);
    code.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

/// Where the first `/* … */` begins and ends. A pattern such as `team/**` in a text is none.
fn next_comment(text: &str) -> Option<(usize, usize)> {
    text.match_indices("/*").find_map(|(start, _)| {
        let inner = text[start + 2..].trim_start_matches('*');
        if !inner.starts_with(char::is_whitespace) {
            return None;
        }
        let length = text[start + 2..].find("*/")?;
        Some((start, start + 2 + length + 2))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn a_script_is_served_without_comments_and_with_all_its_code() {
        let script = "// What this is for.\n\n\
            /** @typedef {Node | string} Child */\n\n\
            /**\n * @param {string} text A pattern.\n */\n\
            export function show(/** @type {Child} */ text) {\n  \
              // Why.\n  \
              const url = 'http://x//y';\n  \
              return { url, hint: 'team/**', all: /** @type {any} */ (text), part: text / 2 };\n}\n";
        assert_eq!(
            without_comments(script),
            "export function show(text) {\nconst url = 'http://x//y';\n\
             return { url, hint: 'team/**', all: (text), part: text / 2 };\n}\n"
        );
        assert_eq!(
            without_comments("/* Colours. */\n:root {\n  --line: #fff; /* White. */\n}\n"),
            ":root {\n--line: #fff;\n}\n"
        );
    }

    #[test]
    fn what_others_wrote_keeps_its_licence() {
        let text = "/*! Licence. */\nrun();\n";
        assert_eq!(*Asset::new("vendor/chart.js", text).content(), *text);
    }

    #[test]
    fn the_compressed_form_has_the_same_content() {
        let asset = Asset::new("a.js", "export const a = 1;\n");
        let mut text = String::new();
        GzDecoder::new(&**asset.compressed())
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "export const a = 1;\n");
    }
}
