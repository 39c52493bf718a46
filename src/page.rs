//! The page at `/`: views on what the API answers, for people who would rather look than read.
//!
//! Its files are in `src/page/` and are compiled into the program. Browsers get them without their comments and
//! compressed. Nothing comes from outside, and
//! the policy sent with the page makes browsers hold to that: scripts and styles only from here, none within
//! the document, so that a repository called `<script>` stays a name.

use std::future::ready;
use std::sync::{Arc, LazyLock};

use actix_web::http::header::{self, AcceptEncoding, Encoding, Header as _, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use url::Url;

mod asset;

use self::asset::Asset;

/// What the page may do. Files that it offers for saving are `blob:` addresses, which need no leave.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
     img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

macro_rules! assets {
    ($($path:literal,)*) => {
        [$(Asset::new($path, include_str!(concat!("page/", $path)))),*]
    };
}

/// The style sheets in their order, served as one file: a browser paints nothing before it has all of them.
const STYLES: &str = concat!(
    include_str!("page/style.css"),
    include_str!("page/figures.css"),
    include_str!("page/forms.css")
);

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let mut assets = Vec::from(assets![
        "account.js",
        "address.js",
        "api.js",
        "app.js",
        "chart.js",
        "csv.js",
        "element.js",
        "exact.js",
        "format.js",
        "icon.svg",
        "key.js",
        "period.js",
        "scale.js",
        "series.js",
        "table.js",
        "vendor/chart.LICENSE.md",
        "vendor/chart.umd.min.js",
        "views/ask.js",
        "views/assumptions.js",
        "views/bytes_course.js",
        "views/card.js",
        "views/cards.js",
        "views/cells.js",
        "views/centres.js",
        "views/changes.js",
        "views/cleanup.js",
        "views/compare.js",
        "views/controls.js",
        "views/cost_course.js",
        "views/crawl_list.js",
        "views/crawl_start.js",
        "views/crawls.js",
        "views/development.js",
        "views/fields.js",
        "views/filters.js",
        "views/gains.js",
        "views/grounds.js",
        "views/group_costs.js",
        "views/headline.js",
        "views/image.js",
        "views/image_page.js",
        "views/images.js",
        "views/months.js",
        "views/over_time.js",
        "views/overview.js",
        "views/paged.js",
        "views/pareto.js",
        "views/plan.js",
        "views/reported.js",
        "views/repositories.js",
        "views/repository.js",
        "views/savings.js",
        "views/tags.js",
        "views/what_if.js",
        "words.js",
    ]);
    assets.push(Asset::new("page.css", STYLES));
    assets
});

const DOCUMENT: &str = include_str!("page/index.html");

/// The name of this edition of all files together. It is part of every asset's address, so an asset never
/// changes under its address and browsers keep it for good; the modules' relative imports stay within one edition.
static EDITION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    hash.update(DOCUMENT);
    for asset in ASSETS.iter() {
        hash.update(asset.path());
        hash.update(asset.content().len().to_le_bytes());
        hash.update(asset.content());
    }
    let digest = hash.finalize();
    hex::encode(&digest[..8])
});

/// The address of a Grafana with Tare's dashboards, such as `https://grafana.example.com/d/tare-cost`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GrafanaUrl(Url);

/// Why a text is not the address of a Grafana.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the address of a dashboard without user name and password, such as https://grafana.example.com/d/tare-cost"
)]
pub struct InvalidGrafanaUrl;

impl TryFrom<String> for GrafanaUrl {
    type Error = InvalidGrafanaUrl;

    fn try_from(text: String) -> Result<Self, InvalidGrafanaUrl> {
        let url = Url::parse(&text).map_err(|_| InvalidGrafanaUrl)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        (matches!(url.scheme(), "http" | "https") && is_plain)
            .then_some(Self(url))
            .ok_or(InvalidGrafanaUrl)
    }
}

impl From<GrafanaUrl> for String {
    fn from(url: GrafanaUrl) -> Self {
        url.0.into()
    }
}

/// The document with its links, and the tag by which browsers know it.
struct Page {
    document: String,
    tag: String,
}

impl Page {
    /// Addresses in it are relative, so that it also works below a path behind a proxy.
    fn new(grafana: Option<&GrafanaUrl>) -> Self {
        // In a URL, quotes and angle brackets are percent-encoded.
        let link = grafana.map_or_else(String::new, |GrafanaUrl(url)| {
            format!(
                " · <a href=\"{}\">Grafana</a>",
                url.as_str().replace('&', "&amp;")
            )
        });
        let document = DOCUMENT
            .replace("{assets}", &format!("assets/{}", *EDITION))
            .replace("{grafana}", &link);
        let digest = Sha256::digest(&document);
        Self {
            document,
            tag: hex::encode(&digest[..8]),
        }
    }
}

/// Adds the page and its assets. They hold no figures, so they need no key: the page asks for one where the API
/// wants one.
pub fn configure(service: &mut web::ServiceConfig, grafana: Option<&GrafanaUrl>) {
    let page = Arc::new(Page::new(grafana));
    let index = move |request: &HttpRequest| index(&page, request);
    service
        .service(only_read("/", index))
        .service(only_read("/assets/{edition}/{path:.*}", asset));
}

/// A place that answers GET and HEAD, and says so to any other method.
fn only_read(
    path: &str,
    answer: impl Fn(&HttpRequest) -> HttpResponse + Clone + 'static,
) -> actix_web::Resource {
    let read = move |request: HttpRequest| ready(answer(&request));
    web::resource(path)
        .route(web::get().to(read.clone()))
        .route(web::head().to(read))
        .default_service(web::to(|| async {
            HttpResponse::MethodNotAllowed()
                .insert_header((header::ALLOW, "GET, HEAD"))
                .finish()
        }))
}

/// The document names the edition of its assets, so it is asked for anew each time.
fn index(page: &Page, request: &HttpRequest) -> HttpResponse {
    let is_known = has(request, &page.tag);
    let mut answer = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    answer
        .insert_header((header::ETAG, format!("\"{}\"", page.tag)))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY));
    if is_known {
        return answer.finish();
    }
    answer
        .content_type("text/html; charset=utf-8")
        .body(page.document.clone())
}

/// Whether the client has this document already. Its tag may have a mark after a hyphen for the compressed form.
fn has(request: &HttpRequest, tag: &str) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known
            .iter()
            .any(|known| known.tag().split('-').next() == Some(tag)),
        Err(_) => false,
    }
}

fn asset(request: &HttpRequest) -> HttpResponse {
    let part = |name: &str| request.match_info().get(name).unwrap_or_default();
    let found = ASSETS.iter().find(|asset| asset.path() == part("path"));
    let Some(asset) = found.filter(|_| part("edition") == *EDITION) else {
        return HttpResponse::NotFound().finish();
    };
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(asset.content_type())
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, header::ACCEPT_ENCODING.as_str()));
    if takes_gzip(request) {
        answer
            .insert_header(header::ContentEncoding::Gzip)
            .body(asset.compressed().clone())
    } else {
        answer
            .insert_header(header::ContentEncoding::Identity)
            .body(asset.content().clone())
    }
}

/// Whether the client accepts gzip.
fn takes_gzip(request: &HttpRequest) -> bool {
    let Ok(accepted) = AcceptEncoding::parse(request) else {
        return false;
    };
    accepted.negotiate([Encoding::gzip(), Encoding::identity()].iter()) == Some(Encoding::gzip())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use actix_web::body::to_bytes;
    use actix_web::http::StatusCode;
    use actix_web::test::{TestRequest, call_service, init_service};
    use actix_web::{App, dev::ServiceResponse};

    use super::*;

    async fn answer(request: TestRequest) -> ServiceResponse {
        let app = init_service(App::new().configure(|service| configure(service, None))).await;
        call_service(&app, request.to_request()).await
    }

    fn header_of(answer: &ServiceResponse, name: header::HeaderName) -> &str {
        answer.headers().get(name).unwrap().to_str().unwrap()
    }

    #[actix_web::test]
    async fn the_document_is_asked_for_anew_and_its_assets_never_again() {
        let page = answer(TestRequest::get().uri("/")).await;
        assert_eq!(page.status(), StatusCode::OK);
        assert_eq!(header_of(&page, header::CONTENT_TYPE), "text/html; charset=utf-8");
        assert_eq!(
            header_of(&page, header::CONTENT_SECURITY_POLICY),
            CONTENT_SECURITY_POLICY
        );
        // As the server's compression marks it.
        let tag = header_of(&page, header::ETAG);
        let tag = format!("{}-gzip\"", tag.trim_end_matches('"'));
        let again = answer(
            TestRequest::get()
                .uri("/")
                .insert_header((header::IF_NONE_MATCH, tag)),
        )
        .await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);

        for asset in ASSETS.iter() {
            let uri = format!("/assets/{}/{}", *EDITION, asset.path());
            let file = answer(TestRequest::get().uri(&uri)).await;
            assert!(
                header_of(&file, header::CACHE_CONTROL).ends_with("immutable"),
                "{uri}"
            );
            assert_eq!(
                to_bytes(file.into_body()).await.unwrap(),
                asset.content(),
                "{uri}"
            );
        }
        let script = answer(TestRequest::get().uri(&format!("/assets/{}/app.js", *EDITION))).await;
        assert_eq!(
            header_of(&script, header::CONTENT_TYPE),
            "text/javascript; charset=utf-8"
        );
    }

    #[actix_web::test]
    async fn another_edition_another_file_or_another_method_is_not_served() {
        for uri in [
            "/assets/0000000000000000/app.js".to_owned(),
            format!("/assets/{}/../../page.rs", *EDITION),
        ] {
            assert_eq!(
                answer(TestRequest::get().uri(&uri)).await.status(),
                StatusCode::NOT_FOUND,
                "{uri}"
            );
        }
        let refused = answer(TestRequest::post().uri("/")).await;
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(header_of(&refused, header::ALLOW), "GET, HEAD");
    }

    #[test]
    fn the_document_leads_to_the_configured_grafana_and_has_a_tag_of_its_own() {
        let url = |text: &str| GrafanaUrl::try_from(text.to_owned());
        let dashboard = url("https://grafana.example.com/d/tare-cost?orgId=1&from=\"now\"").unwrap();
        let (with, without) = (Page::new(Some(&dashboard)), Page::new(None));
        let link =
            "<a href=\"https://grafana.example.com/d/tare-cost?orgId=1&amp;from=%22now%22\">Grafana</a>";
        assert!(with.document.contains(link), "{}", with.document);
        assert!(!without.document.contains("Grafana"));
        assert_ne!(with.tag, without.tag);
        for wrong in [
            "grafana.example.com",
            "javascript:alert(1)",
            "https://me:secret@grafana.example.com/",
        ] {
            assert_eq!(url(wrong), Err(InvalidGrafanaUrl), "{wrong}");
        }
    }

    /// The policy would stop them, and the page would be broken.
    #[test]
    fn the_document_has_no_script_and_no_style_within_it() {
        assert!(!DOCUMENT.contains("<style") && !DOCUMENT.contains("style="));
        let words = DOCUMENT.split([' ', '>', '\n']);
        let handlers: Vec<_> = words
            .filter(|word| word.starts_with("on") && word.contains('='))
            .collect();
        assert!(handlers.is_empty(), "{handlers:?}");
        assert!(DOCUMENT.split("<script").skip(1).all(|tag| tag.contains("src=")));
    }

    #[test]
    fn every_file_of_the_page_is_embedded_and_every_import_is_there() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
        for file in files_below(&folder) {
            let path = file.strip_prefix(&folder).unwrap().to_str().unwrap();
            let is_served = path != "index.html" && path != "vendor/README.md" && !path.ends_with(".rs");
            let is_there = if path.ends_with(".css") {
                STYLES.contains(&fs::read_to_string(&file).unwrap())
            } else {
                find(path)
            };
            assert!(!is_served || is_there, "{path} is not in the list");
        }
        for asset in ASSETS
            .iter()
            .filter(|asset| asset.path().ends_with(".js") && !asset.path().starts_with("vendor"))
        {
            // The types of the API's answers are imported in comments alone, for the checks of `tests/page`.
            let text = std::str::from_utf8(asset.content())
                .unwrap()
                .replace("import('api')", "");
            for start in ["from '", "import('"] {
                for imported in text
                    .split(start)
                    .skip(1)
                    .filter_map(|rest| rest.split('\'').next())
                {
                    let beside = Path::new(asset.path()).parent().unwrap().join(imported);
                    let resolved = beside
                        .to_str()
                        .unwrap()
                        .replace("views/../", "")
                        .replace("./", "");
                    assert!(find(&resolved), "{} imports {imported}", asset.path());
                }
            }
            assert!(
                !text.contains("innerHTML"),
                "{}: text only ever becomes a text node",
                asset.path()
            );
        }
        for named in DOCUMENT
            .split("{assets}/")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
        {
            assert!(find(named), "the document names {named}");
        }
    }

    #[test]
    fn what_was_taken_from_others_is_what_its_readme_says() {
        let readme = include_str!("page/vendor/README.md");
        for asset in ASSETS.iter().filter(|asset| asset.path().starts_with("vendor/")) {
            let digest = hex::encode(Sha256::digest(asset.content()));
            assert!(
                readme.contains(&digest),
                "{} has the digest {digest}",
                asset.path()
            );
        }
    }

    fn find(path: &str) -> bool {
        ASSETS.iter().any(|asset| asset.path() == path)
    }

    fn files_below(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| {
                if path.is_dir() {
                    files_below(&path)
                } else {
                    vec![path]
                }
            })
            .collect()
    }
}
