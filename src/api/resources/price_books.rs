//! The available price books.

use actix_web::HttpResponse;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::call::Call;
use crate::api::list::{self, List};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::Problem;
use crate::api::reply::Reply;
use crate::oci::text::printable;
use crate::pricing::{BookSummary, PriceBook};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/price-books",
            "list_price_books",
            "The available price books in their current editions",
            AnswerForm::json::<List<'_, BookRow<'_>>>("PriceBookList"),
            |call| Box::pin(answer(call)),
        )
        .group("money")
        .query([list::fields()])
        .leads("get_price_book", &[("id", "$response.body#/items/0/id")]),
        Operation::get(
            "/v1/price-books/{id}",
            "get_price_book",
            "A price book in all its editions",
            AnswerForm::json::<Editions<'_>>("PriceBookEditions"),
            |call| Box::pin(one(call)),
        )
        .group("money"),
    ]
}

/// A price book in its current edition.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PriceBookRow")]
struct BookRow<'a> {
    /// The book.
    #[serde(flatten)]
    book: BookSummary<'a>,
    /// Whether its last day is past.
    is_expired: bool,
}

impl<'a> BookRow<'a> {
    fn new(book: &'a PriceBook, today: NaiveDate) -> Self {
        Self {
            book: book.summary(),
            is_expired: book.valid_until < today,
        }
    }
}

/// A price book in all its editions.
#[derive(Serialize, JsonSchema)]
struct Editions<'a> {
    /// Its identifier.
    id: &'a str,
    /// Its editions, oldest first.
    editions: Vec<&'a PriceBook>,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let today = call.api.clock.now().date_naive();
    let books = &snapshot.inputs.costs.books;
    let mut ids: Vec<&str> = books.iter().map(|book| book.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let items = ids
        .into_iter()
        .filter_map(|id| books.get(id, today).ok())
        .map(|book| BookRow::new(book, today))
        .collect();
    call.reply(list::reply(
        &call,
        "price-books.csv",
        &[],
        &List::whole(&call, &snapshot, items),
    )?)
}

async fn one(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let id = call.values.text("id").unwrap_or_default();
    let mut editions: Vec<&PriceBook> = snapshot
        .inputs
        .costs
        .books
        .iter()
        .filter(|book| book.id == id)
        .collect();
    editions.sort_by_key(|book| book.valid_from);
    if editions.is_empty() {
        return Err(Problem::not_found(format!(
            "there is no price book {}; /v1/price-books lists them",
            printable(id)
        )));
    }
    call.reply(Reply::json(&Editions { id, editions })?)
}
