//! The crawl against a registry over real HTTP.

mod faults;
mod forms;
mod harness;
mod hostile;
mod referrers;
mod requests;
mod resumed;
mod selection;
mod untagged;
