use chrono::{DateTime, Utc};

use super::span::Named as _;
use super::{Store, StoreError};

/// A stored API key. The key itself is never stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The public part of the key.
    pub id: String,
    /// The name given at creation.
    pub name: String,
    /// The SHA-256 of the whole key.
    pub secret_sha256: Vec<u8>,
    /// What it allows.
    pub scopes: Vec<String>,
    /// Globs of the registries that it sees; `None` for all. An empty list shows nothing.
    pub registries: Option<Vec<String>>,
    /// The cost centres whose repositories it sees; `None` for all. An empty list shows nothing.
    pub cost_centres: Option<Vec<String>>,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it expires; `None` for never.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Saves a new key. Returns whether it was saved: `false` if a key with this name exists and is not revoked.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn add_api_key(&self, key: &ApiKeyRecord) -> Result<bool, StoreError> {
        let added = sqlx::query!(
            "INSERT INTO api_key (id, name, secret_sha256, scopes, registries, cost_centres, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (name) WHERE revoked_at IS NULL DO NOTHING",
            key.id,
            key.name,
            key.secret_sha256,
            &key.scopes,
            key.registries.as_deref(),
            key.cost_centres.as_deref(),
            key.created_at,
            key.expires_at
        )
        .execute(&self.pool)
        .named("add_api_key")
        .await?;
        Ok(added.rows_affected() > 0)
    }

    /// All keys including revoked ones, oldest first.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRecord>, StoreError> {
        let keys = sqlx::query_as!(
            ApiKeyRecord,
            "SELECT id, name, secret_sha256, scopes, registries, cost_centres, created_at, expires_at, revoked_at
             FROM api_key ORDER BY created_at, id"
        );
        Ok(keys.fetch_all(&self.pool).named("api_keys").await?)
    }

    /// Revokes the key with this name or id. Returns whether there was one to revoke.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn revoke_api_key(&self, name_or_id: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let revoked = sqlx::query!(
            "UPDATE api_key SET revoked_at = $2 WHERE (name = $1 OR id = $1) AND revoked_at IS NULL",
            name_or_id,
            now
        )
        .execute(&self.pool)
        .named("revoke_api_key")
        .await?;
        Ok(revoked.rows_affected() > 0)
    }
}
