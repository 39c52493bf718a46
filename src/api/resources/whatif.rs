//! The same figures under other assumptions. Saved data does not change.
//!
//! Images are not analysed again: the saved graph answers which bytes a choice of repositories frees, and costs
//! are computed anew. Only for another release of Alpine are images analysed again, from known facts.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use actix_web::HttpResponse;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::repositories::{ORDERS, sort_rows};
use crate::api::access::sees_row;
use crate::api::call::Call;
use crate::api::openapi::Shape;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::parameter::{Form, Parameter};
use crate::api::problem::{INVALID_BODY, Invalid, Place, Problem};
use crate::api::provenance::Provenance;
use crate::api::reply::Reply;
use crate::api::snapshot::Snapshot;
use crate::api::visible::{VisibleRegistry, visible_notes};
use crate::base_image::AlpineRelease;
use crate::cost::{CostPlan, EffortRule, RegistryTerms};
use crate::oci::text::printable;
use crate::oci::{RegistryName, RepositoryName, RepositoryPatterns};
use crate::pricing::{Effort, Share};
use crate::pulls::{PullAssumption, PullCounts};
use crate::report::{
    AnalysedRegistry, AnalysisInputs, GroupRow, Headline, Note, Report, ReportError, ReportOptions,
    RepositoryRow, Switched, UnknownAlpineRelease,
};
use crate::units::{Currency, Money};
use crate::whatif::{Counterfactual, Verdict, VerdictSettings};

/// The default number of rows. Our choice: that of the lists.
const USUAL_ROWS: u64 = 50;
/// The maximum number of rows. Our choice: this answer has no pages, so it is higher than that of the lists.
const MOST_ROWS: u64 = 10_000;
/// The maximum number of names and globs. Our choice: a list of one team's repositories fits, and matching stays fast.
const MOST_PATTERNS: usize = 1000;
/// The maximum length of a name or glob, in bytes. Our choice: the maximum length of a repository name.
const LONGEST_PATTERN: usize = 255;
/// The maximum number of pulls of a repository in a month. Our choice: far above any real count.
const MOST_PULLS: u64 = 1_000_000_000;
/// The largest factor for pulls. Our choice: no company grows a thousandfold between two crawls.
const MOST_FACTOR: Decimal = Decimal::ONE_THOUSAND;

pub(super) fn operations() -> Vec<Operation> {
    let limit = Form::Number {
        least: 1,
        most: MOST_ROWS,
        default: Some(USUAL_ROWS),
    };
    vec![
        Operation::post(
            "/v1/whatif",
            "ask_what_if",
            "The same figures under other assumptions",
            (
                Shape::new::<WhatIfRequest>("WhatIfQuestion"),
                AnswerForm::json::<Answer<'_>>("WhatIfAnswer"),
            ),
            |call| Box::pin(answer(call)),
        )
        .group("money")
        .about(
            "Changes the selection of repositories, Alpine release, pulls, share of cold pulls, price book or effort. \
             Omitted settings keep their values. Nothing is saved. If costs cannot be computed, `notes` says why.",
        )
        .query([
            Parameter::new("limit", limit, "The maximum number of repositories; `totals` covers all."),
            Parameter::new("sort", Form::Word(ORDERS.to_vec()), "The sort key. Default: `-saving`."),
        ]),
    ]
}

/// The assumptions to change. Omitted ones keep their values.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
struct WhatIfRequest {
    /// The selected repositories: names and patterns such as `team-a/**`. Default: all.
    #[schemars(length(max = 1000), inner(regex(pattern = r"^[a-z0-9._/*?-]{1,255}$")))]
    repositories: Option<Vec<String>>,
    /// Which repositories switch.
    switch: Switch,
    /// The pulls of each repository in a month.
    #[schemars(with = "Option<u64>", range(max = 1_000_000_000))]
    pulls_per_month: Option<Number>,
    /// What the pulls of each repository are multiplied by: 0 to 1000.
    #[schemars(regex(pattern = r"^[0-9]{1,4}(\.[0-9]{1,9})?$"))]
    pulls_factor: Option<String>,
    /// The share of pulls whose node does not have the base: 0 to 1.
    #[schemars(regex(pattern = r"^(0(\.[0-9]{1,9})?|1(\.0{1,9})?)$"))]
    cold_share: Option<String>,
    /// The price book of all registries.
    price_book: Option<String>,
    /// The release of Alpine to move to. If a base is not known on it, its size on another release is used; `notes` and
    /// `alpine.wanted_release` of each registry say for how many images.
    alpine_release: Option<AlpineRelease>,
    /// The effort of moving one repository.
    effort: Option<EffortInput>,
}

/// Which repositories switch.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "WhatIfSwitch")]
enum Switch {
    /// The selected repositories with the verdict `switch`.
    #[default]
    Verdict,
    /// Every repository that can move, whatever its verdict.
    All,
    /// Those of `repositories` that can move, whatever their verdicts; none if `repositories` is omitted.
    Chosen,
}

/// The effort of moving one repository.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhatIfEffort")]
struct EffortInput {
    /// Days of work.
    #[schemars(regex(pattern = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"))]
    days: String,
    /// The cost of one day.
    day_rate: MoneyInput,
}

/// An amount of money.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WhatIfAmount")]
struct MoneyInput {
    /// The amount in decimal digits.
    #[schemars(regex(pattern = r"^[0-9]{1,9}(\.[0-9]{1,9})?$"))]
    amount: String,
    /// The ISO 4217 code.
    currency: Currency,
}

/// The figures under other assumptions.
#[derive(Serialize, JsonSchema)]
struct Answer<'a> {
    /// What to do first under these assumptions.
    headline: Headline,
    /// The registries.
    registries: Vec<VisibleRegistry<'a>>,
    /// The repositories, at most `limit`.
    repositories: Vec<&'a RepositoryRow>,
    /// The sums over all repositories.
    totals: GroupRow,
    /// How many repositories move, by registry: the effort of each is compared with its saving. Empty if no effort is known.
    moved_repositories: BTreeMap<&'a RegistryName, usize>,
    /// What a reader must know about the figures.
    #[schemars(with = "Vec<Note>")]
    notes: Vec<Cow<'a, Note>>,
    /// The releases of Alpine on which bases are known, oldest first.
    alpine_releases: BTreeSet<AlpineRelease>,
    /// What the assumptions are where the question has none.
    configured: Configured,
    #[serde(flatten)]
    provenance: Provenance<'a>,
}

/// Assumptions as they are configured.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "WhatIfConfigured")]
struct Configured {
    /// The share of pulls whose node does not have the base, where it was not measured: 0 to 1.
    #[schemars(with = "String")]
    cold_share: Decimal,
}

async fn answer(call: Call) -> Result<HttpResponse, Problem> {
    let snapshot = call.whole_snapshot().await?;
    let request: WhatIfRequest = call.read_body()?;
    let chosen = request.chosen()?;
    let costs = request.costs(&snapshot.inputs.costs)?;
    request.check_release(&snapshot)?;
    let switch = request.switch;
    // Names that the caller may not see must not change the answer, or it would learn them letter by letter.
    let selectable: Option<HashSet<RepositoryKey>> = (!call.caller.sees_everything()).then(|| {
        let rows = snapshot.report.repositories.iter();
        rows.filter(|row| sees_row(&call.caller, row))
            .map(|row| (row.registry.clone(), row.totals.repository.clone()))
            .collect()
    });
    let assumptions = Assumptions {
        snapshot: snapshot.clone(),
        verdicts: VerdictSettings {
            alpine_release: request.alpine_release.or(snapshot.inputs.verdicts.alpine_release),
            ..snapshot.inputs.verdicts.clone()
        },
    };
    let turn = call.api.what_ifs.next().await?;
    let (report, _turn) = call
        .api
        .run_blocking(move || {
            let selection = Selection {
                switch,
                chosen: chosen.as_ref(),
                selectable: selectable.as_ref(),
            };
            let report = assumptions.report(&selection, costs)?;
            Ok::<_, Problem>((report, turn))
        })
        .await??;
    let registries = report.registries.iter();
    let registries = registries
        .filter_map(|row| VisibleRegistry::new(&call.caller, row, &report.repositories).transpose())
        .collect::<Result<_, _>>()?;
    let mut rows: Vec<&RepositoryRow> = report
        .repositories
        .iter()
        .filter(|row| sees_row(&call.caller, row))
        .collect();
    let totals = GroupRow::from_rows(rows.iter().copied()).map_err(Problem::internal)?;
    let whole = report
        .registries
        .iter()
        .filter(|row| call.caller.sees(&row.registry));
    let whole = whole.filter(|_| call.caller.sees_whole_registries());
    let headline = Headline::new(
        rows.iter().copied(),
        whole.filter_map(|row| Some((&row.registry, row.cost.as_ref()?))),
        report.is_complete_for(rows.iter().copied()),
    );
    let headline = headline.map_err(Problem::internal)?;
    let moved_repositories = moved(&rows);
    sort_rows(&mut rows, call.values.text("sort").unwrap_or("-saving"));
    rows.truncate(usize::try_from(call.values.number("limit", USUAL_ROWS)).unwrap_or(usize::MAX));
    call.reply(Reply::json(&Answer {
        headline,
        registries,
        repositories: rows,
        totals,
        moved_repositories,
        notes: visible_notes(&call.caller, report.notes.iter(), &report.repositories).collect(),
        alpine_releases: snapshot.alpine_releases.clone(),
        configured: Configured {
            cold_share: snapshot.inputs.costs.transfer.cold_share.get(),
        },
        provenance: Provenance::for_caller(&call.caller, &snapshot),
    })?)
}

/// How many repositories of each registry have a time in which they pay back, which only those that move have.
fn moved<'a>(rows: &[&'a RepositoryRow]) -> BTreeMap<&'a RegistryName, usize> {
    let mut moved = BTreeMap::new();
    for row in rows {
        let alpine = row.cost.as_ref().and_then(|cost| cost.alpine.as_ref());
        if alpine.is_some_and(|alpine| alpine.payback_months.is_some()) {
            *moved.entry(&row.registry).or_default() += 1;
        }
    }
    moved
}

/// The present figures with other verdicts.
struct Assumptions {
    snapshot: Arc<Snapshot>,
    verdicts: VerdictSettings,
}

impl Assumptions {
    /// The report if these repositories switched and costs had another basis.
    fn report(&self, selection: &Selection<'_>, costs: CostPlan) -> Result<Report, Problem> {
        let Self { snapshot, verdicts } = self;
        let inputs = AnalysisInputs {
            verdicts: verdicts.clone(),
            costs,
            ..AnalysisInputs::clone(&snapshot.inputs)
        };
        let is_same_release = verdicts.alpine_release == snapshot.inputs.verdicts.alpine_release;
        let analysed = if is_same_release {
            Arc::clone(snapshot.analysed()?)
        } else {
            snapshot.on_release(&inputs)?
        };
        let report = analysed.report_if(&inputs, &ReportOptions::default(), |registry| {
            let known = is_same_release.then_some(snapshot);
            let every_move = || match known.and_then(|known| known.every_move(registry.name())) {
                Some(graph) => Cow::Borrowed(graph),
                None => Cow::Owned(registry.every_move(&inputs.context(&analysed.catalogue))),
            };
            switched(registry, selection, every_move)
        });
        Ok(report?)
    }
}

/// A repository and its registry.
type RepositoryKey = (RegistryName, RepositoryName);

/// Which repositories switch.
struct Selection<'a> {
    switch: Switch,
    /// The patterns of the request; `None` for all repositories.
    chosen: Option<&'a RepositoryPatterns>,
    /// The repositories that a pattern can select; `None` for all.
    selectable: Option<&'a HashSet<RepositoryKey>>,
}

impl Selection<'_> {
    /// Whether the request selects a repository.
    fn includes(&self, registry: &RegistryName, repository: &RepositoryName) -> bool {
        let Some(chosen) = self.chosen else { return true };
        self.can_include(registry, repository) && chosen.matches(registry, repository)
    }

    /// Whether a request of this caller can select a repository.
    fn can_include(&self, registry: &RegistryName, repository: &RepositoryName) -> bool {
        self.selectable
            .is_none_or(|selectable| selectable.contains(&(registry.clone(), repository.clone())))
    }
}

/// The outcome if these repositories of a registry switch; `every_move` is the graph in which all can move.
fn switched<'a>(
    registry: &'a AnalysedRegistry,
    selection: &Selection<'_>,
    every_move: impl FnOnce() -> Cow<'a, Counterfactual>,
) -> Result<Switched<'a>, ReportError> {
    let analysis = &registry.analysis;
    let nodes = &registry.content.inventory.repositories;
    let Selection { switch, chosen, .. } = *selection;
    let is_chosen = |place: usize| selection.includes(registry.name(), &nodes[place].name);
    let graph = match switch {
        Switch::Verdict => Cow::Borrowed(&analysis.counterfactual),
        Switch::All | Switch::Chosen => every_move(),
    };
    let outcome = match switch {
        Switch::Verdict if chosen.is_none() => Ok(analysis.outcome.clone()),
        Switch::Verdict => graph.switching(|place| {
            analysis.repositories[place].verdict.verdict == Verdict::Switch && is_chosen(place)
        }),
        Switch::All | Switch::Chosen => graph.switching(|place| {
            graph.can_switch(place)
                && match switch {
                    Switch::All => selection.can_include(registry.name(), &nodes[place].name),
                    _ => chosen.is_some() && is_chosen(place),
                }
        }),
    };
    let outcome = outcome.map_err(|source| ReportError::Overflow {
        registry: registry.name().clone(),
        source,
    })?;
    Ok(Switched { graph, outcome })
}

impl WhatIfRequest {
    /// The chosen repositories; `None` for all.
    fn chosen(&self) -> Result<Option<RepositoryPatterns>, Problem> {
        let Some(patterns) = &self.repositories else {
            return Ok(None);
        };
        if patterns.len() > MOST_PATTERNS {
            return wrong(
                "repositories",
                Err(format!("the maximum is {MOST_PATTERNS} names and globs")),
            );
        }
        let is_valid = |pattern: &String| {
            (1..=LONGEST_PATTERN).contains(&pattern.len())
                && pattern.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._/*?-".contains(&byte)
                })
        };
        if let Some(pattern) = patterns.iter().find(|pattern| !is_valid(pattern)) {
            let start: String = pattern.chars().take(80).collect();
            return wrong(
                "repositories",
                Err(format!("{start:?} is not a name or glob such as team-a/**")),
            );
        }
        if patterns.is_empty() {
            return Ok(Some(RepositoryPatterns::none()));
        }
        wrong("repositories", RepositoryPatterns::new(patterns)).map(Some)
    }

    /// Checks that the release of Alpine is known.
    fn check_release(&self, snapshot: &Snapshot) -> Result<(), Problem> {
        match self.alpine_release {
            Some(release) => wrong(
                "alpine_release",
                UnknownAlpineRelease::check(release, &snapshot.analysed()?.catalogue),
            ),
            None => Ok(()),
        }
    }

    /// The basis of costs under these assumptions.
    fn costs(&self, present: &CostPlan) -> Result<CostPlan, Problem> {
        let mut costs = present.clone();
        let everything = || wrong("repositories", RepositoryPatterns::new(["**"]));
        if let Some(count) = &self.pulls_per_month {
            costs.pulls = PullCounts::assuming(vec![PullAssumption {
                repositories: everything()?,
                per_month: Some(whole(count)?),
            }]);
        }
        if let Some(text) = &self.pulls_factor {
            let factor = decimal("pulls_factor", text)?;
            let valid = (factor <= MOST_FACTOR).then_some(factor);
            let factor = wrong(
                "pulls_factor",
                valid.ok_or_else(|| format!("the maximum is {MOST_FACTOR}")),
            )?;
            costs.pulls = costs.pulls.scaled(factor);
        }
        if let Some(share) = &self.cold_share {
            let share = wrong("cold_share", Share::new(decimal("cold_share", share)?))?;
            costs.transfer.cold_share = share;
            for destination in &mut costs.transfer.destinations {
                destination.cold_share = None;
            }
        }
        if let Some(book) = &self.price_book {
            if !costs.books.iter().any(|known| known.id == *book) {
                return wrong(
                    "price_book",
                    Err(format!("there is no price book {}", printable(book))),
                );
            }
            costs.registries = rebilled(&costs.registries, book);
        }
        if let Some(effort) = &self.effort {
            let rate = &effort.day_rate;
            costs.efforts = vec![EffortRule {
                repositories: everything()?,
                effort: Effort {
                    days: decimal("effort.days", &effort.days)?,
                    day_rate: Money::new(decimal("effort.day_rate.amount", &rate.amount)?, rate.currency),
                },
            }];
        }
        Ok(costs)
    }
}

/// A number of pulls. JSON has only one number type, so `5.0` is a whole number.
fn whole(number: &Number) -> Result<u64, Problem> {
    let count = number.as_u64().or_else(|| {
        let float = number.as_f64()?;
        (float.fract() == 0.0 && (0.0..=MOST_PULLS as f64).contains(&float)).then_some(float as u64)
    });
    let valid = count.filter(|count| *count <= MOST_PULLS);
    wrong(
        "pulls_per_month",
        valid.ok_or_else(|| format!("expected a whole number from 0 to {MOST_PULLS}")),
    )
}

/// A decimal number from zero with at most nine decimals.
fn decimal(name: &str, text: &str) -> Result<Decimal, Problem> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_plain =
        |digits: &str| (1..=9).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = text
        .parse()
        .ok()
        .filter(|_| is_plain(whole) && is_plain(fraction));
    wrong(
        name,
        number.ok_or("expected a decimal number with at most nine digits before and after the point"),
    )
}

/// The same terms with another price book. Zones and regions belong to the previous book and are left out.
fn rebilled(present: &[RegistryTerms], book: &str) -> Vec<RegistryTerms> {
    let mut terms: Vec<RegistryTerms> = present
        .iter()
        .map(|terms| RegistryTerms {
            registries: terms.registries.clone(),
            seats: terms.seats,
            fee_elsewhere: terms.fee_elsewhere,
            stored_elsewhere: terms.stored_elsewhere,
            allocation: terms.allocation.clone(),
            ..RegistryTerms::everywhere(book)
        })
        .collect();
    terms.push(RegistryTerms::everywhere(book));
    terms
}

/// The problem for a wrong member of the body.
fn wrong<T>(name: &str, result: Result<T, impl ToString>) -> Result<T, Problem> {
    result.map_err(|error| {
        let error = Invalid {
            place: Place::Body,
            name: name.to_owned(),
            detail: error.to_string(),
        };
        Problem::invalid(&INVALID_BODY, vec![error])
    })
}
