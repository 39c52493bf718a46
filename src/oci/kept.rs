//! Which environment variables, labels and annotations of images are kept, and how much of them.

/// The longest value of a label, annotation or variable that is kept, in bytes. Our choice of December 2026: names of images
/// and versions are below 300.
pub(super) const LONGEST_VALUE: usize = 4 * 1024;
/// The longest name of a media type, artifact type or platform that is kept, in bytes (RFC 6838: 127 on each side of the
/// slash).
pub(super) const LONGEST_NAME: usize = 255;

/// The beginning of a text: all of it, unless it is longer than any real one.
pub(super) fn bounded(mut text: String, longest: usize) -> String {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        // What is kept of many images is in memory at the same time.
        text.shrink_to_fit();
    }
    text
}

/// Whether an environment variable is kept: versions, and the few that identify bases.
///
/// This is an allow-list, because any other variable may contain a secret. Names that end in `_VERSION` state the
/// release of a runtime; the rest are those of `docker-library`, Microsoft's .NET images and the common JDK builds,
/// read from their Dockerfiles in 2026.
pub fn is_kept_variable(name: &str) -> bool {
    const NAMES: [&str; 26] = [
        "APP_UID",
        "ASPNETCORE_HTTP_PORTS",
        "BUNDLE_SILENCE_ROOT_WARNING",
        "CARGO_HOME",
        "CATALINA_HOME",
        "DOTNET_RUNNING_IN_CONTAINER",
        "GEM_HOME",
        "GOLANG_VERSION",
        "GOPATH",
        "GOSU_VERSION",
        "HTTPD_PREFIX",
        "JAVA_HOME",
        "JETTY_HOME",
        "JULIA_PATH",
        "LANG",
        "LD_PRELOAD",
        "MYSQL_MAJOR",
        "MARIADB_MAJOR",
        "MONGO_MAJOR",
        "PG_MAJOR",
        "PHPIZE_DEPS",
        "PHP_INI_DIR",
        "RABBITMQ_HOME",
        "RUBY_MAJOR",
        "RUSTUP_HOME",
        "TOMCAT_MAJOR",
    ];
    const SECRET: [&str; 5] = ["TOKEN", "SECRET", "PASSWORD", "CREDENTIAL", "_KEY"];
    (NAMES.contains(&name) || name.ends_with("_VERSION")) && !SECRET.iter().any(|word| name.contains(word))
}

/// Whether a label or annotation is kept: those that identify bases, attestations and cost centres.
pub fn is_kept_label(key: &str) -> bool {
    const KEYS: [&str; 15] = [
        "com.redhat.component",
        "cpe",
        "io.buildpacks.base.distro.name",
        "io.buildpacks.base.distro.version",
        "io.buildpacks.stack.id",
        "maintainer",
        "name",
        "org.opencontainers.image.base.digest",
        "org.opencontainers.image.base.name",
        "org.opencontainers.image.ref.name",
        "org.opencontainers.image.title",
        "org.opencontainers.image.vendor",
        "org.opencontainers.image.version",
        "vendor",
        "version",
    ];
    const PREFIXES: [&str; 2] = ["vnd.docker.reference.", "org.label-schema.name"];
    KEYS.contains(&key) || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_any_length_is_cut_between_characters() {
        assert_eq!(bounded("22.1.0".to_owned(), 255), "22.1.0");
        assert_eq!(bounded("ééé".to_owned(), 5), "éé");
        assert_eq!(bounded("x".repeat(1 << 20), LONGEST_VALUE).len(), LONGEST_VALUE);
    }
}
