//! The available price books.

use actix_web::HttpResponse;
use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::call::Call;
use crate::api::list::{self, List, Page, optional_paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::{self, Problem};
use crate::api::reply::Reply;
use crate::api::sort::Orders;
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
        .query([
            ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: `id`."),
            list::fields(),
        ])
        .query(optional_paging())
        .problems([&problem::OUTDATED_CURSOR])
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

const ORDERS: Orders<PriceBook> = Orders(&[
    ("id", |book| book.id.as_str().into()),
    ("title", |book| book.title.as_str().into()),
    ("provider", |book| book.provider.as_str().into()),
    ("currency", |book| book.currency.code().into()),
    ("valid_until", |book| book.valid_until.into()),
]);

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let today = call.api.clock.now().date_naive();
    let books = &snapshot.inputs.costs.books;
    let mut ids: Vec<&str> = books.iter().map(|book| book.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    let current = ids.into_iter().filter_map(|id| books.get(id, today).ok());
    let mut books: Vec<&PriceBook> = current.collect();
    let order = call.values.text("sort").unwrap_or("id");
    ORDERS.sort_items(&mut books, order, |book| *book, |book| book.id.clone());
    let rows = books.into_iter().map(|book| BookRow::new(book, today)).collect();
    let mut page =
        Page::whole_or_limited(&call, &snapshot, rows, |row: &BookRow<'_>| row.book.id.to_owned())?;
    let list = page.list(&call, &snapshot);
    call.reply(page.linked(list::reply(&call, "price-books.csv", &[], &list)?))
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
