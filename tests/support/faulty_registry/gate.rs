use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::{Request, Spoil};

/// Holds up whoever asks for the tags of a repository, once so many repositories got through, until it is opened. So a
/// crawl can be met in its midst, however fast or slow the machine is.
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A gate that lets so many repositories through, and how it spoils answers.
    pub fn after(repositories: usize) -> (Self, Spoil) {
        let (open, opened) = watch::channel(false);
        let through: Arc<Mutex<HashSet<String>>> = Arc::default();
        let spoil = Spoil::with(move |request: &Request, mut answer| {
            let Some((repository, _)) = request.path.split_once("/tags/list") else {
                return answer;
            };
            let mut through = through.lock().expect("no test panics inside");
            if through.len() < repositories {
                through.insert(repository.to_owned());
            }
            if !through.contains(repository) {
                answer.held = Some(opened.clone());
            }
            answer
        });
        (Self(open), spoil)
    }

    /// Lets all through, those who wait and those to come.
    pub fn open(&self) {
        self.0.send_replace(true);
    }
}
