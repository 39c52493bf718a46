//! Kinds of values that settings have, each refusing what is wrong by saying what would be right.

use std::fmt;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

/// What stands in place of a secret that is shown.
pub(super) const MASK: &str = "********";

/// A secret as a setting: read as text, shown as a mask. A message about a wrong one does not show it.
#[derive(Debug, Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The secret itself.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(text) => Ok(text.into()),
            _ => Err(de::Error::custom("expected a text in quotes")),
        }
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

/// A URL that may hold a password: `$name` with the schemes and the example that a message gives. The
/// password is masked where the URL is shown.
macro_rules! url_with_password {
    ($(#[$meta:meta])* $name:ident, $schemes:pat, $expected:literal) => {
        $(#[$meta])*
        #[derive(Debug, Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// The whole URL, its password included.
            pub fn secret(&self) -> &SecretString {
                &self.0
            }

            /// The URL as it may be shown.
            pub fn masked(&self) -> String {
                without_password(self.0.expose_secret())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if let toml::Value::String(text) = toml::Value::deserialize(deserializer)?
                    && let Ok(url) = url::Url::parse(&text)
                    && matches!(url.scheme(), $schemes)
                {
                    return Ok(Self(text.into()));
                }
                // What was there instead may hold a password, so it is not repeated.
                Err(de::Error::custom(concat!("expected ", $expected)))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.masked())
            }
        }
    };
}

url_with_password!(
    /// The address of a PostgreSQL database.
    DatabaseUrl,
    "postgres" | "postgresql",
    "the address of a database: postgres://user:password@host:5432/name"
);

url_with_password!(
    /// The address of a proxy.
    ProxyUrl,
    "http" | "https",
    "the address of a proxy: http://proxy.example.com:3128"
);

fn without_password(text: &str) -> String {
    let Ok(mut url) = url::Url::parse(text) else {
        return MASK.to_owned();
    };
    if url.password().is_some() && url.set_password(Some(MASK)).is_err() {
        return MASK.to_owned();
    }
    // A password may also stand among the parameters.
    let parameters: Vec<(String, String)> = url
        .query_pairs()
        .map(|(name, value)| {
            let value = if name == "password" { MASK.into() } else { value };
            (name.into_owned(), value.into_owned())
        })
        .collect();
    if !parameters.is_empty() {
        url.query_pairs_mut().clear().extend_pairs(parameters);
    }
    url.into()
}

/// Reads an address to listen on.
///
/// # Errors
/// With what would be right.
pub fn listen_address(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| {
        // What was probably meant, where only a port or a name for this machine was given.
        let port = text
            .rsplit(':')
            .next()
            .and_then(|port| port.trim().parse::<u16>().ok());
        let example = SocketAddr::from(([127, 0, 0, 1], port.unwrap_or(8080)));
        format!("expected ADDRESS:PORT with an IP address, such as {example}")
    })
}

/// Reads an address to listen on from a text, or says what would be right where a number stands.
pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    listen_address(&text).map_err(de::Error::custom)
}

/// Reads a whole number from `LOW` to `HIGH`.
pub(super) fn whole<'de, const LOW: i64, const HIGH: i64, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(Whole::<LOW, HIGH, T>(PhantomData))
}

/// Reads a whole number from `LOW` to `HIGH` that need not be set.
pub(super) fn maybe_whole<'de, const LOW: i64, const HIGH: i64, T, D>(
    deserializer: D,
) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i64>,
    D: Deserializer<'de>,
{
    whole::<LOW, HIGH, T, D>(deserializer).map(Some)
}

struct Whole<const LOW: i64, const HIGH: i64, T>(PhantomData<T>);

impl<const LOW: i64, const HIGH: i64, T: TryFrom<i64>> Visitor<'_> for Whole<LOW, HIGH, T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "a whole number from {LOW} to {HIGH}")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        if (LOW..=HIGH).contains(&number)
            && let Ok(number) = T::try_from(number)
        {
            return Ok(number);
        }
        Err(E::invalid_value(Unexpected::Signed(number), &self))
    }
}

/// Lengths of time, written as a number and a unit: `500ms`, `30s`, `5m`, `2h`, `1d`.
pub(super) mod duration {
    use super::*;

    const UNITS: [(&str, u64); 5] = [
        ("d", 86_400_000),
        ("h", 3_600_000),
        ("m", 60_000),
        ("s", 1000),
        ("ms", 1),
    ];

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        deserializer.deserialize_any(Length)
    }

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        let millis = duration.as_millis();
        let (unit, of) = UNITS
            .into_iter()
            .find(|(_, of)| millis > 0 && millis.is_multiple_of(u128::from(*of)))
            .unwrap_or(("s", 1000));
        serializer.serialize_str(&format!("{}{unit}", millis / u128::from(of)))
    }

    struct Length;

    impl Visitor<'_> for Length {
        type Value = Duration;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter
                .write_str("a length of time with its unit, such as \"500ms\", \"30s\", \"5m\" or \"2h\"")
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<Duration, E> {
            let digits = text.bytes().take_while(u8::is_ascii_digit).count();
            let (number, unit) = text.split_at(digits);
            let millis = UNITS
                .into_iter()
                .find(|(known, _)| *known == unit.trim())
                .and_then(|(_, of)| number.parse::<u64>().ok()?.checked_mul(of));
            millis
                .map(Duration::from_millis)
                .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
        }
    }
}

/// Lengths of time that need not be set.
pub(super) mod maybe_duration {
    use super::*;

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        duration::deserialize(deserializer).map(Some)
    }

    pub(crate) fn serialize<S: Serializer>(
        duration: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match duration {
            Some(duration) => duration::serialize(duration, serializer),
            None => serializer.serialize_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_address_is_shown_without_its_password() {
        for (said, shown) in [
            ("postgres://host/tare", "postgres://host/tare"),
            (
                "postgres://tare:hunter2@host:5433/tare?sslmode=require",
                "postgres://tare:********@host:5433/tare?sslmode=require",
            ),
            (
                "postgresql://host/tare?user=tare&password=hunter2",
                "postgresql://host/tare?user=tare&password=********",
            ),
        ] {
            let url: DatabaseUrl = toml::Value::from(said).try_into().unwrap();
            assert_eq!(url.masked(), shown);
        }
        let error = toml::Value::from("mysql://tare:hunter2@host/x")
            .try_into::<DatabaseUrl>()
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("postgres://") && !error.contains("hunter2"),
            "{error}"
        );
    }

    #[test]
    fn a_message_about_a_wrong_secret_does_not_show_it() {
        let error = toml::Value::from(20_241_224)
            .try_into::<Secret>()
            .unwrap_err()
            .to_string();
        assert!(!error.contains("2024"), "{error}");
    }
}
