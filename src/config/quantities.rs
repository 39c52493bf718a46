//! Settings that are quantities: exact numbers, bytes, money.

use std::fmt;

use rust_decimal::Decimal;
use serde::de::{self, Deserialize, Deserializer, Unexpected, Visitor};
use serde::{Serialize, Serializer};

use crate::pricing::Share;
use crate::units::{ByteCount, Currency, Money};

/// An exact number from zero up: `0.5`, `3` or, where it has more digits than a float holds, `"0.0000273970001"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Number(pub Decimal);

/// A share of a whole, from 0 to 1, written like a [`Number`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareOf(pub Share);

/// Bytes: a whole number, or a number with its unit such as `"1.5 TiB"` or `"500 GB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub ByteCount);

/// Money: an amount with its currency, such as `"800 EUR"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount(pub Money);

/// Reads a value that stands as a number or as text.
struct NumberOrText<T> {
    expected: &'static str,
    read: fn(&str) -> Option<T>,
}

impl<T> Visitor<'_> for NumberOrText<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.expected)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<T, E> {
        (self.read)(&number.to_string()).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    /// A float is shown with the fewest digits that mean it, which are those that were written.
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<T, E> {
        (self.read)(&number.to_string()).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        (self.read)(text.trim()).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

fn number(text: &str) -> Option<Decimal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    text.parse::<Decimal>().ok().filter(|_| is_plain)
}

fn money(text: &str) -> Option<Money> {
    let (amount, currency) = text.split_once(' ')?;
    let currency: Currency = currency.trim().parse().ok()?;
    Some(Money::new(number(amount)?, currency))
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expected: "a number from 0 up, such as 0.5",
            read: |text| number(text).map(Self),
        })
    }
}

impl<'de> Deserialize<'de> for ShareOf {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expected: "a share from 0 to 1 with at most nine decimals, such as 0.25",
            read: |text| Share::new(number(text)?).ok().map(Self),
        })
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expected: "a whole number of bytes, or a number with its unit such as \"1.5 TiB\" or \"500 GB\"",
            read: |text| ByteCount::from_text(text).map(Self),
        })
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberOrText {
            expected: "an amount with its currency, such as \"800 EUR\"",
            read: |text| money(text).map(Self),
        })
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for ShareOf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0.get())
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.as_i64())
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{} {}", self.0.amount(), self.0.currency()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<'de, T: Deserialize<'de>>(value: impl Into<toml::Value>) -> Result<T, String> {
        let value: toml::Value = value.into();
        T::deserialize(value).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn what_is_written_is_what_is_meant() {
        let exact = |text: &str| Number(text.parse().unwrap());
        assert_eq!(read(0.1), Ok(exact("0.1")));
        assert_eq!(read(3), Ok(exact("3")));
        assert_eq!(read("0.0000273970001"), Ok(exact("0.0000273970001")));
        assert_eq!(
            read("1.5 TiB"),
            Ok(Bytes(ByteCount::try_from(1_649_267_441_664_u64).unwrap()))
        );
        assert_eq!(
            read("500GB"),
            Ok(Bytes(ByteCount::try_from(500_000_000_000_u64).unwrap()))
        );
        assert_eq!(read(7), Ok(Bytes(ByteCount::from(7))));
        let euros = Money::new(800.into(), "EUR".parse().unwrap());
        assert_eq!(read("800 EUR"), Ok(Amount(euros)));
    }

    #[test]
    fn what_is_wrong_is_refused_with_what_would_be_right() {
        for refused in [
            read::<Number>(-1).map(drop),
            read::<Number>("1e3").map(drop),
            read::<Number>(f64::NAN).map(drop),
            read::<ShareOf>(1.5).map(drop),
            read::<Bytes>("1.5 TiBi").map(drop),
            read::<Bytes>("0.3 B").map(drop),
            read::<Amount>("800").map(drop),
            read::<Amount>("800 XQQ").map(drop),
        ] {
            let message = refused.unwrap_err();
            assert!(message.contains("expected "), "{message}");
        }
    }
}
