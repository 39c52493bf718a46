use chrono::{DateTime, Utc};
use serde_json::Value;

use super::span::Named as _;
use super::{Store, StoreError};

/// A stored login. The id in the browser's cookie is never stored.
#[derive(Debug, Clone, PartialEq)]
pub struct LoginSessionRecord {
    /// The SHA-256 of the id.
    pub id_sha256: Vec<u8>,
    /// The identity provider, as its tokens name it.
    pub issuer: String,
    /// The claims that decide what the session may do, an object.
    pub claims: Value,
    /// When the login was.
    pub created_at: DateTime<Utc>,
    /// When the session was last used, to about a minute.
    pub used_at: DateTime<Utc>,
    /// When it ends, however often it is used.
    pub expires_at: DateTime<Utc>,
}

impl Store {
    /// Saves a new session, and deletes those that expired before its start or were last used before `idle_since`.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn add_login_session(
        &self,
        session: &LoginSessionRecord,
        idle_since: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "DELETE FROM login_session WHERE expires_at <= $1 OR used_at <= $2",
            session.created_at,
            idle_since
        )
        .execute(&self.pool)
        .named("add_login_session.delete")
        .await?;
        sqlx::query!(
            "INSERT INTO login_session (id_sha256, issuer, claims, created_at, used_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
            session.id_sha256,
            session.issuer,
            session.claims,
            session.created_at,
            session.used_at,
            session.expires_at
        )
        .execute(&self.pool)
        .named("add_login_session")
        .await?;
        Ok(())
    }

    /// The session with this digest, if it has not expired and was used after `idle_since`.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn login_session(
        &self,
        id_sha256: &[u8],
        now: DateTime<Utc>,
        idle_since: DateTime<Utc>,
    ) -> Result<Option<LoginSessionRecord>, StoreError> {
        let session = sqlx::query_as!(
            LoginSessionRecord,
            "SELECT id_sha256, issuer, claims, created_at, used_at, expires_at FROM login_session
             WHERE id_sha256 = $1 AND expires_at > $2 AND used_at > $3",
            id_sha256,
            now,
            idle_since
        );
        Ok(session.fetch_optional(&self.pool).named("login_session").await?)
    }

    /// Notes that a session was used.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn touch_login_session(&self, id_sha256: &[u8], now: DateTime<Utc>) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE login_session SET used_at = GREATEST(used_at, $2) WHERE id_sha256 = $1",
            id_sha256,
            now
        )
        .execute(&self.pool)
        .named("touch_login_session")
        .await?;
        Ok(())
    }

    /// Ends a session. Returns the identity provider of the login; `None` if there was no such session.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn end_login_session(&self, id_sha256: &[u8]) -> Result<Option<String>, StoreError> {
        let issuer = sqlx::query_scalar!(
            "DELETE FROM login_session WHERE id_sha256 = $1 RETURNING issuer",
            id_sha256
        );
        Ok(issuer
            .fetch_optional(&self.pool)
            .named("end_login_session")
            .await?)
    }
}
