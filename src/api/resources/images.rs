//! The images of all registries: filtered, sorted, in pages.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use super::repositories::{base_note, chosen_repositories, is_worth, owners, worth, worth_note};
use crate::api::call::Call;
use crate::api::filter::{matches_nothing, patterns};
use crate::api::list::{self, List, Page, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::past;
use crate::api::problem::{self, Problem};
use crate::api::snapshot::Snapshot;
use crate::api::sort::{Orders, SortValue};
use crate::oci::Tag;
use crate::pulls::PullState;
use crate::report::{ListedImage, RepositoryRow};
use crate::whatif::{ConfidenceLevel, Verdict};
use strum::VariantArray as _;

const ORDERS: Orders<ListedImage> = Orders(&[
    ("name", |image| name(image).as_str().into()),
    ("created", |image| image.row.created.map(SortValue::from).into()),
    ("size", |image| image.row.compressed_bytes.into()),
    ("exclusive", |image| image.exclusive_bytes.into()),
    ("saving", |image| saving(image).map(SortValue::from).into()),
    ("last_pull", |image| {
        image.last_pull.day.map(SortValue::from).into()
    }),
]);

/// The columns of CSV.
const COLUMNS: [&str; 17] = [
    "registry",
    "repository",
    "tags",
    "digest",
    "platform",
    "created",
    "compressed_bytes",
    "exclusive_bytes",
    "base.name",
    "base.runtime",
    "verdict",
    "reason",
    "alpine.twin",
    "alpine.bytes.expected",
    "last_pull.state",
    "last_pull.day",
    "last_pull.level",
];

pub(super) fn operations() -> Vec<Operation> {
    let levels = ConfidenceLevel::VARIANTS
        .iter()
        .map(|level| level.as_str())
        .collect();
    let verdicts = Verdict::VARIANTS.iter().map(|verdict| verdict.as_str()).collect();
    vec![
        Operation::get(
            "/v1/images",
            "list_all_images",
            "The images of all registries, one row for each platform and repository",
            AnswerForm::json::<ImageList<'_>>("AllImagesList"),
            |call| Box::pin(images(call)),
        )
        .group("images")
        .about(
            "`notes` says which filters match nothing anywhere, and how many images a filter left out because what it asks for is \
             not known of them.",
        )
        .query([
            Parameter::new("registry", Form::Text, "Only this registry."),
            Parameter::new(
                "repository",
                Form::Text,
                "Only repositories with this name or glob, such as `shop/**`.",
            ),
            Parameter::new("tag", Form::Text, "Only images that this tag reaches; `*` stands for any characters."),
            Parameter::new(
                "base",
                Form::Text,
                "Only images built from this: `debian:trixie`, `node:22`, `node` for all its tags, also if the base is in another registry or \
                 folder; empty for images without a known base.",
            ),
            Parameter::new("base_tag", Form::Text, "Only images whose base has this tag, such as `22`."),
            Parameter::new("platform", Form::Text, "Only this platform, such as `linux/amd64`."),
            Parameter::new("verdict", Form::Word(verdicts), "Only images with this verdict."),
            Parameter::new(
                "confidence",
                Form::Word(levels),
                "Only images whose size on Alpine is this sure.",
            ),
            worth("Only images of repositories whose move is worth this."),
            Parameter::new(
                "created_before",
                Form::Text,
                "Only images built before this day (`2026-09-01`), or more than so many days ago (`90d`).",
            ),
            Parameter::new(
                "created_after",
                Form::Text,
                "Only images built on this day or later (`2026-09-01`), or within so many days (`90d`).",
            ),
            Parameter::new(
                "not_pulled_since",
                Form::Text,
                "Only images that were not pulled on this day (`2026-09-01`) or later, or within so many days (`90d`). Images of which pulls \
                 were not counted are left out, and `notes` says how many.",
            ),
        ])
        .query(owners())
        .query(past::parameters())
        .query([
            ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: `name`. `saving` is what the image is \
                              smaller on Alpine."),
            list::fields(),
        ])
        .query(paging())
        .or_csv()
        .leads(
            "explain_image",
            &[
                ("registry", "$response.body#/items/0/registry"),
                ("repository", "$response.body#/items/0/repository"),
                ("digest", "$response.body#/items/0/digest"),
            ],
        )
        .problems([&problem::NOT_FOUND, &problem::OUTDATED_CURSOR]),
    ]
}

/// The images of all registries.
#[derive(Serialize, JsonSchema)]
struct ImageList<'a> {
    #[serde(flatten)]
    list: List<'a, ListedImage>,
    /// The number of images that match the filters, on all pages.
    count: usize,
}

/// What images are chosen by.
struct ImageFilter {
    tag: Option<String>,
    base: Option<String>,
    base_tag: Option<String>,
    platform: Option<String>,
    verdict: Option<String>,
    confidence: Option<String>,
    created_before: Option<DateTime<Utc>>,
    created_after: Option<DateTime<Utc>>,
    not_pulled_since: Option<NaiveDate>,
}

async fn images(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot_asked_for().await?;
    let filter = ImageFilter::new(&call)?;
    let mut repositories = chosen_repositories(&call, &snapshot)?;
    if let Some(pattern) = call.values.text("repository") {
        let wanted = patterns("repository", pattern)?;
        repositories.retain(|row| wanted.matches(&row.registry, &row.totals.repository));
    }
    let is_unknown = repositories.is_empty();
    repositories.retain(|row| is_worth(row, &call.values));
    let all = listed(&call, &snapshot, &repositories).await?;
    let mut notes: Vec<String> = worth_note(&call, &snapshot).into_iter().collect();
    if is_unknown && let Some(pattern) = call.values.text("repository") {
        let known = snapshot.report.repositories.iter();
        let known = known.filter(|row| crate::api::access::sees_row(&call.caller, row));
        notes.push(matches_nothing(
            "repository",
            pattern,
            known.map(|row| row.totals.repository.as_str()),
        ));
    }
    let (mut rows, more) = filter.choose(all);
    notes.extend(more);
    let count = rows.len();
    ORDERS.sort(&mut rows, call.values.text("sort").unwrap_or("name"), name);
    let mut page = Page::new(&call, &snapshot, rows, name)?;
    let mut list = page.list(&call, &snapshot);
    list.notes = notes;
    let answer = ImageList { list, count };
    call.reply(page.linked(list::reply(&call, "images.csv", &COLUMNS, &answer)?))
}

/// The images of these repositories.
async fn listed(
    call: &Call,
    snapshot: &std::sync::Arc<Snapshot>,
    repositories: &[&RepositoryRow],
) -> Result<Vec<ListedImage>, Problem> {
    let mut wanted: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for row in repositories {
        let names = wanted.entry(row.registry.clone()).or_default();
        names.push(row.totals.repository.clone());
    }
    let until = snapshot.report.as_of.date_naive().max(call.today());
    let pulls = call
        .api
        .query_store(move |store| async move { store.last_pulls(until).await })
        .await?;
    let snapshot = std::sync::Arc::clone(snapshot);
    call.api
        .run_blocking(move || {
            let mut rows = Vec::new();
            for (registry, names) in wanted {
                let (_, analysed) = snapshot.registry(registry.as_str())?;
                let images = analysed.listed_images(&names, &snapshot.context()?, &snapshot.inputs, &pulls);
                rows.extend(images.map_err(Problem::internal)?);
            }
            Ok(rows)
        })
        .await?
}

impl ImageFilter {
    fn new(call: &Call) -> Result<Self, Problem> {
        let text = |name: &str| call.values.text(name).map(str::to_owned);
        let day = |name: &str| -> Result<Option<NaiveDate>, Problem> {
            let text = call.values.text(name);
            let day = text.map(|text| day_or_age(text, call.today()));
            day.transpose()
                .map_err(|detail| Problem::invalid_query(name, detail))
        };
        let midnight = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        if let Some(tag) = call.values.text("tag")
            && tag.replace('*', "a").parse::<Tag>().is_err()
        {
            let detail = "expected a tag, perhaps with *, such as v1.*";
            return Err(Problem::invalid_query("tag", detail));
        }
        Ok(Self {
            tag: text("tag"),
            base: text("base"),
            base_tag: text("base_tag"),
            platform: text("platform"),
            verdict: text("verdict"),
            confidence: text("confidence"),
            created_before: day("created_before")?.map(midnight),
            created_after: day("created_after")?.map(midnight),
            not_pulled_since: day("not_pulled_since")?,
        })
    }

    /// The images that match, and what to say about the filters.
    fn choose(&self, all: Vec<ListedImage>) -> (Vec<ListedImage>, Vec<String>) {
        let mut notes = self.notes(&all);
        let rows: Vec<ListedImage> = all.into_iter().filter(|image| self.describes(image)).collect();
        let by_age = self.created_before.is_some() || self.created_after.is_some();
        let (rows, undated): (Vec<_>, Vec<_>) = rows
            .into_iter()
            .partition(|image| !by_age || image.row.created.is_some());
        if !undated.is_empty() {
            notes.push(format!(
                "{} images are left out because they do not say when they were built",
                undated.len()
            ));
        }
        let rows: Vec<ListedImage> = rows.into_iter().filter(|image| self.is_of_age(image)).collect();
        let Some(since) = self.not_pulled_since else {
            return (rows, notes);
        };
        let mut unknown = 0;
        let mut uncounted = 0;
        let rows = rows
            .into_iter()
            .filter(|image| match image.last_pull.is_unused_since(since) {
                Some(is_unused) => is_unused,
                None => {
                    unknown += 1;
                    uncounted += usize::from(image.last_pull.state == PullState::Unknown);
                    false
                }
            });
        let rows = rows.collect();
        if unknown > 0 {
            notes.push(format!(
                "{unknown} images are left out because it is not known whether they were pulled since {since}; of {uncounted} of them no \
                 pulls were counted at all: import a log (tare pulls import) or send notifications"
            ));
        }
        (rows, notes)
    }

    fn describes(&self, image: &ListedImage) -> bool {
        let row = &image.row;
        let is =
            |wanted: &Option<String>, matches: &dyn Fn(&str) -> bool| wanted.as_deref().is_none_or(matches);
        is(&self.tag, &|tag| row.tags.iter().any(|own| matches_tag(tag, own)))
            && is(&self.platform, &|platform| row.platform == platform)
            && is(&self.verdict, &|verdict| row.verdict.as_str() == verdict)
            && is(&self.confidence, &|level| {
                row.confidence.is_some_and(|own| own.as_str() == level)
            })
            && is(&self.base, &|base| match &row.base {
                None => base.is_empty(),
                Some(own) => own.names.matches(base),
            })
            && is(&self.base_tag, &|tag| {
                row.base.as_ref().is_some_and(|own| own.names.has_tag(tag))
            })
    }

    fn is_of_age(&self, image: &ListedImage) -> bool {
        let created = image.row.created;
        self.created_before
            .is_none_or(|before| created.is_some_and(|created| created < before))
            && self
                .created_after
                .is_none_or(|after| created.is_some_and(|created| created >= after))
    }

    /// Says which values match no image.
    fn notes(&self, all: &[ListedImage]) -> Vec<String> {
        let mut notes = Vec::new();
        let bases = || all.iter().filter_map(|image| image.row.base.as_ref());
        if let Some(base) = &self.base {
            notes.extend(base_note(base, bases().map(|base| &base.names)));
        }
        if let Some(tag) = &self.base_tag
            && !bases().any(|base| base.names.has_tag(tag))
        {
            notes.push(format!("base_tag={tag} matches nothing"));
        }
        if let Some(platform) = &self.platform
            && !all.iter().any(|image| image.row.platform == *platform)
        {
            let known = all.iter().map(|image| image.row.platform.as_str());
            notes.push(matches_nothing("platform", platform, known));
        }
        let tags = || all.iter().flat_map(|image| &image.row.tags);
        if let Some(tag) = &self.tag
            && !tags().any(|own| matches_tag(tag, own))
        {
            notes.push(matches_nothing("tag", tag, tags().map(Tag::as_str)));
        }
        notes
    }
}

/// Whether a tag matches a text in which `*` stands for any characters.
fn matches_tag(wanted: &str, tag: &Tag) -> bool {
    let tag = tag.as_str();
    let Some((start, rest)) = wanted.split_once('*') else {
        return wanted == tag;
    };
    let Some(mut left) = tag.strip_prefix(start) else {
        return false;
    };
    let mut parts = rest.split('*').collect::<Vec<_>>();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        match left.find(part) {
            Some(place) => left = &left[place + part.len()..],
            None => return false,
        }
    }
    left.ends_with(end)
}

/// A day, or the day so many days ago.
fn day_or_age(text: &str, today: NaiveDate) -> Result<NaiveDate, String> {
    let day = match text.strip_suffix('d') {
        Some(days) if !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit()) => {
            let days = days.parse().ok();
            days.and_then(|days| today.checked_sub_days(Days::new(days)))
        }
        _ if text.len() == 10 => text.parse().ok(),
        _ => None,
    };
    day.ok_or_else(|| "expected a day such as 2026-09-01, or a number of days such as 90d".to_owned())
}

/// The unique key of an image.
fn name(image: &ListedImage) -> String {
    let row = &image.row;
    format!("{} {} {}", row.registry, row.repository, row.digest)
}

/// The bytes that an image is smaller on Alpine.
fn saving(image: &ListedImage) -> Option<i64> {
    let alpine = image.row.alpine.as_ref()?;
    Some(image.row.compressed_bytes.as_i64() - alpine.bytes.expected.as_i64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters_of_a_tag() {
        for (wanted, tag, matches) in [
            ("v1", "v1", true),
            ("v1", "v10", false),
            ("v1*", "v10", true),
            ("*", "latest", true),
            ("v*-rc*", "v1-rc2", true),
            ("v*-rc", "v1-rc2", false),
            ("*rc", "v1-rc", true),
            ("a*a", "a", false),
        ] {
            assert_eq!(
                matches_tag(wanted, &tag.parse().unwrap()),
                matches,
                "{wanted} {tag}"
            );
        }
    }

    #[test]
    fn an_age_is_counted_from_today() {
        let today = "2026-11-20".parse().unwrap();
        assert_eq!(day_or_age("90d", today).unwrap().to_string(), "2026-08-22");
        assert_eq!(day_or_age("2026-08-22", today).unwrap().to_string(), "2026-08-22");
        for wrong in [
            "",
            "d",
            "-1d",
            "90",
            "2026-8-1",
            "99999999999999999999d",
            "+2026-8-1",
        ] {
            assert!(day_or_age(wrong, today).is_err(), "{wrong}");
        }
    }
}
