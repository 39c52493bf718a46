//! The rows of a report, as they are saved.

use std::collections::BTreeMap;

use strum::VariantArray as _;

use super::codec::{InvalidAnswers, Saved, read_text, saved, saved_type, write_text};
use crate::base_image::Evidence;
use crate::cost::{CostParts, Labels, MoneyEstimate, Worth, WorthSum, WorthSums};
use crate::inventory::{
    DedupScope, DifferenceCause, DifferencePart, Reconciliation, RegistryTotals, RepositoryTotals,
    StoredBounds, UntaggedAges, UntaggedOlderThan, UsageSource,
};
use crate::pricing::{CheaperPlan, MovedEstimate, Warning};
use crate::pulls::PullSource;
use crate::report::{
    Advice, BaseChange, BaseNames, BookNamed, ConfidenceCounts, Headline, HeadlineCost, HeadlinePlan,
    ImageAlpine, ImageBase, ImageRow, LastCrawl, MonthlyPulls, Note, NoteKind, OldestImage, PullBasis,
    PullSeconds, RegistryAlpine, RegistryCleanUp, RegistryCost, RegistryCostOnAlpine, RegistryRow,
    RepositoryAlpine, RepositoryCost, RepositoryCostOnAlpine, RepositoryRow, RepositoryVerdict,
    SavingArrival, WantedRelease, Work, WorthLimits,
};
use crate::whatif::{ConfidenceLevel, Estimate, EvidenceClass, SavingEstimate, Verdict};

saved! {
    struct RegistryRow {
        registry, totals, dedup_scope, as_of, untagged_ages, reconciliation, alpine, cost, suggested_price_book,
        headline,
    }
    struct RepositoryRow { registry, totals, judged, worth, labels, oldest_image, cost }
    struct Note { registry, kind, count, note }
    enum NoteKind {
        IncompleteCrawl, UnfinishedCrawl, UnreadManifests, MissingTags, RepositoriesWithoutTags, SoftDeleted,
        MissedByEvents, ConflictingSizes, Prices, OtherRelease, UnsupportedRelease, LeftOut, NoCosts,
    }
    enum LastCrawl { Complete, Incomplete { losses }, Unfinished }

    struct RegistryTotals {
        repositories, tags, images, manifests, blobs, logical_bytes, stored_bytes, stored_bytes_bounds,
        untagged_bytes, untagged_manifests,
    }
    struct StoredBounds { lowest, highest }
    struct RepositoryTotals {
        repository, tags, images, logical_bytes, stored_bytes, exclusive_bytes, attributed_bytes, untagged_bytes,
        untagged_manifests,
    }
    enum DedupScope { Registry, Repository, Mounted }
    struct UntaggedAges { oldest, older_than, unknown_manifests }
    struct UntaggedOlderThan { days, bytes, manifests }
    struct Reconciliation {
        reported_bytes, source, reported_at, includes_replicas, counted_bytes, parts, unexplained_bytes,
        within_bounds, text,
    }
    struct DifferencePart { cause, bytes, low, high, text }
    enum DifferenceCause {
        Untagged, SoftDeleted, ReplicaCopies, ConvertedCopies, MountedLayers, NotRead, Lag, Unknown,
    }
    enum UsageSource {
        Number, AzureUsage, AzureMetric, GoogleRepositories, HarborStatistics, DigitaloceanRegistry,
    }

    struct Headline {
        text, advice, repositories, not_worth_it, without_costs, stored_bytes, saving_bytes, costs,
        assumed_pulls_registry, cheaper_plans, arrival, complete,
    }
    enum Advice { Move, NothingWorthIt, NothingToMove, NothingStored, AllLeftOut }
    struct HeadlineCost {
        month, worth_it_saving, transfer_saving, storage_saving, saving, worth, work, payback_months,
        assumed_pulls_share, nothing_saved_because,
    }
    struct SavingArrival { text, oldest_image }
    struct OldestImage { registry, repository, built }
    struct HeadlinePlan { registry, plan }
    struct CheaperPlan { book, title, total, saving, features_lost, warnings }
    enum Warning {
        BookExpired { book, valid_until },
        BookNotYetValid { book, valid_from },
        AssumedBefore { day },
        AssumedAfter { day },
        LimitExceeded { book, what },
        PullsAboveTotal { taken, counted },
    }

    struct RegistryAlpine {
        stored_bytes, saving_bytes, naive_saving_bytes, verdicts, confidence, switching_at_a_loss,
        images_on_unsupported_alpine, wanted_release,
    }
    struct WantedRelease { release, images, images_on_it, support_ended }
    struct ConfidenceCounts { measured, high, low }
    struct RepositoryVerdict { verdict, reason, confidence, base, base_change, alpine }
    struct BaseChange { from, to, now_bytes, then_bytes }
    struct RepositoryAlpine {
        stored_bytes, attributed_bytes, solo_saving_bytes, joint_saving_bytes, break_even_repositories,
    }
    struct Estimate { low, expected, high }
    struct SavingEstimate { low, expected, high }
    enum Verdict { Switch, AlreadySmall, NotSmaller, Builder, Blocked, UnknownBase, NotAnImage }
    enum ConfidenceLevel { Measured, High, Low }

    struct RegistryCost {
        period, price_book, parts, unallocated, included_worth, clean_up, unit, one_more_unit, pulls, average_unit,
        alpine, cheaper_plan, cheaper_plan_on_alpine, warnings,
    }
    struct BookNamed { id, version, title, currency, valid_until }
    struct RegistryCleanUp { saving, nothing_saved_because }
    struct RegistryCostOnAlpine { month, saving, nothing_saved_because, worth_it_saving, worth, worth_rule }
    struct WorthLimits { minimum_saving, longest_payback_months }
    struct RepositoryCost { parts, pulls, moved_bytes, assumed_pulls_share, alpine, pull_seconds }
    struct MonthlyPulls { per_month, source }
    struct PullSeconds { now, alpine }
    struct RepositoryCostOnAlpine {
        month, joint_saving, solo_saving, worth_it_saving, worth_it_transfer_saving, work, payback_months,
    }
    struct Work { days, cost }
    struct PullBasis { pulls_sources, assumed_transfer, assumed_pulls_share }
    enum PullSource { None, Assumed, Imported, Metered }
    struct CostParts { total, fee, storage, transfer }
    struct MoneyEstimate { low, expected, high }
    struct MovedEstimate { low, expected, high }
    struct Labels { team, cost_centre, environment }
    enum Worth { WorthIt, SavesNothing, SavesTooLittle, PaysBackTooLate }
    struct WorthSum { repositories, saving }

    struct ImageRow {
        registry, repository, tags, digest, platform, created, compressed_bytes, base, class, evidence_class,
        confidence, verdict, reason, alpine,
    }
    struct BaseNames { name, runtime }
    struct ImageBase { names, layers, evidence, confidence }
    struct ImageAlpine { twin, release, support_ended, bytes }
    enum Evidence {
        BaseDigest, LayerDigests, DiffIds, BaseName, StepTexts, Variables, SystemLayer, SystemTrace,
    }
    enum EvidenceClass { A, B, C, D }
}

impl Saved for WorthSums {
    fn write(&self, out: &mut Vec<u8>) {
        let sums = Worth::VARIANTS.iter();
        let sums: BTreeMap<Worth, WorthSum> = sums
            .filter_map(|&worth| Some((worth, *self.get(worth)?)))
            .collect();
        sums.write(out);
    }

    fn read(input: &mut &[u8]) -> Result<Self, InvalidAnswers> {
        BTreeMap::read(input).map(Self::from_sums)
    }
}
