//! What a registry reports about its own size, from saved answers of vendors.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use strum::{EnumString, IntoStaticStr};

use crate::oci::text::quoted;
use crate::units::ByteCount;

/// What a registry reports that it stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportedUsage {
    /// The bytes.
    pub bytes: ByteCount,
    /// Where they are stated.
    pub source: UsageSource,
    /// When they were read, if that is known.
    pub read_at: Option<DateTime<Utc>>,
    /// Whether they include the copies in replicas.
    pub includes_replicas: bool,
}

/// Where a registry's own figure is stated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema, IntoStaticStr, EnumString)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum UsageSource {
    /// A number that the operator typed, for example from a bill.
    Number,
    /// The answer of `az acr show-usage`. It is about the home region (Azure documentation, "Azure Container Registry
    /// service tiers", 2026).
    AzureUsage,
    /// The metric `StorageUsed` of Azure Monitor. It includes replicas (Azure documentation, "Azure Monitor baseline
    /// alerts", 2026).
    AzureMetric,
    /// The description of repositories of Google Artifact Registry (`sizeBytes`).
    GoogleRepositories,
    /// Harbor's statistics (`total_storage_consumption`).
    HarborStatistics,
    /// The description of a registry of DigitalOcean (`storage_usage_bytes`).
    DigitaloceanRegistry,
}

impl UsageSource {
    /// The source as stored in the database.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The source as people know it.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Number => "as set",
            Self::AzureUsage => "az acr show-usage",
            Self::AzureMetric => "Azure Monitor, StorageUsed",
            Self::GoogleRepositories => "gcloud artifacts repositories",
            Self::HarborStatistics => "Harbor's statistics",
            Self::DigitaloceanRegistry => "doctl registry get",
        }
    }
}

/// A text that states no usage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{problem}. Known are a number with its unit such as \"1.5 TiB\", and the JSON answers of `az acr show-usage`, `az \
     monitor metrics list --metric StorageUsed`, `gcloud artifacts repositories describe` or `list`, Harbor's \
     /api/v2.0/statistics and `doctl registry get`"
)]
pub struct UnreadableUsage {
    problem: String,
}

impl UnreadableUsage {
    fn new(problem: impl Into<String>) -> Self {
        Self {
            problem: problem.into(),
        }
    }
}

impl ReportedUsage {
    /// A number that the operator typed.
    pub fn from_number(bytes: ByteCount) -> Self {
        Self::new(bytes, UsageSource::Number)
    }

    fn new(bytes: ByteCount, source: UsageSource) -> Self {
        Self {
            bytes,
            source,
            read_at: None,
            includes_replicas: source == UsageSource::AzureMetric,
        }
    }

    /// Reads a saved answer, or a number with its unit.
    ///
    /// # Errors
    /// If the text is neither.
    pub fn from_text(text: &str) -> Result<Self, UnreadableUsage> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if let Some(bytes) = ByteCount::from_text(text) {
            return Ok(Self::from_number(bytes));
        }
        let answer: Value = serde_json::from_str(text)
            .map_err(|error| UnreadableUsage::new(format!("neither a number of bytes nor JSON ({error})")))?;
        if let Value::String(text) = &answer
            && let Some(bytes) = ByteCount::from_text(text)
        {
            return Ok(Self::from_number(bytes));
        }
        let found = azure(&answer)
            .or_else(|| google(&answer))
            .or_else(|| harbor(&answer))
            .or_else(|| digitalocean(&answer));
        found.unwrap_or_else(|| Err(UnreadableUsage::new("the JSON is none of the known answers")))
    }
}

/// The result of reading one form; `None` if the answer does not have this form.
type Found = Option<Result<ReportedUsage, UnreadableUsage>>;

/// Both answers of Azure have a list `value`.
fn azure(answer: &Value) -> Found {
    let rows = answer.get("value")?.as_array()?;
    // `az acr show-usage`: one row for each limit.
    let size = rows.iter().find(|row| is_named(row.get("name"), "Size"));
    if let Some(size) = size
        && let Some(current) = size.get("currentValue")
    {
        let bytes = bytes_of(current, "currentValue of Size");
        return Some(bytes.map(|bytes| ReportedUsage::new(bytes, UsageSource::AzureUsage)));
    }
    let is_metric = |row: &&Value| row.get("timeseries").is_some();
    if !rows.iter().any(|row| is_metric(&row)) {
        return None;
    }
    let metric = rows.iter().find(|row| {
        is_metric(row)
            && row
                .get("name")
                .is_some_and(|name| is_named(name.get("value"), "StorageUsed"))
    });
    let Some(metric) = metric else {
        return Some(Err(UnreadableUsage::new(
            "an answer of Azure Monitor without the metric StorageUsed",
        )));
    };
    Some(storage_used(metric))
}

/// The latest moment at which every series of the metric has a value, and the sum of the series then: Azure Monitor can
/// split it by region.
fn storage_used(metric: &Value) -> Result<ReportedUsage, UnreadableUsage> {
    let no_value = || UnreadableUsage::new("the metric StorageUsed has no value; ask for a longer interval");
    let mut all: Vec<Vec<(DateTime<Utc>, ByteCount)>> = Vec::new();
    for series in metric
        .get("timeseries")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let mut points = Vec::new();
        for point in series.get("data").and_then(Value::as_array).into_iter().flatten() {
            let value = ["average", "maximum", "total", "minimum"]
                .iter()
                .find_map(|name| point.get(name).filter(|value| !value.is_null()));
            let (Some(value), Some(at)) = (value, point.get("timeStamp").and_then(moment)) else {
                continue;
            };
            points.push((at, bytes_of(value, "value of StorageUsed")?));
        }
        all.push(points);
    }
    let last_of = |points: &Vec<(DateTime<Utc>, ByteCount)>| points.iter().map(|(at, _)| *at).max();
    all.retain(|points| !points.is_empty());
    let latest = all.iter().filter_map(last_of).min().ok_or_else(no_value)?;
    let at_latest = all.iter().filter_map(|points| {
        let earlier = points.iter().filter(|(at, _)| *at <= latest);
        earlier.max_by_key(|(at, _)| *at).map(|(_, bytes)| *bytes)
    });
    let bytes = ByteCount::checked_sum(at_latest).map_err(|error| UnreadableUsage::new(error.to_string()))?;
    Ok(ReportedUsage {
        read_at: Some(latest),
        ..ReportedUsage::new(bytes, UsageSource::AzureMetric)
    })
}

/// One repository, or a list of them; those of other formats hold no images.
fn google(answer: &Value) -> Found {
    let rows = match answer {
        Value::Array(rows) if !rows.is_empty() => rows.as_slice(),
        Value::Object(_) => std::slice::from_ref(answer),
        _ => return None,
    };
    let is_repository = |row: &Value| {
        let name = row.get("name").and_then(Value::as_str);
        name.is_some_and(|name| name.contains("/repositories/"))
    };
    if !rows.iter().all(is_repository) {
        return None;
    }
    let holds_images = |row: &&Value| {
        row.get("format")
            .is_none_or(|format| is_named(Some(format), "DOCKER"))
    };
    let mut sum = ByteCount::ZERO;
    for row in rows.iter().filter(holds_images) {
        // Google leaves out what is zero.
        let Some(size) = row.get("sizeBytes") else {
            continue;
        };
        let added = bytes_of(size, "sizeBytes").and_then(|bytes| {
            let sum = sum.checked_add(bytes);
            sum.map_err(|error| UnreadableUsage::new(error.to_string()))
        });
        match added {
            Ok(added) => sum = added,
            Err(error) => return Some(Err(error)),
        }
    }
    Some(Ok(ReportedUsage::new(sum, UsageSource::GoogleRepositories)))
}

fn harbor(answer: &Value) -> Found {
    let size = answer.get("total_storage_consumption")?;
    let bytes = bytes_of(size, "total_storage_consumption");
    Some(bytes.map(|bytes| ReportedUsage::new(bytes, UsageSource::HarborStatistics)))
}

/// The registry alone, within `registry`, or in a list of one.
fn digitalocean(answer: &Value) -> Found {
    let inner = match answer {
        Value::Array(rows) if rows.len() == 1 => &rows[0],
        other => other.get("registry").unwrap_or(other),
    };
    let size = inner.get("storage_usage_bytes")?;
    let read_at = inner.get("storage_usage_bytes_updated_at").and_then(moment);
    Some(bytes_of(size, "storage_usage_bytes").map(|bytes| ReportedUsage {
        read_at,
        ..ReportedUsage::new(bytes, UsageSource::DigitaloceanRegistry)
    }))
}

fn is_named(value: Option<&Value>, name: &str) -> bool {
    let text = value.and_then(Value::as_str);
    text.is_some_and(|text| text.eq_ignore_ascii_case(name))
}

fn moment(value: &Value) -> Option<DateTime<Utc>> {
    let moment = DateTime::parse_from_rfc3339(value.as_str()?).ok()?;
    Some(moment.to_utc())
}

/// A number of bytes, as a number or as text. Azure Monitor averages, so a fraction of a byte is cut off.
fn bytes_of(value: &Value, what: &str) -> Result<ByteCount, UnreadableUsage> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.trim().to_owned(),
        _ => String::new(),
    };
    let number = text
        .parse()
        .or_else(|_| rust_decimal::Decimal::from_scientific(&text));
    let whole = number.ok().and_then(|number| u128::try_from(number.trunc()).ok());
    whole
        .and_then(|bytes| ByteCount::try_from(bytes).ok())
        .ok_or_else(|| {
            UnreadableUsage::new(format!(
                "the {what} is not a number of bytes: {}",
                quoted(&value.to_string())
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (u64, UsageSource, Option<i64>, bool) {
        let usage = ReportedUsage::from_text(text).unwrap();
        let at = usage.read_at.map(|at| at.timestamp());
        (usage.bytes.get(), usage.source, at, usage.includes_replicas)
    }

    /// Vendors: Azure, DigitalOcean, Google, Harbor.
    #[test]
    fn every_known_answer_is_read() {
        for (text, expected) in [
            ("1.5 KiB\n", (1536, UsageSource::Number, None, false)),
            ("1234", (1234, UsageSource::Number, None, false)),
            ("\"2 GB\"", (2_000_000_000, UsageSource::Number, None, false)),
            (
                r#"{"value":[{"currentValue":3,"limit":500,"name":"Webhooks","unit":"Count"},
                    {"currentValue":72154836992,"limit":536870912000,"name":"Size","unit":"Bytes"}]}"#,
                (72_154_836_992, UsageSource::AzureUsage, None, false),
            ),
            (
                r#"{"name":"projects/p/locations/europe-west1/repositories/r","format":"DOCKER","sizeBytes":"812"}"#,
                (812, UsageSource::GoogleRepositories, None, false),
            ),
            (
                r#"[{"name":"projects/p/locations/l/repositories/a","format":"DOCKER","sizeBytes":"5"},
                    {"name":"projects/p/locations/l/repositories/empty","format":"DOCKER"},
                    {"name":"projects/p/locations/l/repositories/npm","format":"NPM","sizeBytes":"7"}]"#,
                (5, UsageSource::GoogleRepositories, None, false),
            ),
            (
                r#"{"private_project_count":2,"total_storage_consumption":4096}"#,
                (4096, UsageSource::HarborStatistics, None, false),
            ),
            (
                r#"{"registry":{"name":"acme","storage_usage_bytes":29393920,
                    "storage_usage_bytes_updated_at":"2026-11-04T16:54:39Z"}}"#,
                (
                    29_393_920,
                    UsageSource::DigitaloceanRegistry,
                    Some(1_793_811_279),
                    false,
                ),
            ),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }

    /// Vendors: Azure.
    #[test]
    fn the_last_value_of_azures_metric_counts_summed_over_regions() {
        let series = |region: &str, points: &str| {
            format!(
                r#"{{"metadatavalues":[{{"name":{{"value":"geolocation"}},"value":"{region}"}}],"data":[{points}]}}"#
            )
        };
        let west = series(
            "westeurope",
            r#"{"timeStamp":"2026-11-01T00:00:00Z","average":100.0},{"timeStamp":"2026-11-01T01:00:00Z","average":110.5},
               {"timeStamp":"2026-11-01T02:00:00Z","average":null}"#,
        );
        let east = series(
            "eastus",
            r#"{"timeStamp":"2026-11-01T00:00:00Z","average":1.2e2},{"timeStamp":"2026-11-01T01:00:00Z"}"#,
        );
        let answer = |series: &str| {
            format!(
                r#"{{"cost":59,"interval":"PT1H","value":[{{"name":{{"value":"StorageUsed","localizedValue":"Storage used"}},
                    "unit":"Bytes","timeseries":[{series}]}}]}}"#
            )
        };
        let at = |hours: i64| Some(1_793_491_200 + hours * 3600);
        assert_eq!(read(&answer(&west)), (110, UsageSource::AzureMetric, at(1), true));
        // The latest moment that both regions have.
        assert_eq!(
            read(&answer(&format!("{west},{east}"))),
            (220, UsageSource::AzureMetric, at(0), true)
        );
    }

    #[test]
    fn what_cannot_be_read_is_refused_with_what_can() {
        for (text, problem) in [
            ("", "neither a number of bytes nor JSON"),
            ("twelve", "neither a number of bytes nor JSON"),
            ("-5", "none of the known answers"),
            ("{}", "the JSON is none of the known answers"),
            ("[]", "the JSON is none of the known answers"),
            (
                r#"{"value":[{"name":"Size","currentValue":"much"}]}"#,
                "the currentValue of Size is not a number of bytes",
            ),
            (
                r#"{"value":[{"name":"Size","currentValue":-1}]}"#,
                "the currentValue of Size is not a number of bytes",
            ),
            (
                r#"{"value":[{"name":{"value":"TotalPullCount"},"timeseries":[]}]}"#,
                "without the metric StorageUsed",
            ),
            (
                r#"{"value":[{"name":{"value":"StorageUsed"},"timeseries":[{"data":[{"timeStamp":"2026-11-01T00:00:00Z"}]}]}]}"#,
                "the metric StorageUsed has no value",
            ),
        ] {
            let error = ReportedUsage::from_text(text).unwrap_err().to_string();
            assert!(error.contains(problem), "{text}: {error}");
            assert!(error.contains("az acr show-usage"), "{error}");
        }
    }
}
