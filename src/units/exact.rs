use rust_decimal::Decimal;

/// A result has more digits than a `Decimal` holds (96 bits, 28 decimals). It is refused instead of rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an amount has more digits than can be kept exactly")]
pub struct Inexact;

/// The exact product, or an error. (`Decimal`'s own `*` rounds silently.)
pub fn exact_product(left: Decimal, right: Decimal) -> Result<Decimal, Inexact> {
    let (left, right) = (left.normalize(), right.normalize());
    let mantissa = left.mantissa().checked_mul(right.mantissa()).ok_or(Inexact)?;
    from_parts(mantissa, left.scale() + right.scale())
}

/// The exact sum, or an error. (`Decimal`'s own `+` rounds silently.)
pub fn exact_sum(left: Decimal, right: Decimal) -> Result<Decimal, Inexact> {
    let (left, right) = (left.normalize(), right.normalize());
    let scale = left.scale().max(right.scale());
    let widened = |value: Decimal| {
        10_i128
            .checked_pow(scale - value.scale())
            .and_then(|factor| value.mantissa().checked_mul(factor))
            .ok_or(Inexact)
    };
    let mantissa = widened(left)?.checked_add(widened(right)?).ok_or(Inexact)?;
    from_parts(mantissa, scale)
}

/// A decimal from its parts, without trailing zeros.
fn from_parts(mut mantissa: i128, mut scale: u32) -> Result<Decimal, Inexact> {
    while scale > 0 && mantissa % 10 == 0 {
        mantissa /= 10;
        scale -= 1;
    }
    Decimal::try_from_i128_with_scale(mantissa, scale).map_err(|_| Inexact)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn keeps_every_digit_or_refuses() {
        assert_eq!(
            exact_product(decimal("0.000027397"), decimal("123456.123456789")),
            Ok(decimal("3.382327414345648233"))
        );
        assert_eq!(exact_sum(decimal("0.1"), decimal("0.2")), Ok(decimal("0.3")));
        let fine = decimal("0.0000000000000001");
        assert_eq!(exact_product(fine, fine), Err(Inexact));
        assert_eq!(exact_sum(Decimal::MAX, decimal("0.1")), Err(Inexact));
        assert_eq!(exact_sum(Decimal::MAX, Decimal::ONE), Err(Inexact));
    }
}
