use rust_decimal::Decimal;

/// The digits of a number that is a guess. Our choice: a modelled figure is not known better.
const DIGITS_OF_A_GUESS: u32 = 2;

/// A number rounded to two significant digits, for figures that are a guess: 883.1 becomes 880, 3.86 becomes 3.9.
pub fn two_digits(number: Decimal) -> Decimal {
    number.round_sf(DIGITS_OF_A_GUESS).unwrap_or(number).normalize()
}

/// A decimal number with its thousands set apart: `1,200,000.5`.
pub(super) fn grouped(number: &str) -> String {
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", number),
    };
    let whole = digits.find('.').unwrap_or(digits.len());
    let mut text = String::from(sign);
    for (place, digit) in digits.char_indices() {
        if place > 0 && place < whole && (whole - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_has_two_significant_digits() {
        for (exact, shown) in [
            ("883.1", "880"),
            ("3.86", "3.9"),
            ("0.0276", "0.028"),
            ("-1250", "-1200"),
            ("41.63", "42"),
            ("999", "1000"),
            ("0", "0"),
        ] {
            assert_eq!(two_digits(exact.parse().unwrap()).to_string(), shown, "{exact}");
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        for (number, shown) in [
            ("880", "880"),
            ("-1200", "-1,200"),
            ("1200000.5", "1,200,000.5"),
            ("12.3456", "12.3456"),
        ] {
            assert_eq!(grouped(number), shown);
        }
    }
}
