//! Names of repositories that mirror well-known ones.

/// The upstream name of a repository path: `mirror/library/node` is `node`.
///
/// `is_known` says whether a name is an upstream repository of the catalogue. A path is only taken for a
/// copy where it says so itself (`library`, `dockerhub`, `mirror`, a host); another team's own `team/node`
/// is their own.
pub(super) fn upstream_name(path: &str, is_known: impl Fn(&str) -> bool) -> &str {
    if is_known(path) {
        return path;
    }
    if let Some(at) = path.rfind("library/")
        && (at == 0 || path[..at].ends_with('/'))
    {
        return &path[at + "library/".len()..];
    }
    // The longest known name that the path ends with, from the left.
    for (at, _) in path.match_indices('/') {
        let (before, name) = (&path[..at], &path[at + 1..]);
        let says_copy = before.split('/').any(names_a_copy);
        // Names of two words, such as distroless/static, belong to no other project.
        if is_known(name) && (says_copy || name.contains('/')) {
            return name;
        }
    }
    path
}

/// Whether a part of a path says that it contains mirrors.
fn names_a_copy(folder: &str) -> bool {
    const WORDS: [&str; 9] = [
        "mirror",
        "mirrors",
        "proxy",
        "cache",
        "dockerhub",
        "hub",
        "upstream",
        "docker",
        "io",
    ];
    folder.split(['-', '_', '.']).any(|word| WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::upstream_name;

    #[test]
    fn copies_are_called_what_they_copy() {
        let known = ["node", "distroless/static", "gcr.io/distroless/static"];
        for (path, name) in [
            ("node", "node"),
            ("mirror/library/node", "node"),
            ("library/node", "node"),
            ("library/anything", "anything"),
            ("dockerhub/node", "node"),
            ("docker.io/library/node", "node"),
            ("team/docker-hub-proxy/node", "node"),
            ("mirror/gcr.io/distroless/static", "gcr.io/distroless/static"),
            ("copies/distroless/static", "distroless/static"),
            ("team/node", "team/node"),
            ("mylibrary/node", "mylibrary/node"),
            ("mirror/unknown", "mirror/unknown"),
        ] {
            assert_eq!(upstream_name(path, |name| known.contains(&name)), name, "{path}");
        }
    }
}
