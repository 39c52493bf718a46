//! One repository: its row, its tags and its images.

use actix_web::HttpResponse;
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::access::sees_row;
use crate::api::call::Call;
use crate::api::list::{List, Page, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::api::snapshot::Snapshot;
use crate::inventory::{TagTotals, account_tags};
use crate::report::{ImageRow, RepositoryRow};

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get(
            "/v1/repositories/{registry}/{repository}",
            "get_repository",
            "One repository, and its representative image",
            AnswerForm::json::<Repository<'_>>("Repository"),
            |call| Box::pin(one(call)),
        )
        .group("repositories"),
        Operation::get(
            "/v1/repositories/{registry}/{repository}/tags",
            "list_tags",
            "The tags of a repository, and what each stands for",
            AnswerForm::json::<List<'_, TagTotals>>("TagList"),
            |call| Box::pin(tags(call)),
        )
        .group("repositories")
        .about("The tags' attributed bytes add up to the repository's.")
        .query(paging())
        .problems([&problem::OUTDATED_CURSOR]),
        Operation::get(
            "/v1/repositories/{registry}/{repository}/images",
            "list_images",
            "The images of a repository, one for each platform",
            AnswerForm::json::<List<'_, ImageRow>>("ImageList"),
            |call| Box::pin(images(call)),
        )
        .group("repositories")
        .query(paging())
        .leads(
            "explain_image",
            &[
                ("registry", "$request.path.registry"),
                ("repository", "$request.path.repository"),
                ("digest", "$response.body#/items/0/digest"),
            ],
        )
        .problems([&problem::OUTDATED_CURSOR]),
    ]
}

/// The repository that a call's path names, if the caller may see it.
///
/// # Errors
/// If there is none.
pub(super) fn named<'a>(call: &Call, snapshot: &'a Snapshot) -> Result<&'a RepositoryRow, Problem> {
    let name = |part: &str| call.values.text(part).unwrap_or_default().to_owned();
    let row = snapshot.repository(&name("registry"), &name("repository"))?;
    if sees_row(&call.caller, row) {
        Ok(row)
    } else {
        Err(Problem::not_found("there is no such repository"))
    }
}

/// One repository.
#[derive(Serialize, JsonSchema)]
struct Repository<'a> {
    #[serde(flatten)]
    row: &'a RepositoryRow,
    /// The former name of `representative_image`.
    #[schemars(extend("deprecated" = true))]
    speaker: Option<&'a ImageRow>,
    /// The image that determines the verdict; null if there is no image or if the operator has decided.
    representative_image: Option<&'a ImageRow>,
    #[serde(flatten)]
    provenance: Provenance<'a>,
}

async fn one(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let row = named(&call, &snapshot)?;
    let context = snapshot.context();
    let (registry, analysed) = snapshot.registry(row.registry.as_str())?;
    let representative = analysed.representative_of(&row.totals.repository, &context);
    call.reply(Reply::json(&Repository {
        row,
        speaker: representative.as_ref(),
        representative_image: representative.as_ref(),
        provenance: Provenance::for_registry(registry, &snapshot),
    })?)
}

async fn tags(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let row = named(&call, &snapshot)?;
    let (registry, repository) = (row.registry.to_string(), row.totals.repository.clone());
    let shared = snapshot.clone();
    let tags = call
        .api
        .run_blocking(move || {
            let (_, analysed) = shared.registry(&registry)?;
            account_tags(&analysed.content.inventory, &repository).map_err(Problem::internal)
        })
        .await??;
    let tags: Vec<TagTotals> = tags.unwrap_or_default();
    let mut page = Page::new(&call, &snapshot, tags, |tag| tag.tag.to_string())?;
    let mut list = List::whole(&call, &snapshot, std::mem::take(&mut page.rows));
    list.next_cursor.clone_from(&page.next_cursor);
    call.reply(page.linked(Reply::json(&list)?))
}

async fn images(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let row = named(&call, &snapshot)?;
    let (_, analysed) = snapshot.registry(row.registry.as_str())?;
    let context = snapshot.context();
    let images = analysed.images_of(&row.totals.repository, &context);
    let mut page = Page::new(&call, &snapshot, images, |image| image.digest.to_string())?;
    let mut list = List::whole(&call, &snapshot, std::mem::take(&mut page.rows));
    list.next_cursor.clone_from(&page.next_cursor);
    call.reply(page.linked(Reply::json(&list)?))
}
