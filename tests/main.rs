//! Every integration test of Tare, in one binary: each further one would be linked on its own, which
//! on two cores costs more than running it.

mod api;
mod architecture;
mod base_image;
mod cli;
mod crawl;
mod dashboards;
mod documentation;
mod end_to_end;
mod export;
mod identity;
mod jobs;
mod metrics;
mod notify;
mod registry;
mod store;
mod support;
mod vendors;
mod whatif;
