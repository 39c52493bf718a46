//! Checks tokens: JWT (RFC 7519), by the advice of RFC 8725.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, Validation, crypto, dangerous, decode};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::keys::{IssuerKey, KeySet, NoKey};
use super::refusal::{LONGEST_TOKEN, Refusal};
use super::signatures;
use crate::oci::text::excerpt;

/// How far the clocks of the issuer and this machine may differ. Our choice; RFC 7519, 4.1.4, suggests a few minutes at most.
const MAX_CLOCK_SKEW: TimeDelta = TimeDelta::seconds(60);
/// The types of tokens that are credentials (RFC 7519, 5.1; RFC 9068, 2.1), if a token has a type. An issuer also signs
/// tokens that are not, such as logout tokens.
const TYPES: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// The claims of a token.
pub(super) type Claims = Map<String, Value>;

/// The parts of a token that say how to check it. They are unverified, and good for nothing else.
#[derive(Debug)]
pub(super) struct Unverified {
    pub issuer: String,
    algorithm: Algorithm,
    /// Whether the token calls its algorithm by the newer name of its curve.
    names_curve: bool,
    key: Option<String>,
}

/// The members of a header that matter. Others, such as `jku` and `jwk`, with which a token would bring its own key, are
/// ignored.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    crit: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct NamesIssuer {
    iss: String,
}

impl Unverified {
    /// Reads the header and the issuer of a token.
    pub fn read(token: &str) -> Result<Self, Refusal> {
        if token.len() > LONGEST_TOKEN {
            return Err(Refusal::TooLong(token.len()));
        }
        let malformed = |error: &dyn std::fmt::Display| Refusal::Malformed(excerpt(&error.to_string()));
        let encoded = token.split('.').next().unwrap_or_default();
        let decoded = URL_SAFE_NO_PAD
            .decode(encoded)
            .map_err(|error| malformed(&error))?;
        let header: Header = serde_json::from_slice(&decoded).map_err(|error| malformed(&error))?;
        let names_curve = header.alg == signatures::ED25519_NAME;
        let algorithm = match names_curve {
            true => Ok(Algorithm::EdDSA),
            false => header.alg.parse(),
        };
        let algorithm = algorithm
            .ok()
            .filter(|&algorithm| signatures::can_check(algorithm));
        let algorithm = algorithm.ok_or_else(|| Refusal::Algorithm(excerpt(&header.alg)))?;
        if header.crit.is_some() {
            // RFC 7515, section 4.1.11: an extension that is critical and not understood makes a token invalid. We understand
            // none.
            return Err(Refusal::Malformed("its header has crit".to_owned()));
        }
        if let Some(kind) = &header.typ
            && !TYPES.contains(&kind.to_ascii_lowercase().as_str())
        {
            return Err(Refusal::Malformed(format!("its type is {}", excerpt(kind))));
        }
        let named: NamesIssuer =
            dangerous::insecure_decode_claims(token).map_err(|error| malformed(&error))?;
        Ok(Self {
            issuer: named.iss,
            algorithm,
            names_curve,
            key: header.kid,
        })
    }

    /// Whether a set of keys has one for this token.
    pub fn key(&self, keys: &KeySet) -> Result<(), NoKey> {
        keys.matching(self.key.as_deref(), self.algorithm).map(drop)
    }
}

/// The claims of a token of this issuer for one of these audiences, after all checks.
pub(super) fn checked_claims(
    token: &str,
    unverified: &Unverified,
    keys: &KeySet,
    issuer: &str,
    audiences: &[String],
    now: DateTime<Utc>,
) -> Result<Claims, Refusal> {
    let key_id = unverified.key.as_deref();
    let matching = keys
        .matching(key_id, unverified.algorithm)
        .map_err(|error| match error {
            NoKey::Unknown => Refusal::UnknownKey(excerpt(key_id.unwrap_or_default())),
            NoKey::Unnamed => {
                Refusal::UnknownKey("that is the only one for it, and it names none".to_owned())
            }
            NoKey::OtherAlgorithm => Refusal::Algorithm(format!("{:?}", unverified.algorithm)),
        })?;
    let mut refused = Refusal::Signature;
    for key in matching {
        let claims = match unverified.names_curve {
            true => claims_of_ed25519(token, key, issuer, audiences),
            false => decode::<Claims>(token, &key.key, &validation(&key.algorithms, issuer, audiences))
                .map(|decoded| decoded.claims)
                .map_err(|error| refusal(&error, token)),
        };
        match claims {
            Ok(claims) => {
                check_times(&claims, now)?;
                return Ok(claims);
            }
            Err(refusal) => refused = refusal,
        }
        if refused != Refusal::Signature {
            break;
        }
    }
    Err(refused)
}

/// The claims of a token whose header has the newer name of the algorithm, which `jsonwebtoken` does not read. The checks
/// are the same: signature, issuer, audience.
fn claims_of_ed25519(
    token: &str,
    key: &IssuerKey,
    issuer: &str,
    audiences: &[String],
) -> Result<Claims, Refusal> {
    let (message, signature) = token.rsplit_once('.').unwrap_or_default();
    let is_signed = crypto::verify(signature, message.as_bytes(), &key.key, Algorithm::EdDSA);
    if !is_signed.map_err(|error| refusal(&error, token))? {
        return Err(Refusal::Signature);
    }
    let claims: Claims = dangerous::insecure_decode_claims(token).map_err(|error| refusal(&error, token))?;
    let wrong = |claim: &str| Refusal::Malformed(format!("it has no {claim}, or none that is one"));
    if claims.get("iss").and_then(Value::as_str) != Some(issuer) {
        return Err(wrong("iss"));
    }
    let named: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => {
            let texts = several.iter().map(Value::as_str).collect::<Option<_>>();
            texts.ok_or_else(|| wrong("aud"))?
        }
        _ => return Err(wrong("aud")),
    };
    let is_for_us = audiences
        .iter()
        .any(|audience| named.contains(&audience.as_str()));
    match is_for_us {
        true => Ok(claims),
        false => Err(Refusal::Audience(audience_of(token))),
    }
}

fn validation(algorithms: &[Algorithm], issuer: &str, audiences: &[String]) -> Validation {
    let mut validation = Validation {
        algorithms: algorithms.to_vec(),
        // `check_times` checks them by our own clock.
        validate_exp: false,
        validate_nbf: false,
        ..Validation::default()
    };
    validation.set_required_spec_claims(&["exp", "iss", "aud"]);
    validation.set_issuer(&[issuer]);
    validation.set_audience(audiences);
    validation
}

fn refusal(error: &Error, token: &str) -> Refusal {
    match error.kind() {
        ErrorKind::InvalidSignature => Refusal::Signature,
        ErrorKind::InvalidAudience => Refusal::Audience(audience_of(token)),
        ErrorKind::InvalidAlgorithm => Refusal::Algorithm("its key is for others".to_owned()),
        ErrorKind::MissingRequiredClaim(claim) => {
            Refusal::Malformed(format!("it has no {claim}, or none that is one"))
        }
        _ => Refusal::Malformed(excerpt(&error.to_string())),
    }
}

/// The audience of a token that is not verified, for a message.
fn audience_of(token: &str) -> String {
    let claims: Claims = dangerous::insecure_decode_claims(token).unwrap_or_default();
    excerpt(&claims.get("aud").map(Value::to_string).unwrap_or_default())
}

/// Checks that a token is valid now: `exp` and `nbf`.
fn check_times(claims: &Claims, now: DateTime<Utc>) -> Result<(), Refusal> {
    let expires = moment(claims, "exp")?.ok_or_else(|| Refusal::Malformed("it has no exp".to_owned()))?;
    if now >= expires + MAX_CLOCK_SKEW {
        return Err(Refusal::Expired(expires.to_rfc3339()));
    }
    match moment(claims, "nbf")? {
        Some(begins) if begins > now + MAX_CLOCK_SKEW => Err(Refusal::NotYetValid(begins.to_rfc3339())),
        _ => Ok(()),
    }
}

/// A time among the claims, in seconds since 1970, possibly with fractions (RFC 7519, section 2).
pub(super) fn moment(claims: &Claims, name: &str) -> Result<Option<DateTime<Utc>>, Refusal> {
    let Some(value) = claims.get(name) else {
        return Ok(None);
    };
    let seconds = value.as_i64().or_else(|| {
        // Fractions are cut off; values out of range are refused below.
        #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate")]
        value.as_f64().map(|seconds| seconds as i64)
    });
    seconds
        .filter(|seconds| (0..=LAST_SECOND).contains(seconds))
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map(Some)
        .ok_or_else(|| Refusal::Malformed(format!("its {name} is no moment")))
}

/// The end of the year 9999, so that no sum with a moment overflows.
const LAST_SECOND: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use ring::rand::SystemRandom;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;
    use crate::identity::IssuerSettings;

    const ISSUER: &str = "https://login.example.com";

    /// An issuer with one Ed25519 key.
    struct Signer {
        key: Ed25519KeyPair,
        keys: KeySet,
        settings: IssuerSettings,
    }

    impl Signer {
        fn new() -> Self {
            signatures::install();
            let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
            let key = Ed25519KeyPair::from_pkcs8(document.as_ref()).unwrap();
            let x = URL_SAFE_NO_PAD.encode(key.public_key());
            let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "x": x});
            let keys = KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap();
            let settings = IssuerSettings {
                issuer: ISSUER.parse().unwrap(),
                audiences: vec!["tare".to_owned(), "api://tare".to_owned()],
                rules: Vec::new(),
                login: None,
                name_claim: "preferred_username".to_owned(),
                extra_ca: Vec::new(),
                proxy: None,
            };
            Self { key, keys, settings }
        }

        fn token(&self, header: &Value, claims: &Value) -> String {
            let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
            let message = format!("{}.{}", encode(header), encode(claims));
            let signature = URL_SAFE_NO_PAD.encode(self.key.sign(message.as_bytes()));
            format!("{message}.{signature}")
        }

        fn checked(&self, token: &str) -> Result<Claims, Refusal> {
            let now = DateTime::from_timestamp(NOW, 0).unwrap();
            let IssuerSettings {
                issuer, audiences, ..
            } = &self.settings;
            let unverified = Unverified::read(token)?;
            checked_claims(token, &unverified, &self.keys, issuer.as_str(), audiences, now)
        }

        /// What becomes of a token with these claims in place of, or beside, those that are right.
        fn with_claims(&self, changes: &Value) -> Result<Claims, Refusal> {
            self.checked(&self.token(&header(), &merged(claims_of(), changes)))
        }

        fn with_header(&self, changes: &Value) -> Result<Claims, Refusal> {
            self.checked(&self.token(&merged(header(), changes), &claims_of()))
        }
    }

    const NOW: i64 = 1_800_000_000;

    fn header() -> Value {
        json!({"alg": "EdDSA", "typ": "JWT", "kid": "one"})
    }

    fn claims_of() -> Value {
        json!({"iss": ISSUER, "aud": "tare", "sub": "alice", "exp": NOW + 300})
    }

    /// Members of the one take the place of those of the other, and null removes them.
    fn merged(mut value: Value, changes: &Value) -> Value {
        for (name, change) in changes.as_object().unwrap() {
            let members = value.as_object_mut().unwrap();
            match change {
                Value::Null => drop(members.remove(name)),
                change => drop(members.insert(name.clone(), change.clone())),
            }
        }
        value
    }

    #[test]
    fn a_token_of_the_issuer_for_this_service_is_accepted() {
        let signer = Signer::new();
        let claims = signer.with_claims(&json!({"roles": ["a"]})).unwrap();
        assert_eq!(
            (&claims["sub"], &claims["roles"]),
            (&json!("alice"), &json!(["a"]))
        );
        for fine in [
            json!({"aud": ["other", "api://tare"]}),
            json!({"exp": NOW - 59}),
            json!({"exp": NOW as f64 + 0.5}),
            json!({"nbf": NOW + 60}),
            json!({"iat": NOW + 1000}),
        ] {
            assert!(signer.with_claims(&fine).is_ok(), "{fine}");
        }
        for fine in [
            json!({"typ": null}),
            json!({"typ": "at+JWT"}),
            json!({"kid": null}),
        ] {
            assert!(signer.with_header(&fine).is_ok(), "{fine}");
        }
    }

    #[test]
    fn claims_that_are_not_right_are_refused_with_the_reason() {
        let signer = Signer::new();
        for (changes, label) in [
            (json!({"exp": NOW - 60}), "expired"),
            (json!({"exp": null}), "malformed"),
            (json!({"exp": "2099-01-01"}), "malformed"),
            (json!({"exp": -1}), "malformed"),
            (json!({"exp": 1e300}), "malformed"),
            (json!({"nbf": NOW + 61}), "not_yet_valid"),
            (json!({"nbf": (NOW - 9).to_string()}), "malformed"),
            (json!({"aud": "other"}), "audience"),
            (json!({"aud": ["other", "another"]}), "audience"),
            (json!({"aud": []}), "audience"),
            (json!({"aud": null}), "malformed"),
            (json!({"aud": 1}), "malformed"),
            (json!({"iss": null}), "malformed"),
            (json!({"iss": [ISSUER]}), "malformed"),
            (json!({"iss": "https://login.example.com/"}), "malformed"),
        ] {
            let by_curve = merged(header(), &json!({"alg": "Ed25519"}));
            let claims = merged(claims_of(), &changes);
            for header in [header(), by_curve] {
                let refused = signer.checked(&signer.token(&header, &claims)).unwrap_err();
                assert_eq!(refused.label(), label, "{header} {changes}: {refused}");
            }
        }
    }

    #[test]
    fn the_newer_name_of_the_algorithm_is_accepted_of_tokens_and_keys_and_checked_alike() {
        let signer = Signer::new();
        let newer = json!({"alg": "Ed25519"});
        let claims = signer.with_header(&newer).unwrap();
        assert_eq!(claims["sub"], "alice");
        let token = signer.token(&merged(header(), &newer), &claims_of());
        let other = Signer::new();
        assert_eq!(other.checked(&token).unwrap_err().label(), "signature");
        let x = URL_SAFE_NO_PAD.encode(signer.key.public_key());
        let jwk = json!({"kty": "OKP", "crv": "Ed25519", "kid": "one", "alg": "Ed25519", "x": x});
        let named = Signer {
            keys: KeySet::parse(json!({"keys": [jwk]}).to_string().as_bytes()).unwrap(),
            ..signer
        };
        assert!(named.checked(&token).is_ok());
        assert!(named.with_header(&json!({})).is_ok());
    }

    #[test]
    fn headers_that_ask_for_less_than_a_signature_by_the_issuers_key_are_refused() {
        let signer = Signer::new();
        for (changes, label) in [
            (json!({"alg": "none"}), "algorithm"),
            (json!({"alg": "HS256"}), "algorithm"),
            (json!({"alg": "RS256"}), "algorithm"),
            (json!({"alg": "ES256K"}), "algorithm"),
            (json!({"alg": null}), "malformed"),
            (json!({"kid": "two"}), "key"),
            (json!({"kid": null, "alg": "ES256"}), "key"),
            (json!({"crit": ["exp"], "exp": 1}), "malformed"),
            (json!({"crit": []}), "malformed"),
            (json!({"typ": "logout+jwt"}), "malformed"),
        ] {
            let refused = signer.with_header(&changes).unwrap_err();
            assert_eq!(refused.label(), label, "{changes}: {refused}");
        }
    }

    #[test]
    fn a_changed_or_forged_token_is_refused() {
        let (signer, other) = (Signer::new(), Signer::new());
        let token = signer.token(&header(), &claims_of());
        assert_eq!(other.checked(&token), Err(Refusal::Signature));
        let (message, _) = token.rsplit_once('.').unwrap();
        assert_eq!(signer.checked(&format!("{message}.")), Err(Refusal::Signature));
        let more = signer.token(&header(), &merged(claims_of(), &json!({"roles": ["admin"]})));
        let (_, signature) = token.rsplit_once('.').unwrap();
        let (message, _) = more.rsplit_once('.').unwrap();
        assert_eq!(
            signer.checked(&format!("{message}.{signature}")),
            Err(Refusal::Signature)
        );
        for broken in ["..", "a.b.c", "e30.e30.", &"x.".repeat(10_000)] {
            assert!(signer.checked(broken).is_err(), "{broken:.20}");
        }
    }

    #[test]
    fn what_the_log_is_told_is_bounded_and_holds_no_line_break() {
        let signer = Signer::new();
        let hostile = format!("x\n2026-01-01 INFO all is well\u{1b}[31m{}", "y".repeat(5000));
        for refused in [
            signer.with_header(&json!({"kid": hostile})),
            signer.with_header(&json!({"alg": hostile})),
            signer.with_header(&json!({"typ": hostile})),
            signer.with_claims(&json!({"aud": hostile})),
        ] {
            let said = refused.unwrap_err().to_string();
            assert!(said.len() < 400 && !said.chars().any(char::is_control), "{said}");
        }
        let said = Refusal::unknown_issuer(&hostile).to_string();
        assert!(said.len() < 400 && !said.chars().any(char::is_control), "{said}");
    }
}
