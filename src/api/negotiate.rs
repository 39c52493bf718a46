//! Which of the forms that an answer has a client prefers.

/// The place of the media type that a client likes best among those offered; the first of equals, none
/// where it accepts none of them. A client that says nothing takes anything.
pub(super) fn preferred(accept: Option<&str>, offered: &[&str]) -> Option<usize> {
    let Some(accept) = accept.filter(|text| !text.trim().is_empty()) else {
        return (!offered.is_empty()).then_some(0);
    };
    let ranges: Vec<(&str, u32)> = accept.split(',').map(range).collect();
    let mut best: Option<(usize, u32)> = None;
    for (place, media_type) in offered.iter().enumerate() {
        // The most specific range that covers a type says how much it is wanted.
        let wanted = ranges
            .iter()
            .filter_map(|&(range, quality)| Some((specificity(range, media_type)?, quality)))
            .max_by_key(|&(specificity, _)| specificity)
            .map_or(0, |(_, quality)| quality);
        if wanted > 0 && best.is_none_or(|(_, quality)| wanted > quality) {
            best = Some((place, wanted));
        }
    }
    best.map(|(place, _)| place)
}

/// A media range and how much it is wanted, in thousandths.
fn range(text: &str) -> (&str, u32) {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next().unwrap_or_default();
    let quality = parts
        .filter_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .next()
        .map_or(1000, thousandths);
    (range, quality)
}

/// `0.25` as 250. What cannot be read counts as fully wanted, as if it had not been written.
fn thousandths(text: &str) -> u32 {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits: String = fraction.chars().chain("000".chars()).take(3).collect();
    match (whole.parse::<u32>(), digits.parse::<u32>()) {
        (Ok(whole), Ok(fraction)) => (whole * 1000 + fraction).min(1000),
        _ => 1000,
    }
}

/// How closely a range covers a media type: 2 by its name, 1 by its first part, 0 as anything.
fn specificity(range: &str, media_type: &str) -> Option<u8> {
    if range.eq_ignore_ascii_case(media_type) {
        return Some(2);
    }
    if range == "*/*" || range == "*" {
        return Some(0);
    }
    let (kind, _) = media_type.split_once('/')?;
    let wanted = range.strip_suffix("/*")?;
    wanted.eq_ignore_ascii_case(kind).then_some(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_that_is_wanted_most_is_chosen() {
        let offered = ["application/json", "text/csv"];
        for (accept, chosen) in [
            (None, Some(0)),
            (Some(""), Some(0)),
            (Some("*/*"), Some(0)),
            (Some("text/csv"), Some(1)),
            (Some("Text/CSV"), Some(1)),
            (Some("text/*;q=0.5, application/json;q=0.4"), Some(1)),
            (Some("text/html, application/xhtml+xml, */*;q=0.8"), Some(0)),
            (Some("application/json;q=0, */*"), Some(1)),
            (Some("text/csv;q=0"), None),
            (Some("image/png"), None),
            (Some("text/csv;q=nonsense"), Some(1)),
        ] {
            assert_eq!(preferred(accept, &offered), chosen, "{accept:?}");
        }
    }
}
