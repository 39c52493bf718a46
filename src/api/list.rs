//! Lists with pages.

use std::borrow::Cow;

use actix_web::http::header;
use schemars::JsonSchema;
use serde::Serialize;

use super::call::Call;
use super::cursor::{LONGEST_CURSOR, ListIdentity};
use super::members::Members;
use super::parameter::{Form, Parameter};
use super::problem::Problem;
use super::provenance::Provenance;
use super::reply::Reply;
use super::snapshot::Snapshot;

/// The default number of rows on a page. Our choice: about what a reader takes in at once.
const USUAL_PAGE: u64 = 50;
/// The maximum number of rows on a page. Our choice: programs need few requests, and an answer
/// stays below some megabytes.
const LARGEST_PAGE: u64 = 1000;

/// A list, page by page.
#[derive(Serialize, JsonSchema)]
pub(super) struct List<'a, Item, Totals = NoTotals> {
    /// The rows of this page.
    pub items: Vec<Item>,
    /// Where the next page begins; null on the last page.
    pub next_cursor: Option<String>,
    /// What a reader must know about the rows, such as a filter that matches nothing anywhere.
    pub notes: Vec<String>,
    /// The inputs of the figures.
    #[serde(flatten)]
    pub provenance: Provenance<'a>,
    /// The sums over all pages, if rows can be added up.
    #[serde(flatten)]
    pub totals: Totals,
}

/// A list whose rows are not added up has no totals.
#[derive(Serialize, JsonSchema)]
pub(super) struct NoTotals {}

/// The totals of a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct Totals<Sums> {
    /// The sums over all pages.
    pub totals: Sums,
}

impl<'a, Item> List<'a, Item> {
    /// A list without pages.
    pub(super) fn whole(call: &Call, snapshot: &'a Snapshot, items: Vec<Item>) -> Self {
        Self {
            items,
            next_cursor: None,
            notes: Vec::new(),
            provenance: Provenance::for_caller(&call.caller, snapshot),
            totals: NoTotals {},
        }
    }
}

/// The parameter with which a client chooses members of a list's rows.
pub(super) fn fields() -> Parameter {
    Parameter::new(
        "fields",
        Form::Members,
        "Only these members of each row, separated by commas; a dot leads into a member: `repository,cost.month`. In CSV, only \
         these columns.",
    )
}

/// A list in the form that was asked for: JSON, or CSV with these members as columns. `fields` replaces both.
///
/// # Errors
/// If `fields` names a member that rows do not have.
pub(super) fn reply(
    call: &Call,
    file: &str,
    columns: &[&str],
    list: &impl Serialize,
) -> Result<Reply, Problem> {
    let chosen = Members::requested(call)?;
    let is_csv = call.form == "csv";
    if !is_csv && chosen.is_none() {
        return Reply::json(list);
    }
    let mut document = serde_json::to_value(list).map_err(Problem::internal)?;
    let items = document["items"].take();
    let items = items.as_array().map(Vec::as_slice).unwrap_or_default();
    let members = chosen.unwrap_or_else(|| Members::new(columns));
    if is_csv {
        return Ok(Reply::csv(file, members.csv(items).map_err(Problem::internal)?));
    }
    document["items"] = items.iter().map(|item| members.project(item)).collect();
    Reply::json(&document)
}

/// The parameters of every list with pages.
pub(super) fn paging() -> [Parameter; 2] {
    limited(
        Some(USUAL_PAGE),
        "The maximum number of rows on a page. Without it, CSV has all rows.",
    )
}

/// The parameters of a list that has pages only with a `limit`.
pub(super) fn optional_paging() -> [Parameter; 2] {
    limited(
        None,
        "The maximum number of rows on a page. Default: all rows on one page.",
    )
}

fn limited(default: Option<u64>, about: &'static str) -> [Parameter; 2] {
    [
        Parameter::new(
            "limit",
            Form::Number {
                least: 1,
                most: LARGEST_PAGE,
                default,
            },
            about,
        ),
        Parameter::new(
            "cursor",
            Form::Token(LONGEST_CURSOR),
            "The `next_cursor` of the previous page. Valid until figures, filters or order change.",
        ),
    ]
}

/// One page of a list.
pub(super) struct Page<Row> {
    pub rows: Vec<Row>,
    pub next_cursor: Option<String>,
    link: Option<String>,
}

impl<Row> Page<Row> {
    /// The requested page of these rows. `key` gives each row's unique key.
    ///
    /// # Errors
    /// If the cursor belongs to another list.
    pub(super) fn new(
        call: &Call,
        snapshot: &Snapshot,
        rows: Vec<Row>,
        key: impl Fn(&Row) -> String,
    ) -> Result<Self, Problem> {
        Self::with_default_limit(call, snapshot, rows, key, USUAL_PAGE)
    }

    /// The same for a list with all rows on one page unless there is a `limit`.
    ///
    /// # Errors
    /// If the cursor belongs to another list.
    pub(super) fn whole_or_limited(
        call: &Call,
        snapshot: &Snapshot,
        rows: Vec<Row>,
        key: impl Fn(&Row) -> String,
    ) -> Result<Self, Problem> {
        Self::with_default_limit(call, snapshot, rows, key, u64::MAX)
    }

    fn with_default_limit(
        call: &Call,
        snapshot: &Snapshot,
        rows: Vec<Row>,
        key: impl Fn(&Row) -> String,
        default: u64,
    ) -> Result<Self, Problem> {
        let selection = format!(
            "{}\n{}",
            call.request.path(),
            call.values.without(&["limit", "cursor", "format", "fields"])
        );
        // A caller who does not see everything must not learn from a cursor that something else has changed.
        let version = match call.caller.sees_everything() {
            true => Cow::Borrowed(&snapshot.id),
            false => Cow::Owned(rows.iter().map(|row| key(row) + "\n").collect()),
        };
        let identity = ListIdentity::new(&version, &selection);
        let begin = match call.values.text("cursor") {
            None => 0,
            Some(cursor) => {
                let last = identity.key_of(cursor)?;
                // The cursor was made for this list, so the row exists.
                rows.iter()
                    .position(|row| key(row) == last)
                    .map_or(rows.len(), |place| place + 1)
            }
        };
        let is_whole = call.form == "csv" && call.values.text("limit").is_none();
        let limit = if is_whole {
            u64::MAX
        } else {
            call.values.number("limit", default)
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let left = rows.len().saturating_sub(begin);
        let rows: Vec<Row> = rows.into_iter().skip(begin).take(limit).collect();
        let next_cursor = rows
            .last()
            .filter(|_| left > limit)
            .map(|row| identity.after(&key(row)));
        let link = next_cursor.as_deref().map(|cursor| next_link(call, cursor));
        Ok(Self {
            rows,
            next_cursor,
            link,
        })
    }

    /// The page as a list.
    pub(super) fn list<'a>(&mut self, call: &Call, snapshot: &'a Snapshot) -> List<'a, Row> {
        let mut list = List::whole(call, snapshot, std::mem::take(&mut self.rows));
        list.next_cursor.clone_from(&self.next_cursor);
        list
    }

    /// Adds the link to the next page to an answer.
    pub(super) fn linked(&self, reply: Reply) -> Reply {
        match &self.link {
            Some(link) => reply.with_header(header::LINK, link),
            None => reply,
        }
    }
}

/// The header `Link` to the page that begins at a cursor.
pub(super) fn next_link(call: &Call, cursor: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(call.request.query_string().as_bytes()) {
        if name != "cursor" {
            query.append_pair(&name, &value);
        }
    }
    query.append_pair("cursor", cursor);
    let path = call.request.uri().path().trim_start_matches('/');
    format!(
        "<{}{path}?{}>; rel=\"next\"",
        call.api.base_path(),
        query.finish()
    )
}
