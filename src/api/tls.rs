//! TLS with files that are reloaded when they change.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use parking_lot::{Mutex, RwLock};
use rustls::ServerConfig;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::settings::{ServeError, TlsFiles};

/// The minimum interval between two checks of the files. Our choice: a renewed certificate is soon in use, and
/// handshakes rarely read the file system.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// The TLS configuration of connections.
///
/// # Errors
/// If a file cannot be used.
pub(super) fn server_config(files: &TlsFiles) -> Result<ServerConfig, ServeError> {
    let resolver = Reloading {
        files: files.clone(),
        looked: Mutex::new((Instant::now(), modified(files))),
        present: RwLock::new(Arc::new(read(files)?)),
    };
    Ok(ServerConfig::builder()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver)))
}

/// The current certificate. If a renewed one cannot be used, the error is logged and the previous one stays.
#[derive(Debug)]
struct Reloading {
    files: TlsFiles,
    looked: Mutex<(Instant, Option<SystemTime>)>,
    present: RwLock<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Reloading {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        if self.has_changed() {
            match read(&self.files) {
                Ok(renewed) => {
                    *self.present.write() = Arc::new(renewed);
                    tracing::info!("renewed certificate in use");
                }
                Err(error) => {
                    tracing::error!(%error, "renewed certificate unusable; the previous one stays in use");
                }
            }
        }
        let present = self.present.read();
        Some(Arc::clone(&present))
    }
}

impl Reloading {
    fn has_changed(&self) -> bool {
        let mut looked = self.looked.lock();
        if looked.0.elapsed() < CHECK_INTERVAL {
            return false;
        }
        let now = modified(&self.files);
        let has_changed = now != looked.1;
        *looked = (Instant::now(), now);
        has_changed
    }
}

/// When the files last changed.
fn modified(files: &TlsFiles) -> Option<SystemTime> {
    let of = |file: &Path| fs::metadata(file).and_then(|metadata| metadata.modified()).ok();
    of(&files.certificate).max(of(&files.key))
}

fn read(files: &TlsFiles) -> Result<CertifiedKey, ServeError> {
    let wrong = |file: &Path, reason: String| ServeError::Tls {
        file: file.to_owned(),
        reason,
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&files.certificate, error.to_string()))?;
    if chain.is_empty() {
        return Err(wrong(
            &files.certificate,
            "there is no certificate in it".to_owned(),
        ));
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong(&files.key, error.to_string()))?;
    let signing = any_supported_type(&key).map_err(|error| wrong(&files.key, error.to_string()))?;
    let certified = CertifiedKey::new(chain, signing);
    certified
        .keys_match()
        .map_err(|_| wrong(&files.key, "this is not the key of the certificate".to_owned()))?;
    Ok(certified)
}
