use std::path::Path;

use oauth2::ClientSecret;

use super::error::IssuerError;
use super::settings::LoginSettings;

/// The secret of Tare as a client of a provider: the first line of its file; `None` for a public client. It is read for
/// each login, so that a new secret needs no restart.
///
/// # Errors
/// If the file cannot be read, or its first line is empty.
pub(super) fn read(settings: &LoginSettings) -> Result<Option<ClientSecret>, IssuerError> {
    let first_line = |file: &Path| {
        let unusable = |problem: &str| {
            IssuerError::ClientSecret(format!("client_secret_file {}: {problem}", file.display()))
        };
        let text = std::fs::read_to_string(file).map_err(|error| unusable(&error.to_string()))?;
        match text.lines().next().filter(|line| !line.is_empty()) {
            Some(line) => Ok(ClientSecret::new(line.to_owned())),
            None => Err(unusable("its first line is empty")),
        }
    };
    settings.client_secret_file.as_deref().map(first_line).transpose()
}
