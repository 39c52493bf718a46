use serde::de::DeserializeOwned;

use super::text::excerpt;

/// Parses a JSON object. serde would also fill a struct from a JSON array, field by field, which other clients do not
/// do; a document must have one meaning for all clients.
pub(super) fn json_object<T: DeserializeOwned>(content: &[u8]) -> Result<T, String> {
    let is_object = content.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    if !is_object {
        return Err("expected a JSON object".to_owned());
    }
    // serde repeats the unexpected value, which is hostile text of any length.
    serde_json::from_slice(content).map_err(|error| excerpt(&error.to_string()))
}
