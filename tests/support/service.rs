//! `tare serve` as a user runs it, on a free port, and what it answers.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use tokio::runtime::Runtime;

use super::program::Program;

/// A service that runs until this is dropped.
pub struct Service {
    process: Child,
    url: String,
    client: reqwest::Client,
    runtime: Runtime,
    /// What it has said on standard error since it listens.
    said: Arc<Mutex<Vec<String>>>,
}

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Program {
    /// Starts the service with these options beside the address, and waits until it can answer.
    pub fn serve(&self, options: &[&str]) -> Service {
        self.serve_at("127.0.0.1:0", options)
    }

    /// The same on an address that others know already.
    pub fn serve_at(&self, address: &str, options: &[&str]) -> Service {
        let mut arguments = vec!["serve", "--listen", address];
        arguments.extend(options);
        Service::start(self.command(&arguments))
    }

    /// Starts the demo, whose year ends on this day, and waits until it can answer.
    #[cfg(feature = "embedded")]
    pub fn demo(&self, ends: &str) -> Service {
        Service::start(self.command(&["demo", "--listen", "127.0.0.1:0", "--as-of", ends]))
    }
}

impl Service {
    fn start(mut command: Command) -> Self {
        // Fails where another test was first, which is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut process = command
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the service starts");
        let mut lines = BufReader::new(process.stderr.take().expect("its standard error")).lines();
        let mut before = Vec::new();
        let url = loop {
            let Some(Ok(line)) = lines.next() else {
                panic!("the service does not listen: {before:?}");
            };
            let word = line.split_whitespace().find(|word| word.starts_with("http"));
            let is_address = line.contains("Listening on") || line.contains("Web page:");
            match word.filter(|_| is_address) {
                Some(word) => break word.trim_end_matches([':', ';', ',', '/']).to_owned(),
                None => before.push(line),
            }
        };
        // Somebody has to read the rest, or the service would wait for that one day.
        let said = Arc::new(Mutex::new(Vec::new()));
        let keeping = Arc::clone(&said);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                keeping.lock().expect("no panic").push(line);
            }
        });
        let service = Self {
            process,
            url,
            client: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .no_gzip()
                .danger_accept_invalid_certs(true)
                .build()
                .expect("a client"),
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime"),
            said,
        };
        for _ in 0..600 {
            if service.get("/readyz").status == 200 {
                return service;
            }
            sleep(Duration::from_millis(50));
        }
        panic!("the service does not become ready");
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The id of its process.
    pub fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// The line of its log with this word in it.
    pub fn said(&self, word: &str) -> String {
        for _ in 0..100 {
            let lines = self.said.lock().expect("no panic");
            if let Some(line) = lines.iter().find(|line| line.contains(word)) {
                return line.clone();
            }
            drop(lines);
            sleep(Duration::from_millis(50));
        }
        panic!("the log has no line with {word}: {:?}", self.said);
    }

    /// A request that may be added to.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// Sends a request.
    pub fn send(&self, request: RequestBuilder) -> Answer {
        self.runtime.block_on(async {
            let response = request.send().await.expect("an answer");
            Answer {
                status: response.status().as_u16(),
                headers: response.headers().clone(),
                body: response.bytes().await.expect("a body").to_vec(),
            }
        })
    }

    /// Asks.
    pub fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path))
    }

    /// A request to any address, of another server too, that may be added to.
    pub fn request_elsewhere(&self, method: Method, url: &str) -> RequestBuilder {
        self.client.request(method, url)
    }

    /// Asks for any address, of another server too.
    pub fn get_elsewhere(&self, url: &str) -> Answer {
        self.send(self.client.get(url))
    }

    /// Asks for a JSON answer that must be there.
    pub fn json(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        answer.json()
    }

    /// Posts a JSON document.
    pub fn post(&self, path: &str, document: &Value) -> Answer {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(document.to_string());
        self.send(request)
    }

    /// Waits for it to end.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        self.process.wait().expect("it ends")
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Gone already where a test waited for its end.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    /// A header; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Checks that it is a problem as RFC 9457 has it, and gives it.
    pub fn problem(&self, status: u16, kind: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/docs#{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        problem
    }
}
