//! Costs over time, by groups.

use std::collections::{BTreeMap, HashMap};

use actix_web::HttpResponse;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::RegistryMonth;
use crate::api::call::Call;
use crate::api::filter::StatementFilter;
use crate::api::list::{self, List, Page, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::snapshot::Snapshot;
use crate::api::sort::{Orders, SortValue};
use crate::cost::Statement;
use crate::oci::{RegistryName, RepositoryName};
use crate::report::costs::{
    Aggregate, CostAmounts, CostRow, CostSeries, CostSeriesQuery, CostStep, DailyUsage, MonthlyCosts, Step,
};
use crate::units::{Period, Window};

/// The maximum number of months in a window. Our choice: three years, each month of which can take a second to compute.
const MOST_MONTHS: usize = 37;
/// The maximum number of steps. Our choice: each day of three years.
const MOST_STEPS: usize = 1_100;

const ORDERS: Orders<CostRow> = Orders(&[
    ("start", |row| row.start.into()),
    ("name", |row| row.name.as_str().into()),
    ("cost", |row| row.amounts.cost.into()),
    ("saving", |row| row.amounts.saving.map(SortValue::from).into()),
]);

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/costs",
            "list_costs",
            "Costs over time, by registry, repository, team, cost centre, environment or any label",
            AnswerForm::json::<Costs<'_>>("CostList"),
            |call| Box::pin(costs(call)),
        )
        .group("costs")
        .about(
            "In the words of OpenCost's allocation API. Figures are those of the months' statements, so they add up to the \
             exports of the same period to the last digit. A step that covers a part of a month takes the month's charges by \
             day: storage in proportion to what was stored on the day, transfer in proportion to the pulls of the day, fees \
             and savings evenly. `__unassigned__` stands for costs without the key: of repositories without the label, and the part of \
             a bill that is not allocated to a repository. A key limited to cost centres sees only their costs.",
        )
        .query([
            Parameter::new(
                "window",
                Form::Window,
                "The days: `today`, `yesterday`, `week`, `lastweek`, `month`, `lastmonth`, `7d`, `2w`, `2026-10`, `2026-10-15`, \
                 `2026-10-01,2026-11-01` (the end is excluded), or a pair of RFC 3339 times or Unix seconds. Default: `month`.",
            ),
            Parameter::new(
                "step",
                Form::Token(32),
                "The length of each step: `day`, `week` (from Monday), `month`, or a number such as `1d`, `7d` or `2w` from the \
                 start of the window. Default: one step, the whole window.",
            ),
            Parameter::new(
                "aggregate",
                Form::Text,
                "One or more of `registry`, `repository`, `team`, `cost_centre`, `environment` and `label:NAME`, separated by \
                 commas. `label:NAME` is a label of the newest image, as it is now. Default: `registry`.",
            ),
            Parameter::new(
                "accumulate",
                Form::Flag,
                "Adds all steps up to one for the whole window.",
            ),
        ])
        .query(StatementFilter::parameters())
        .query([ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: by step, then the highest \
                                  cost first.")])
        .query([list::fields()])
        .query(paging())
        .or_csv()
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
    ]
}

/// Costs over time.
#[derive(Serialize, JsonSchema)]
struct Costs<'a> {
    /// The days that were asked for.
    window: WindowDays,
    /// What costs are grouped by.
    aggregate: Vec<String>,
    /// The steps of the window in order, whether each is complete, and its sums.
    steps: Vec<CostStep>,
    #[serde(flatten)]
    list: List<'a, CostRow>,
    /// The sums over the window and all groups, one entry for each currency.
    totals: Vec<CostAmounts>,
}

/// The days of a window.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[schemars(rename = "WindowDays")]
pub(in crate::api) struct WindowDays {
    /// The first day.
    pub start: NaiveDate,
    /// The day after the last.
    pub end: NaiveDate,
}

impl From<Period> for WindowDays {
    fn from(period: Period) -> Self {
        Self {
            start: period.start(),
            end: period.end(),
        }
    }
}

async fn costs(call: Call) -> Result<HttpResponse, Problem> {
    let query = query(&call)?;
    let snapshot = match query.aggregate.iter().any(Aggregate::is_label) {
        true => call.whole_snapshot().await?,
        false => call.snapshot()?,
    };
    let filter = StatementFilter::new(&call, &snapshot)?;
    let registries: Vec<&RegistryName> = snapshot
        .report
        .registries
        .iter()
        .map(|row| &row.registry)
        .filter(|registry| filter.covers(registry))
        .collect();
    let mut facts = Facts::default();
    for month in months_of(query.window) {
        facts.load(&call, month, &query).await?;
    }
    let months: Vec<MonthlyCosts<'_>> = facts.of_registries(&registries);
    let labels = ImageLabels::new(&snapshot, &query.aggregate)?;
    let series = CostSeries::new(
        &query,
        &months,
        |registry, repository| {
            let owner = repository.map(|own| (&own.repository, &own.labels));
            filter.matches(registry, owner)
        },
        |registry, repository, label| labels.get(registry, repository, label),
    )
    .map_err(Problem::internal)?;
    let mut notes = filter.notes(&months);
    notes.extend(labels.unknown(&query.aggregate));
    let mut rows = series.rows;
    if let Some(order) = call.values.text("sort") {
        ORDERS.sort(&mut rows, order, |row| format!("{} {}", row.start, row.name));
    }
    let mut page = Page::new(&call, &snapshot, rows, |row| {
        format!("{} {} {}", row.start, row.name, row.amounts.cost.currency())
    })?;
    let mut list = page.list(&call, &snapshot);
    list.notes = notes;
    let aggregate: Vec<String> = query.aggregate.iter().map(ToString::to_string).collect();
    let answer = Costs {
        window: query.window.into(),
        steps: series.steps,
        list,
        totals: series.totals,
        aggregate,
    };
    let columns = [
        "start",
        "end",
        "complete",
        "name",
        "keys",
        "cost",
        "fee",
        "storage",
        "transfer",
        "on_alpine",
        "saving",
    ];
    call.reply(page.linked(list::reply(&call, "costs.csv", &columns, &answer)?))
}

/// What a request asks.
fn query(call: &Call) -> Result<CostSeriesQuery, Problem> {
    let window = match call.window("window")? {
        Some(window) => window,
        None => Period::from_window("month", call.today()).map_err(Problem::internal)?,
    };
    let step = match call.values.text("step") {
        _ if call.values.flag("accumulate") => Step::Whole,
        None => Step::Whole,
        Some(step) => step
            .parse()
            .map_err(|error| Problem::invalid_query("step", error))?,
    };
    let aggregate = Aggregate::list(call.values.text("aggregate").unwrap_or("registry"))
        .map_err(|error| Problem::invalid_query("aggregate", error))?;
    let months = months_of(window).len();
    if months > MOST_MONTHS {
        let detail = format!("the window touches {months} months; the maximum is {MOST_MONTHS}");
        return Err(Problem::invalid_query("window", detail));
    }
    let steps = step.divide(window).len();
    if steps > MOST_STEPS {
        let detail = format!("the window has {steps} steps; the maximum is {MOST_STEPS}");
        return Err(Problem::invalid_query("step", detail));
    }
    Ok(CostSeriesQuery {
        window,
        step,
        aggregate,
    })
}

/// The calendar months that a window touches.
fn months_of(window: Period) -> Vec<Period> {
    let parts = window.split(Window::Month).into_iter();
    parts
        .filter_map(|part| Period::month_containing(part.start()).ok())
        .collect()
}

/// The statements of months, and the usage by day where a step covers a part of a month.
#[derive(Default)]
struct Facts {
    statements: BTreeMap<(RegistryName, NaiveDate), (Statement, bool)>,
    daily: HashMap<(RegistryName, NaiveDate), DailyUsage>,
    months: Vec<Period>,
}

impl Facts {
    async fn load(&mut self, call: &Call, month: Period, query: &CostSeriesQuery) -> Result<(), Problem> {
        self.months.push(month);
        for own in call.statements(month).await? {
            let RegistryMonth {
                registry,
                statements,
                is_closed,
            } = own;
            // A corrected month's last statement has all corrections.
            if let Some(statement) = statements.into_iter().next_back() {
                let statement = match call.caller.cost_centres() {
                    Some(centres) => statement.part_of(centres).map_err(Problem::internal)?,
                    None => statement,
                };
                self.statements
                    .insert((registry, month.start()), (statement, is_closed));
            }
        }
        let is_cut = query.step.divide(query.window).iter().any(|step| {
            let is_inside = |day| month.start() < day && day < month.end();
            is_inside(step.start()) || is_inside(step.end())
        });
        if is_cut {
            let daily = call
                .analyse(move |analysis| async move { analysis.daily_usage(month).await })
                .await?;
            let daily = daily.into_iter();
            self.daily
                .extend(daily.map(|(registry, usage)| ((registry, month.start()), usage)));
        }
        Ok(())
    }

    fn of_registries<'a>(&'a self, registries: &[&'a RegistryName]) -> Vec<MonthlyCosts<'a>> {
        let mut months = Vec::new();
        for &month in &self.months {
            for &registry in registries {
                let key = (registry.clone(), month.start());
                let statement = self.statements.get(&key);
                months.push(MonthlyCosts {
                    registry,
                    month,
                    statement: statement.map(|(statement, _)| statement),
                    is_closed: statement.is_some_and(|(_, is_closed)| *is_closed),
                    daily: self.daily.get(&key),
                });
            }
        }
        months
    }
}

/// The labels of the images that the registries hold now.
pub(super) struct ImageLabels {
    /// By registry, repository and label.
    values: HashMap<(RegistryName, RepositoryName), BTreeMap<String, String>>,
}

impl ImageLabels {
    /// The labels, if one of them is asked for.
    ///
    /// # Errors
    /// If the figures were read without their analysis.
    pub(super) fn new(snapshot: &Snapshot, aggregate: &[Aggregate]) -> Result<Self, Problem> {
        let mut values = HashMap::new();
        if aggregate.iter().any(Aggregate::is_label) {
            for registry in &snapshot.analysed()?.registries {
                for (repository, labels) in registry.image_labels() {
                    values.insert((registry.name().clone(), repository.clone()), labels);
                }
            }
        }
        Ok(Self { values })
    }

    /// The value of a label of a repository's newest image.
    pub(super) fn get(
        &self,
        registry: &RegistryName,
        repository: &RepositoryName,
        label: &str,
    ) -> Option<String> {
        let key = (registry.clone(), repository.clone());
        self.values.get(&key)?.get(label).cloned()
    }

    /// Says which labels no image has.
    pub(super) fn unknown(&self, aggregate: &[Aggregate]) -> Vec<String> {
        let mut known: Vec<&str> = self
            .values
            .values()
            .flatten()
            .map(|(name, _)| name.as_str())
            .collect();
        known.sort_unstable();
        known.dedup();
        let labels = aggregate.iter().filter_map(|aggregate| match aggregate {
            Aggregate::Label(label) if !known.contains(&label.as_str()) => Some(label),
            _ => None,
        });
        let there_are = if known.is_empty() {
            "no labels of images are kept; see the settings of image labels in configuration.md".to_owned()
        } else {
            format!("kept labels are {}", known.join(", "))
        };
        labels
            .map(|label| format!("no image has the label {label:?}; {there_are}"))
            .collect()
    }
}
