//! Archives: everything that a store holds in one file.
//!
//! An archive is a gzip file of lines of JSON: first the schema it was written for, then rows table by table, at the end
//! the number of rows, without which an archive is cut off.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};

use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};

use super::reader::{Reader, SequenceState};
use super::tables::{RowCounts, applied_migration};
use super::writer::Writer;
use crate::store::{MIGRATIONS, Store, StoreError, StoreSettings};

/// The form of archives. A form that cannot be read by this program gets another number.
const FORM: u32 = 1;

/// A line of an archive.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Record {
    /// The first line.
    TareBackup {
        form: u32,
        tare_version: String,
        /// The latest migration of the store.
        migration: i64,
        created_at: DateTime<Utc>,
    },
    /// Some rows of a table.
    Rows { table: String, rows: Vec<String> },
    /// The last line.
    End {
        counts: RowCounts,
        sequences: BTreeMap<String, SequenceState>,
    },
}

impl Store {
    /// Writes everything to an archive, as it is at one moment.
    ///
    /// # Errors
    /// If the store or the writer fails.
    pub async fn back_up(&self, output: impl Write, now: DateTime<Utc>) -> Result<RowCounts, StoreError> {
        let migration = applied_migration(&self.pool).await?.unwrap_or_default();
        let mut archive = ArchiveWriter(GzEncoder::new(output, Compression::default()));
        archive.add(&Record::TareBackup {
            form: FORM,
            tare_version: env!("CARGO_PKG_VERSION").to_owned(),
            migration,
            created_at: now,
        })?;
        let mut reader = Reader::begin(&self.pool).await?;
        let (mut counts, mut sequences) = (RowCounts::new(), BTreeMap::new());
        for table in reader.tables().await? {
            let mut count = 0;
            let mut batches = reader.rows(&table).await?;
            while let Some(rows) = batches.next_batch().await? {
                count += rows.len() as u64;
                let table = table.name.clone();
                archive.add(&Record::Rows { table, rows })?;
            }
            if let Some(sequence) = reader.sequence(&table).await? {
                sequences.insert(table.name.clone(), sequence);
            }
            counts.insert(table.name, count);
        }
        reader.end().await?;
        archive.add(&Record::End {
            counts: counts.clone(),
            sequences,
        })?;
        archive
            .0
            .finish()
            .and_then(|mut output| output.flush())
            .map_err(unwritable)?;
        Ok(counts)
    }

    /// Opens an empty store and fills it from an archive, in one transaction. Migrations that are newer than the archive
    /// are applied after that.
    ///
    /// # Errors
    /// If the store holds any row, if the archive is damaged, cut off or from a newer program, or if the store fails.
    pub async fn restore(
        settings: &StoreSettings,
        input: impl Read,
        now: DateTime<Utc>,
    ) -> Result<(Self, RowCounts), StoreError> {
        let mut archive = ArchiveReader::new(input)?;
        let store = Self::connect(settings, now).await?;
        match store.load(&mut archive).await {
            Ok(counts) => Ok((store, counts)),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn load(&self, archive: &mut ArchiveReader<impl Read>) -> Result<RowCounts, StoreError> {
        let applied = applied_migration(&self.pool).await?;
        if applied.is_some_and(|applied| applied > archive.migration) {
            return Err(StoreError::OtherSchema {
                source_migration: archive.migration,
                target_migration: applied.unwrap_or_default(),
            });
        }
        MIGRATIONS.run_to(archive.migration, &self.pool).await?;
        let mut writer = Writer::begin(&self.pool).await?;
        let tables: BTreeMap<_, _> = writer
            .tables()
            .iter()
            .map(|table| (table.name.clone(), table.clone()))
            .collect();
        let find = |name: &str| {
            let table = tables.get(name);
            table.ok_or_else(|| damaged(format!("it has rows of an unknown table {name}")))
        };
        let (counts, sequences) = loop {
            match archive.next()? {
                Record::Rows { table, rows } => writer.insert(find(&table)?, &rows).await?,
                Record::End { counts, sequences } => break (counts, sequences),
                Record::TareBackup { .. } => return Err(damaged("it begins twice")),
            }
        };
        archive.finish()?;
        for (table, sequence) in sequences {
            writer.set_sequence(find(&table)?, sequence).await?;
        }
        writer.finish(&counts).await?;
        MIGRATIONS.run(&self.pool).await?;
        self.tidy().await?;
        Ok(counts)
    }
}

struct ArchiveWriter<Output: Write>(GzEncoder<Output>);

impl<Output: Write> ArchiveWriter<Output> {
    fn add(&mut self, record: &Record) -> Result<(), StoreError> {
        serde_json::to_writer(&mut self.0, record)
            .map_err(std::io::Error::from)
            .and_then(|()| self.0.write_all(b"\n"))
            .map_err(unwritable)
    }
}

/// An archive whose first line was read.
struct ArchiveReader<Input: Read> {
    lines: BufReader<GzDecoder<Input>>,
    migration: i64,
}

impl<Input: Read> ArchiveReader<Input> {
    fn new(input: Input) -> Result<Self, StoreError> {
        let mut archive = Self {
            lines: BufReader::new(GzDecoder::new(input)),
            migration: 0,
        };
        let not_an_archive = || damaged("it is not an archive of tare backup");
        match archive.next().map_err(|_| not_an_archive())? {
            Record::TareBackup {
                form, tare_version, ..
            } if form != FORM => Err(damaged(format!(
                "it was written by tare {tare_version} in form {form}, and this program reads form {FORM}"
            ))),
            Record::TareBackup {
                tare_version,
                migration,
                ..
            } if !MIGRATIONS.version_exists(migration) => Err(damaged(format!(
                "it was written by tare {tare_version}, which is newer than this program (migration {migration})"
            ))),
            Record::TareBackup { migration, .. } => Ok(Self { migration, ..archive }),
            Record::Rows { .. } | Record::End { .. } => Err(not_an_archive()),
        }
    }

    /// Reads the end of the file, which holds its checksum.
    fn finish(&mut self) -> Result<(), StoreError> {
        match self.lines.read_line(&mut String::new()) {
            Ok(0) => Ok(()),
            Ok(_) => Err(damaged("it goes on after its end")),
            Err(error) => Err(damaged(error)),
        }
    }

    fn next(&mut self) -> Result<Record, StoreError> {
        let mut line = String::new();
        match self.lines.read_line(&mut line) {
            Ok(0) => Err(damaged("it is cut off")),
            Ok(_) => serde_json::from_str(&line)
                .map_err(|error| damaged(format!("a line cannot be read: {error}"))),
            Err(error) => Err(damaged(error)),
        }
    }
}

fn damaged(problem: impl std::fmt::Display) -> StoreError {
    StoreError::Archive(format!("cannot be restored: {problem}"))
}

fn unwritable(error: std::io::Error) -> StoreError {
    StoreError::Archive(format!("cannot be written: {error}"))
}
