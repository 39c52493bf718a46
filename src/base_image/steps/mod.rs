//! The step reader: classifies a line of an image's history.
//!
//! A history entry is parsed as a Dockerfile instruction in the form of any known builder ([`Instruction`]).
//! Its command is parsed like a shell does ([`parse`]), and the simple commands decide the kind of the step
//! ([`read_step`]). Words inside quotes are never commands.

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
