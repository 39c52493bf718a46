use rust_decimal::Decimal;
use serde::de::{self, Deserialize, Deserializer};
use serde::{Deserialize as DeriveDeserialize, Serialize, Serializer};
use toml::Value;

use super::quantities::{Amount, Number};
use super::section::Section;
use super::values::whole;
use crate::cost::{MinimumSaving, WorthRule};

/// `[worth]`: what makes a move to Alpine worth it, for registries with a price book.
#[derive(Debug, Clone, Serialize, DeriveDeserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WorthSection {
    /// What a repository must save in a month.
    pub minimum_saving: LeastSaving,
    /// After how many months the work must be paid back, where an effort is set.
    #[serde(deserialize_with = "whole::<1, 1200, _, _>")]
    pub longest_payback: u32,
}

/// A saving in a month: `10` in the currency of each price book, or `"10 EUR"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeastSaving(pub MinimumSaving);

impl Default for WorthSection {
    fn default() -> Self {
        let rule = WorthRule::default();
        Self {
            minimum_saving: LeastSaving(rule.minimum_saving),
            longest_payback: rule.longest_payback,
        }
    }
}

impl Section for WorthSection {
    const NAME: &'static str = "worth";
}

impl WorthSection {
    /// The rule that the section is.
    pub(super) fn rule(&self) -> WorthRule {
        WorthRule {
            minimum_saving: self.minimum_saving.0,
            longest_payback: self.longest_payback,
        }
    }
}

impl<'de> Deserialize<'de> for LeastSaving {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = Number::deserialize(value.clone()).map(|number| MinimumSaving {
            amount: number.0,
            currency: None,
        });
        let minimum = number.or_else(|_| {
            Amount::deserialize(value).map(|amount| MinimumSaving {
                amount: amount.0.amount(),
                currency: Some(amount.0.currency()),
            })
        });
        minimum.map(Self).map_err(|_| {
            de::Error::custom(
                "expected an amount from 0 up, such as 10 for every currency or \"10 EUR\" for one currency",
            )
        })
    }
}

impl Serialize for LeastSaving {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let MinimumSaving { amount, currency } = self.0;
        let is_whole = amount.fract().is_zero();
        match currency {
            Some(currency) => serializer.collect_str(&format_args!("{amount} {currency}")),
            None => match i64::try_from(amount) {
                Ok(whole) if is_whole => serializer.serialize_i64(whole),
                _ => Number(amount.max(Decimal::ZERO)).serialize(serializer),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<WorthSection, String> {
        toml::from_str(text).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn the_minimum_is_an_amount_with_or_without_a_currency() {
        let minimum = |text: &str| read(text).unwrap().rule().minimum_saving;
        let ten = Decimal::TEN;
        assert_eq!(
            minimum(""),
            MinimumSaving {
                amount: ten,
                currency: None
            }
        );
        assert_eq!(minimum("minimum_saving = 10"), minimum("minimum_saving = \"10\""));
        assert_eq!(
            minimum("minimum_saving = 2.5").amount,
            "2.5".parse::<Decimal>().unwrap()
        );
        let euros = minimum("minimum_saving = \"10 EUR\"");
        assert_eq!(euros.amount, ten);
        assert_eq!(euros.currency.unwrap().code(), "EUR");
        for refused in [
            "minimum_saving = -1",
            "minimum_saving = \"ten\"",
            "minimum_saving = true",
        ] {
            let message = read(refused).unwrap_err();
            assert!(
                message.contains("expected an amount from 0 up, such as 10"),
                "{message}"
            );
        }
        for refused in [
            "longest_payback = 0",
            "longest_payback = 1.5",
            "longest_payback = \"a year\"",
        ] {
            assert!(read(refused).unwrap_err().contains("expected"), "{refused}");
        }
    }
}
