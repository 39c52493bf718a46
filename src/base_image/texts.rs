//! Keys of step texts that stay equal when a base is rebuilt.
//!
//! A rebuild changes version numbers, checksums and the builder's way of writing the same instruction.
//! All of that is left out of a key, so that equal keys mean the same line of a Dockerfile.

use super::ImageFacts;

/// The key of a step's text without numbers, hashes, white space and the builder's own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct TextKey(u64);

/// The key of a sequence of steps or layers, updated by each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Chain(u64);

impl Chain {
    /// The key of the empty sequence. Our choice: any number but zero does; this one is "tare" in ASCII.
    pub const START: Self = Self(0x7461_7265);

    /// The key after one more element.
    pub fn then(self, key: u64) -> Self {
        // Both halves of a 128-bit product: order matters and no bit of either side is lost cheaply.
        let mixed =
            u128::from(self.0 ^ 0x9e37_79b9_7f4a_7c15) * u128::from((key ^ 0xd6e8_feb8_6659_fd93) | 1);
        Self((mixed as u64) ^ ((mixed >> 64) as u64).rotate_left(29) ^ key)
    }
}

impl TextKey {
    /// Computes the key in one pass, without a copy of the text.
    pub fn new(text: &str) -> Self {
        let mut key = Key::new();
        for word in instruction(text).split_ascii_whitespace() {
            key.word(word);
        }
        Self(key.0)
    }

    /// The keys of an image's whole history.
    pub fn from_history(facts: &ImageFacts) -> Vec<Self> {
        let history = facts.config.as_ref().map_or(&[][..], |config| &config.history);
        history.iter().map(|step| Self::new(&step.created_by)).collect()
    }

    /// The key as a number, to go into a [`Chain`].
    pub fn get(self) -> u64 {
        self.0
    }
}

/// The text without the builder's additions to the instruction.
fn instruction(text: &str) -> &str {
    let mut text = text.trim();
    text = text.strip_suffix("# buildkit").unwrap_or(text);
    text = text.strip_prefix("RUN ").unwrap_or(text).trim_start();
    if let Some(arguments) = text.strip_prefix('|')
        && let Some(at) = arguments.find("/bin/sh -c")
    {
        text = &arguments[at..];
    }
    text = text.strip_prefix("/bin/sh -c").unwrap_or(text).trim_start();
    text.strip_prefix("#(nop)").unwrap_or(text)
}

/// FNV-1a over what is left of each word.
struct Key(u64);

impl Key {
    fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }

    fn word(&mut self, word: &str) {
        let mut rest = word.as_bytes();
        while let Some(&first) = rest.first() {
            let length = rest
                .iter()
                .position(|byte| !byte.is_ascii_alphanumeric())
                .unwrap_or(rest.len());
            if length == 0 {
                self.byte(first);
                rest = &rest[1..];
                continue;
            }
            let (run, after) = rest.split_at(length);
            self.run(run);
            rest = after;
        }
        self.byte(b' ');
    }

    /// Letters and digits: a hash counts as one mark, and so does each number within other words.
    fn run(&mut self, run: &[u8]) {
        if run.len() >= 12 && run.iter().all(u8::is_ascii_hexdigit) && run.iter().any(u8::is_ascii_digit) {
            self.byte(b'#');
            return;
        }
        let mut in_number = false;
        for &byte in run {
            if !byte.is_ascii_digit() {
                self.byte(byte);
            } else if !in_number {
                self.byte(b'0');
            }
            in_number = byte.is_ascii_digit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_line_has_one_key_whoever_built_it_and_whenever() {
        for (one, two) in [
            (
                "/bin/sh -c #(nop)  ENV NODE_VERSION=8.9.4",
                "ENV NODE_VERSION=22.11.0",
            ),
            (
                "/bin/sh -c #(nop) ADD file:5b334adf9d9a2256add2a801b49d4b23c93b0973ec22bb798973d571c948f102 in / ",
                "ADD file:39d3593ea220e686d5450244ef9dd6c934e3b288a29212d332ec33942b7bf218 in /",
            ),
            (
                "|1 VERSION=x /bin/sh -c set -ex  \t&& curl -o a-1.2.tgz",
                "RUN |1 VERSION=y /bin/sh -c set -ex && curl -o a-1.30.tgz # buildkit",
            ),
            ("/bin/sh -c make", "RUN make # buildkit"),
        ] {
            assert_eq!(TextKey::new(one), TextKey::new(two), "{one} {two}");
        }
    }

    #[test]
    fn other_lines_have_other_keys() {
        for (one, two) in [
            ("ENV NODE_VERSION=8", "ENV RUBY_VERSION=8"),
            ("RUN apt-get install -y curl", "RUN apt-get install -y wget"),
            ("CMD [\"bash\"]", "CMD [\"/bin/bash\"]"),
        ] {
            assert_ne!(TextKey::new(one), TextKey::new(two), "{one} {two}");
        }
    }

    #[test]
    fn order_matters_to_a_chain() {
        let start = Chain::START;
        assert_ne!(start.then(1).then(2), start.then(2).then(1));
        assert_ne!(start.then(1), start.then(1).then(1));
    }
}
