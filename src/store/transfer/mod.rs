//! Everything that a store holds, for a copy in another database and for archives.
//!
//! PostgreSQL writes each row as the text of a composite value and reads it again with its own input functions, so that
//! nothing is lost on the way, whatever the types of the columns are. Tables are found in the catalogue of the database,
//! so a new migration needs no change here.

mod archive;
mod copy;
mod reader;
mod tables;
mod writer;

pub use tables::RowCounts;
