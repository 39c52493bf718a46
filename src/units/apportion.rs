use num_bigint::{BigInt, BigUint};
use num_integer::Integer;

/// All weights are zero, so there is nothing to divide by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be divided where all weights are zero")]
pub struct NoWeight;

/// Divides a whole number of units by weight. The shares add up to it exactly.
///
/// Each share is rounded down. The remaining units go one by one to the largest remainders, and among equals to the
/// first. A weight of zero gets nothing.
///
/// # Errors
/// If `total` is not zero and every weight is zero.
pub fn apportion(total: u128, weights: &[u128]) -> Result<Vec<u128>, NoWeight> {
    let sum: BigUint = weights.iter().copied().map(BigUint::from).sum();
    if sum == BigUint::ZERO {
        return if total == 0 {
            Ok(vec![0; weights.len()])
        } else {
            Err(NoWeight)
        };
    }
    let mut left = total;
    let mut shares = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    for (index, &weight) in weights.iter().enumerate() {
        let (share, remainder) = (BigUint::from(total) * weight).div_rem(&sum);
        // A share never exceeds the total, so it always fits.
        let share = u128::try_from(share).unwrap_or(total);
        left -= share;
        shares.push(share);
        remainders.push((remainder, index));
    }
    remainders.sort_by(|(one, first), (other, second)| other.cmp(one).then(first.cmp(second)));
    for (_, index) in remainders {
        if left == 0 {
            break;
        }
        shares[index] += 1;
        left -= 1;
    }
    Ok(shares)
}

/// Divides a whole number of units, which may be negative, by weights of which some may be negative. The shares add
/// up to it exactly.
///
/// Used for differences: even if a registry shrinks, the share of one repository may grow.
///
/// # Errors
/// If `total` is not zero and the weights add up to zero.
pub fn apportion_signed(total: i128, weights: &[i128]) -> Result<Vec<i128>, NoWeight> {
    if total == 0 {
        return Ok(vec![0; weights.len()]);
    }
    let sum: BigInt = weights.iter().copied().map(BigInt::from).sum();
    if sum == BigInt::ZERO {
        return Err(NoWeight);
    }
    let mut left = BigInt::from(total);
    let mut divided = Vec::with_capacity(weights.len());
    for (index, &weight) in weights.iter().enumerate() {
        let (share, remainder) = (BigInt::from(total) * weight).div_mod_floor(&sum);
        left -= &share;
        divided.push((share, BigInt::from(remainder.magnitude().clone()), index));
    }
    // Rounding down leaves less than one unit for each share; all remainders have the sign of the sum.
    divided.sort_by(|(_, one, first), (_, other, second)| other.cmp(one).then(first.cmp(second)));
    for (share, ..) in &mut divided {
        if left == BigInt::ZERO {
            break;
        }
        *share += 1;
        left -= 1;
    }
    divided.sort_by_key(|&(.., index)| index);
    // A share of more than 128 bits needs weights that nearly cancel each other out.
    divided
        .into_iter()
        .map(|(share, ..)| i128::try_from(share).map_err(|_| NoWeight))
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn gives_the_leftover_to_the_largest_remainders() {
        assert_eq!(apportion(10, &[1, 1, 1]), Ok(vec![4, 3, 3]));
        assert_eq!(apportion(10, &[1, 2, 0]), Ok(vec![3, 7, 0]));
        assert_eq!(apportion(0, &[0, 0]), Ok(vec![0, 0]));
        assert_eq!(apportion(1, &[0, 0]), Err(NoWeight));
    }

    #[test]
    fn a_share_may_grow_while_the_whole_shrinks() {
        assert_eq!(apportion_signed(100, &[150, -50]), Ok(vec![150, -50]));
        assert_eq!(apportion_signed(-10, &[1, 1, 1]), Ok(vec![-3, -3, -4]));
        assert_eq!(apportion_signed(0, &[5, -5]), Ok(vec![0, 0]));
        assert_eq!(apportion_signed(1, &[5, -5]), Err(NoWeight));
    }

    proptest! {
        #[test]
        fn signed_shares_add_up(
            total in -1_000_000_000_000_i128..1_000_000_000_000,
            weights in prop::collection::vec(-1_000_000_i128..1_000_000, 1..20),
        ) {
            prop_assume!(weights.iter().sum::<i128>() != 0);
            let shares = apportion_signed(total, &weights).unwrap();
            prop_assert_eq!(shares.iter().sum::<i128>(), total);
        }

        #[test]
        fn shares_add_up_and_differ_from_the_exact_by_less_than_one(
            total in 0_u128..u128::MAX,
            weights in prop::collection::vec(0_u128..1_000_000, 1..20),
        ) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let shares = apportion(total, &weights).unwrap();
            prop_assert_eq!(shares.iter().sum::<u128>(), total);
            let sum: BigUint = weights.iter().copied().map(BigUint::from).sum();
            for (share, weight) in shares.iter().zip(&weights) {
                let exact = BigUint::from(total) * *weight;
                prop_assert!(BigUint::from(*share) * &sum <= &exact + &sum);
                prop_assert!(exact <= (BigUint::from(*share) + 1_u8) * &sum);
            }
        }
    }
}
