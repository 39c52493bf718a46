//! The limit of pulls that Docker Hub announces in its answers: `ratelimit-limit: 100;w=21600` and
//! `ratelimit-remaining: 0;w=21600` (Docker documentation, "Docker Hub usage and limits", 2026).

use std::time::Duration;

use reqwest::header::HeaderMap;

use super::Reason;

/// The window of a limit that does not state one: Docker Hub's six hours.
const USUAL_WINDOW: Duration = Duration::from_secs(6 * 3600);

/// If the headers say that no pull is left, the time after which there are some again.
pub(super) fn used_up_for(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("ratelimit-remaining")?.to_str().ok()?;
    let mut parts = text.split(';').map(str::trim);
    let remaining: u64 = parts.next()?.parse().ok()?;
    let window = parts
        .find_map(|part| part.strip_prefix("w="))
        .and_then(|seconds| seconds.parse().ok())
        .map_or(USUAL_WINDOW, Duration::from_secs);
    (remaining == 0).then(|| window.min(USUAL_WINDOW * 4))
}

/// Why no manifest is fetched any more.
pub(super) fn pull_limit_reached() -> Reason {
    Reason::Status {
        status: 429,
        said: ": the limit of pulls of this account or address is used up (ratelimit-remaining: 0). What is saved stays; \
               crawl again after the registry's window (six hours at Docker Hub), or with an account that may pull more"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_limit_that_is_used_up_counts() {
        for (text, expected) in [
            ("0;w=21600", Some(21_600)),
            ("0; w=60", Some(60)),
            ("0", Some(21_600)),
            ("0;w=999999999", Some(4 * 21_600)),
            ("1;w=21600", None),
            ("nonsense", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("ratelimit-remaining", text.parse().unwrap());
            assert_eq!(used_up_for(&headers), expected.map(Duration::from_secs), "{text}");
        }
        assert_eq!(used_up_for(&HeaderMap::new()), None);
    }
}
