//! API keys.
//!
//! A key is `tare_`, an id that may be shown, and 256 random bits. Only its SHA-256 is stored: random bits need no slow
//! hash. The keys are held in memory and read again every few seconds, so that a request costs no query, and the service
//! keeps accepting keys while the database does not answer.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use parking_lot::{Mutex, RwLock};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::caller::{Caller, Credential, CredentialKind, Scope};
use crate::oci::RegistryPattern;
use crate::store::{ApiKeyRecord, Store, StoreError};

/// The prefix of every key. Secret scanners can find keys by it, and it tells keys from tokens.
pub(super) const PREFIX: &str = "tare_";
/// Random bytes of a key's id. Our choice: enough that ids differ.
const ID_BYTES: usize = 6;
/// Random bytes of a key's secret: 256 bits, as many as its SHA-256 has.
const SECRET_BYTES: usize = 32;
/// The shortest time between two reads of the store because of unknown keys. Our choice: a new key works within a second.
const RELOAD_INTERVAL: Duration = Duration::from_secs(1);

/// A new key. This is the only time that the key itself is known.
pub struct NewKey {
    /// The key itself, for its user.
    pub key: String,
    /// The id, which may be shown.
    pub id: String,
    /// The SHA-256 of the key, which is stored.
    pub secret_sha256: Vec<u8>,
}

impl NewKey {
    /// Makes a random key.
    ///
    /// # Errors
    /// If the system has no random numbers.
    pub fn generate() -> std::io::Result<Self> {
        let mut random = [0_u8; ID_BYTES + SECRET_BYTES];
        getrandom::fill(&mut random).map_err(|error| std::io::Error::other(error.to_string()))?;
        let id = hex::encode(&random[..ID_BYTES]);
        let key = format!("{PREFIX}{id}_{}", URL_SAFE_NO_PAD.encode(&random[ID_BYTES..]));
        let secret_sha256 = Sha256::digest(&key).to_vec();
        Ok(Self {
            key,
            id,
            secret_sha256,
        })
    }
}

/// The id in a key; `None` if the text does not have the form of a key.
fn id_of(key: &str) -> Option<&str> {
    let (id, secret) = key.strip_prefix(PREFIX)?.split_once('_')?;
    let is_formed = id.len() == 2 * ID_BYTES && !secret.is_empty();
    is_formed.then_some(id)
}

struct KnownKey {
    secret_sha256: Vec<u8>,
    expires_at: Option<DateTime<Utc>>,
    caller: Caller,
}

/// The keys that are accepted now.
#[derive(Default)]
pub struct KeyRing {
    keys: RwLock<HashMap<String, KnownKey>>,
    /// When the store was last read because of an unknown key.
    reloaded: Mutex<Option<Instant>>,
}

impl KeyRing {
    /// Reads the keys from the store.
    ///
    /// # Errors
    /// If the store fails; the keys that were read before stay in use.
    pub async fn reload(&self, store: &Store) -> Result<(), StoreError> {
        let records = store.api_keys().await?;
        let keys = records
            .into_iter()
            .filter(|record| record.revoked_at.is_none())
            .map(|record| (record.id.clone(), known(record)))
            .collect();
        *self.keys.write() = keys;
        Ok(())
    }

    /// Whether to read the store because of an unknown key, which may be new. Limited, so that guessing many keys does not
    /// burden the store.
    pub fn may_reload(&self) -> bool {
        let mut reloaded = self.reloaded.lock();
        let may = reloaded.is_none_or(|at| at.elapsed() > RELOAD_INTERVAL);
        if may {
            *reloaded = Some(Instant::now());
        }
        may
    }

    /// The caller with this key; `None` if the key is unknown or has expired.
    pub fn find(&self, key: &str, now: DateTime<Utc>) -> Option<Caller> {
        let keys = self.keys.read();
        let known = keys.get(id_of(key)?)?;
        let is_right: bool = Sha256::digest(key)[..].ct_eq(&known.secret_sha256).into();
        let is_fresh = known.expires_at.is_none_or(|end| now < end);
        (is_right && is_fresh).then(|| known.caller.clone())
    }
}

/// What a stored key allows. `tare key create` checks what it writes; an entry that cannot be read grants nothing.
fn known(record: ApiKeyRecord) -> KnownKey {
    let (scopes, unknown) = known_scopes(&record.scopes);
    for scope in unknown {
        tracing::warn!(
            key = record.id,
            scope,
            "a scope of the key is unknown to this version and allows nothing"
        );
    }
    let readable = |text: &String| match RegistryPattern::new(text) {
        Ok(pattern) => Some(pattern),
        Err(error) => {
            tracing::warn!(
                key = record.id,
                %error,
                "a pattern of the key's registries is invalid and shows nothing"
            );
            None
        }
    };
    let patterns = record.registries.as_ref();
    let registries = patterns.map(|patterns| patterns.iter().filter_map(readable).collect::<Vec<_>>());
    KnownKey {
        secret_sha256: record.secret_sha256,
        expires_at: record.expires_at,
        caller: Caller::new(record.name, scopes, registries.into(), record.cost_centres.into())
            .authenticated_by(Credential {
                kind: CredentialKind::Key,
                expires_at: record.expires_at,
            }),
    }
}

/// The scopes that these words name, and the words that name none.
fn known_scopes(words: &[String]) -> (Vec<Scope>, Vec<&str>) {
    let mut scopes = Vec::new();
    let mut unknown = Vec::new();
    for word in words {
        match word.parse() {
            Ok(scope) => scopes.push(scope),
            Err(_) => unknown.push(word.as_str()),
        }
    }
    (scopes, unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(new: &NewKey) -> ApiKeyRecord {
        ApiKeyRecord {
            id: new.id.clone(),
            name: "finance".to_owned(),
            secret_sha256: new.secret_sha256.clone(),
            scopes: vec!["read".to_owned()],
            registries: None,
            cost_centres: None,
            created_at: DateTime::UNIX_EPOCH,
            expires_at: None,
            revoked_at: None,
        }
    }

    fn ring(expires_at: Option<DateTime<Utc>>) -> (KeyRing, String) {
        let new = NewKey::generate().unwrap();
        let record = ApiKeyRecord {
            expires_at,
            ..record(&new)
        };
        let ring = KeyRing::default();
        ring.keys.write().insert(new.id, known(record));
        (ring, new.key)
    }

    #[test]
    fn only_the_whole_key_is_accepted() {
        let (ring, key) = ring(None);
        let caller = ring.find(&key, DateTime::UNIX_EPOCH).unwrap();
        assert!(caller.name == "finance" && caller.may(Scope::Read) && !caller.may(Scope::Admin));
        let mut other = key.clone();
        other.pop();
        for wrong in [
            "",
            "tare_",
            "tare__",
            &other,
            &format!("{key}x"),
            &key.replace("tare", "TARE"),
        ] {
            assert!(ring.find(wrong, DateTime::UNIX_EPOCH).is_none(), "{wrong}");
        }
        let another = NewKey::generate().unwrap();
        assert_ne!(another.key, key);
        assert_eq!(key.len(), PREFIX.len() + 12 + 1 + 43);
    }

    #[test]
    fn an_unknown_scope_of_a_stored_key_allows_nothing_and_is_reported() {
        let words = ["read", "prune", "Admin"].map(str::to_owned);
        assert_eq!(known_scopes(&words), (vec![Scope::Read], vec!["prune", "Admin"]));
        let new = NewKey::generate().unwrap();
        let caller = known(ApiKeyRecord {
            scopes: words.to_vec(),
            ..record(&new)
        })
        .caller;
        assert!(caller.may(Scope::Read));
        for scope in [Scope::Crawl, Scope::Ingest, Scope::Admin] {
            assert!(!caller.may(scope), "{scope:?}");
        }
    }

    #[test]
    fn an_expired_key_is_not_accepted() {
        let end = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(1);
        let (ring, key) = ring(Some(end));
        assert!(ring.find(&key, DateTime::UNIX_EPOCH).is_some());
        assert!(ring.find(&key, end).is_none());
    }

    #[test]
    fn a_key_whose_limits_are_empty_or_unreadable_sees_nothing() {
        let registry = "reg.example.com".parse().unwrap();
        let new = NewKey::generate().unwrap();
        let sees = |registries: Option<&[&str]>, cost_centres: Option<&[&str]>| {
            let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let caller = known(ApiKeyRecord {
                registries: registries.map(list),
                cost_centres: cost_centres.map(list),
                ..record(&new)
            })
            .caller;
            caller.sees_repository(&registry, Some("CC-1"))
        };
        assert!(sees(None, None) && sees(Some(&["*.example.com"]), Some(&["CC-1"])));
        for (registries, cost_centres) in [
            (Some(&[][..]), None),
            (Some(&["["][..]), None),
            (Some(&["[", "reg.example.org"][..]), None),
            (None, Some(&[][..])),
        ] {
            assert!(!sees(registries, cost_centres), "{registries:?} {cost_centres:?}");
        }
        assert!(
            sees(Some(&["[", "reg.example.com"]), None),
            "what can be read stays"
        );
    }
}
