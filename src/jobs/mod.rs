//! What Tare does with a registry from end to end: crawl it, save what is found, and work out what it means.
//!
//! The crawl knows no database and the store no protocol; here they meet. Findings go from one to the
//! other through channels of bounded size, and while one batch is written the next is collected, so that
//! the crawl waits for the store only where the database cannot keep up for long.

mod analysis;
mod assign;
mod closing;
mod conclude;
mod crawl;
mod months;
mod part;
mod schedule;
mod scheduler;
mod spent;
mod writing;

pub use analysis::{Analyst, PlatformsOf};
pub use closing::{Closed, Closing, Difference, MonthNotOver};
pub use crawl::{CrawlJob, CrawlResult, RequestCounts};
pub use months::{DrawnUp, RegistryMonth};
pub use schedule::{InvalidSchedule, Schedule};
pub use scheduler::{AfterCrawl, FinishedCrawl, MakeClient, ScheduledRegistry, Scheduler};
