//! Layers of settings: defaults, the file, the environment, the command line; later ones win.

use std::collections::BTreeMap;

use toml::{Table, Value};

use super::environment::Environment;
use super::file::FoundSection;
use super::problem::{Origin, Origins, Problem};
use super::section::{Section, Shape};
use super::show::ShownSection;
use crate::wording::nearest;

/// The beginning of the names of Tare's environment variables.
const PREFIX: &str = "TARE_";
/// Variables that are no setting of a section: where the file is, and credentials for the registries on
/// the command line.
pub(super) const OTHER_VARIABLES: [&str; 4] = ["TARE_CONFIG", "TARE_USERNAME", "TARE_PASSWORD", "TARE_TOKEN"];

/// A setting given on the command line.
#[derive(Debug, Clone)]
pub struct Flag {
    /// The option's name, such as `--data-dir`.
    pub name: &'static str,
    /// The setting, such as `store.data_dir`.
    pub key: &'static str,
    /// Its value as text.
    pub text: String,
}

/// All sections with what the layers say, and with what is wrong.
#[derive(Debug)]
pub(super) struct Layers {
    shapes: Vec<Shape>,
    single: BTreeMap<&'static str, (Table, Origins)>,
    repeated: Vec<(&'static str, Origin, Table, Origins)>,
    pub(super) problems: Vec<Problem>,
}

impl Layers {
    pub(super) fn new(shapes: Vec<Shape>) -> Self {
        Self {
            shapes,
            single: BTreeMap::new(),
            repeated: Vec::new(),
            problems: Vec::new(),
        }
    }

    pub(super) fn file(&mut self, sections: Vec<FoundSection>) {
        for section in sections {
            let shape = self.shapes.iter().find(|shape| shape.name == section.name);
            if shape.is_some_and(|shape| shape.repeated) {
                let mut table = Table::new();
                let mut origins = Origins::new();
                for (field, value, origin) in section.values {
                    table.insert(field.to_owned(), value);
                    origins.insert(field, origin);
                }
                self.repeated.push((section.name, section.origin, table, origins));
            } else {
                for (field, value, origin) in section.values {
                    self.set(section.name, field, value, origin);
                }
            }
        }
    }

    /// `TARE_<SECTION>_<SETTING>`, and `DATABASE_URL` or `DATABASE_URL_FILE` for the database.
    pub(super) fn environment(&mut self, environment: &Environment) {
        self.variable(environment, "DATABASE_URL", "store", "database_url");
        self.variable(environment, "DATABASE_URL_FILE", "store", "database_url_file");
        let names = self.variable_names();
        for (name, section, field) in &names {
            self.variable(environment, name, section, field);
        }
        let known = || {
            names
                .iter()
                .map(|(name, ..)| name.as_str())
                .chain(OTHER_VARIABLES)
        };
        for name in environment.names(PREFIX) {
            if known().any(|known| known == name) {
                continue;
            }
            let message = match nearest(name, known()) {
                Some(near) => format!("no such setting; did you mean {near}?"),
                None => "no such setting; they are named TARE_<SECTION>_<SETTING>, and `tare config` lists \
                         sections and settings"
                    .to_owned(),
            };
            self.problems.push(Problem {
                origin: Origin::Variable(name.to_owned()),
                key: String::new(),
                message,
            });
        }
    }

    fn variable_names(&self) -> Vec<(String, &'static str, &'static str)> {
        self.shapes
            .iter()
            .filter(|shape| !shape.repeated)
            .flat_map(|shape| shape.fields.iter().map(|field| (shape.name, *field)))
            .map(|(section, field)| {
                let name = format!("{PREFIX}{section}_{field}").to_uppercase();
                (name, section, field)
            })
            .collect()
    }

    fn variable(
        &mut self,
        environment: &Environment,
        name: &str,
        section: &'static str,
        field: &'static str,
    ) {
        let Some(value) = environment.get(name) else {
            return;
        };
        let origin = Origin::Variable(name.to_owned());
        match value.to_str() {
            Some(text) => self.text(section, field, text, origin),
            None => self.problems.push(Problem {
                origin,
                key: format!("{section}.{field}"),
                message: "not UTF-8 text".to_owned(),
            }),
        }
    }

    pub(super) fn flag(&mut self, flag: &Flag) {
        let found = self.shapes.iter().find_map(|shape| {
            let field = shape.fields.iter().find(|field| shape.key(field) == flag.key)?;
            Some((shape.name, *field))
        });
        match found {
            Some((section, field)) => self.text(section, field, &flag.text, Origin::Flag(flag.name)),
            None => self.problems.push(Problem {
                origin: Origin::Flag(flag.name),
                key: flag.key.to_owned(),
                message: "no such setting".to_owned(),
            }),
        }
    }

    /// Takes a value that is given as plain text, as whichever kind of value the setting accepts.
    fn text(&mut self, section: &'static str, field: &'static str, text: &str, origin: Origin) {
        let Some(shape) = self.shapes.iter().copied().find(|shape| shape.name == section) else {
            return;
        };
        let mut refused = None;
        for value in readings(text) {
            match shape.check(field, value.clone()) {
                Ok(()) => return self.set(section, field, value, origin),
                Err(message) => refused = refused.or(Some(message)),
            }
        }
        self.problems.push(Problem {
            origin,
            key: shape.key(field),
            message: refused.unwrap_or_default(),
        });
    }

    fn set(&mut self, section: &'static str, field: &'static str, value: Value, origin: Origin) {
        let (table, origins) = self.single.entry(section).or_default();
        table.insert(field.to_owned(), value);
        origins.insert(field, origin);
    }

    /// The one section of its kind, with where its values come from.
    fn one<S: Section + Default>(&mut self) -> (S, Origins) {
        let (table, origins) = self.single.remove(S::NAME).unwrap_or_default();
        let section = S::deserialize(table).unwrap_or_else(|error| {
            // Every value has been checked alone, so this is a missing one.
            self.problems.push(Problem {
                origin: Origin::Default,
                key: S::NAME.to_owned(),
                message: error.message().to_owned(),
            });
            S::default()
        });
        self.check(&section, &[], &origins, &Origin::Default);
        (section, origins)
    }

    /// All sections of a kind of which there may be many, each with where its values come from.
    fn many<S: Section>(&mut self) -> (Vec<S>, Vec<Origins>) {
        let (of_kind, others) = std::mem::take(&mut self.repeated)
            .into_iter()
            .partition::<Vec<_>, _>(|(name, ..)| *name == S::NAME);
        self.repeated = others;
        let (mut sections, mut all_origins) = (Vec::new(), Vec::new());
        for (_, origin, table, origins) in of_kind {
            match S::deserialize(table) {
                Ok(section) => {
                    self.check(&section, &sections, &origins, &origin);
                    sections.push(section);
                    all_origins.push(origins);
                }
                Err(error) => self.problems.push(Problem {
                    origin,
                    key: S::NAME.to_owned(),
                    message: error.message().to_owned(),
                }),
            }
        }
        (sections, all_origins)
    }

    /// Checks a section as a whole; a problem is at the setting, or where the section begins if that is not set.
    fn check<S: Section>(&mut self, section: &S, earlier: &[S], origins: &Origins, origin: &Origin) {
        for (field, message) in section.problems(earlier) {
            self.problems.push(Problem {
                origin: origins.get(field).unwrap_or(origin).clone(),
                key: format!("{}.{field}", S::NAME),
                message,
            });
        }
    }
}

/// The sections of one kind: a struct where there is one, a `Vec` where there may be many.
pub(super) trait Sections: Sized {
    /// Where their values come from.
    type Origins;

    /// What the layers know of the kind.
    fn shape() -> Shape;

    /// Takes the sections out of the layers.
    fn take_from(layers: &mut Layers) -> (Self, Self::Origins);

    /// The sections with where each value comes from.
    fn shown(&self, origins: &Self::Origins) -> Vec<ShownSection>;
}

impl<S: Section + Default> Sections for S {
    type Origins = Origins;

    fn shape() -> Shape {
        Shape::from_section::<S>()
    }

    fn take_from(layers: &mut Layers) -> (Self, Origins) {
        layers.one()
    }

    fn shown(&self, origins: &Origins) -> Vec<ShownSection> {
        vec![ShownSection::new(self, origins)]
    }
}

impl<S: Section> Sections for Vec<S> {
    type Origins = Vec<Origins>;

    fn shape() -> Shape {
        Shape::from_section::<S>()
    }

    fn take_from(layers: &mut Layers) -> (Self, Vec<Origins>) {
        layers.many()
    }

    fn shown(&self, origins: &Vec<Origins>) -> Vec<ShownSection> {
        self.iter()
            .zip(origins)
            .map(|(section, origins)| ShownSection::new(section, origins))
            .collect()
    }
}

/// The ways in which plain text can be read as a value, the most particular first.
fn readings(text: &str) -> Vec<Value> {
    let mut values = Vec::new();
    if let Ok(number) = text.trim().parse::<i64>() {
        values.push(Value::Integer(number));
    }
    if let Ok(truth) = text.trim().parse::<bool>() {
        values.push(Value::Boolean(truth));
    }
    values.push(Value::String(text.to_owned()));
    let list = text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
        .map(|word| Value::String(word.to_owned()))
        .collect();
    values.push(Value::Array(list));
    values
}
