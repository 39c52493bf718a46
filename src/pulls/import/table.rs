use csv::StringRecord;

use super::fault::PullFileFault;
use super::file::PullFile;

/// A CSV file whose first line names its columns, read for some of them.
pub(super) struct Table<'a> {
    file: PullFile<'a>,
    reader: csv::Reader<&'a [u8]>,
    /// The place of each column that is wanted.
    places: Vec<Option<usize>>,
}

/// A row of such a file.
pub(super) struct Row<'a> {
    pub(super) line: u64,
    record: &'a StringRecord,
    places: &'a [Option<usize>],
}

impl Row<'_> {
    /// The cell of a wanted column, without the space around it; empty where the file has no such column.
    pub(super) fn cell(&self, column: usize) -> &str {
        let place = self.places.get(column).copied().flatten();
        place
            .and_then(|place| self.record.get(place))
            .unwrap_or_default()
            .trim()
    }
}

impl<'a> Table<'a> {
    /// Reads the first line. Names are compared without regard to case, and the portal's remark about the time
    /// zone after a name is dropped.
    ///
    /// # Errors
    /// If one of the first `needed` columns is missing, or times are local.
    pub(super) fn open(
        file: PullFile<'a>,
        names: &'static [&'static str],
        needed: usize,
    ) -> Result<Self, PullFileFault> {
        let mut reader = csv::ReaderBuilder::new().from_reader(file.text.as_bytes());
        let header = reader.headers().map_err(|error| broken(file, &error))?.clone();
        if let Some(local) = header
            .iter()
            .find(|name| name.to_lowercase().contains("[local time]"))
        {
            return Err(PullFileFault::in_cell(
                file.name,
                1,
                local,
                local,
                "export with times in UTC, by which pulls are counted",
            ));
        }
        let plain = |name: &str| {
            let name = name.split(" [").next().unwrap_or_default();
            name.trim().to_lowercase()
        };
        let places: Vec<Option<usize>> = names
            .iter()
            .map(|wanted| {
                header
                    .iter()
                    .position(|name| plain(name) == wanted.to_lowercase())
            })
            .collect();
        let missing: Vec<&str> = names[..needed]
            .iter()
            .zip(&places)
            .filter(|(_, place)| place.is_none())
            .map(|(name, _)| *name)
            .collect();
        if missing.is_empty() {
            return Ok(Self { file, reader, places });
        }
        Err(PullFileFault::new(
            file.name,
            1,
            format!("there is no column {}", missing.join(", ")),
            format!(
                "the first line must name the columns {}",
                names[..needed].join(", ")
            ),
        ))
    }

    /// Gives each row to a function, until it refuses one.
    pub(super) fn each(
        mut self,
        mut take: impl FnMut(&Row<'_>) -> Result<(), PullFileFault>,
    ) -> Result<(), PullFileFault> {
        let mut record = StringRecord::new();
        loop {
            let is_there = self
                .reader
                .read_record(&mut record)
                .map_err(|error| broken(self.file, &error))?;
            if !is_there {
                return Ok(());
            }
            take(&Row {
                line: record.position().map_or(0, csv::Position::line),
                record: &record,
                places: &self.places,
            })?;
        }
    }
}

fn broken(file: PullFile<'_>, error: &csv::Error) -> PullFileFault {
    let line = error.position().map_or(1, csv::Position::line);
    let problem = match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("this row has {len} cells, and the first line names {expected_len}")
        }
        _ => "not CSV".to_owned(),
    };
    PullFileFault::new(
        file.name,
        line,
        problem,
        "export the file again, or quote cells that hold a comma or a line break",
    )
}
