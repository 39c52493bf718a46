//! The queries of a dashboard as Grafana would send them, its variables and macros replaced.

use std::fs;

use serde_json::Value;

/// A dashboard as it is committed.
pub struct Dashboard(Value);

/// A query to Prometheus.
pub struct PromQl {
    /// The title of its panel.
    pub panel: String,
    /// The expression.
    pub expression: String,
}

/// A query to PostgreSQL.
pub struct Sql {
    /// The title of its panel.
    pub panel: String,
    /// The statement.
    pub statement: String,
}

/// Everything is chosen, and rates are over a time that a test can wait for.
const CHOSEN: [(&str, &str); 4] = [
    ("$__rate_interval", "5s"),
    ("$job", "tare"),
    ("$instance", ".+"),
    ("$registry", ".+"),
];

impl Dashboard {
    /// Reads one.
    pub fn read(name: &str) -> Self {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/config/grafana/dashboards");
        let text = fs::read_to_string(format!("{folder}/{name}.json")).expect("a dashboard");
        Self(serde_json::from_str(&text).expect("JSON"))
    }

    fn targets<'a>(&'a self, key: &'a str) -> impl Iterator<Item = (String, &'a str)> {
        let panels = self.0["panels"].as_array().into_iter().flatten();
        panels.flat_map(move |panel| {
            let targets = panel["targets"].as_array().into_iter().flatten();
            targets.filter_map(move |target| {
                Some((panel["title"].as_str()?.to_owned(), target.get(key)?.as_str()?))
            })
        })
    }

    /// All its queries to Prometheus.
    pub fn promql(&self) -> Vec<PromQl> {
        let targets = self.targets("expr");
        targets
            .map(|(panel, expression)| PromQl {
                panel,
                expression: chosen(expression),
            })
            .collect()
    }

    /// All its queries to PostgreSQL, for one registry, billed in dollars, and all cost centres.
    pub fn sql(&self, registry: &str) -> Vec<Sql> {
        let targets = self.targets("rawSql");
        targets
            .map(|(panel, statement)| {
                let statement = statement
                    .replace("$registry", &format!("'{registry}'"))
                    .replace(
                        "($cost_centre)",
                        "(SELECT coalesce(cost_centre, 'unassigned') FROM finance.v_cost_centre)",
                    )
                    .replace("$currency", "USD");
                let statement = with_macro(&statement, "$__timeFilter(", |column| {
                    format!("{column} BETWEEN now() - interval '1 year' AND now()")
                });
                let statement = with_macro(&statement, "$__timeGroup(", |arguments| {
                    let (column, interval) = arguments.split_once(',').expect("two arguments");
                    assert_eq!(interval.trim(), "'1d'");
                    format!("floor(extract(epoch from {column}) / 86400) * 86400")
                });
                assert!(
                    !statement.contains('$'),
                    "{panel}: a variable is left in {statement}"
                );
                Sql { panel, statement }
            })
            .collect()
    }

    fn variables(&self) -> impl Iterator<Item = (String, &str)> {
        let variables = self.0["templating"]["list"].as_array().into_iter().flatten();
        variables
            .filter(|variable| variable["type"] == "query")
            .filter_map(|variable| Some((variable["name"].as_str()?.to_owned(), variable["query"].as_str()?)))
    }

    /// Name, selector and label of each variable that Prometheus fills.
    pub fn label_variables(&self) -> Vec<(String, String, String)> {
        let variables = self.variables().map(|(name, query)| {
            let inner = query
                .strip_prefix("label_values(")
                .and_then(|query| query.strip_suffix(')'));
            let (selector, label) = inner
                .and_then(|inner| inner.rsplit_once(", "))
                .expect("two arguments");
            (name, chosen(selector), label.to_owned())
        });
        variables.collect()
    }

    /// Name and statement of each variable that PostgreSQL fills.
    pub fn sql_variables(&self) -> Vec<(String, String)> {
        let variables = self.variables();
        variables
            .map(|(name, query)| (name, query.replace("$currency", "USD")))
            .collect()
    }
}

fn chosen(expression: &str) -> String {
    let mut expression = expression.to_owned();
    for (name, value) in CHOSEN {
        expression = expression.replace(name, value);
    }
    assert!(!expression.contains('$'), "a variable is left in {expression}");
    expression
}

/// A statement with a macro of Grafana's replaced by what it stands for; its arguments hold no parentheses.
fn with_macro(statement: &str, start: &str, stands_for: impl Fn(&str) -> String) -> String {
    let mut replaced = String::new();
    let mut rest = statement;
    while let Some((before, after)) = rest.split_once(start) {
        let (arguments, after) = after.split_once(')').expect("the macro's end");
        replaced.push_str(before);
        replaced.push_str(&stands_for(arguments));
        rest = after;
    }
    replaced + rest
}
