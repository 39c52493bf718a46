//! A stand-in for Slack, Teams and webhooks: keeps what it is sent and answers as told.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use serde_json::Value;

/// A request that was received.
#[derive(Debug, Clone)]
pub struct Received {
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        let header = self.headers.iter().find(|(held, _)| held == name);
        header.map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// A server on a free port of this machine, until it is dropped.
pub struct WebReceiver {
    address: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
    is_stopped: Arc<AtomicBool>,
}

impl WebReceiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let receiver = Self {
            address: listener.local_addr().expect("an address").to_string(),
            received: Arc::default(),
            answers: Arc::default(),
            is_stopped: Arc::default(),
        };
        let (received, answers) = (Arc::clone(&receiver.received), Arc::clone(&receiver.answers));
        let is_stopped = Arc::clone(&receiver.is_stopped);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if is_stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A connection that sends nothing, or breaks off, is not counted.
                drop(answer(stream, &received, &answers));
            }
        });
        receiver
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// The statuses of its next answers; after them, 200.
    pub fn answer_with(&self, statuses: &[u16]) {
        self.answers.lock().extend(statuses);
    }

    /// What it was sent, oldest first.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().clone()
    }
}

impl Drop for WebReceiver {
    fn drop(&mut self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        // Wakes the thread.
        drop(TcpStream::connect(&self.address));
    }
}

fn answer(
    stream: TcpStream,
    received: &Mutex<Vec<Received>>,
    answers: &Mutex<VecDeque<u16>>,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(());
    }
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    received.lock().push(Received {
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let status = answers.lock().pop_front().unwrap_or(200);
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} Said so\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"
    )
}
