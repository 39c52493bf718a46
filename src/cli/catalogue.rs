use std::collections::{BTreeMap, HashMap, HashSet};

use anyhow::bail;

use super::arguments::{CatalogueCommand, CatalogueListOptions, CatalogueShowOptions, CrawlOptions};
use super::arguments::{ExplainOptions, TextOrJson};
use super::context::Context;
use super::crawl::crawl_all;
use super::outcome::{Outcome, UsageError, print, unanswered};
use super::targets::targets;
use crate::analysis::KnownImages;
use crate::base_image::Catalogue;
use crate::clock::{Clock, SystemClock};
use crate::config::RegistryAddress;
use crate::crawl::{CrawlPlan, RepositoryChoice};
use crate::oci::text::printable;
use crate::oci::{RepositoryName, Tag};
use crate::report::{self, BaseChoice};
use crate::wording::wrapped;

/// `tare catalogue`.
pub(super) async fn catalogue(command: &CatalogueCommand, context: &Context) -> anyhow::Result<Outcome> {
    match command {
        CatalogueCommand::List(options) => list(options, context).await,
        CatalogueCommand::Show(options) => show(options, context).await,
        CatalogueCommand::Explain(options) => explain(options, context).await,
        CatalogueCommand::Refresh(options) => refresh(options, context).await,
    }
}

/// All images of the crawled registries with their catalogue; there need not be any.
async fn known(context: &Context) -> anyhow::Result<KnownImages> {
    let store = context.open_store().await?;
    let known = match context.analysis(&store) {
        Ok(analysis) => {
            let today = SystemClock.now().date_naive();
            analysis.known_images(today).await.map_err(unanswered)
        }
        Err(error) => Err(error),
    };
    store.close().await;
    known
}

async fn list(options: &CatalogueListOptions, context: &Context) -> anyhow::Result<Outcome> {
    let choice = BaseChoice {
        name: options.name.clone(),
        platform: options.platform.clone(),
    };
    let rows = report::catalogue_rows(&known(context).await?.catalogue, &choice);
    print(&match options.format {
        TextOrJson::Table => report::catalogue_table(&rows, context.widths.output),
        TextOrJson::Json => report::json(&rows)?,
    })?;
    Ok(Outcome::Complete)
}

async fn show(options: &CatalogueShowOptions, context: &Context) -> anyhow::Result<Outcome> {
    let catalogue = known(context).await?.catalogue;
    let platform = options.platform.as_ref();
    let text = match options.format {
        TextOrJson::Table => report::base_explanations(&catalogue, &options.name, platform)
            .map(|text| wrapped(&text, context.widths.output)),
        TextOrJson::Json => match report::base_rows(&catalogue, &options.name, platform) {
            rows if rows.is_empty() => None,
            rows => Some(report::json(&rows)?),
        },
    };
    match text {
        Some(text) => print(&text)?,
        None => bail!(
            "the catalogue has no {}; tare catalogue list {} shows what it contains",
            printable(&options.name),
            printable(options.name.split(':').next().unwrap_or_default())
        ),
    }
    Ok(Outcome::Complete)
}

async fn explain(options: &ExplainOptions, context: &Context) -> anyhow::Result<Outcome> {
    let known = known(context).await?;
    let found = known
        .find(&options.reference, options.platform.as_ref())
        .map_err(unanswered)?;
    let matches = report::BaseMatches::new(found, &known.catalogue);
    print(&match options.format {
        TextOrJson::Table => wrapped(&matches.text(), context.widths.output),
        TextOrJson::Json => report::json(&matches)?,
    })?;
    Ok(Outcome::Complete)
}

/// Crawls the tags of known bases, and nothing else, from upstream registries.
async fn refresh(options: &CrawlOptions, context: &Context) -> anyhow::Result<Outcome> {
    let addresses = options.registries()?;
    if addresses.is_empty() {
        return Err(UsageError(
            "which registry? Name one that has the base images, such as a mirror: tare catalogue refresh \
             https://mirror.example.com/library"
                .to_owned(),
        )
        .into());
    }
    let wanted =
        RepositoryChoice::matching(&options.repositories).map_err(|error| UsageError(error.to_string()))?;
    let bases = public_bases(&known(context).await?.catalogue);
    let targets = targets(
        options,
        &context.settings,
        &context.environment,
        std::io::stdin().lock(),
    )?;
    let mut crawls = Vec::new();
    for target in targets {
        let address = addresses
            .iter()
            .find(|address| address.origin() == target.url.origin());
        let tags = tags_there(&bases, address.unwrap_or(&target.url), &wanted);
        if tags.is_empty() {
            bail!("no known base image is chosen");
        }
        let mut target = target;
        target.repositories = tags.keys().map(ToString::to_string).collect();
        let plan = CrawlPlan {
            tags: Some(tags),
            ..target
                .plan(&context.settings.crawl)
                .map_err(|error| UsageError(error.to_string()))?
        };
        crawls.push((target, plan));
    }
    let (outcome, _) = crawl_all(crawls, options.as_json(), context).await?;
    Ok(outcome)
}

/// The base images that files name, with their known tags. Names that are only known from a crawled registry are
/// left out: they must not be sent to another registry.
fn public_bases(catalogue: &Catalogue) -> BTreeMap<String, HashSet<String>> {
    let mut bases: BTreeMap<String, HashSet<String>> = BTreeMap::new();
    let names = || {
        catalogue
            .bases()
            .flat_map(|(_, base)| base.names.iter().map(move |name| (base, name)))
    };
    for (base, name) in names() {
        if !base.is_in_registry() {
            bases.entry(name.repository.clone()).or_default();
        }
    }
    for (_, name) in names() {
        if let (Some(tags), Some(tag)) = (bases.get_mut(&name.repository), &name.tag) {
            let release = tag.split('-').next().unwrap_or(tag);
            tags.extend([tag.clone(), format!("{tag}-alpine"), format!("{release}-alpine")]);
        }
    }
    bases
}

/// What the bases are called in a registry. A path after the registry is the folder that they are in;
/// Docker's own registry keeps its official images in `library`.
fn tags_there(
    bases: &BTreeMap<String, HashSet<String>>,
    address: &RegistryAddress,
    wanted: &RepositoryChoice,
) -> HashMap<RepositoryName, HashSet<Tag>> {
    let host = address.origin().url().host_str().unwrap_or_default();
    let is_docker_hub = host == "docker.io" || host.ends_with(".docker.io");
    let folder = address
        .repositories()
        .or_else(|| is_docker_hub.then_some("library"));
    let own = format!("{host}/");
    let has_own = bases.keys().any(|name| name.starts_with(&own));
    let mut there: HashMap<RepositoryName, HashSet<Tag>> = HashMap::new();
    for (name, tags) in bases {
        let is_hosted = name.split('/').next().is_some_and(|first| first.contains('.'));
        let path = match (name.strip_prefix(&own), folder) {
            (Some(path), _) => path.to_owned(),
            (None, _) if has_own || is_hosted => continue,
            // Beside the official images are those of others.
            (None, Some(folder)) if name.contains('/') => match folder.strip_suffix("library") {
                Some(beside) => format!("{beside}{name}"),
                None => format!("{folder}/{name}"),
            },
            (None, Some(folder)) => format!("{folder}/{name}"),
            (None, None) => name.clone(),
        };
        let upstream = name.parse::<RepositoryName>();
        let (Ok(path), true) = (
            path.parse(),
            upstream.is_ok_and(|upstream| wanted.matches(&upstream)),
        ) else {
            continue;
        };
        there
            .entry(path)
            .or_default()
            .extend(tags.iter().filter_map(|tag| tag.parse().ok()));
    }
    there
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there(address: &str, wanted: &[&str]) -> Vec<String> {
        let bases = ["node", "bitnami/redis", "mcr.microsoft.com/dotnet/runtime"]
            .map(|name| (name.to_owned(), HashSet::from(["1".to_owned()])));
        let wanted = RepositoryChoice::matching(wanted).unwrap();
        let there = tags_there(&bases.into(), &address.parse().unwrap(), &wanted);
        let mut names: Vec<String> = there.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    #[test]
    fn bases_are_asked_for_where_they_are() {
        assert_eq!(there("reg.example.com", &[]), ["bitnami/redis", "node"]);
        assert_eq!(there("reg.example.com", &["node"]), ["node"]);
        assert_eq!(
            there("reg.example.com/mirror", &[]),
            ["mirror/bitnami/redis", "mirror/node"]
        );
        let beside = ["mirror/bitnami/redis", "mirror/library/node"];
        assert_eq!(there("reg.example.com/mirror/library", &[]), beside);
        assert_eq!(
            there("registry-1.docker.io", &[]),
            ["bitnami/redis", "library/node"]
        );
        assert_eq!(there("mcr.microsoft.com", &[]), ["dotnet/runtime"]);
    }
}
