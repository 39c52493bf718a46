//! Which environment variables, labels and annotations of images are kept.

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
