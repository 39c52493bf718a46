//! The keys that an issuer publishes (JWK Set, RFC 7517), as far as tokens can be checked with them.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde::Deserialize;

use super::signatures::ED25519_NAME;

/// The most keys that an issuer may publish. Large providers have about ten.
const MOST_KEYS: usize = 100;
/// The moduli of RSA keys that are accepted, in bytes: those that ring checks signatures with (2048 to 8192 bits).
const RSA_MODULUS: std::ops::RangeInclusive<usize> = 256..=1024;

/// The keys of an issuer.
#[derive(Debug)]
pub(super) struct KeySet {
    keys: Vec<IssuerKey>,
}

/// One key, and what it may be used with.
#[derive(Debug)]
pub(super) struct IssuerKey {
    id: Option<String>,
    pub algorithms: Vec<Algorithm>,
    pub key: DecodingKey,
}

/// Why no key of a set can check a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoKey {
    /// None has the id that the token names: the issuer may have made it since.
    Unknown,
    /// The key that the token names is for other algorithms.
    OtherAlgorithm,
    /// The token names no key, and several could be meant.
    Unnamed,
}

/// Why a set of keys cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidKeys {
    /// It is not a JWK Set.
    #[error("they are no JWK Set (RFC 7517)")]
    NotASet,
    /// There are too many.
    #[error("there are {0} of them, and at most {MOST_KEYS} are read")]
    TooMany(usize),
    /// None is for checking signatures by an algorithm that is accepted.
    #[error(
        "none of the {0} can check signatures of tokens: RSA of 2048 to 8192 bits, P-256, P-384 or Ed25519"
    )]
    NoneUsable(usize),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// Reads a JWK Set. Keys for other purposes, of unknown types, and shared secrets are left out.
    ///
    /// # Errors
    /// If it is not a JWK Set, has too many keys, or none that can check tokens.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidKeys> {
        let document: Document = serde_json::from_slice(text).map_err(|_| InvalidKeys::NotASet)?;
        let published = document.keys.len();
        if published > MOST_KEYS {
            return Err(InvalidKeys::TooMany(published));
        }
        let keys: Vec<IssuerKey> = document.keys.into_iter().filter_map(usable).collect();
        if keys.is_empty() {
            return Err(InvalidKeys::NoneUsable(published));
        }
        Ok(Self { keys })
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// The keys that may have signed a token with this key id and algorithm. There may be several: ids should differ, but
    /// need not.
    ///
    /// # Errors
    /// If no key matches.
    pub fn matching(&self, id: Option<&str>, algorithm: Algorithm) -> Result<Vec<&IssuerKey>, NoKey> {
        let fits = |key: &&IssuerKey| key.algorithms.contains(&algorithm);
        let Some(id) = id else {
            // OpenID Connect Core 1.0, section 10.1: with several keys, a token has to name its own.
            let matching: Vec<&IssuerKey> = self.keys.iter().filter(fits).collect();
            return if matching.len() == 1 {
                Ok(matching)
            } else {
                Err(NoKey::Unnamed)
            };
        };
        let mut named = self
            .keys
            .iter()
            .filter(|key| key.id.as_deref() == Some(id))
            .peekable();
        if named.peek().is_none() {
            return Err(NoKey::Unknown);
        }
        let matching: Vec<&IssuerKey> = named.filter(fits).collect();
        if matching.is_empty() {
            return Err(NoKey::OtherAlgorithm);
        }
        Ok(matching)
    }
}

/// A key that can check the signatures of tokens; `None` if it is for something else.
fn usable(mut key: serde_json::Value) -> Option<IssuerKey> {
    // `jsonwebtoken` knows the older name only.
    if key.get("alg").and_then(|alg| alg.as_str()) == Some(ED25519_NAME) {
        key["alg"] = "EdDSA".into();
    }
    let jwk: Jwk = serde_json::from_value(key).ok()?;
    let is_for_signatures = matches!(jwk.common.public_key_use, None | Some(PublicKeyUse::Signature));
    let operations = jwk.common.key_operations.as_ref();
    if !is_for_signatures || operations.is_some_and(|all| !all.contains(&KeyOperations::Verify)) {
        return None;
    }
    let mut algorithms = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => AlgorithmFamily::Rsa.algorithms().to_vec(),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => vec![Algorithm::ES256],
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => vec![Algorithm::ES384],
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            vec![Algorithm::EdDSA]
        }
        _ => return None,
    };
    if let Some(only) = jwk.common.key_algorithm {
        let only = Algorithm::try_from(only).ok()?;
        algorithms.retain(|algorithm| *algorithm == only);
    }
    let key = DecodingKey::from_jwk(&jwk).ok()?;
    let is_sound = match key.kind() {
        DecodingKeyKind::RsaModulusExponent { n, .. } => RSA_MODULUS.contains(&n.len()),
        DecodingKeyKind::SecretOrDer(_) => true,
    };
    (is_sound && !algorithms.is_empty()).then_some(IssuerKey {
        id: jwk.common.key_id,
        algorithms,
        key,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(keys: Value) -> Result<KeySet, InvalidKeys> {
        KeySet::parse(json!({"keys": keys}).to_string().as_bytes())
    }

    /// An RSA key with an arbitrary modulus.
    fn rsa(id: &str, more: &[(&str, Value)]) -> Value {
        let mut key = json!({"kty": "RSA", "kid": id, "n": "A".repeat(342), "e": "AQAB"});
        for (name, value) in more {
            key[name] = value.clone();
        }
        key
    }

    #[test]
    fn a_token_gets_the_key_that_it_names_and_no_other() {
        let keys = set(json!([
            rsa("one", &[]),
            rsa("two", &[("alg", json!("PS256"))]),
            {"kty": "EC", "crv": "P-256", "kid": "three", "x": "AA", "y": "AA"},
        ]))
        .unwrap();
        assert_eq!(keys.matching(Some("one"), Algorithm::RS256).unwrap().len(), 1);
        assert_eq!(keys.matching(Some("two"), Algorithm::PS256).unwrap().len(), 1);
        let no = |id, algorithm| keys.matching(id, algorithm).unwrap_err();
        assert_eq!(no(Some("two"), Algorithm::RS256), NoKey::OtherAlgorithm);
        assert_eq!(no(Some("one"), Algorithm::ES256), NoKey::OtherAlgorithm);
        assert_eq!(no(Some("one"), Algorithm::HS256), NoKey::OtherAlgorithm);
        assert_eq!(no(Some("four"), Algorithm::RS256), NoKey::Unknown);
        assert_eq!(no(None, Algorithm::PS256), NoKey::Unnamed);
        assert_eq!(keys.matching(None, Algorithm::ES256).unwrap().len(), 1);
    }

    #[test]
    fn keys_with_one_id_are_all_tried() {
        let keys = set(json!([rsa("one", &[]), rsa("one", &[]), rsa("two", &[])])).unwrap();
        assert_eq!(keys.matching(Some("one"), Algorithm::RS256).unwrap().len(), 2);
    }

    #[test]
    fn keys_for_something_else_and_shared_secrets_are_left_out() {
        for key in [
            rsa("x", &[("use", json!("enc"))]),
            rsa("x", &[("key_ops", json!(["encrypt"]))]),
            rsa("x", &[("alg", json!("RSA-OAEP"))]),
            rsa("x", &[("alg", json!("HS256"))]),
            rsa("x", &[("n", json!("A".repeat(100)))]),
            rsa("x", &[("n", json!("not base64!"))]),
            json!({"kty": "oct", "kid": "x", "k": "c2VjcmV0"}),
            json!({"kty": "EC", "crv": "P-521", "kid": "x", "x": "AA", "y": "AA"}),
            json!({"kty": "EC", "crv": "secp256k1", "kid": "x", "x": "AA", "y": "AA"}),
            json!({"kty": "something new"}),
            json!("no key"),
        ] {
            assert_eq!(
                set(json!([key])).unwrap_err(),
                InvalidKeys::NoneUsable(1),
                "{key}"
            );
            let beside = set(json!([key, rsa("y", &[])])).unwrap();
            assert_eq!(beside.len(), 1, "{key}");
        }
    }

    #[test]
    fn what_is_no_set_of_keys_is_refused() {
        assert_eq!(KeySet::parse(b"<html>").unwrap_err(), InvalidKeys::NotASet);
        assert_eq!(KeySet::parse(b"{\"keys\": 1}").unwrap_err(), InvalidKeys::NotASet);
        assert_eq!(set(json!([])).unwrap_err(), InvalidKeys::NoneUsable(0));
        let many: Vec<Value> = (0..101).map(|number| rsa(&number.to_string(), &[])).collect();
        assert_eq!(set(json!(many)).unwrap_err(), InvalidKeys::TooMany(101));
    }
}
