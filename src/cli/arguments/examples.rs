//! Examples below the help of each command. A test parses every one of them.

pub(super) const TARE: &str = "\
Examples:
  tare demo                                   look at everything with a made-up registry
  tare crawl https://reg.example.com          read your own registry
  tare report --price-book aws-ecr            see what it stores and costs
  tare serve                                  web page, REST API, metrics";

pub(super) const CRAWL: &str = "\
Examples:
  tare crawl https://reg.example.com
  tare crawl http://127.0.0.1:5001 --format json
  tare crawl reg.example.com/team-a/* --platform linux/amd64
  tare crawl acme.azurecr.io --username reader --password-stdin";

pub(super) const CRAWLS: &str = "\
Examples:
  tare crawls list
  tare crawls cancel 17";

pub(super) const CRAWLS_LIST: &str = "\
Examples:
  tare crawls list --limit 5 --format json";

pub(super) const CRAWLS_CANCEL: &str = "\
Examples:
  tare crawls cancel 17";

pub(super) const REPORT: &str = "\
Examples:
  tare report
  tare report --price-book azure-container-registry-premium --limit 20
  tare report --view cost --registry acme.azurecr.io
  tare report --group-by team --format csv
  tare report --by image --verdict switch --format json";

pub(super) const CLEANUP: &str = "\
Examples:
  tare cleanup --keep-newest 10
  tare cleanup --older-than 90d --keep-newest 3 --keep 'v*' --repository 'team-a/**'
  tare cleanup --not-pulled-for 60d --price-book azure-container-registry-premium
  tare cleanup --delete 'pr-*' --untagged-older-than 7d --format json";

pub(super) const PLAN: &str = "\
Examples:
  tare plan
  tare plan --effort 20 --waves 3 --price-book azure-container-registry-premium
  tare plan --repository 'team-a/**' --format csv";

pub(super) const PRICES: &str = "\
Examples:
  tare prices list
  tare prices check our-prices.toml";

pub(super) const PRICES_LIST: &str = "\
Examples:
  tare prices list
  tare prices list --format json";

pub(super) const PRICES_CHECK: &str = "\
Examples:
  tare prices check our-prices.toml";

pub(super) const PRICES_IMPORT: &str = "\
Examples:
  tare prices import retail.json --plan premium --region westeurope";

pub(super) const PULLS: &str = "\
Examples:
  tare pulls import events.csv --registry acme.azurecr.io
  tare pulls list";

pub(super) const PULLS_IMPORT: &str = "\
Examples:
  tare pulls import events.csv --registry acme.azurecr.io
  tare pulls import counters.json --registry harbor.example.com --format harbor
  tare pulls import trail.json --registry 123456789012.dkr.ecr.eu-central-1.amazonaws.com";

pub(super) const PULLS_LIST: &str = "\
Examples:
  tare pulls list
  tare pulls list --format json";

pub(super) const EXPORT: &str = "\
Examples:
  tare export focus --month 2026-10 --output october.csv
  tare export xlsx --month 2026-10 --output october.xlsx
  tare export csv --month 2026-10 --alpine";

pub(super) const CLOSE: &str = "\
Examples:
  tare close 2026-10
  tare close 2026-10 --registry acme.azurecr.io --correct";

pub(super) const EXPLAIN: &str = "\
Examples:
  tare explain team-a/api:1.2
  tare explain reg.example.com/team-a/api:1.2 --platform linux/arm64 --format json";

pub(super) const CATALOGUE: &str = "\
Examples:
  tare catalogue list node
  tare catalogue show node:22
  tare catalogue explain team-a/api:1.2";

pub(super) const CATALOGUE_LIST: &str = "\
Examples:
  tare catalogue list node:22 --platform linux/amd64
  tare catalogue list alpine --format json";

pub(super) const CATALOGUE_SHOW: &str = "\
Examples:
  tare catalogue show debian:trixie --platform linux/arm64";

pub(super) const CATALOGUE_EXPLAIN: &str = "\
Examples:
  tare catalogue explain team-a/api:1.2";

pub(super) const CATALOGUE_REFRESH: &str = "\
Examples:
  tare catalogue refresh https://mirror.example.com/library -r node -r python";

pub(super) const EVALUATE: &str = "\
Examples:
  tare evaluate
  tare evaluate --format json";

pub(super) const CALIBRATE: &str = "\
Examples:
  tare calibrate
  tare calibrate --output model.toml";

pub(super) const CONFIG: &str = "\
Examples:
  tare config
  tare config --config /etc/tare/tare.toml --format json";

pub(super) const STATUS: &str = "\
Examples:
  tare status
  tare status --format json";

pub(super) const SERVE: &str = "\
Examples:
  tare serve
  tare serve --listen 0.0.0.0:8080 --config /etc/tare/tare.toml
  tare serve --role crawler --registry https://reg.example.com";

pub(super) const KEY: &str = "\
Examples:
  tare key create grafana --scope read
  tare key list
  tare key revoke grafana";

pub(super) const KEY_CREATE: &str = "\
Examples:
  tare key create grafana --scope read --expires-in-days 365
  tare key create webshop --cost-centre 4711";

pub(super) const KEY_LIST: &str = "\
Examples:
  tare key list --format json";

pub(super) const KEY_REVOKE: &str = "\
Examples:
  tare key revoke grafana";

pub(super) const NOTIFY: &str = "\
Examples:
  tare notify preview weekly_summary
  tare notify test finance";

pub(super) const NOTIFY_PREVIEW: &str = "\
Examples:
  tare notify preview weekly_summary
  tare notify preview budget_exceeded --format text";

pub(super) const NOTIFY_TEST: &str = "\
Examples:
  tare notify test finance";

pub(super) const DOCTOR: &str = "\
Examples:
  tare doctor
  tare doctor --format json";

pub(super) const READY: &str = "\
Examples:
  tare ready";

pub(super) const COPY: &str = "\
Examples:
  tare copy --to postgres://tare@db.example.com/tare
  tare copy --from postgres://tare@old.example.com/tare --to postgres://tare@new.example.com/tare";

pub(super) const BACKUP: &str = "\
Examples:
  tare backup /backups/tare-2026-12-01.gz";

pub(super) const RESTORE: &str = "\
Examples:
  tare restore /backups/tare-2026-12-01.gz --data-dir /var/lib/tare-restored";

pub(super) const DEMO: &str = "\
Examples:
  tare demo
  tare demo --once
  tare demo --once --keep /tmp/norrwind";

pub(super) const COMPLETIONS: &str = "\
Examples:
  tare completions bash
  tare completions zsh";

pub(super) const MAN: &str = "\
Examples:
  tare man --output /usr/local/share/man/man1";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, Parser as _};

    use super::super::Cli;

    /// The examples of a command: the words of each line, without the explanation behind it.
    fn examples(help: &str) -> Vec<Vec<String>> {
        let lines = help.lines().filter_map(|line| line.strip_prefix("  "));
        lines
            .map(|line| line.split("   ").next().unwrap_or_default())
            .map(|command| command.split_whitespace().map(str::to_owned).collect())
            .collect()
    }

    fn check(command: &clap::Command, path: &str) {
        let help = command
            .get_after_help()
            .map(ToString::to_string)
            .unwrap_or_default();
        let examples = examples(&help);
        assert!(!examples.is_empty(), "{path} has no example");
        for words in examples {
            let line = words.join(" ");
            assert!(
                line.starts_with(path),
                "{path} has an example of another command: {line}"
            );
            assert!(line.len() <= 98, "too long: {line}");
            if let Err(error) = Cli::try_parse_from(&words) {
                panic!("{line}: {error}");
            }
        }
        for subcommand in command
            .get_subcommands()
            .filter(|command| command.get_name() != "help")
        {
            check(subcommand, &format!("{path} {}", subcommand.get_name()));
        }
    }

    #[test]
    fn every_command_has_examples_and_each_can_be_typed() {
        check(&Cli::command(), "tare");
    }
}
