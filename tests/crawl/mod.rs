//! The crawl against a registry over real HTTP.

mod archived;
mod azure;
mod broken;
mod faults;
mod forms;
mod google;
mod harness;
mod hostile;
mod referrers;
mod requests;
mod resumed;
mod selection;
mod untagged;
mod vanishing;
