//! The keys by which the service is reached.
//!
//! A key is `tare_`, an id that may be shown, and 256 random bits. Only its SHA-256 is kept: what is random
//! all over needs no slow hash. The keys are held in memory and read again every few seconds, so that a
//! request costs no query, and a database that is away locks nobody out.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use globset::Glob;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::caller::{Caller, Scope};
use crate::store::{ApiKeyRecord, Store, StoreError};

/// What every key starts with, so that scanners for lost secrets know it, and nobody takes it for a token.
pub(super) const PREFIX: &str = "tare_";
/// Random bytes of a key's id, and of its secret.
const ID_BYTES: usize = 6;
const SECRET_BYTES: usize = 32;
/// How soon after a look into the store because of an unknown key another one is worth it.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// A key as it is made: the only moment at which it is known.
pub struct NewKey {
    /// The key, for whoever is to use it.
    pub key: String,
    /// Its id, which may be shown.
    pub id: String,
    /// What is kept of it.
    pub secret_sha256: Vec<u8>,
}

impl NewKey {
    /// Makes a key.
    ///
    /// # Errors
    /// Where the system has no random numbers.
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

/// The id in a key; none where it is not formed like one.
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
    /// When the store was last asked because of an unknown key.
    looked: Mutex<Option<Instant>>,
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
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Whether an unknown key is worth a look into the store: it may have been made a moment ago. Strangers
    /// who try many do not make the store busy.
    pub fn may_look_again(&self) -> bool {
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let may = looked.is_none_or(|at| at.elapsed() > LOOK_AGAIN_AFTER);
        if may {
            *looked = Some(Instant::now());
        }
        may
    }

    /// Whose key this is; none where it is nobody's.
    pub fn find(&self, key: &str, now: DateTime<Utc>) -> Option<Caller> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let known = keys.get(id_of(key)?)?;
        let is_right: bool = Sha256::digest(key)[..].ct_eq(&known.secret_sha256).into();
        let is_fresh = known.expires_at.is_none_or(|end| now < end);
        (is_right && is_fresh).then(|| known.caller.clone())
    }
}

/// What a stored key allows. `tare key create` checks what it writes; an entry that cannot be read grants nothing.
fn known(record: ApiKeyRecord) -> KnownKey {
    let scopes = record
        .scopes
        .iter()
        .filter_map(|scope| Scope::parse(scope))
        .collect();
    let readable = |text: &String| match Glob::new(text) {
        Ok(glob) => Some(glob.compile_matcher()),
        Err(error) => {
            tracing::warn!(
                key = record.id,
                "a glob of the key's registries cannot be read and shows nothing: {error}"
            );
            None
        }
    };
    let globs = record.registries.as_ref();
    let registries = globs.map(|globs| globs.iter().filter_map(readable).collect::<Vec<_>>());
    KnownKey {
        secret_sha256: record.secret_sha256,
        expires_at: record.expires_at,
        caller: Caller::new(record.name, scopes, registries.into(), record.cost_centres.into()),
    }
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
        ring.keys.write().unwrap().insert(new.id, known(record));
        (ring, new.key)
    }

    #[test]
    fn only_the_whole_key_opens() {
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
    fn an_expired_key_no_longer_opens() {
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
