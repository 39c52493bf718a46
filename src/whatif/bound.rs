//! Traces of what ties an image to glibc, and of what its owner should look at before it moves.

use std::collections::HashMap;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Serialize};

use crate::base_image::{Detection, ImageFacts, Step};

use super::readings::Readings;

/// The list that comes with the program.
const SHIPPED: &str = include_str!("../../config/glibc-bound.toml");

/// What a rule does.
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
    reason: String,
    program: Option<GlobSet>,
}

/// A list of rules that is not well-formed.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// Not TOML, or a field of the wrong form.
    #[error("not a list of rules: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A pattern that cannot be read.
    #[error("rule {rule}: {source}")]
    Pattern {
        /// The rule.
        rule: String,
        /// What is wrong with it.
        source: globset::Error,
    },
}

/// Rules that find glibc-bound images.
#[derive(Debug, Clone)]
pub struct BoundRules {
    definitions: Vec<RuleDefinition>,
    rules: Vec<Rule>,
    /// All rules' patterns in one set each, with the rule that each belongs to.
    words: (GlobSet, Vec<usize>),
    bases: (GlobSet, Vec<usize>),
}

/// What was found in one image.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Why it cannot move, in words; the first rule that says so.
    pub blocked: Option<String>,
    /// What to look at, in the order of the rules.
    pub cautions: Vec<String>,
}

impl BoundRules {
    /// The rules that come with the program.
    ///
    /// # Panics
    /// Never: a test reads the shipped file.
    pub fn shipped() -> Self {
        Self::parse(&[SHIPPED]).expect("the shipped rules are checked by a test")
    }

    /// The shipped rules and those of the user's own files.
    ///
    /// # Errors
    /// Where a text is not a list of rules.
    pub fn extended(own: &[&str]) -> Result<Self, RuleError> {
        let texts: Vec<&str> = std::iter::once(SHIPPED).chain(own.iter().copied()).collect();
        Self::parse(&texts)
    }

    fn parse(texts: &[&str]) -> Result<Self, RuleError> {
        let mut definitions = Vec::new();
        let mut rules = Vec::new();
        let mut words = (GlobSetBuilder::new(), Vec::new());
        let mut bases = (GlobSetBuilder::new(), Vec::new());
        for text in texts {
            for rule in toml::from_str::<RuleFile>(text)?.rule {
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
                    reason: rule.reason.clone(),
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
        Ok(Self {
            definitions,
            rules,
            words: (build(words.0)?, words.1),
            bases: (build(bases.0)?, bases.1),
        })
    }

    /// Reads the rules against every distinct step once.
    pub fn match_steps<'r>(&self, readings: &'r Readings) -> StepMatches<'r> {
        StepMatches(
            readings
                .iter()
                .map(|(text, step)| (text, self.rules_for(text, step)))
                .collect(),
        )
    }

    /// What ties this image, by the steps above its first `base_layers` layers and by what is beneath.
    ///
    /// Steps of the base itself do not count: on Alpine the base is another one.
    pub fn of_image(
        &self,
        facts: &ImageFacts,
        detection: &Detection,
        base_layers: usize,
        matches: &StepMatches<'_>,
    ) -> Bounds {
        let mut found = vec![false; self.rules.len()];
        for candidate in &detection.candidates {
            for index in self.bases.0.matches(&candidate.name.repository) {
                found[self.bases.1[index]] = true;
            }
        }
        let history = facts.config.as_ref().map_or(&[][..], |config| &config.history);
        let first_above = match base_layers {
            0 => 0,
            layers => detection.steps.step_of(layers - 1).map_or(0, |step| step + 1),
        };
        for step in history.iter().skip(first_above) {
            for &rule in matches.0.get(step.created_by.as_str()).into_iter().flatten() {
                found[rule] = true;
            }
        }
        let mut bounds = Bounds::default();
        for (rule, _) in self.rules.iter().zip(found).filter(|(_, found)| *found) {
            match rule.effect {
                Effect::Blocks if bounds.blocked.is_none() => bounds.blocked = Some(rule.reason.clone()),
                Effect::Blocks => {}
                Effect::Warns => bounds.cautions.push(rule.reason.clone()),
            }
        }
        bounds
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

    /// The rules as the files define them.
    pub fn definitions(&self) -> &[RuleDefinition] {
        &self.definitions
    }

    /// The names of the rules, for those who list them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }
}

/// Which rules each distinct step matches.
#[derive(Debug)]
pub struct StepMatches<'r>(HashMap<&'r str, Vec<usize>>);

/// The words of a step's text as it stands: what shells and JSON put between words is left out.
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

    fn matched(rules: &BoundRules, text: &str) -> Vec<String> {
        let step = crate::base_image::read_step(text);
        let found = rules.rules_for(text, &step);
        found
            .into_iter()
            .map(|index| rules.rules[index].name.clone())
            .collect()
    }

    #[test]
    fn the_shipped_rules_know_what_breaks() {
        let rules = BoundRules::shipped();
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
        // A word that is only mentioned, or is another program's argument, is no evidence.
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
        let rules = BoundRules::extended(&[own]).unwrap();
        assert_eq!(
            matched(&rules, "RUN apt-get install -y acme-agent=1.2"),
            ["our-agent"]
        );
        assert!(matches!(
            BoundRules::extended(&["[[rule]]\nname = 1"]),
            Err(RuleError::Syntax(_))
        ));
        let broken = own.replace("acme-agent*", "[acme");
        assert!(matches!(
            BoundRules::extended(&[&broken]),
            Err(RuleError::Pattern { .. })
        ));
    }
}
