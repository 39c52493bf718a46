//! A clock in the future: what it has dated does not stay the latest for years.

use chrono::{DateTime, TimeDelta, Utc};
use tare::clock::{Clock as _, SystemClock};
use tare::store::{CrawlState, Store, StoreError, StoreSettings};

use super::sample::{image, listing, tag};
use super::work::end;
use super::{TestDatabase, on_both_databases, registry};

on_both_databases!(
    a_crawl_under_a_clock_in_the_future_is_refused,
    what_was_dated_in_the_future_has_the_present_date_after_the_next_start,
);

async fn a_crawl_under_a_clock_in_the_future_is_refused(database: TestDatabase) {
    let store = database.open().await;
    let now = SystemClock.now();
    for sound in [now, now + TimeDelta::hours(20), now - TimeDelta::days(400)] {
        store.check_clock(sound).await.unwrap();
    }
    let refused = store.check_clock(now + TimeDelta::days(400)).await.unwrap_err();
    assert!(matches!(refused, StoreError::ClockAhead { .. }));
    assert!(refused.to_string().contains("set the clock"), "{refused}");
    assert!(SystemClock.can_be_wrong() && !tare::clock::FixedClock(now).can_be_wrong());
}

async fn crawl(store: &Store, now: DateTime<Utc>) {
    let (api, mut findings) = image("api");
    findings.extend([tag("api", "1", api), listing("api", &["1"])]);
    let mut saver = store.begin_crawl(&registry(), 3, now).await.unwrap();
    saver.save(&findings, now).await.unwrap();
    saver.finish(&end(CrawlState::Complete), now).await.unwrap();
}

async fn what_was_dated_in_the_future_has_the_present_date_after_the_next_start(database: TestDatabase) {
    let now = SystemClock.now();
    let (name, future) = (registry().name, now + TimeDelta::days(700));
    let settings = StoreSettings::at(database.location.clone());
    // The process with the wrong clock believes itself, so it corrects nothing.
    let store = Store::open(&settings, future).await.unwrap();
    crawl(&store, future).await;
    store.take_slot(&name, future, future).await.unwrap();
    let found = store.dated_in_the_future(now).await.unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, name);
    store.close().await;

    let store = Store::open(&settings, now).await.unwrap();
    assert_eq!(store.dated_in_the_future(now).await.unwrap(), []);
    assert!(store.scheduled_until(&name).await.unwrap().unwrap() <= now);
    let as_of = |quality: Option<tare::store::DataQuality>| quality.unwrap().as_of;
    assert!(as_of(store.data_quality(&name).await.unwrap()) <= now);
    let content = store.content(&name, &[], Some(now)).await.unwrap().unwrap();
    assert_eq!(content.inventory.finish().repositories[0].tags.len(), 1);
    // The crawl that was queued meanwhile is done, and is the latest.
    let later = now + TimeDelta::minutes(5);
    let mut saver = store.join_crawl(&name, 3, later).await.unwrap().unwrap();
    saver.part().list(&[], true, later).await.unwrap();
    saver.finish(&end(CrawlState::Complete), later).await.unwrap();
    let latest = as_of(store.data_quality(&name).await.unwrap());
    assert!((latest - later).abs() < TimeDelta::seconds(1), "{latest}");
}
