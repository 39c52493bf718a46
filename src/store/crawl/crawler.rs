//! Which processes crawl which registries.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::interval::interval;
use crate::oci::RegistryName;
use crate::store::row::Row;
use crate::store::span::Named as _;
use crate::store::{Store, StoreError};

/// What a process announces: a registry that it crawls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrawlerEntry {
    /// The registry.
    pub registry: RegistryName,
    /// Whether the settings of the process name the registry. Otherwise it crawls it because it was crawled before.
    pub is_configured: bool,
    /// The schedule as text; `None` if the registry is crawled only on request.
    pub schedule: Option<String>,
    /// The next time of the schedule.
    pub next_crawl: Option<DateTime<Utc>>,
}

/// A process that crawls a registry, or did so recently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crawler {
    /// What the process announced.
    pub entry: CrawlerEntry,
    /// The process: its id, machine and command.
    pub process: String,
    /// Whether its lease is valid. A process that stopped or was killed does not renew it.
    pub is_alive: bool,
    /// Whether the lease was valid less than [`CONFIGURED_GRACE`] ago.
    pub was_alive_recently: bool,
}

/// How long a registry is left to a process that has it in its settings, after that process was last seen. Our choice:
/// longer than a restart takes. Other processes may lack the credentials.
pub const CONFIGURED_GRACE: Duration = Duration::from_secs(300);

/// How long the entry of a process that is gone is kept. Our choice: a day, for people who look for the reason.
const KEPT: Duration = Duration::from_secs(24 * 3600);

impl Store {
    /// Announces the registries that this process crawls, for as long as the lease. Its earlier announcement is replaced.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn announce_crawler(
        &self,
        entries: &[CrawlerEntry],
        lease: Duration,
    ) -> Result<(), StoreError> {
        let names: Vec<&str> = entries.iter().map(|entry| entry.registry.as_str()).collect();
        let configured: Vec<bool> = entries.iter().map(|entry| entry.is_configured).collect();
        let schedules: Vec<Option<String>> = entries.iter().map(|entry| entry.schedule.clone()).collect();
        let next: Vec<Option<DateTime<Utc>>> = entries.iter().map(|entry| entry.next_crawl).collect();
        let mut transaction = self.pool.begin().await?;
        sqlx::query!(
            "DELETE FROM crawler USING registry
             WHERE registry.id = crawler.registry_id
               AND (process = $1 AND registry.name <> ALL ($2) OR lease_until < clock_timestamp() - $3::interval)",
            self.worker.name,
            &names as &[&str],
            interval(KEPT)
        )
        .execute(&mut *transaction)
        .named("announce_crawler.delete_crawler")
        .await?;
        sqlx::query!(
            "INSERT INTO crawler (registry_id, process, is_configured, schedule, next_crawl_at, lease_until)
             SELECT registry.id, $1, is_configured, schedule, next_crawl_at, clock_timestamp() + $6::interval
             FROM UNNEST($2::text[], $3::boolean[], $4::text[], $5::timestamptz[])
                 AS announced (name, is_configured, schedule, next_crawl_at)
             JOIN registry ON registry.name = announced.name
             ORDER BY registry.id
             ON CONFLICT (registry_id, process) DO UPDATE
             SET is_configured = EXCLUDED.is_configured, schedule = EXCLUDED.schedule,
                 next_crawl_at = EXCLUDED.next_crawl_at, lease_until = EXCLUDED.lease_until",
            self.worker.name,
            &names as &[&str],
            &configured,
            &schedules as &[Option<String>],
            &next as &[Option<DateTime<Utc>>],
            interval(lease)
        )
        .execute(&mut *transaction)
        .named("announce_crawler.insert_crawler")
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Ends the announcement of this process.
    ///
    /// # Errors
    /// If the database is not available. The lease then expires.
    pub async fn withdraw_crawler(&self) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE crawler SET lease_until = LEAST(lease_until, clock_timestamp()) WHERE process = $1",
            self.worker.name
        )
        .execute(&self.pool)
        .named("withdraw_crawler")
        .await?;
        Ok(())
    }

    /// Forgets every announcement. Only for a database that no other process can have open.
    pub(in crate::store) async fn forget_crawlers(&self) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM crawler")
            .execute(&self.pool)
            .named("forget_crawlers")
            .await?;
        Ok(())
    }

    /// The processes that crawl registries, or did so within the last day.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn crawlers(&self) -> Result<Vec<Crawler>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT registry.name, process, is_configured, schedule, next_crawl_at,
                   lease_until >= clock_timestamp() AS "is_alive!",
                   lease_until >= clock_timestamp() - $1::interval AS "was_alive_recently!"
               FROM crawler JOIN registry ON registry.id = crawler.registry_id
               ORDER BY registry.name COLLATE "C", process COLLATE "C""#,
            interval(CONFIGURED_GRACE)
        )
        .fetch_all(&self.pool)
        .named("crawlers")
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(Crawler {
                    entry: CrawlerEntry {
                        registry: Row::new("registry", &row.name).parse("name", &row.name)?,
                        is_configured: row.is_configured,
                        schedule: row.schedule,
                        next_crawl: row.next_crawl_at,
                    },
                    process: row.process,
                    is_alive: row.is_alive,
                    was_alive_recently: row.was_alive_recently,
                })
            })
            .collect()
    }

    /// Whether another process has the registry in its settings, and is alive or may be restarting.
    ///
    /// # Errors
    /// If the database is not available.
    pub async fn is_left_to_others(&self, registry: &RegistryName) -> Result<bool, StoreError> {
        let is_left = sqlx::query_scalar!(
            r#"SELECT EXISTS (
                   SELECT FROM crawler JOIN registry ON registry.id = crawler.registry_id
                   WHERE registry.name = $1 AND is_configured AND process <> $2
                     AND lease_until >= clock_timestamp() - $3::interval) AS "is_left!""#,
            registry.as_str(),
            self.worker.name,
            interval(CONFIGURED_GRACE)
        )
        .fetch_one(&self.pool)
        .named("is_left_to_others")
        .await?;
        Ok(is_left)
    }
}
