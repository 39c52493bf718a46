//! Text and numbers as they may stand in a table or in a spreadsheet.

use textwrap::core::display_width;

use crate::units::ByteCount;

/// A whole number with its thousands set apart: `35,712`.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many times one count is of another, to a tenth (`7.7`); none of nothing.
pub fn times(count: ByteCount, of: ByteCount) -> Option<String> {
    tenths(u128::from(count.get()) * 10, of)
}

/// How many per cent one count is of another, to a tenth (`12.5`); none of nothing.
pub(super) fn per_cent(count: ByteCount, of: ByteCount) -> Option<String> {
    tenths(u128::from(count.get()) * 1000, of)
}

fn tenths(numerator: u128, of: ByteCount) -> Option<String> {
    let denominator = u128::from(of.get());
    if denominator == 0 {
        return None;
    }
    let tenths = (numerator + denominator / 2) / denominator;
    Some(format!("{}.{}", tenths / 10, tenths % 10))
}

/// A difference of bytes for people, to three digits or so: `1.50 GiB`, `-33.3 MiB`, `766 MiB`. What is
/// modelled is not known better.
pub(super) fn signed(bytes: i64) -> String {
    let sign = if bytes < 0 { "-" } else { "" };
    let size = ByteCount::try_from(bytes.unsigned_abs()).unwrap_or(ByteCount::MAX);
    let text = size.to_string();
    let rounded = text.split_once(' ').and_then(|(number, unit)| {
        let (whole, fraction) = number.split_once('.')?;
        let hundredths: u64 = format!("{whole}{fraction}").parse().ok()?;
        Some(match whole.len() {
            1 => text.clone(),
            2 => {
                let tenths = (hundredths + 5) / 10;
                format!("{}.{} {unit}", tenths / 10, tenths % 10)
            }
            _ => format!("{} {unit}", (hundredths + 50) / 100),
        })
    });
    format!("{sign}{}", rounded.unwrap_or(text))
}

/// Two differences of bytes for people, their unit once where it is the same: `1.20 to 1.50 GiB`.
pub(super) fn interval(low: i64, high: i64) -> String {
    let (low, high) = (signed(low), signed(high));
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => format!("{number} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// Text that takes so many columns of a terminal at most, with `…` in its middle where something is missing: the
/// beginning and the end of a name tell more than its middle.
pub(super) fn shortened_in_the_middle(text: &str, width: usize) -> String {
    if display_width(text) <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let fitting = |characters: &mut dyn Iterator<Item = char>, room: usize| -> Vec<char> {
        let mut left = room;
        characters
            .take_while(|character| {
                let width = display_width(character.encode_utf8(&mut [0; 4]));
                let fits = width <= left;
                left = left.saturating_sub(width);
                fits
            })
            .collect()
    };
    let start = fitting(&mut text.chars(), room / 2);
    let taken: usize = display_width(&start.iter().collect::<String>());
    let end = fitting(&mut text.chars().rev(), room - taken);
    start
        .into_iter()
        .chain(['…'])
        .chain(end.into_iter().rev())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(count: u64) -> ByteCount {
        count.try_into().unwrap()
    }

    #[test]
    fn numbers_for_people() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (4217, "4,217"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(times(bytes(231), bytes(30)).unwrap(), "7.7");
        assert_eq!(times(bytes(1), bytes(1)).unwrap(), "1.0");
        assert_eq!(times(bytes(1), bytes(0)), None);
        assert_eq!(
            times(ByteCount::MAX, bytes(1)).unwrap(),
            format!("{}.0", i64::MAX)
        );
        assert_eq!(per_cent(bytes(1), bytes(8)).unwrap(), "12.5");
    }

    #[test]
    fn differences_for_people() {
        assert_eq!(signed(-3 << 20), "-3.00 MiB");
        assert_eq!(signed(803_056_107), "766 MiB");
        assert_eq!(signed(-34_906_000), "-33.3 MiB");
        assert_eq!(signed(-30), "-30 B");
        assert_eq!(signed(i64::MIN), "-8.00 EiB");
        assert_eq!(interval(1 << 20, 2 << 20), "1.00 to 2.00 MiB");
        assert_eq!(interval(-1, 2 << 20), "-1 B to 2.00 MiB");
        assert_eq!(shortened_in_the_middle("team/service", 12), "team/service");
        assert_eq!(shortened_in_the_middle("team/service", 7), "tea…ice");
        assert_eq!(shortened_in_the_middle("漢字漢字", 5), "漢…字");
    }
}
