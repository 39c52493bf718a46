//! The program as a user runs it, against real registry servers.

mod agreement;
mod corpus;
mod events;
mod interruption;
mod metering;
mod tokens;

use crate::support::postgres::PostgresServer;
use crate::support::program::Program;

/// A program with a new database of the test run's PostgreSQL server.
pub fn with_new_database() -> Program {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    Program::with_database(runtime.block_on(PostgresServer::shared().new_database()))
}
