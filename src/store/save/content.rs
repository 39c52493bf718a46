//! Manifests and configurations: written once, never changed.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::batch::Batch;
use crate::oci::{Descriptor, Digest};
use crate::store::StoreError;
use crate::store::span::Named as _;
use crate::store::text::{clean, json, numbers, texts};

/// Saves the manifests of a batch.
pub(super) async fn manifests(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if batch.manifests.is_empty() {
        return Ok(());
    }
    let mut columns = ManifestColumns::default();
    for (digest, fact) in &batch.manifests {
        let manifest = &fact.manifest;
        columns.ids.push(blob(digest)?);
        columns.sizes.push(fact.size.as_i64());
        columns.media_types.push(clean(&manifest.media_type).into_owned());
        columns.kinds.push(manifest.kind.as_str());
        columns.artifact_types.push(
            manifest
                .artifact_type
                .as_deref()
                .map(|text| clean(text).into_owned()),
        );
        columns.config_ids.push(
            manifest
                .config
                .as_ref()
                .map(|config| blob(&config.digest))
                .transpose()?,
        );
        columns.configs.push(manifest.config.as_ref().map(json));
        columns.layer_ids.push(numbers_of(&manifest.layers, blob)?);
        columns
            .layer_sizes
            .push(numbers(manifest.layers.iter().map(|layer| layer.size.as_i64())));
        columns.layer_media_types.push(media_types(&manifest.layers));
        columns.layer_annotations.push(annotations(&manifest.layers));
        columns.child_ids.push(numbers_of(&manifest.children, blob)?);
        columns
            .children
            .push((!manifest.children.is_empty()).then(|| json(&manifest.children)));
        columns
            .subjects
            .push(manifest.subject.as_ref().map(blob).transpose()?);
        columns.annotations.push(json(&manifest.annotations));
        let left_out = i32::try_from(manifest.left_out_layers);
        columns.left_out_layers.push(left_out.unwrap_or(i32::MAX));
    }
    sqlx::query!(
        "INSERT INTO manifest (blob_id, size, media_type, kind, artifact_type, config_blob_id, config,
             layer_blob_ids, layer_sizes, layer_media_types, layer_annotations, child_blob_ids, children,
             subject_blob_id, annotations, left_out_layers, first_seen)
         SELECT blob_id, size, media_type, kind, artifact_type, config_blob_id, config::jsonb,
             layer_blob_ids::bigint[], layer_sizes::bigint[], layer_media_types::text[],
             layer_annotations::jsonb, child_blob_ids::bigint[], children::jsonb, subject_blob_id,
             annotations::jsonb, left_out_layers, $17
         FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::bigint[],
             $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[],
             $14::bigint[], $15::text[], $16::integer[])
             AS new (blob_id, size, media_type, kind, artifact_type, config_blob_id, config,
                 layer_blob_ids, layer_sizes, layer_media_types, layer_annotations, child_blob_ids,
                 children, subject_blob_id, annotations, left_out_layers)
         ON CONFLICT (blob_id) DO NOTHING",
        &columns.ids,
        &columns.sizes,
        &columns.media_types,
        &columns.kinds as &[&str],
        &columns.artifact_types as &[Option<String>],
        &columns.config_ids as &[Option<i64>],
        &columns.configs as &[Option<String>],
        &columns.layer_ids,
        &columns.layer_sizes,
        &columns.layer_media_types,
        &columns.layer_annotations as &[Option<String>],
        &columns.child_ids,
        &columns.children as &[Option<String>],
        &columns.subjects as &[Option<i64>],
        &columns.annotations,
        &columns.left_out_layers,
        now
    )
    .execute(connection)
    .named("save_manifests")
    .await?;
    Ok(())
}

/// A batch's manifests as columns. Arrays within a row are literals.
#[derive(Default)]
struct ManifestColumns {
    ids: Vec<i64>,
    sizes: Vec<i64>,
    media_types: Vec<String>,
    kinds: Vec<&'static str>,
    artifact_types: Vec<Option<String>>,
    config_ids: Vec<Option<i64>>,
    configs: Vec<Option<String>>,
    layer_ids: Vec<String>,
    layer_sizes: Vec<String>,
    layer_media_types: Vec<String>,
    layer_annotations: Vec<Option<String>>,
    child_ids: Vec<String>,
    children: Vec<Option<String>>,
    subjects: Vec<Option<i64>>,
    annotations: Vec<String>,
    left_out_layers: Vec<i32>,
}

fn numbers_of(
    descriptors: &[Descriptor],
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
) -> Result<String, StoreError> {
    let ids: Vec<i64> = descriptors
        .iter()
        .map(|descriptor| blob(&descriptor.digest))
        .collect::<Result<_, _>>()?;
    Ok(numbers(ids))
}

/// One media type for all layers if they agree, as they nearly always do.
fn media_types(layers: &[Descriptor]) -> String {
    let all_same = layers
        .windows(2)
        .all(|pair| pair[0].media_type == pair[1].media_type);
    let shown = if all_same {
        layers.get(..1).unwrap_or_default()
    } else {
        layers
    };
    texts(shown.iter().map(|layer| layer.media_type.as_str()))
}

fn annotations(layers: &[Descriptor]) -> Option<String> {
    let annotated: BTreeMap<usize, _> = layers
        .iter()
        .enumerate()
        .filter(|(_, layer)| !layer.annotations.is_empty())
        .map(|(place, layer)| (place, layer.annotations.clone()))
        .collect();
    (!annotated.is_empty()).then(|| json(&annotated))
}

/// Saves the configurations of a batch.
pub(super) async fn configs(
    connection: &mut PgConnection,
    batch: &Batch<'_>,
    blob: &impl Fn(&Digest) -> Result<i64, StoreError>,
) -> Result<(), StoreError> {
    if batch.configs.is_empty() {
        return Ok(());
    }
    let mut columns = ConfigColumns::default();
    for (digest, fact) in &batch.configs {
        let config = &fact.config;
        let optional = |text: &Option<String>| text.as_deref().map(|text| clean(text).into_owned());
        columns.ids.push(blob(digest)?);
        columns.sizes.push(fact.size.as_i64());
        columns.systems.push(clean(&config.platform.os).into_owned());
        columns
            .architectures
            .push(clean(&config.platform.architecture).into_owned());
        columns.variants.push(optional(&config.platform.variant));
        columns.os_versions.push(optional(&config.platform.os_version));
        columns.created.push(config.created);
        columns.authors.push(optional(&config.author));
        columns.variables.push(json(&config.variables));
        columns.labels.push(json(&config.labels));
        columns.history.push(json(&config.history));
        let diff_ids: Vec<String> = config.diff_ids.iter().map(ToString::to_string).collect();
        columns.diff_ids.push(texts(diff_ids.iter().map(String::as_str)));
    }
    sqlx::query!(
        "INSERT INTO image_config (blob_id, size, os, architecture, variant, os_version, created, author,
             variables, labels, history, diff_ids)
         SELECT blob_id, size, os, architecture, variant, os_version, created, author,
             variables::jsonb, labels::jsonb, history::json, diff_ids::text[]
         FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[],
             $7::timestamptz[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[])
             AS new (blob_id, size, os, architecture, variant, os_version, created, author, variables,
                 labels, history, diff_ids)
         ON CONFLICT (blob_id) DO NOTHING",
        &columns.ids,
        &columns.sizes,
        &columns.systems,
        &columns.architectures,
        &columns.variants as &[Option<String>],
        &columns.os_versions as &[Option<String>],
        &columns.created as &[Option<DateTime<Utc>>],
        &columns.authors as &[Option<String>],
        &columns.variables,
        &columns.labels,
        &columns.history,
        &columns.diff_ids
    )
    .execute(connection)
    .named("save_configs")
    .await?;
    Ok(())
}

/// A batch's configurations as columns.
#[derive(Default)]
struct ConfigColumns {
    ids: Vec<i64>,
    sizes: Vec<i64>,
    systems: Vec<String>,
    architectures: Vec<String>,
    variants: Vec<Option<String>>,
    os_versions: Vec<Option<String>>,
    created: Vec<Option<DateTime<Utc>>>,
    authors: Vec<Option<String>>,
    variables: Vec<String>,
    labels: Vec<String>,
    history: Vec<String>,
    diff_ids: Vec<String>,
}
