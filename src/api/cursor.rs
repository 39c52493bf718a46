//! Cursors: where the next page of a list begins.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::problem::{OUTDATED_CURSOR, Problem};

/// The maximum length of a cursor. Our choice: two names of 255 bytes and the identity of the list take 698 characters
/// in Base64.
pub(super) const LONGEST_CURSOR: usize = 1024;

/// The list that a cursor belongs to: one state of the figures, one choice of filters and order.
pub(super) struct ListIdentity(String);

impl ListIdentity {
    /// The identity of a list: its snapshot and its filters and order.
    pub(super) fn new(snapshot: &str, selection: &str) -> Self {
        let digest = Sha256::digest(format!("{snapshot}\n{selection}"));
        Self(URL_SAFE_NO_PAD.encode(&digest[..9]))
    }

    /// A cursor to the row after this key.
    pub(super) fn after(&self, key: &str) -> String {
        URL_SAFE_NO_PAD.encode(format!("{}{key}", self.0))
    }

    /// The key of the row before the cursor.
    ///
    /// # Errors
    /// If the cursor belongs to another list.
    pub(super) fn key_of(&self, cursor: &str) -> Result<String, Problem> {
        URL_SAFE_NO_PAD
            .decode(cursor)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok())
            .and_then(|text| text.strip_prefix(&self.0).map(str::to_owned))
            .ok_or_else(|| {
                Problem::new(
                    &OUTDATED_CURSOR,
                    "the figures, filters or order have changed; start again without a cursor",
                )
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_valid_only_for_its_list() {
        let list = ListIdentity::new("a", "sort=name");
        let cursor = list.after("reg.example.com team/api");
        assert_eq!(list.key_of(&cursor).unwrap(), "reg.example.com team/api");
        for other in [
            ListIdentity::new("b", "sort=name"),
            ListIdentity::new("a", "sort=-name"),
        ] {
            assert!(other.key_of(&cursor).is_err());
        }
        for nonsense in ["", "AAAA", "!", "w6Q"] {
            assert!(list.key_of(nonsense).is_err(), "{nonsense}");
        }
    }
}
