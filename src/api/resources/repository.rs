//! One repository: its row, its tags and its images.

use actix_web::HttpResponse;
use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::Serialize;

use crate::api::access::sees_row;
use crate::api::call::Call;
use crate::api::list::{self, List, Page, paging};
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::{self, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::api::snapshot::Snapshot;
use crate::api::sort::{Orders, SortValue};
use crate::inventory::{TagTotals, account_tags};
use crate::oci::Digest;
use crate::pulls::LastPull;
use crate::report::{ImageRow, RepositoryRow, TaggedImage};

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
            AnswerForm::json::<List<'_, TagRow>>("TagList"),
            |call| Box::pin(tags(call)),
        )
        .group("repositories")
        .about("The tags' attributed bytes add up to the repository's.")
        .query([
            TAG_ORDERS.parameter("The sort key; a leading `-` sorts in descending order. Default: `name`."),
            list::fields(),
        ])
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
        .query([
            IMAGE_ORDERS.parameter("The sort key; a leading `-` sorts in descending order."),
            list::fields(),
        ])
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
    /// When it was last pulled.
    last_pull: LastPull,
    #[serde(flatten)]
    provenance: Provenance<'a>,
}

async fn one(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.snapshot()?;
    let row = named(&call, &snapshot)?;
    let registry = snapshot.registry_row(row.registry.as_str())?;
    let representative = snapshot.representative_of(row);
    let today = call.today();
    let (name, repository) = (row.registry.clone(), row.totals.repository.clone());
    let pulls = call
        .api
        .query_store(move |store| async move { store.last_pulls_of(&name, &repository, today).await })
        .await?;
    let counts = &snapshot.inputs.costs.pulls;
    call.reply(Reply::json(&Repository {
        row,
        speaker: representative,
        representative_image: representative,
        last_pull: pulls.of_repository(counts, &row.registry, &row.totals.repository),
        provenance: Provenance::for_registry(&call.caller, registry, &snapshot),
    })?)
}

/// A tag: its bytes, and the image that it stands for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tag")]
struct TagRow {
    #[serde(flatten)]
    totals: TagTotals,
    /// The digest of the manifest or index that it points to.
    digest: Digest,
    /// When its newest image was built; null if no image says so.
    created: Option<DateTime<Utc>>,
    /// How many images it has, one for each platform.
    images: usize,
    /// The image for linux/amd64, or else its first; null if it has no image that was read.
    image: Option<TagImage>,
}

/// The image that a tag stands for.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "TagImage")]
struct TagImage {
    #[serde(flatten)]
    row: ImageRow,
    /// The path of the image's explanation.
    href: String,
}

impl TagRow {
    fn new(totals: TagTotals, tagged: TaggedImage, base_path: &str) -> Self {
        let image = tagged.image.map(|row| TagImage {
            href: format!(
                "{base_path}v1/images/{}/{}/{}",
                row.registry,
                row.repository.as_str().replace('/', "%2F"),
                row.digest
            ),
            row,
        });
        Self {
            totals,
            digest: tagged.digest,
            created: tagged.created,
            images: tagged.images,
            image,
        }
    }
}

const TAG_ORDERS: Orders<TagRow> = Orders(&[
    ("name", |row| row.totals.tag.as_str().into()),
    ("created", |row| row.created.map(SortValue::from).into()),
    ("stored", |row| row.totals.stored_bytes.into()),
    ("exclusive", |row| row.totals.exclusive_bytes.into()),
    ("attributed", |row| row.totals.attributed_bytes.into()),
]);

const IMAGE_ORDERS: Orders<ImageRow> = Orders(&[
    ("digest", |row| row.digest.to_string().as_str().into()),
    ("platform", |row| row.platform.as_str().into()),
    ("created", |row| row.created.map(SortValue::from).into()),
    ("size", |row| row.compressed_bytes.into()),
]);

async fn tags(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot().await?;
    let row = named(&call, &snapshot)?;
    let (registry, repository) = (row.registry.to_string(), row.totals.repository.clone());
    let (shared, base_path) = (snapshot.clone(), call.api.base_path().to_owned());
    let mut tags: Vec<TagRow> = call
        .api
        .run_blocking(move || {
            let (_, analysed) = shared.registry(&registry)?;
            let totals = account_tags(&analysed.content.inventory, &repository).map_err(Problem::internal)?;
            let images = analysed.tagged_images(&repository, &shared.context()?);
            let rows = totals.unwrap_or_default().into_iter().zip(images);
            Ok::<_, Problem>(
                rows.map(|(totals, image)| TagRow::new(totals, image, &base_path))
                    .collect(),
            )
        })
        .await??;
    let name = |row: &TagRow| row.totals.tag.to_string();
    TAG_ORDERS.sort(&mut tags, call.values.text("sort").unwrap_or("name"), name);
    let mut page = Page::new(&call, &snapshot, tags, name)?;
    let list = page.list(&call, &snapshot);
    call.reply(page.linked(list::reply(&call, "tags.csv", &[], &list)?))
}

async fn images(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot().await?;
    let row = named(&call, &snapshot)?;
    let (_, analysed) = snapshot.registry(row.registry.as_str())?;
    let context = snapshot.context()?;
    let mut images = analysed.images_of(&row.totals.repository, &context);
    let name = |image: &ImageRow| image.digest.to_string();
    if let Some(order) = call.values.text("sort") {
        IMAGE_ORDERS.sort(&mut images, order, name);
    }
    let mut page = Page::new(&call, &snapshot, images, name)?;
    let list = page.list(&call, &snapshot);
    call.reply(page.linked(list::reply(&call, "images.csv", &[], &list)?))
}
