//! Bytes as people write them.

use rust_decimal::Decimal;

use super::{ByteCount, exact_product};

/// The units that are understood: decimal ones, and the IEC's.
const UNITS: [(&str, u64); 9] = [
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl ByteCount {
    /// Reads a whole number of bytes, or a number with its unit, such as `1.5 TiB` or `500 GB`. `None` if the text is
    /// something else, or is not a whole number of bytes.
    pub fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (count, unit) = text.split_at(end);
        let unit = match unit.trim() {
            "" => 1,
            unit => UNITS.into_iter().find(|(name, _)| *name == unit)?.1,
        };
        let bytes = exact_product(count.parse::<Decimal>().ok()?, Decimal::from(unit)).ok()?;
        let whole = u128::try_from(bytes).ok().filter(|_| bytes.fract().is_zero())?;
        Self::try_from(whole).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_unit_are_read_and_nothing_else_is() {
        for (text, bytes) in [
            ("7", Some(7)),
            (" 1.5 TiB\n", Some(1_649_267_441_664)),
            ("500GB", Some(500_000_000_000)),
            ("0.5 B", None),
            ("1.5 TiBi", None),
            ("-1", None),
            ("1e3", None),
            ("", None),
            ("usage.json", None),
        ] {
            assert_eq!(ByteCount::from_text(text).map(ByteCount::get), bytes, "{text}");
        }
    }
}
