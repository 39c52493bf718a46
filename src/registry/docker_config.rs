//! Credentials from Docker's `config.json`, as `docker login` writes it, or from a credential helper that it names.
//!
//! Registries are matched by exact host and port. Prefix matching has sent passwords to
//! `reg.example.com.evil.example` before.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::SecretString;
use serde::Deserialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::credentials::Credentials;
use super::origin::Origin;

/// Why credentials could not be read.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read {path}: {problem}")]
    File {
        /// The path of the file.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// The registry's entry is not valid.
    #[error("the entry for {registry} in {path}: {problem}")]
    Entry {
        /// The path of the file.
        path: String,
        /// The registry.
        registry: String,
        /// What is wrong.
        problem: &'static str,
    },
    /// The credential helper failed.
    #[error("the credential helper {helper} {problem}")]
    Helper {
        /// The program's name.
        helper: String,
        /// What went wrong.
        problem: String,
    },
}

/// The parts of the file that matter here.
#[derive(Deserialize, Default)]
struct DockerConfig {
    #[serde(default)]
    auths: HashMap<String, Entry>,
    #[serde(default, rename = "credHelpers")]
    helpers: HashMap<String, String>,
    #[serde(default, rename = "credsStore")]
    store: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Entry {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

/// The most bytes read of the file or of a helper's output. Our choice; both are a few kilobytes.
const LONGEST: u64 = 1 << 20;
/// The user name that marks a secret as an identity token (docker/cli and docker-credential-helpers).
const TOKEN_USER: &str = "<token>";
/// The key of Docker Hub's credentials (docker/cli).
const DOCKER_HUB: &str = "https://index.docker.io/v1/";

/// The credentials for a registry from Docker's configuration file. `None` if the file has none or does not exist.
/// A helper that takes longer than `helper_timeout` is killed.
///
/// # Errors
/// If the file cannot be read, or a helper fails for another reason than missing credentials.
pub async fn from_docker_config(
    origin: &Origin,
    config_path: &Path,
    helper_timeout: Duration,
) -> Result<Option<Credentials>, CredentialsError> {
    let path = config_path.display().to_string();
    let unreadable = |problem: String| CredentialsError::File {
        path: path.clone(),
        problem,
    };
    let text = match tokio::fs::read(config_path).await {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error.to_string())),
    };
    // The parser's message could contain a secret. The line is enough.
    let config: DockerConfig = serde_json::from_slice(&text)
        .map_err(|error| unreadable(format!("not Docker's JSON, line {}", error.line())))?;
    let names = names_of(origin);
    let helper = config.helpers.iter().find(|(key, _)| is_one_of(&names, key));
    if let Some((key, helper)) = helper {
        return ask_helper(helper, key, helper_timeout).await;
    }
    let entry = config.auths.iter().find(|(key, _)| is_one_of(&names, key));
    if let Some((_, entry)) = entry {
        let registry = origin.name().to_string();
        let found = entry.credentials().map_err(|problem| CredentialsError::Entry {
            path,
            registry,
            problem,
        })?;
        if found.is_some() {
            return Ok(found);
        }
    }
    let Some(store) = &config.store else {
        return Ok(None);
    };
    let key = match entry {
        Some((key, _)) => key.clone(),
        None if names.iter().any(|name| name == "index.docker.io") => DOCKER_HUB.to_owned(),
        None => origin.name().to_string(),
    };
    ask_helper(store, &key, helper_timeout).await
}

impl Entry {
    fn credentials(&self) -> Result<Option<Credentials>, &'static str> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Credentials::IdentityToken(
                self.identitytoken.clone().into(),
            )));
        }
        if !self.registrytoken.is_empty() {
            return Ok(Some(Credentials::BearerToken(self.registrytoken.clone().into())));
        }
        if !self.auth.is_empty() {
            let padding =
                GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
            let pair = GeneralPurpose::new(&STANDARD, padding)
                .decode(&self.auth)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or("its auth is not valid base64")?;
            // Older versions of Docker pad the password with zero bytes.
            let (username, password) = pair
                .trim_end_matches('\0')
                .split_once(':')
                .ok_or("its auth has no colon")?;
            return Ok(Some(user(username.to_owned(), password.to_owned().into())));
        }
        let has_user = !self.username.is_empty();
        Ok(has_user.then(|| user(self.username.clone(), self.password.clone().into())))
    }
}

fn user(username: String, password: SecretString) -> Credentials {
    if username == TOKEN_USER {
        Credentials::IdentityToken(password)
    } else {
        Credentials::Basic { username, password }
    }
}

/// The names (host and port) under which a registry may be listed. Docker Hub has several.
fn names_of(origin: &Origin) -> Vec<String> {
    let name = origin.name().to_string();
    let mut names = match name.as_str() {
        "docker.io" | "registry-1.docker.io" => {
            vec![
                "index.docker.io".into(),
                "docker.io".into(),
                "registry-1.docker.io".into(),
            ]
        }
        _ => Vec::new(),
    };
    if let Some(port) = origin.url().port_or_known_default()
        && origin.url().port().is_none()
    {
        names.push(format!("{name}:{port}"));
    }
    names.push(name);
    names
}

/// Whether a key of the file means one of these registries: host and port, with an optional scheme and one of
/// the paths that Docker writes.
fn is_one_of(names: &[String], key: &str) -> bool {
    let bare = key
        .strip_prefix("https://")
        .or_else(|| key.strip_prefix("http://"))
        .unwrap_or(key);
    let (host, path) = bare.split_once('/').unwrap_or((bare, ""));
    let known_path = matches!(path, "" | "v1" | "v1/" | "v2" | "v2/");
    known_path && names.iter().any(|name| name.eq_ignore_ascii_case(host))
}

async fn ask_helper(
    name: &str,
    server: &str,
    timeout: Duration,
) -> Result<Option<Credentials>, CredentialsError> {
    // The name becomes part of a program's name, so it must not contain a path.
    let valid = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    let helper = format!("docker-credential-{}", if valid { name } else { "…" });
    if !valid || name.is_empty() {
        return Err(CredentialsError::Helper {
            helper,
            problem: "has no valid name".into(),
        });
    }
    run_helper(helper.as_ref(), server, timeout)
        .await
        .map_err(|problem| CredentialsError::Helper { helper, problem })
}

/// Runs a helper: writes the server's name to it and reads a user name and a secret. Its output and errors are
/// never repeated, because they may contain the secret.
async fn run_helper(program: &OsStr, server: &str, timeout: Duration) -> Result<Option<Credentials>, String> {
    let mut child = Command::new(program)
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("cannot be started: {error}"))?;
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    let dialogue = async {
        if let Some(mut stdin) = stdin {
            // A helper that does not read its input may still have answered.
            drop(stdin.write_all(server.as_bytes()).await);
        }
        let mut output = Vec::new();
        if let Some(stdout) = stdout {
            stdout.take(LONGEST).read_to_end(&mut output).await?;
        }
        Ok::<_, std::io::Error>((child.wait().await?, output))
    };
    let Ok(outcome) = tokio::time::timeout(timeout, dialogue).await else {
        // Dropping the future has killed the helper.
        return Err(format!(
            "did not finish within {} s and was stopped",
            timeout.as_secs_f32()
        ));
    };
    let (status, output) = outcome.map_err(|error| format!("failed: {error}"))?;
    if !status.success() {
        let said = String::from_utf8_lossy(&output);
        let said = said.trim();
        // The protocol has no status code for this; all helpers print this sentence.
        if said.starts_with("credentials not found") {
            return Ok(None);
        }
        return Err(format!("failed ({status})"));
    }
    let answer: HelperAnswer =
        serde_json::from_slice(&output).map_err(|_| "returned output that cannot be parsed".to_owned())?;
    Ok((!answer.secret.is_empty()).then(|| user(answer.username, answer.secret.into())))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;
    use std::time::Instant;

    use secrecy::ExposeSecret as _;

    use super::*;

    fn described(credentials: Option<Credentials>) -> String {
        match credentials {
            None => "none".into(),
            Some(Credentials::Anonymous) => "anonymous".into(),
            Some(Credentials::Basic { username, password }) => {
                format!("{username}:{}", password.expose_secret())
            }
            Some(Credentials::IdentityToken(token)) => format!("identity {}", token.expose_secret()),
            Some(Credentials::BearerToken(token)) => format!("bearer {}", token.expose_secret()),
            Some(Credentials::Azure { .. }) => "an identity of Azure".into(),
        }
    }

    async fn found(config: &str, registry: &str) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.json");
        fs::write(&path, config).unwrap();
        let origin = Origin::parse(registry).unwrap();
        match from_docker_config(&origin, &path, Duration::from_secs(5)).await {
            Ok(credentials) => described(credentials),
            Err(error) => format!("error: {error}"),
        }
    }

    #[tokio::test]
    async fn entries_are_read_in_all_their_forms() {
        let auth = base64::prelude::BASE64_STANDARD.encode("me:hunter2:x");
        for (entry, expected) in [
            (format!(r#"{{"auth":"{auth}"}}"#), "me:hunter2:x"),
            (
                format!(r#"{{"auth":"{}"}}"#, auth.trim_end_matches('=')),
                "me:hunter2:x",
            ),
            (r#"{"username":"me","password":"pw"}"#.into(), "me:pw"),
            (
                r#"{"auth":"","identitytoken":"refresh"}"#.into(),
                "identity refresh",
            ),
            (r#"{"registrytoken":"access"}"#.into(), "bearer access"),
            ("{}".into(), "none"),
        ] {
            let config = format!(r#"{{"auths":{{"reg.example.com":{entry}}}}}"#);
            assert_eq!(found(&config, "reg.example.com").await, expected);
        }
    }

    #[tokio::test]
    async fn a_registry_is_matched_by_exact_host_and_port() {
        let matches = |key: &str, registry: &'static str| {
            let config = format!(r#"{{"auths":{{"{key}":{{"username":"me","password":"pw"}}}}}}"#);
            async move { found(&config, registry).await == "me:pw" }
        };
        for (key, registry) in [
            ("reg.example.com", "reg.example.com"),
            ("https://reg.example.com/v2/", "reg.example.com"),
            ("reg.example.com:443", "reg.example.com"),
            ("127.0.0.1:5001", "http://127.0.0.1:5001"),
            ("https://index.docker.io/v1/", "registry-1.docker.io"),
        ] {
            assert!(matches(key, registry).await, "{key} for {registry}");
        }
        for (key, registry) in [
            ("reg.example.com", "reg.example.com.evil.example"),
            ("https://reg.example.com", "reg.example.com:8443"),
            ("reg.example", "reg.example.com"),
            ("reg.example.com/team", "reg.example.com"),
            ("example.com", "reg.example.com"),
        ] {
            assert!(!matches(key, registry).await, "{key} for {registry}");
        }
    }

    #[tokio::test]
    async fn a_broken_file_is_told_without_its_secrets() {
        for config in [
            r#"{"auths":{"reg.example.com":{"auth":"hunter2!"}}}"#,
            r#"{"auths":{"reg.example.com":{"password":"hunter2","username":7}}}"#,
            r#"{"credHelpers":{"reg.example.com":"../../bin/sh"}}"#,
            r#"{"credsStore":"no-such-helper-anywhere"}"#,
        ] {
            let text = found(config, "reg.example.com").await;
            assert!(text.starts_with("error: ") && !text.contains("hunter2"), "{text}");
        }
        let origin = Origin::parse("reg.example.com").unwrap();
        let missing = from_docker_config(&origin, Path::new("/nowhere/config.json"), Duration::ZERO).await;
        assert!(matches!(missing, Ok(None)));
    }

    async fn helped(script: &str, timeout: Duration) -> Result<Option<Credentials>, String> {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-test");
        fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        loop {
            let answer = run_helper(program.as_os_str(), "reg.example.com", timeout).await;
            // Another test's new process may hold the freshly written file open for an instant.
            if !answer.as_ref().is_err_and(|problem| problem.contains("busy")) {
                return answer;
            }
        }
    }

    #[tokio::test]
    async fn a_helper_is_given_the_server_and_believed() {
        let long = Duration::from_secs(20);
        let script =
            r#"read server; printf '{"ServerURL":"%s","Username":"%s","Secret":"s3"}' "$server" "$server""#;
        let answer = helped(script, long).await;
        assert_eq!(described(answer.unwrap()), "reg.example.com:s3");
        let answer = helped(r#"echo '{"Username":"<token>","Secret":"refresh"}'"#, long).await;
        assert_eq!(described(answer.unwrap()), "identity refresh");
        let answer = helped("echo 'credentials not found in native keychain'; exit 1", long).await;
        assert_eq!(described(answer.unwrap()), "none");
        for script in ["echo hunter2; exit 1", "echo hunter2"] {
            let problem = helped(script, long).await.unwrap_err();
            assert!(!problem.contains("hunter2"), "{problem}");
        }
    }

    #[tokio::test]
    async fn a_helper_that_hangs_is_killed_in_time() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("survived");
        let begun = Instant::now();
        let script = format!("sleep 0.5; touch {}", mark.display());
        let problem = helped(&script, Duration::from_millis(100)).await.unwrap_err();
        assert!(
            problem.contains("stopped") && begun.elapsed() < Duration::from_secs(5),
            "{problem}"
        );
        tokio::time::sleep(Duration::from_millis(800)).await;
        assert!(!mark.exists(), "the helper lived on");
    }
}
