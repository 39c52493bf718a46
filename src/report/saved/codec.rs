//! The bytes of values: numbers in little-endian order, texts and lists with their length in front.

use std::collections::BTreeMap;
use std::str::FromStr;

use chrono::{DateTime, Datelike as _, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::base_image::AlpineRelease;
use crate::oci::{Digest, RegistryName, RepositoryName, Tag};
use crate::units::{ByteCount, Currency, Money, Period};

/// Saved bytes are not what this version of the program writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("saved answers are not in the form that this version writes")]
pub struct InvalidAnswers;

/// A value that can be saved as bytes and read back without loss.
pub(super) trait Saved: Sized {
    /// Appends the value.
    fn write(&self, out: &mut Vec<u8>);

    /// Reads a value, and moves the input behind it.
    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers>;
}

/// Structs, field by field, and enums, by the name of the variant. What is missing here does not compile. `LAYOUT` is the
/// text of all of them.
macro_rules! saved {
    ($($kind:tt $name:ident { $($body:tt)* })*) => {
        /// The form of the bytes: another one cannot be read.
        pub(super) const LAYOUT: &str = stringify!($($kind $name { $($body)* })*);
        $(saved_type!($kind $name { $($body)* });)*
    };
}
pub(super) use saved;

macro_rules! saved_type {
    (struct $name:ident { $($field:ident),* $(,)? }) => {
        impl Saved for $name {
            fn write(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.write(out);)*
            }

            fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
                $(let $field = Saved::read(input)?;)*
                Ok(Self { $($field),* })
            }
        }
    };
    (enum $name:ident { $($variant:ident $({ $($field:ident),* })?),* $(,)? }) => {
        impl Saved for $name {
            fn write(&self, out: &mut Vec<u8>) {
                match self {
                    $(Self::$variant $({ $($field),* })? => {
                        write_text(stringify!($variant), out);
                        $($($field.write(out);)*)?
                    })*
                }
            }

            fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
                let name = read_text(input)?;
                $(
                    if name == stringify!($variant) {
                        return Ok(Self::$variant $({ $($field: Saved::read(input)?),* })?);
                    }
                )*
                Err(InvalidAnswers)
            }
        }
    };
}
pub(super) use saved_type;

fn take<'a>(input: &mut &'a [u8], length: usize) -> Result<&'a [u8], InvalidAnswers> {
    let (taken, rest) = input.split_at_checked(length).ok_or(InvalidAnswers)?;
    *input = rest;
    Ok(taken)
}

macro_rules! number {
    ($($type:ty),*) => {$(
        impl Saved for $type {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
                let bytes = take(input, size_of::<Self>())?;
                Ok(Self::from_le_bytes(bytes.try_into().map_err(|_| InvalidAnswers)?))
            }
        }
    )*};
}

number!(u8, u16, u32, u64, u128, i32, i64);

impl Saved for usize {
    fn write(&self, out: &mut Vec<u8>) {
        (*self as u64).write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        Self::try_from(u64::read(input)?).map_err(|_| InvalidAnswers)
    }
}

impl Saved for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        match u8::read(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(InvalidAnswers),
        }
    }
}

pub(super) fn write_text(text: &str, out: &mut Vec<u8>) {
    text.len().write(out);
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn read_text<'a>(input: &mut &'a [u8]) -> Result<&'a str, InvalidAnswers> {
    let length = usize::read(input)?;
    std::str::from_utf8(take(input, length)?).map_err(|_| InvalidAnswers)
}

impl Saved for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        read_text(input).map(str::to_owned)
    }
}

/// A value that is saved as its text.
macro_rules! text {
    ($($type:ty: $shown:ident),* $(,)?) => {$(
        impl Saved for $type {
            fn write(&self, out: &mut Vec<u8>) {
                write_text(self.$shown().as_ref(), out);
            }

            fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
                Self::from_str(read_text(input)?).map_err(|_| InvalidAnswers)
            }
        }
    )*};
}

text!(
    RegistryName: as_str,
    RepositoryName: as_str,
    Tag: as_str,
    Digest: to_string,
    Currency: code,
    AlpineRelease: to_string,
);

impl<T: Saved> Saved for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        match bool::read(input)? {
            true => T::read(input).map(Some),
            false => Ok(None),
        }
    }
}

impl<T: Saved> Saved for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        for value in self {
            value.write(out);
        }
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        let length = usize::read(input)?;
        // Each value has at least a byte.
        let mut values = Self::with_capacity(length.min(input.len()));
        for _ in 0..length {
            values.push(T::read(input)?);
        }
        Ok(values)
    }
}

impl<K: Saved + Ord, V: Saved> Saved for BTreeMap<K, V> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        for (key, value) in self {
            key.write(out);
            value.write(out);
        }
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        let length = usize::read(input)?;
        (0..length)
            .map(|_| Ok((K::read(input)?, V::read(input)?)))
            .collect()
    }
}

impl Saved for ByteCount {
    fn write(&self, out: &mut Vec<u8>) {
        self.get().write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        Self::try_from(u64::read(input)?).map_err(|_| InvalidAnswers)
    }
}

impl Saved for Decimal {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.serialize());
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        let bytes = take(input, 16)?;
        Ok(Self::deserialize(bytes.try_into().map_err(|_| InvalidAnswers)?))
    }
}

impl Saved for Money {
    fn write(&self, out: &mut Vec<u8>) {
        self.amount().write(out);
        self.currency().write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        Ok(Self::new(Decimal::read(input)?, Currency::read(input)?))
    }
}

impl Saved for NaiveDate {
    fn write(&self, out: &mut Vec<u8>) {
        self.num_days_from_ce().write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        Self::from_num_days_from_ce_opt(i32::read(input)?).ok_or(InvalidAnswers)
    }
}

impl Saved for DateTime<Utc> {
    fn write(&self, out: &mut Vec<u8>) {
        self.timestamp().write(out);
        self.timestamp_subsec_nanos().write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        Self::from_timestamp(i64::read(input)?, u32::read(input)?).ok_or(InvalidAnswers)
    }
}

impl Saved for Period {
    fn write(&self, out: &mut Vec<u8>) {
        self.start().write(out);
        self.end().write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        Self::new(NaiveDate::read(input)?, NaiveDate::read(input)?).map_err(|_| InvalidAnswers)
    }
}
