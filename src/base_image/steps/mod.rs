//! The step reader: what a line of an image's history does.
//!
//! A history entry is read as the instruction of a Dockerfile in whichever form the builder wrote it
//! ([`Instruction`]), its command is parsed as a shell would ([`parse`]) and the simple commands decide
//! the step's kind ([`read_step`]). Words inside quotes are never taken for commands.

mod instruction;
mod kind;
mod lexer;
mod packages;
mod programs;
mod reader;
mod shell;

pub use instruction::{Instruction, Keyword, Shell};
pub use kind::{Command, Language, PackageKind, Step, StepKind};
pub use reader::read_step;
pub use shell::parse;
