//! What ties an image to glibc, and what its owner should check before it moves to Alpine.

use std::collections::HashMap;
use std::sync::Arc;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::base_image::{Detection, Step};

use super::package_sources::{PackageSource, PackageSources};
use super::parsed_steps::ParsedSteps;

/// The shipped rules.
const SHIPPED: &str = include_str!("../../config/glibc-bound.toml");

/// The effect of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Effect {
    Blocks,
    Warns,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleFile {
    #[serde(default)]
    rule: Vec<RuleDefinition>,
    #[serde(default)]
    package_source: Vec<PackageSource>,
}

/// A rule as a file defines it. The names of the fields are those of the file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleDefinition {
    name: String,
    effect: Effect,
    reason: String,
    program: Option<String>,
    #[serde(default)]
    words: Vec<String>,
    #[serde(default)]
    bases: Vec<String>,
}

#[derive(Debug, Clone)]
struct Rule {
    name: String,
    effect: Effect,
    reason: Arc<str>,
    program: Option<GlobSet>,
}

/// A rule file is not valid.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Not TOML, or a field of the wrong type.
    #[error("not a list of rules: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A pattern that cannot be parsed.
    #[error("rule {rule}: {source}")]
    Pattern {
        /// The rule's name.
        rule: String,
        /// What is wrong with it.
        source: globset::Error,
    },
}

/// Rules that find images tied to glibc.
#[derive(Debug, Clone)]
pub struct GlibcRules {
    definitions: Vec<RuleDefinition>,
    sources: PackageSources,
    rules: Vec<Rule>,
    /// The patterns of all rules in one set each, with the rule of each pattern.
    words: (GlobSet, Vec<usize>),
    bases: (GlobSet, Vec<usize>),
}

/// What the rules found in one image.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct GlibcBlockers {
    /// Why it cannot move: the first rule that blocks it, else the first package source.
    pub blocked: Option<Arc<str>>,
    /// What to check before moving, in the order of the rules.
    pub cautions: Box<[Arc<str>]>,
}

impl GlibcRules {
    /// The shipped rules.
    ///
    /// # Panics
    /// Never: a test reads the shipped file.
    pub fn shipped() -> Self {
        Self::parse(&[SHIPPED]).expect("the shipped rules are checked by a test")
    }

    /// The shipped rules and those of the user's files.
    ///
    /// # Errors
    /// If a text is not a rule file.
    pub fn extended(own: &[&str]) -> Result<Self, RuleError> {
        let texts: Vec<&str> = std::iter::once(SHIPPED).chain(own.iter().copied()).collect();
        Self::parse(&texts)
    }

    fn parse(texts: &[&str]) -> Result<Self, RuleError> {
        let mut definitions = Vec::new();
        let mut sources = Vec::new();
        let mut rules = Vec::new();
        let mut words = (GlobSetBuilder::new(), Vec::new());
        let mut bases = (GlobSetBuilder::new(), Vec::new());
        for text in texts {
            let file = toml::from_str::<RuleFile>(text)?;
            sources.extend(file.package_source);
            for rule in file.rule {
                let index = rules.len();
                let pattern = |text: &String| {
                    glob(text).map_err(|source| RuleError::Pattern {
                        rule: rule.name.clone(),
                        source,
                    })
                };
                for (texts, (set, owners)) in [(&rule.words, &mut words), (&rule.bases, &mut bases)] {
                    for text in texts {
                        set.add(pattern(text)?);
                        owners.push(index);
                    }
                }
                let program = rule.program.as_ref().map(pattern).transpose()?;
                rules.push(Rule {
                    effect: rule.effect,
                    program: program.map(|glob| set_of(glob, &rule.name)).transpose()?,
                    name: rule.name.clone(),
                    reason: rule.reason.as_str().into(),
                });
                definitions.push(rule);
            }
        }
        let build = |set: GlobSetBuilder| {
            set.build().map_err(|source| RuleError::Pattern {
                rule: "all".to_owned(),
                source,
            })
        };
        let sources =
            PackageSources::new(sources).map_err(|(rule, source)| RuleError::Pattern { rule, source })?;
        Ok(Self {
            definitions,
            sources,
            rules,
            words: (build(words.0)?, words.1),
            bases: (build(bases.0)?, bases.1),
        })
    }

    /// Applies the rules to every distinct step once.
    pub fn match_steps(&self, parsed: &ParsedSteps<'_>) -> StepMatches {
        let found = parsed.iter().map(|(text, step)| FoundInStep {
            rules: self.rules_for(text, step),
            source: self.sources.blocker(text).map(Arc::from),
        });
        StepMatches(found.collect())
    }

    /// The rules that the base images of an image meet, by their repositories.
    fn of_bases(&self, detection: &Detection, known: &mut MatchedBases, found: &mut [bool]) {
        for candidate in &detection.candidates {
            let repository = candidate.name.repository.as_str();
            if !known.0.contains_key(repository) {
                let rules = self.bases.0.matches(repository);
                let rules = rules.into_iter().map(|index| self.bases.1[index]);
                known.0.insert(repository.to_owned(), rules.collect());
            }
            for &rule in &known.0[repository] {
                found[rule] = true;
            }
        }
    }

    /// What ties this image to glibc, according to the steps above its first `base_layers` layers and to its base.
    /// `places` are those of its steps among the parsed ones.
    ///
    /// Steps of the base itself do not count: on Alpine the base is another one.
    pub fn of_image(
        &self,
        places: &[u32],
        detection: &Detection,
        base_layers: usize,
        matches: &StepMatches,
        known: &mut MatchedBases,
    ) -> GlibcBlockers {
        let mut found = vec![false; self.rules.len()];
        self.of_bases(detection, known, &mut found);
        let first_above = match base_layers {
            0 => 0,
            layers => detection.steps.step_of(layers - 1).map_or(0, |step| step + 1),
        };
        let above = || {
            let places = places.iter().skip(first_above);
            places.filter_map(|place| matches.0.get(*place as usize))
        };
        for &rule in above().flat_map(|step| &step.rules) {
            found[rule] = true;
        }
        let mut blocked = None;
        let mut cautions = Vec::new();
        for (rule, _) in self.rules.iter().zip(found).filter(|(_, found)| *found) {
            match rule.effect {
                Effect::Blocks if blocked.is_none() => blocked = Some(Arc::clone(&rule.reason)),
                Effect::Blocks => {}
                Effect::Warns => cautions.push(Arc::clone(&rule.reason)),
            }
        }
        GlibcBlockers {
            blocked: blocked.or_else(|| above().find_map(|step| step.source.clone())),
            cautions: cautions.into(),
        }
    }

    fn rules_for(&self, text: &str, step: &Step) -> Vec<usize> {
        let mut found = Vec::new();
        let mut add = |words: &mut dyn Iterator<Item = &str>, program: Option<&str>| {
            for word in words {
                for index in self.words.0.matches(word) {
                    let rule = self.words.1[index];
                    let is_meant = match (&self.rules[rule].program, program) {
                        (None, None) => true,
                        (Some(wanted), Some(program)) => wanted.is_match(program),
                        _ => false,
                    };
                    if is_meant && !found.contains(&rule) {
                        found.push(rule);
                    }
                }
            }
        };
        add(&mut words_of(text), None);
        for command in &step.commands {
            add(
                &mut command.words.iter().map(String::as_str),
                Some(&command.program),
            );
        }
        found
    }

    /// The rules and the package sources as the files define them.
    pub fn definitions(&self) -> impl Serialize + '_ {
        (&self.definitions, self.sources.definitions())
    }

    /// The names of the rules.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }
}

/// What the rules find in each distinct step, by its place among the parsed ones.
#[derive(Debug)]
pub struct StepMatches(Vec<FoundInStep>);

/// What the rules find in base images, by their repository.
#[derive(Debug, Default)]
pub struct MatchedBases(HashMap<String, Box<[usize]>>);

/// What the rules find in a step.
#[derive(Debug)]
struct FoundInStep {
    rules: Vec<usize>,
    /// Why a package source that it adds ties an image to glibc.
    source: Option<Arc<str>>,
}

/// The words of a step's text, without the punctuation of shells and JSON.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter.is_whitespace() || "\"'`;&|()[],".contains(letter))
        .filter(|word| !word.is_empty())
}

fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).case_insensitive(true).build()
}

fn set_of(glob: Glob, rule: &str) -> Result<GlobSet, RuleError> {
    GlobSetBuilder::new()
        .add(glob)
        .build()
        .map_err(|source| RuleError::Pattern {
            rule: rule.to_owned(),
            source,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched(rules: &GlibcRules, text: &str) -> Vec<String> {
        let step = crate::base_image::read_step(text);
        let found = rules.rules_for(text, &step);
        found
            .into_iter()
            .map(|index| rules.rules[index].name.clone())
            .collect()
    }

    #[test]
    fn the_shipped_rules_know_what_breaks() {
        let rules = GlibcRules::shipped();
        for (text, rule) in [
            (
                "/bin/sh -c #(nop)  ENV LD_PRELOAD=/usr/lib/libjemalloc.so",
                "preload",
            ),
            (
                "RUN /bin/sh -c pip install --no-cache-dir torch==2.4.0 numpy # buildkit",
                "glibc-only-wheels",
            ),
            ("RUN python -m pip install tensorflow", "glibc-only-wheels"),
            ("RUN dotnet publish -c Release -r linux-x64", "dotnet-native"),
            ("RUN apt-get install -y google-chrome-stable", "browsers"),
            (
                "RUN pip install ./pkg-1.0-cp311-cp311-manylinux_2_17_x86_64.whl",
                "manylinux",
            ),
        ] {
            assert!(
                matched(&rules, text).iter().any(|name| name == rule),
                "{text}: {:?}",
                matched(&rules, text)
            );
        }
        // A word that is only mentioned, or is another program's argument, does not count.
        assert!(
            !matched(&rules, "RUN echo torch")
                .iter()
                .any(|name| name == "glibc-only-wheels")
        );
        assert!(matched(&rules, "COPY . /app").is_empty());
    }

    #[test]
    fn users_extend_the_list() {
        let own = r#"
            [[rule]]
            name = "our-agent"
            effect = "blocks"
            reason = "our agent is built for glibc"
            words = ["acme-agent*"]
        "#;
        let rules = GlibcRules::extended(&[own]).unwrap();
        assert_eq!(
            matched(&rules, "RUN apt-get install -y acme-agent=1.2"),
            ["our-agent"]
        );
        assert!(matches!(
            GlibcRules::extended(&["[[rule]]\nname = 1"]),
            Err(RuleError::Syntax(_))
        ));
        let broken = own.replace("acme-agent*", "[acme");
        assert!(matches!(
            GlibcRules::extended(&[&broken]),
            Err(RuleError::Pattern { .. })
        ));
    }
}
