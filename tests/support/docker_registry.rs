//! CNCF Distribution, the real registry server, as Debian packages it: on a free port of the loopback
//! interface, over a folder that a test has laid out, until it is dropped.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A running registry server.
pub struct DockerRegistry {
    url: String,
    server: Child,
}

impl DockerRegistry {
    /// Serves a storage folder, read-only, to everybody.
    pub fn serve(folder: &Path) -> Self {
        Self::start(folder, "")
    }

    /// Serves a storage folder to those who have a token that `issuer`, at `realm`, signed with the key of
    /// one of the certificates in `certificates`.
    pub fn serve_with_tokens(folder: &Path, realm: &str, issuer: &str, certificates: &Path) -> Self {
        let certificates = certificates.display();
        Self::start(
            folder,
            &format!(
                "auth: {{token: {{realm: \"{realm}\", service: registry, issuer: {issuer}, rootcertbundle: \"{certificates}\"}}}}\n"
            ),
        )
    }

    fn start(folder: &Path, authorization: &str) -> Self {
        // Another process may take the port before the server does; then the next attempt finds another.
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0))
                .and_then(|listener| listener.local_addr())
                .expect("a free port")
                .port();
            let configuration = folder.join(format!("registry-{port}.yml"));
            fs::write(
                &configuration,
                format!(
                    "version: 0.1\n\
                     log: {{level: error, accesslog: {{disabled: true}}}}\n\
                     storage:\n  filesystem: {{rootdirectory: \"{}\", maxthreads: 200}}\n  \
                     maintenance: {{readonly: {{enabled: true}}}}\n  cache: {{blobdescriptor: inmemory}}\n\
                     http: {{addr: \"127.0.0.1:{port}\"}}\n{authorization}",
                    folder.display()
                ),
            )
            .expect("a configuration");
            let mut server = Command::new("docker-registry")
                .arg("serve")
                .arg(&configuration)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(folder.join("registry.log")).expect("a log"))
                .spawn()
                .expect("docker-registry is installed, as tests/run does");
            if answers(&mut server, port) {
                return Self {
                    url: format!("http://127.0.0.1:{port}"),
                    server,
                };
            }
        }
        let log = fs::read_to_string(folder.join("registry.log"));
        panic!("docker-registry does not start: {log:?}");
    }

    /// Where it is: `http://127.0.0.1:` and a port.
    pub fn url(&self) -> &str {
        &self.url
    }
}

/// Waits until the server takes connections; false where it has ended, or does not within 30 s.
fn answers(server: &mut Child, port: u16) -> bool {
    for _ in 0..600 {
        if server.try_wait().expect("a child").is_some() {
            return false;
        }
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return true;
        }
        sleep(Duration::from_millis(50));
    }
    let _ = server.kill();
    let _ = server.wait();
    false
}

impl Drop for DockerRegistry {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
