use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

use crate::support::program::Program;

/// `tare serve` on a free port, until this is dropped.
pub struct Service {
    process: Child,
    address: SocketAddr,
}

impl Service {
    /// Starts it and waits until it listens.
    pub fn start(program: &Program) -> Self {
        let mut process = program
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(process.stderr.take().expect("standard error")).lines();
        let address = lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|line| {
                let (_, rest) = line.split_once("http://")?;
                rest.split([';', '/', ' '])
                    .next()?
                    .trim_end_matches(':')
                    .parse()
                    .ok()
            })
            .expect("where it listens");
        // Whoever writes into a pipe that nobody reads stops in the end.
        std::thread::spawn(move || lines.for_each(drop));
        Self { process, address }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
