use std::fmt;

use super::{Base, BaseId, Catalogue, Origin, Scope, Twin, TwinRule};
use crate::base_image::AlpineSupport;

/// The catalogue's entry of a base in plain words.
#[derive(Debug, Clone)]
pub struct Explanation<'a> {
    base: &'a Base,
    twins: Vec<(TwinRule, &'a Base, AlpineSupport)>,
    users: Vec<&'a str>,
}

impl Catalogue {
    /// Describes a base.
    pub fn explain(&self, id: BaseId) -> Explanation<'_> {
        let base = self.base(id);
        let mut users: Vec<&str> = base
            .repositories()
            .flat_map(|repository| self.built_on(repository))
            .map(|repository| self.repository_name(repository))
            .collect();
        users.sort_unstable();
        users.dedup();
        let twins = self.twins(id, &Scope::all());
        Explanation {
            base,
            twins: twins
                .into_iter()
                .map(|Twin { base, rule }| (rule, self.base(base), self.support_of(base)))
                .collect(),
            users,
        }
    }
}

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let base = self.base;
        writeln!(formatter, "{} for {}", base.name(), base.platform)?;
        let others = base.all_names().filter(|name| *name != base.name());
        let others: Vec<String> = others.map(ToString::to_string).collect();
        if !others.is_empty() {
            writeln!(formatter, "  also called    {}", others.join(", "))?;
        }
        if let Some(system) = &base.system {
            writeln!(formatter, "  system         {system}")?;
        }
        let layers = match base.layers.len() {
            0 => "layers unknown".to_owned(),
            1 => "1 layer".to_owned(),
            count => format!("{count} layers"),
        };
        write!(formatter, "  size           {} bytes, {layers}", base.bytes)?;
        match &base.includes {
            Some(includes) => writeln!(formatter, ", measured with {includes}")?,
            None => writeln!(formatter)?,
        }
        for (name, value) in base.variables.iter() {
            writeln!(formatter, "  variable       {name}={value}")?;
        }
        if let Some(created) = &base.created {
            writeln!(formatter, "  built          {created}")?;
        }
        match &base.origin {
            Origin::File { file, source } => writeln!(formatter, "  known from     {file}: {source}")?,
            Origin::Registry { registry, repository } => {
                writeln!(formatter, "  known from     {registry}/{repository}")?;
            }
        }
        if base.built_on_it > 0 {
            writeln!(
                formatter,
                "  base of        {} images of other repositories",
                base.built_on_it
            )?;
        }
        if !self.users.is_empty() {
            writeln!(formatter, "  users          {}", self.users.join(", "))?;
        }
        for (rule, twin, support) in self.twins.iter().take(3) {
            write!(
                formatter,
                "  twin           {}, {} bytes: {}",
                twin.precise_name(),
                twin.bytes,
                rule.describe()
            )?;
            match (support, twin.alpine_release()) {
                (AlpineSupport::EndedOn(day), Some(release)) => {
                    writeln!(formatter, "; Alpine {release} has no support since {day}")?;
                }
                (AlpineSupport::EndedOn(day), None) => {
                    writeln!(
                        formatter,
                        "; its release of Alpine has no support since {day} or earlier"
                    )?;
                }
                _ => writeln!(formatter)?,
            }
        }
        if self.twins.is_empty() {
            writeln!(formatter, "  twin           none is known")?;
        }
        Ok(())
    }
}
