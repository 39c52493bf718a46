use std::path::PathBuf;

use reqwest::Certificate;

use super::error::{HttpSetupError, root_cause};

/// The certificates in PEM files.
///
/// # Errors
/// If a file cannot be read, holds something that is no certificate, or holds none.
pub(super) fn read_certificates(files: &[PathBuf]) -> Result<Vec<Certificate>, HttpSetupError> {
    let mut certificates = Vec::new();
    for file in files {
        let fail = |problem: String| HttpSetupError::Certificates {
            file: file.clone(),
            problem,
        };
        let text = std::fs::read(file).map_err(|error| fail(error.to_string()))?;
        let found = Certificate::from_pem_bundle(&text).map_err(|error| fail(root_cause(&error)))?;
        if found.is_empty() {
            return Err(fail("it holds no PEM certificate".to_owned()));
        }
        certificates.extend(found);
    }
    Ok(certificates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_without_certificates_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "nothing here").unwrap();
        for (file, problem) in [
            (empty, "no PEM certificate"),
            (folder.path().join("missing.pem"), "No such file"),
        ] {
            let error = read_certificates(std::slice::from_ref(&file))
                .unwrap_err()
                .to_string();
            assert!(
                error.contains(problem) && error.contains(&file.display().to_string()),
                "{error}"
            );
        }
    }
}
