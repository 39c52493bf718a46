//! The history of registries and repositories.

use actix_web::HttpResponse;
use chrono::{DateTime, Datelike as _, Days, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::repository::named;
use crate::api::access::sees_row;
use crate::api::budgets::Budgets;
use crate::api::call::Call;
use crate::api::list::{self, List, Page, optional_paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{self, Problem};
use crate::api::snapshot::Snapshot;
use crate::api::sort::{Orders, SortValue};
use crate::api::visible::Extent;
use crate::cost::{CostParts, MoneyEstimate, MonthlyCostParts};
use crate::oci::RegistryName;
use crate::report::{CostChange, CostReading, FORECAST_HISTORY, Forecast, ForecastBasis, ForecastMonth};
use crate::store::{PartOfRegistry, RegistryPoint, RepositoryPoint};
use crate::units::{ByteCount, Money};
use crate::whatif::Verdict;

/// The default period of an answer, in days. Our choice: a year, and the month a year ago in full.
const USUAL_DAYS: u64 = 400;

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/history",
            "get_history",
            "The history of registries: bytes and costs by month",
            AnswerForm::json::<WithForecast<'_>>("RegistryHistory"),
            |call| Box::pin(of_registries(call)),
        )
        .group("money")
        .about(
            "`forecast` is the expected total cost of the next months, from the 400 days before the end of the period: the \
             present level, carried on with the monthly change where the Mann–Kendall test proves a trend, or the cost of the \
             last month if that was closer on months held back. The 90 % interval comes from the errors on these months. \
             `forecast_basis` says which was used, what it rests on and how far off both were; \
             `change` compares the last month with the one before. `forecast` is empty with fewer than four comparable \
             months or with several currencies. A key limited to cost centres sees the repositories that belonged to them on that day, and those that were unassigned then and \
             belong to them today; `of` is then `visible`, and stored bytes are their share.",
        )
        .query([Parameter::new("registry", Form::Text, "Only this registry.")])
        .query(window())
        .query([
            REGISTRY_ORDERS.parameter(
                "The sort key; a leading `-` sorts in descending order. Default: by registry, then by `as_of`.",
            ),
            list::fields(),
        ])
        .query(optional_paging())
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
        Operation::get(
            "/v1/repositories/{registry}/{repository}/history",
            "get_repository_history",
            "The history of a repository: bytes and costs by month",
            AnswerForm::json::<List<'_, RepositoryHistoryPoint>>("RepositoryHistory"),
            |call| Box::pin(of_repository(call)),
        )
        .group("repositories")
        .query(window())
        .query([
            REPOSITORY_ORDERS
                .parameter("The sort key; a leading `-` sorts in descending order. Default: `as_of`."),
            list::fields(),
        ])
        .query(optional_paging())
        .problems([&problem::OUTDATED_CURSOR]),
    ]
}

fn window() -> [Parameter; 4] {
    [
        Parameter::new(
            "window",
            Form::Window,
            "The days, in the forms of `/v1/costs`. Default: 400 days up to today.",
        ),
        Parameter::new(
            "from",
            Form::DayOrMonth,
            "The first day, or the first month; 400 days before the last by default.",
        ),
        Parameter::new(
            "to",
            Form::DayOrMonth,
            "The last day, or the last month; today by default.",
        ),
        Parameter::new(
            "step",
            Form::Word(vec!["month", "crawl"]),
            "`month` (default): the last crawl of each month. `crawl`: every crawl.",
        ),
    ]
}

/// The requested days, from the beginning of the first to the end of the last.
fn asked(call: &Call) -> Result<(DateTime<Utc>, DateTime<Utc>), Problem> {
    let values = &call.values;
    let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
    if let Some(window) = call.window("window")? {
        if values.text("from").or(values.text("to")).is_some() {
            return Err(Problem::invalid_query(
                "window",
                "give either window or from and to",
            ));
        }
        return Ok((midnight(window.start()), midnight(window.end())));
    }
    let end = match values.day_or_month("to") {
        Some(last) => last.end(),
        None => call.today().succ_opt().unwrap_or(NaiveDate::MAX),
    };
    let start = match values.day_or_month("from") {
        Some(first) => first.start(),
        None => end
            .checked_sub_days(Days::new(USUAL_DAYS + 1))
            .unwrap_or(NaiveDate::MIN),
    };
    Ok((midnight(start), midnight(end)))
}

/// The points of the requested step: those of every crawl, or the last of each month.
fn by_step<Point>(call: &Call, points: Vec<Point>, as_of: impl Fn(&Point) -> DateTime<Utc>) -> Vec<Point> {
    match call.values.text("step") {
        Some("crawl") => points,
        _ => last_of_each_month(points, as_of),
    }
}

/// Of points in ascending order, the last of each month.
fn last_of_each_month<Point>(points: Vec<Point>, as_of: impl Fn(&Point) -> DateTime<Utc>) -> Vec<Point> {
    let month = |point: &Point| {
        let day = as_of(point).date_naive();
        (day.year(), day.month())
    };
    let mut last: Vec<Point> = Vec::new();
    for point in points {
        if last.last().is_some_and(|before| month(before) == month(&point)) {
            last.pop();
        }
        last.push(point);
    }
    last
}

/// The history of registries, and the expected cost of the next months.
#[derive(Serialize, JsonSchema)]
struct WithForecast<'a> {
    #[serde(flatten)]
    list: List<'a, RegistryHistoryPoint>,
    /// The next months.
    forecast: Vec<ForecastMonth>,
    /// What the forecast rests on, and how good it was on months held back; null without costs in one currency.
    forecast_basis: Option<ForecastBasis>,
    /// The last month beside the one before; null if there are not two with costs in one currency.
    change: Option<CostChange>,
    /// What may be spent in a month on everything here, one entry for each currency that has a budget.
    budgets: Vec<Money>,
}

/// A registry as it was after a crawl, or the part of it that the key may see.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RegistryMoment")]
struct RegistryHistoryPoint {
    /// The registry.
    registry: RegistryName,
    /// The former name of `extent`.
    #[schemars(extend("deprecated" = true))]
    of: Extent,
    /// What the figures cover: the whole registry, or a part of it.
    extent: Extent,
    /// When the registry was crawled.
    as_of: DateTime<Utc>,
    /// What the tags reached, each tag counted on its own.
    logical_bytes: ByteCount,
    /// What was stored and reached by tags. For a part of a registry: its share of that.
    stored_bytes: ByteCount,
    /// What was stored and reached by no tag; null if that was not known. For a part of a registry: its share of that.
    untagged_bytes: Option<ByteCount>,
    /// What would have been stored on Alpine; null if that was not computed.
    alpine_stored_bytes: Option<ByteCount>,
    /// What a month at that level cost; null if there was no price book.
    cost: Option<Cost>,
    /// What such a month would have cost on Alpine; null if that was not computed.
    alpine: Option<OnAlpine>,
}

/// What a month at that level cost.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PastCost")]
struct Cost {
    /// The cost by kind.
    #[serde(flatten, with = "MonthlyCostParts")]
    parts: CostParts,
}

/// What a month at that level would have cost on Alpine.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PastCostOnAlpine")]
struct OnAlpine {
    /// The former name of `total`.
    #[schemars(extend("deprecated" = true))]
    month: MoneyEstimate,
    /// What such a month would have cost.
    total: MoneyEstimate,
}

impl RegistryHistoryPoint {
    fn new(registry: &RegistryName, of: Extent, point: RegistryPoint) -> Self {
        Self {
            registry: registry.clone(),
            of,
            extent: of,
            as_of: point.as_of,
            logical_bytes: point.logical_bytes,
            stored_bytes: point.stored_bytes,
            untagged_bytes: point.untagged_bytes,
            alpine_stored_bytes: point.alpine_stored_bytes,
            cost: point.cost.map(|parts| Cost { parts }),
            alpine: point.alpine_month.map(|total| OnAlpine { month: total, total }),
        }
    }
}

/// A repository as it was after a crawl.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "RepositoryMoment")]
struct RepositoryHistoryPoint {
    /// When the registry was crawled.
    as_of: DateTime<Utc>,
    /// What its tags reached, each tag counted on its own.
    logical_bytes: ByteCount,
    /// What it reached, each blob once.
    stored_bytes: ByteCount,
    /// What nothing else reached.
    exclusive_bytes: ByteCount,
    /// Its share of the stored bytes.
    attributed_bytes: ByteCount,
    /// Its share of the untagged bytes; null if unknown.
    untagged_bytes: Option<ByteCount>,
    /// Its share on Alpine; null if that was not computed.
    alpine_attributed_bytes: Option<ByteCount>,
    /// The verdict at that time; null if there was none.
    verdict: Option<Verdict>,
    /// What a month at that level cost; null if there was no price book.
    cost: Option<MonthAlone>,
}

/// What a month at that level cost.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PastRepositoryCost")]
struct MonthAlone {
    /// The former name of `total`.
    #[schemars(extend("deprecated" = true))]
    month: Money,
    /// The cost of the month.
    total: Money,
}

impl From<RepositoryPoint> for RepositoryHistoryPoint {
    fn from(point: RepositoryPoint) -> Self {
        Self {
            as_of: point.as_of,
            logical_bytes: point.logical_bytes,
            stored_bytes: point.stored_bytes,
            exclusive_bytes: point.exclusive_bytes,
            attributed_bytes: point.attributed_bytes,
            untagged_bytes: point.untagged_bytes,
            alpine_attributed_bytes: point.alpine_attributed_bytes,
            verdict: point.verdict,
            cost: point.month.map(|total| MonthAlone { month: total, total }),
        }
    }
}

const REGISTRY_ORDERS: Orders<RegistryHistoryPoint> = Orders(&[
    ("as_of", |point| point.as_of.into()),
    ("registry", |point| point.registry.as_str().into()),
    ("logical", |point| point.logical_bytes.into()),
    ("stored", |point| point.stored_bytes.into()),
    ("cost", |point| {
        let cost = point.cost.as_ref();
        cost.map(|cost| SortValue::from(cost.parts.total)).into()
    }),
]);

const REPOSITORY_ORDERS: Orders<RepositoryHistoryPoint> = Orders(&[
    ("as_of", |point| point.as_of.into()),
    ("logical", |point| point.logical_bytes.into()),
    ("stored", |point| point.stored_bytes.into()),
    ("attributed", |point| point.attributed_bytes.into()),
    ("cost", |point| {
        let cost = point.cost.as_ref();
        cost.map(|cost| SortValue::from(cost.total)).into()
    }),
]);

async fn of_registries(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let wanted = call.values.text("registry");
    let names = snapshot.registry_names(&call.caller, wanted)?;
    let (from, until) = asked(&call)?;
    let budgets = Budgets(&call.api.settings.metrics.budgets);
    let budgets = budgets.for_caller(&call.caller, wanted.and(names.first()));
    let mut items = Vec::new();
    let mut courses = Vec::new();
    for name in names {
        // The forecast does not depend on how many months are shown.
        let since = until.checked_sub_signed(FORECAST_HISTORY).unwrap_or(from);
        let (of, mut points) = recorded(&call, &snapshot, &name, (from.min(since), until)).await?;
        let readings = points.iter().filter_map(RegistryPoint::cost_reading);
        let course: Vec<CostReading> = readings.filter(|reading| reading.as_of >= since).collect();
        courses.push(course);
        points.retain(|point| point.as_of >= from);
        let moments = by_step(&call, points, |point| point.as_of)
            .into_iter()
            .map(|point| RegistryHistoryPoint::new(&name, of, point));
        items.extend(moments);
    }
    let key = |point: &RegistryHistoryPoint| format!("{} {}", point.registry, point.as_of.to_rfc3339());
    if let Some(order) = call.values.text("sort") {
        REGISTRY_ORDERS.sort(&mut items, order, key);
    }
    let mut page = Page::whole_or_limited(&call, &snapshot, items, key)?;
    let forecast = Forecast::new(&courses);
    let answer = WithForecast {
        list: page.list(&call, &snapshot),
        forecast: forecast.months,
        forecast_basis: forecast.basis,
        change: forecast.change,
        budgets,
    };
    call.reply(page.linked(list::reply(&call, "history.csv", &[], &answer)?))
}

/// A point in a registry's history, as far as the caller may see it.
async fn recorded(
    call: &Call,
    snapshot: &Snapshot,
    registry: &RegistryName,
    (from, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(Extent, Vec<RegistryPoint>), Problem> {
    let name = registry.clone();
    let Some(cost_centres) = call.caller.cost_centres() else {
        let points = call
            .api
            .query_store(move |store| async move { store.registry_history(&name, from, until).await })
            .await?;
        return Ok((Extent::All, points));
    };
    let rows = snapshot.report.repositories.iter();
    let own = rows.filter(|row| row.registry == *registry && sees_row(&call.caller, row));
    let part = PartOfRegistry {
        cost_centres: cost_centres.to_vec(),
        repositories: own.map(|row| row.totals.repository.to_string()).collect(),
    };
    let points = call
        .api
        .query_store(move |store| async move { store.part_history(&name, &part, from, until).await })
        .await?;
    Ok((Extent::Visible, points))
}

async fn of_repository(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let row = named(&call, &snapshot)?;
    let (registry, repository) = (row.registry.clone(), row.totals.repository.clone());
    let (from, until) = asked(&call)?;
    let points = call
        .api
        .query_store(move |store| async move {
            store
                .repository_history(&registry, &repository, from, until)
                .await
        })
        .await?;
    let points = by_step(&call, points, |point| point.as_of);
    let mut items: Vec<RepositoryHistoryPoint> = points.into_iter().map(Into::into).collect();
    let key = |point: &RepositoryHistoryPoint| point.as_of.to_rfc3339();
    REPOSITORY_ORDERS.sort(&mut items, call.values.text("sort").unwrap_or("as_of"), key);
    let mut page = Page::whole_or_limited(&call, &snapshot, items, key)?;
    let list = page.list(&call, &snapshot);
    call.reply(page.linked(list::reply(&call, "history.csv", &[], &list)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_crawls_in_a_month_give_one_month_with_the_last_of_them() {
        let points: Vec<DateTime<Utc>> = [
            "2025-11-30T00:00:00Z",
            "2026-10-01T00:00:00Z",
            "2026-10-31T23:59:59Z",
            "2026-11-01T00:00:00Z",
        ]
        .map(|text| text.parse().unwrap())
        .into();
        let months = last_of_each_month(points.clone(), |point| *point);
        assert_eq!(months, [points[0], points[2], points[3]]);
    }
}
