//! Order statistics on small samples.

/// The median; 0 if empty. Sorts its input.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        count if count % 2 == 1 => values[count / 2],
        count => (values[count / 2 - 1] + values[count / 2]) / 2.0,
    }
}

/// The mean; 0 if empty.
pub(super) fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The smallest value that at least `share` of the values do not exceed; 0 if empty.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let rank = (values.len() as f64 * share).ceil() as usize;
    values
        .get(rank.clamp(1, values.len().max(1)) - 1)
        .copied()
        .unwrap_or(0.0)
}

/// The bound below which the next value from the same source lies with at least this probability, for any distribution:
/// the order statistic of rank ⌈(n + 1) · probability⌉. `None` if the sample is too small for such a bound.
pub(super) fn upper_bound(values: &mut [f64], probability: f64) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let rank = ((values.len() + 1) as f64 * probability).ceil() as usize;
    values.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_those_of_the_definitions() {
        let mut nine: Vec<f64> = (1..=9).map(f64::from).collect();
        assert_eq!(median(&mut nine), 5.0);
        assert_eq!(quantile(&mut nine, 0.9), 9.0);
        assert_eq!(upper_bound(&mut nine, 0.8), Some(8.0));
        assert_eq!(upper_bound(&mut nine, 0.9), Some(9.0));
        assert_eq!(upper_bound(&mut nine[..8], 0.9), None);
        assert_eq!((median(&mut []), quantile(&mut [], 0.5)), (0.0, 0.0));
        assert_eq!(median(&mut [1.0, 2.0]), 1.5);
    }
}
