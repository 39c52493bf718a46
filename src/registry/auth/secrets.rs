use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Whether a text contains a secret: the encoded form of a Basic credential, or its password.
pub(super) fn repeats(text: &str, secret: &str) -> bool {
    let decoded = STANDARD
        .decode(secret)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok());
    let password = decoded
        .as_deref()
        .and_then(|pair| pair.split_once(':'))
        .map(|(_, password)| password);
    [Some(secret), password]
        .into_iter()
        .flatten()
        .any(|secret| !secret.is_empty() && text.contains(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_secret_is_noticed_in_both_forms() {
        let encoded = STANDARD.encode("me:hunter2");
        assert!(repeats("you said hunter2", &encoded));
        assert!(repeats(&format!("you said {encoded}"), &encoded));
        assert!(!repeats("you said nothing", &encoded));
    }
}
