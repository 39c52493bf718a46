//! `reported_usage`: what a registry itself reports that it stores.

use std::fmt;
use std::path::PathBuf;

use serde::de::{self, Deserializer, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use super::data_files::{UnreadableFile, text};
use crate::inventory::{ReportedUsage, UnreadableUsage};
use crate::oci::RegistryName;
use crate::units::ByteCount;

/// A number of bytes, or a file with an answer of the registry's vendor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageSetting {
    /// The number.
    Number(ByteCount),
    /// The file.
    File(PathBuf),
}

/// A figure of a registry's own that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("registry.reported_usage of {registry}: {problem}")]
pub struct ReportedUsageError {
    /// The registry.
    pub(super) registry: RegistryName,
    /// What is wrong.
    #[source]
    pub(super) problem: UsageProblem,
}

/// Why a figure of a registry's own cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UsageProblem {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] UnreadableFile),
    /// The file states no usage.
    #[error("{}: {problem}", file.display())]
    Content {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        problem: UnreadableUsage,
    },
}

impl UsageSetting {
    /// The figure.
    ///
    /// # Errors
    /// If the file cannot be read, or is none of the known answers.
    pub(super) fn read(&self) -> Result<ReportedUsage, UsageProblem> {
        let file = match self {
            Self::Number(bytes) => return Ok(ReportedUsage::from_number(*bytes)),
            Self::File(file) => file,
        };
        ReportedUsage::from_text(&text(file)?).map_err(|problem| UsageProblem::Content {
            file: file.clone(),
            problem,
        })
    }
}

struct UsageVisitor;

impl Visitor<'_> for UsageVisitor {
    type Value = UsageSetting;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("a number of bytes, a number with its unit such as \"1.5 TiB\", or the name of a file")
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<UsageSetting, E> {
        ByteCount::try_from(number)
            .map(UsageSetting::Number)
            .map_err(|_| E::invalid_value(de::Unexpected::Signed(number), &self))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<UsageSetting, E> {
        if let Some(bytes) = ByteCount::from_text(text) {
            return Ok(UsageSetting::Number(bytes));
        }
        if text.trim().is_empty() {
            return Err(E::invalid_value(de::Unexpected::Str(text), &self));
        }
        Ok(UsageSetting::File(PathBuf::from(text)))
    }
}

impl<'de> Deserialize<'de> for UsageSetting {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(UsageVisitor)
    }
}

impl Serialize for UsageSetting {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(bytes) => serializer.serialize_i64(bytes.as_i64()),
            Self::File(file) => serializer.collect_str(&file.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use crate::config::{Environment, Settings};
    use crate::inventory::UsageSource;

    fn settings(registry: &str) -> Settings {
        let text = format!("[[registry]]\nurl = \"acme.azurecr.io\"\n{registry}");
        Settings::from_layers(Some(Path::new("tare.toml")), &text, &Environment::default(), &[]).unwrap()
    }

    #[test]
    fn a_number_or_a_saved_answer_is_compared_with_the_registry() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("usage.json");
        fs::write(
            &file,
            r#"{"value":[{"name":"Size","currentValue":5,"unit":"Bytes"}]}"#,
        )
        .unwrap();
        let from_file = format!(
            "reported_usage = {:?}\nreported_at = \"2026-11-30T08:00:00Z\"\nplatforms = [\"linux/amd64\"]\n",
            file.display().to_string()
        );
        for (text, bytes, source, includes_replicas, is_partly_read) in [
            ("reported_usage = 7\n", 7, UsageSource::Number, false, false),
            (
                "reported_usage = \"1.5 KiB\"\nreported_includes_replicas = true\nrepositories = [\"a/**\"]\n",
                1536,
                UsageSource::Number,
                true,
                true,
            ),
            (&from_file, 5, UsageSource::AzureUsage, false, true),
        ] {
            let inputs = settings(text).analysis_inputs().unwrap();
            let own = &inputs.reported_usage[&"acme.azurecr.io".parse().unwrap()];
            assert_eq!(
                (own.usage.bytes.get(), own.usage.source),
                (bytes, source),
                "{text}"
            );
            assert_eq!(own.usage.includes_replicas, includes_replicas, "{text}");
            assert_eq!(own.is_partly_read, is_partly_read, "{text}");
            assert!(own.is_azure);
            assert_eq!(own.usage.read_at.is_some(), text.contains("reported_at"));
        }
        assert!(settings("").analysis_inputs().unwrap().reported_usage.is_empty());
    }

    #[test]
    fn a_file_that_cannot_be_used_is_named_with_what_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("usage.json");
        let setting = format!("reported_usage = {:?}\n", file.display().to_string());
        let error = || {
            format!(
                "{:#}",
                anyhow::Error::from(settings(&setting).analysis_inputs().unwrap_err())
            )
        };
        assert!(
            error().contains("registry.reported_usage of acme.azurecr.io: cannot read "),
            "{}",
            error()
        );
        fs::write(&file, "{}").unwrap();
        let message = error();
        assert!(
            message.contains("usage.json: the JSON is none of the known answers"),
            "{message}"
        );
        assert!(message.contains("az acr show-usage"), "{message}");
    }

    #[test]
    fn a_time_without_a_figure_is_refused() {
        let text = "[[registry]]\nurl = \"a.example.com\"\nreported_at = \"2026-11-30T08:00:00Z\"\n";
        let error = Settings::from_layers(Some(Path::new("tare.toml")), text, &Environment::default(), &[]);
        let message = error.unwrap_err().to_string();
        assert!(
            message.contains("it says something of reported_usage, which is not set"),
            "{message}"
        );
    }
}
