//! CNCF Distribution, the real registry server, as Debian packages it: on a free port of the loopback
//! interface, over a folder that a test has laid out, until it is dropped.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// A running registry server.
pub struct DockerRegistry {
    url: String,
    requests: PathBuf,
    configuration: PathBuf,
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

    /// Serves a storage folder to everybody, who may also write and delete, keeps a log of the requests, and sends its
    /// events to an endpoint. `endpoint` makes its address from the name of the registry.
    pub fn serve_with_notifications(folder: &Path, endpoint: impl Fn(&str) -> String) -> Self {
        Self::start_as(folder, |port| {
            let endpoint = endpoint(&format!("127.0.0.1:{port}"));
            format!(
                "log: {{level: error, accesslog: {{disabled: false}}}}\n\
                 storage:\n  filesystem: {{rootdirectory: \"{}\"}}\n  delete: {{enabled: true}}\n\
                 notifications:\n  endpoints:\n  - {{name: tare, url: \"{endpoint}\", timeout: 1s, threshold: 10, backoff: 1s}}\n",
                folder.display()
            )
        })
    }

    /// Serves a storage folder to everybody, who may also write and delete.
    pub fn serve_for_deletion(folder: &Path) -> Self {
        Self::start_as(folder, |_| {
            format!(
                "log: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage:\n  filesystem: {{rootdirectory: \"{}\"}}\n  delete: {{enabled: true}}\n",
                folder.display()
            )
        })
    }

    /// Deletes from the storage folder what no manifest refers to any more.
    pub fn collect_garbage(&self) {
        let output = Command::new("docker-registry")
            .arg("garbage-collect")
            .arg(&self.configuration)
            .output()
            .expect("docker-registry is installed");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    fn start(folder: &Path, authorization: &str) -> Self {
        Self::start_as(folder, |_| {
            format!(
                "log: {{level: error, accesslog: {{disabled: true}}}}\n\
                 storage:\n  filesystem: {{rootdirectory: \"{}\", maxthreads: 200}}\n  \
                 maintenance: {{readonly: {{enabled: true}}}}\n  cache: {{blobdescriptor: inmemory}}\n{authorization}",
                folder.display()
            )
        })
    }

    /// Starts the server with these settings for its port beside its address.
    fn start_as(folder: &Path, settings: impl Fn(u16) -> String) -> Self {
        // Another process may take the port before the server does; then the next attempt finds another.
        for _ in 0..5 {
            let port = TcpListener::bind(("127.0.0.1", 0))
                .and_then(|listener| listener.local_addr())
                .expect("a free port")
                .port();
            let configuration = folder.join(format!("registry-{port}.yml"));
            let settings = settings(port);
            let text = format!("version: 0.1\nhttp: {{addr: \"127.0.0.1:{port}\"}}\n{settings}");
            fs::write(&configuration, text).expect("a configuration");
            let log = folder.join("registry.log");
            let requests = fs::File::create(folder.join("requests.log")).expect("a log");
            let mut server = Command::new("docker-registry")
                .arg("serve")
                .arg(&configuration)
                .stdin(Stdio::null())
                .stdout(requests)
                .stderr(fs::File::create(log).expect("a log"))
                .spawn()
                .expect("docker-registry is installed, as tests/run does");
            if answers(&mut server, port) {
                return Self {
                    url: format!("http://127.0.0.1:{port}"),
                    requests: folder.join("requests.log"),
                    configuration,
                    server,
                };
            }
        }
        let log = fs::read_to_string(folder.join("registry.log"));
        panic!("docker-registry does not start: {log:?}");
    }

    /// The lines of its log of requests so far; none if it keeps no such log.
    pub fn access_log(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.requests).expect("a log");
        text.lines().map(str::to_owned).collect()
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
