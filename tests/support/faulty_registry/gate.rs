use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use super::{Request, Spoil};

/// What the paths of the listings contain that a crawl of a repository begins with.
const LISTINGS: [&str; 2] = ["/tags/list", "/_manifests"];

/// Holds up whoever asks what a repository holds, once so many repositories got through, until it is opened. So a
/// crawl can be met in its midst, however fast or slow the machine is.
pub struct Gate(watch::Sender<bool>);

impl Gate {
    /// A gate that lets so many repositories through, and how it spoils answers.
    pub fn after(repositories: usize) -> (Self, Spoil) {
        let (open, opened) = watch::channel(false);
        let through: Arc<Mutex<HashSet<String>>> = Arc::default();
        let spoil = Spoil::with(move |request: &Request, mut answer| {
            let Some(repository) = LISTINGS
                .iter()
                .find_map(|listing| Some(request.path.split_once(listing)?.0))
            else {
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
