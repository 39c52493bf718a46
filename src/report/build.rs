use std::collections::HashSet;

use chrono::{DateTime, Utc};

use super::alpine::{AlpineAnswers, RegistryAlpine};
use super::cells::grouped;
use super::content::{LastCrawl, RegistrySource};
use super::cost::{RegistryCost, RegistryCosts, RepositoryCost};
use super::document::{Note, NoteKind, Others, RegistryRow, Report, RepositoryRow};
use super::group::{GroupError, GroupRow};
use super::headline::Headline;
use super::left_out::LeftOut;
use super::sort::SortOrder;
use crate::cost::{CostError, Labels, Worth};
use crate::inventory::{Accounting, Reconciliation, UntaggedAges};
use crate::oci::RegistryName;
use crate::pricing::suggested_book;
use crate::units::ByteCount;
use crate::whatif::Verdict;

/// How many repositories without a tag a note names. Our choice.
const MAX_NAMED_TAGLESS: usize = 5;

/// All that is worked out of one registry.
#[derive(Debug, Clone)]
pub struct RegistryAnswers {
    /// What is known of it beside its accounting.
    pub source: RegistrySource,
    /// What it stores.
    pub accounting: Accounting,
    /// The owner of each repository, in the order of the accounting.
    pub labels: Vec<Labels>,
    /// When the oldest image of each repository was built, in the order of the accounting; `None` if no image says.
    pub oldest_images: Vec<Option<DateTime<Utc>>>,
    /// How old its untagged content is; `None` if it has none or does not list it.
    pub untagged_ages: Option<UntaggedAges>,
    /// What it reports itself, compared with what is counted; `None` if no figure of its own is known.
    pub reconciliation: Option<Reconciliation>,
    /// Its cost in a month and what is worth moving; `None` if it has no price book.
    pub costs: Result<Option<RegistryCosts>, CostError>,
    /// The changes on Alpine; `None` if they were not computed.
    pub alpine: Option<AlpineAnswers>,
}

/// What a report shows and in which order.
#[derive(Debug, Clone, Default)]
pub struct ReportOptions {
    /// The order of the repositories.
    pub sort: SortOrder,
    /// How many repositories, or images where they are asked for, get a row of their own; none for all.
    pub limit: Option<usize>,
    /// The verdicts of the repositories and images that get a row of their own; all where there are none.
    pub verdicts: Vec<Verdict>,
    /// What moving the repositories must be worth that get a row of their own, or the repositories of images; anything
    /// if empty.
    pub worth: Vec<Worth>,
    /// Whether images get rows too.
    pub images: bool,
}

impl Report {
    /// Puts the accounts of registries together. There must be at least one for the report to have a
    /// moment of its own; of none, it is empty and as of the epoch.
    ///
    /// # Errors
    /// If the rows that a limit leaves out add up to more than can be counted exactly.
    pub fn build(registries: Vec<RegistryAnswers>, options: &ReportOptions) -> Result<Self, GroupError> {
        Self::build_without(registries, &[], options)
    }

    /// Like [`Self::build`], and says which registries have no figures.
    ///
    /// # Errors
    /// As with [`Self::build`].
    pub(super) fn build_without(
        registries: Vec<RegistryAnswers>,
        left_out: &[LeftOut],
        options: &ReportOptions,
    ) -> Result<Self, GroupError> {
        let mut report = Self {
            headline: Headline::new([], [], true)?,
            as_of: DateTime::UNIX_EPOCH,
            registries: Vec::new(),
            repositories: Vec::new(),
            images: options.images.then(Vec::new),
            others: None,
            forecast: None,
            complete: true,
            notes: Vec::new(),
        };
        for RegistryAnswers {
            source,
            accounting,
            labels,
            oldest_images,
            untagged_ages,
            reconciliation,
            costs,
            alpine,
        } in registries
        {
            report.as_of = report.as_of.max(source.as_of);
            let own_notes = notes(&source);
            let complete = !own_notes.iter().any(|note| note.kind.is_loss());
            report.notes.extend(own_notes);
            report
                .notes
                .extend(note_on_tagless(&source.registry, &accounting));
            report.notes.extend(cost_notes(&source.registry, &costs));
            let has_book = !matches!(costs, Ok(None));
            let costs = costs.ok().flatten();
            if let Some(alpine) = &alpine {
                report
                    .notes
                    .extend(release_notes(&source.registry, &alpine.registry));
            }
            let (registry, judged, images) = match alpine {
                Some(alpine) => (Some(alpine.registry), alpine.repositories, alpine.images),
                None => (None, Vec::new(), Vec::new()),
            };
            let judged = judged.into_iter().map(Some).chain(std::iter::repeat(None));
            let labels = labels.into_iter().chain(std::iter::repeat(Labels::default()));
            let rows = accounting.repositories.into_iter().zip(judged).zip(labels);
            let first = report.repositories.len();
            for (place, ((totals, judged), labels)) in rows.enumerate() {
                let worth = costs.as_ref().and_then(|costs| costs.worth_of(place));
                let priced = costs
                    .as_ref()
                    .and_then(|costs| costs.statement.repositories.get(place));
                report.repositories.push(RepositoryRow {
                    registry: source.registry.clone(),
                    totals,
                    judged,
                    worth: worth.and_then(|worth| worth.worth),
                    labels,
                    oldest_image: oldest_images.get(place).copied().flatten(),
                    cost: priced.map(|row| RepositoryCost::new(row, worth)).transpose()?,
                });
            }
            let cost = costs.as_ref().map(RegistryCost::new).transpose()?;
            if let Some(rows) = &mut report.images {
                rows.extend(images);
            }
            let suggested = (!has_book).then(|| suggested_book(source.registry.as_str()).to_owned());
            report.registries.push(RegistryRow {
                headline: Headline::new(
                    &report.repositories[first..],
                    cost.iter().map(|cost| (&source.registry, cost)),
                    complete,
                )?,
                registry: source.registry,
                totals: accounting.registry,
                dedup_scope: source.dedup_scope,
                as_of: source.as_of,
                untagged_ages,
                reconciliation,
                alpine: registry,
                cost,
                suggested_price_book: suggested,
            });
        }
        if report.registries.is_empty() {
            let moments = left_out.iter().map(|left| left.as_of);
            report.as_of = moments.max().unwrap_or(report.as_of);
        }
        report.notes.extend(left_out.iter().map(LeftOut::note));
        report.registries.sort_by(|a, b| a.registry.cmp(&b.registry));
        report.repositories.sort_by(|a, b| options.sort.compare(a, b));
        report.complete = !report.notes.iter().any(|note| note.kind.is_loss());
        report.headline = match report.registries.is_empty() && !left_out.is_empty() {
            true => Headline::of_left_out()?,
            false => report.own_headline()?,
        };
        report.choose(options)?;
        Ok(report)
    }

    /// A part of a report: some of its repositories, and the registries of which all repositories are among them.
    ///
    /// # Errors
    /// If sums leave the range of exact numbers.
    pub fn from_rows(
        whole: &Self,
        registries: Vec<RegistryRow>,
        repositories: Vec<RepositoryRow>,
    ) -> Result<Self, GroupError> {
        let complete = whole.is_complete_for(&repositories);
        let mut part = Self {
            headline: Headline::new([], [], true)?,
            as_of: whole.as_of,
            registries,
            repositories,
            images: None,
            others: None,
            forecast: None,
            complete,
            notes: Vec::new(),
        };
        part.headline = part.own_headline()?;
        Ok(part)
    }

    /// Whether everything has been read that the registries of these repositories hold.
    pub fn is_complete_for<'a>(&self, rows: impl IntoIterator<Item = &'a RepositoryRow>) -> bool {
        let losses = self.notes.iter().filter(|note| note.kind.is_loss());
        let lacking: Vec<&RegistryName> = losses.map(|note| &note.registry).collect();
        !rows.into_iter().any(|row| lacking.contains(&&row.registry))
    }

    /// The headline of all its rows, before a limit leaves some out.
    fn own_headline(&self) -> Result<Headline, GroupError> {
        let costs = self.registries.iter();
        Headline::new(
            &self.repositories,
            costs.filter_map(|row| Some((&row.registry, row.cost.as_ref()?))),
            self.complete,
        )
    }

    /// Leaves out what is not asked for.
    fn choose(&mut self, options: &ReportOptions) -> Result<(), GroupError> {
        let has_verdict = |verdict: Option<Verdict>| {
            options.verdicts.is_empty() || verdict.is_some_and(|verdict| options.verdicts.contains(&verdict))
        };
        let is_worth = |row: &RepositoryRow| {
            options.worth.is_empty() || row.worth.is_some_and(|worth| options.worth.contains(&worth))
        };
        let limit = options.limit.unwrap_or(usize::MAX);
        let mut left_out = Vec::new();
        if let Some(images) = &mut self.images {
            let chosen = self.repositories.iter().filter(|row| is_worth(row));
            let chosen: HashSet<_> = chosen
                .map(|row| (&row.registry, &row.totals.repository))
                .collect();
            images.retain(|image| {
                has_verdict(Some(image.verdict)) && chosen.contains(&(&image.registry, &image.repository))
            });
            images.sort_by(|a, b| options.sort.compare_images(a, b));
            images.truncate(limit);
        } else if limit < self.repositories.len() || !options.verdicts.is_empty() || !options.worth.is_empty()
        {
            let rows = std::mem::take(&mut self.repositories);
            for row in rows {
                let verdict = row.judged.as_ref().map(|judged| judged.verdict);
                if has_verdict(verdict) && is_worth(&row) && self.repositories.len() < limit {
                    self.repositories.push(row);
                } else {
                    left_out.push(row);
                }
            }
        }
        if !left_out.is_empty() {
            self.others = Some(Others::new(&left_out)?);
        }
        Ok(())
    }
}

impl RepositoryRow {
    /// The expected value of its joint saving; nothing where what Alpine would change is not known.
    pub(super) fn expected_joint_saving(&self) -> i64 {
        self.judged
            .as_ref()
            .map_or(0, |judged| judged.alpine.joint_saving_bytes.expected)
    }
}

impl Others {
    fn new(rows: &[RepositoryRow]) -> Result<Self, GroupError> {
        let sums = GroupRow::from_rows(rows)?;
        let untagged = rows.iter().filter_map(|row| row.totals.untagged_bytes);
        let untagged: Vec<ByteCount> = untagged.collect();
        Ok(Self {
            repositories: sums.repositories,
            tags: sums.tags,
            logical_bytes: sums.logical_bytes,
            attributed_bytes: sums.attributed_bytes,
            untagged_bytes: match untagged.is_empty() {
                true => None,
                false => Some(ByteCount::checked_sum(untagged)?),
            },
            expected_joint_saving_bytes: sums.saving_bytes,
            expected_saving_bytes: sums.saving_bytes,
            costs: sums.costs,
        })
    }
}

fn notes(source: &RegistrySource) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut add = |kind, count, note| {
        notes.push(Note {
            registry: source.registry.clone(),
            kind,
            count,
            note,
        });
    };
    match source.last_crawl {
        LastCrawl::Complete => {}
        LastCrawl::Incomplete { losses } => add(
            NoteKind::IncompleteCrawl,
            losses,
            format!(
                "The last crawl could not read everything ({}), so the totals may be too small. \
                 Run `tare crawl` again to read what is missing.",
                counted(losses, "fault", "faults")
            ),
        ),
        LastCrawl::Unfinished => add(
            NoteKind::UnfinishedCrawl,
            0,
            "The last crawl did not finish, so the totals cover only what it has found so far. Run `tare crawl` \
             again to continue."
                .to_owned(),
        ),
    }
    if source.unread_manifests > 0 {
        add(
            NoteKind::UnreadManifests,
            source.unread_manifests,
            format!(
                "{} listed in an index could not be read (platforms that the crawl excludes, or content that \
                 the registry no longer has): only the manifest itself is counted, not its layers.",
                counted(source.unread_manifests, "manifest", "manifests")
            ),
        );
    }
    if source.missing_tags > 0 {
        add(
            NoteKind::MissingTags,
            source.missing_tags,
            format!(
                "{} no longer listed by the registry, and counted until several complete crawls in a row do not \
                 find them.",
                counted(source.missing_tags, "tag is", "tags are")
            ),
        );
    }
    if let Some(deleted) = source.soft_deleted.filter(|deleted| deleted.repositories > 0) {
        let repositories = deleted.repositories;
        let since = deleted
            .since
            .map(|since| format!(" since {}", since.format("%Y-%m-%d")));
        add(
            NoteKind::SoftDeleted,
            repositories,
            format!(
                "{} deleted{} and still stored by soft delete. Until that ends, they are billed; they are not counted \
                 here, because their layers cannot be listed.",
                counted(repositories, "repository was", "repositories were"),
                since.unwrap_or_default(),
            ),
        );
    }
    if let Some(coverage) = source.event_coverage.filter(|events| events.missed > 0) {
        add(
            NoteKind::MissedByEvents,
            usize::try_from(coverage.missed).unwrap_or(usize::MAX),
            coverage.sentence(),
        );
    }
    if source.conflicting_sizes > 0 {
        add(
            NoteKind::ConflictingSizes,
            source.conflicting_sizes,
            format!(
                "Manifests state different sizes for {}, which should not happen. The size that the registry confirms is \
                 counted, or else the one that most manifests state.",
                counted(source.conflicting_sizes, "blob", "blobs")
            ),
        );
    }
    notes
}

/// Names the repositories without a tag, which have rows and are in no number of repositories.
fn note_on_tagless(registry: &RegistryName, accounting: &Accounting) -> Option<Note> {
    let tagless = accounting.repositories.iter().filter(|row| row.tags == 0);
    let names: Vec<&str> = tagless.map(|row| row.repository.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let shown = names
        .iter()
        .take(MAX_NAMED_TAGLESS)
        .copied()
        .collect::<Vec<_>>()
        .join(", ");
    let more = match names.len().saturating_sub(MAX_NAMED_TAGLESS) {
        0 => String::new(),
        more => format!(" and {} more", grouped(more)),
    };
    Some(Note {
        registry: registry.clone(),
        kind: NoteKind::RepositoriesWithoutTags,
        count: names.len(),
        note: format!(
            "{} listed without a tag and not counted as {}: {shown}{more}.",
            counted(names.len(), "repository is", "repositories are"),
            if names.len() == 1 { "one" } else { "such" },
        ),
    })
}

/// That sizes on another release of Alpine stand in, and that releases get no security fixes, where that is so.
fn release_notes(registry: &RegistryName, alpine: &RegistryAlpine) -> Vec<Note> {
    let note = |kind, count, note| Note {
        registry: registry.clone(),
        kind,
        count,
        note,
    };
    let mut notes = Vec::new();
    if let Some(wanted) = alpine.wanted_release {
        let release = wanted.release;
        let others = wanted.images - wanted.images_on_it;
        if others > 0 {
            let text = format!(
                "For {} of the {} that can move, the base image is not known on Alpine {release}; its size on \
                 another release is used.",
                grouped(others),
                counted(wanted.images, "image", "images"),
            );
            notes.push(note(NoteKind::OtherRelease, others, text));
        }
        if let Some(day) = wanted.support_ended {
            let text = format!(
                "Alpine {release}, which was asked for, is past its end of life: it gets no security fixes since \
                 {day}."
            );
            notes.push(note(NoteKind::UnsupportedRelease, 0, text));
        }
    }
    let unsupported = alpine.images_on_unsupported_alpine;
    if unsupported > 0 {
        let text = format!(
            "For {}, only an Alpine variant past its end of life is known. The reason of each verdict names the \
             release.",
            counted(unsupported, "image", "images"),
        );
        notes.push(note(NoteKind::UnsupportedRelease, unsupported, text));
    }
    notes
}

fn cost_notes(registry: &RegistryName, costs: &Result<Option<RegistryCosts>, CostError>) -> Vec<Note> {
    let note = |kind, note| Note {
        registry: registry.clone(),
        kind,
        count: 0,
        note,
    };
    match costs {
        Ok(None) => Vec::new(),
        Ok(Some(costs)) => {
            let warnings = costs.statement.warnings.iter();
            warnings
                .map(|warning| note(NoteKind::Prices, in_a_sentence(&warning.to_string())))
                .collect()
        }
        Err(error) => vec![note(
            NoteKind::NoCosts,
            in_a_sentence(&format!("costs could not be computed: {error}")),
        )],
    }
}

fn in_a_sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), letters.as_str())
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}
