use std::fmt;

/// One fault of a price book, and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BookFault {
    /// The file's name, as given.
    pub file: String,
    /// The line, counting from 1.
    pub line: usize,
    /// The key with its tables: `storage.tiers[1].from`. Empty if the file is not TOML.
    pub key: String,
    /// What is wrong.
    pub problem: String,
    /// How to fix it.
    pub remedy: String,
}

/// All faults of one or more price books; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BookFaults(pub Vec<BookFault>);

impl fmt::Display for BookFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: ", self.file, self.line)?;
        if !self.key.is_empty() {
            write!(formatter, "`{}`: ", self.key)?;
        }
        write!(formatter, "{}; {}", self.problem, self.remedy)
    }
}

impl fmt::Display for BookFaults {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                formatter.write_str("\n")?;
            }
            fault.fmt(formatter)?;
        }
        Ok(())
    }
}

impl std::error::Error for BookFaults {}
