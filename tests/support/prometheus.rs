//! A real Prometheus, as Debian packages it: with the product's own configuration but for where Tare is and how
//! often it is asked, until it is dropped.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A running Prometheus that scrapes one address each second.
pub struct Prometheus {
    url: String,
    client: reqwest::Client,
    server: Child,
    _folder: TempDir,
}

impl Prometheus {
    /// Starts it.
    pub fn scraping(target: SocketAddr) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/config/prometheus");
        let configuration = fs::read_to_string(format!("{own}/prometheus.yml")).expect("a configuration");
        let changed = configuration
            .replace("tare:8080", &target.to_string())
            .replace("interval: 1m", "interval: 1s");
        assert!(changed.contains(&target.to_string()) && changed.contains("interval: 1s"));
        fs::write(folder.path().join("prometheus.yml"), changed).expect("a configuration");
        fs::copy(
            format!("{own}/tare-alerts.yml"),
            folder.path().join("tare-alerts.yml"),
        )
        .expect("the rules");
        let port = TcpListener::bind(("127.0.0.1", 0))
            .and_then(|listener| listener.local_addr())
            .expect("a free port")
            .port();
        let log = fs::File::create(folder.path().join("log")).expect("a log");
        let server = Command::new("prometheus")
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--config.file=prometheus.yml")
            .arg("--storage.tsdb.path=data")
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("prometheus is installed, as tests/run does");
        // Nothing here is encrypted; reqwest wants to know all the same by whom it would be.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(10))
            .build();
        Self {
            url: format!("http://127.0.0.1:{port}"),
            client: client.expect("a client"),
            server,
            _folder: folder,
        }
    }

    /// The series that an expression gives now; waits for as long as it gives none, up to half a minute.
    pub async fn wait_for(&self, expression: &str) -> Vec<Value> {
        for _ in 0..60 {
            if let Ok(series) = self.query(expression).await
                && !series.is_empty()
            {
                return series;
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
        panic!("{expression} gives nothing: {:?}", self.query(expression).await);
    }

    /// The series that an expression gives now, or what is wrong with it.
    pub async fn query(&self, expression: &str) -> Result<Vec<Value>, String> {
        let answer = self.get("query", &[("query", expression)]).await?;
        Ok(answer["result"].as_array().cloned().unwrap_or_default())
    }

    /// The data of an answer of the API, or what is wrong.
    pub async fn get(&self, endpoint: &str, parameters: &[(&str, &str)]) -> Result<Value, String> {
        let url = url::Url::parse_with_params(&format!("{}/api/v1/{endpoint}", self.url), parameters)
            .expect("a URL");
        let answer = self.client.get(url).send().await;
        let text = match answer {
            Ok(answer) => answer.text().await,
            Err(error) => Err(error),
        };
        let text = text.map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&text).map_err(|_| text)?;
        if answer["status"] == "success" {
            Ok(answer["data"].clone())
        } else {
            Err(answer["error"].to_string())
        }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
