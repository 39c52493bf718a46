use super::*;
use crate::inventory::DedupScope;

/// The settings of a file called `tare.toml`, with these variables and options above it.
pub(super) fn load(text: &str, variables: &[(&str, &str)], flags: &[Flag]) -> Result<Settings, ConfigError> {
    let environment = variables.iter().copied().collect();
    Settings::from_layers(Some(Path::new("tare.toml")), text, &environment, flags)
}

fn refusal(text: &str, variables: &[(&str, &str)]) -> String {
    load(text, variables, &[]).unwrap_err().to_string()
}

const TEMPLATE: &str = include_str!("../../config/tare.toml");

/// The template with commented settings taken in: the defaults, or the examples too.
fn uncommented(with_examples: bool) -> String {
    TEMPLATE
        .lines()
        .map(|line| {
            let default = line.strip_prefix("# ").filter(|rest| is_setting(rest));
            let example = line.strip_prefix("## ").filter(|_| with_examples);
            default.or(example).unwrap_or(line).to_owned() + "\n"
        })
        .collect()
}

fn is_setting(line: &str) -> bool {
    line.split_once(" = ")
        .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
}

#[test]
fn the_documented_defaults_are_the_defaults() {
    let documented = uncommented(false);
    // Without the header of the example, the last settings are those of a registry.
    let (sections, registry) = documented.split_once("## [[registry]]").unwrap();
    let written = format!("{sections}\n[[registry]]\nurl = \"reg.example.com\"\n{registry}");
    let plain = "[[registry]]\nurl = \"reg.example.com\"\n";
    let values = |settings: Settings| -> Vec<String> {
        let shown = settings.show();
        let lines = shown.lines().skip(1);
        lines
            .map(|line| line.split("  # ").next().unwrap_or_default().trim().to_owned())
            .collect()
    };
    let written = load(&written, &[("HOME", "/home/me")], &[]).unwrap();
    let plain = load(plain, &[("HOME", "/home/me")], &[]).unwrap();
    assert_eq!(values(written), values(plain));
}

#[test]
fn the_template_mentions_every_setting_and_its_examples_are_valid() {
    let all = uncommented(true);
    let document: toml::Table = all.parse().unwrap();
    for shape in shapes() {
        let section = match &document[shape.name] {
            toml::Value::Array(sections) => sections[0].as_table().unwrap(),
            section => section.as_table().unwrap(),
        };
        for field in shape.fields {
            let value = section
                .get(*field)
                .unwrap_or_else(|| panic!("{} is not mentioned", shape.key(field)));
            assert_eq!(shape.check(field, value.clone()), Ok(()), "{}", shape.key(field));
        }
        assert_eq!(section.len(), shape.fields.len());
    }
}

#[test]
fn later_layers_win_and_say_so() {
    let text = "[crawl]\nconcurrency = 2\npage_size = 7\nmax_attempts = 3\n[store]\ndata_dir = \"/file\"\n";
    let settings = load(
        text,
        &[
            ("TARE_CRAWL_CONCURRENCY", "4"),
            ("TARE_CRAWL_PLATFORMS", "linux/amd64, linux/arm64"),
            ("TARE_STORE_DATA_DIR", "/variable"),
            ("TARE_CRAWL_PAGE_SIZE", ""),
            ("DATABASE_URL", "postgres://tare:hunter2@db/tare"),
        ],
        &[Flag {
            name: "--data-dir",
            key: "store.data_dir",
            text: "/flag".to_owned(),
        }],
    )
    .unwrap();
    assert_eq!(settings.crawl.concurrency, 4);
    assert_eq!(settings.crawl.page_size, 7);
    assert_eq!(settings.crawl.platforms.len(), 2);
    let shown = settings.show();
    let line = |start: &str| {
        let line = shown.lines().find(|line| line.starts_with(start)).unwrap();
        line.split("  ")
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        line("concurrency"),
        "concurrency = 4 # environment variable TARE_CRAWL_CONCURRENCY"
    );
    assert_eq!(line("page_size"), "page_size = 7 # tare.toml:3:13");
    assert_eq!(line("data_dir"), "data_dir = \"/flag\" # --data-dir");
    assert_eq!(line("read_timeout"), "read_timeout = \"30s\" # default");
    assert!(line("database_url").starts_with("database_url = \"postgres://tare:********@db/tare\""));
    assert!(!shown.contains("hunter2"));
}

#[test]
fn what_is_shown_is_a_configuration_again() {
    let text =
        "[[registry]]\nurl = \"http://127.0.0.1:5001/team-a/*\"\nusername = \"me\"\npassword = \"hunter2\"\n";
    let settings = load(text, &[], &[]).unwrap();
    let shown = settings.show();
    assert!(!shown.contains("hunter2"), "{shown}");
    let again = load(&shown, &[], &[]).unwrap();
    assert_eq!(again.registries[0].url, settings.registries[0].url);
}

#[test]
fn an_unknown_key_is_refused_with_its_place_and_the_nearest_known_one() {
    for (text, said) in [
        (
            "[crawl]\n  concurency = 3\n",
            "tare.toml:2:3: crawl.concurency: no such setting; did you mean crawl.concurrency?",
        ),
        (
            "[crawl]\nqwertz = 3\n",
            "tare.toml:2:1: crawl.qwertz: no such setting; [crawl] has concurrency, ",
        ),
        (
            "[craw]\n",
            "tare.toml:1:2: craw: no such section; did you mean crawl?",
        ),
        (
            "concurrency = 3\n",
            "tare.toml:1:1: concurrency: this setting belongs into the section [crawl]",
        ),
        (
            "[qwertz]\n",
            "no such section; there are store, crawl, retention, log, serve, oidc, alpine, prices, worth, export, verdict, cost_centre, pulls, effort, \
             metrics, budget, notifications, notification, registry",
        ),
        (
            "[registry]\nurl = \"x\"\n",
            "registry: there may be several of these: start each with [[registry]]",
        ),
        ("crawl = 3\n", "crawl: this is a section: write [crawl]"),
        (
            "[[registry]]\nrepositories = []\n",
            "tare.toml:1:1: registry: missing field `url`",
        ),
    ] {
        let refusal = refusal(text, &[]);
        assert!(refusal.contains(said), "{text}: {refusal}");
    }
}

#[test]
fn a_wrong_value_is_refused_with_its_place_and_what_would_be_right() {
    for (text, said) in [
        (
            "[crawl]\nconcurrency = 0\n",
            "tare.toml:2:15: crawl.concurrency: invalid value: integer `0`, expected a whole number from 1 to 1024",
        ),
        (
            "[crawl]\nread_timeout = 30\n",
            "crawl.read_timeout: invalid type: integer `30`, expected a length of time with its unit, such as",
        ),
        ("[crawl]\nplatforms = [\"linux\"]\n", "expected os/architecture"),
        (
            "[log]\nformat = \"xml\"\n",
            "tare.toml:2:10: log.format: unknown variant `xml`, expected `text` or `json`",
        ),
        (
            "[[registry]]\nurl = \"ftp://x\"\n",
            "tare.toml:2:7: registry.url: 'ftp://x' is not the address of a registry: it must be reached by https",
        ),
        (
            "[[registry]]\nurl = \"x\"\ndedup_scope = \"blob\"\n",
            "registry.dedup_scope: unknown variant `blob`, expected one of `registry`, `repository`, `mounted`",
        ),
        (
            "[[registry]]\nurl = \"x\"\nusername = \"me\"\n",
            "registry.username: a user name needs a password: give one of",
        ),
        (
            "[[registry]]\nurl = \"x\"\nusername = \"me\"\npassword = \"a\"\npassword_env = \"B\"\n",
            "registry.password: give one of password",
        ),
        (
            "[[registry]]\nurl = \"x\"\n[[registry]]\nurl = \"https://x\"\n",
            "x has a section already",
        ),
        ("[crawl\n", "tare.toml:1:7: not TOML: "),
    ] {
        let refusal = refusal(text, &[]);
        assert!(refusal.contains(said), "{text}: {refusal}");
        assert_eq!(refusal.lines().count(), 1, "{refusal}");
    }
}

#[test]
fn a_variable_is_refused_as_well_as_a_key() {
    for (variable, value, said) in [
        (
            "TARE_CRAWL_CONCURENCY",
            "4",
            "environment variable TARE_CRAWL_CONCURENCY: no such setting; did you mean TARE_CRAWL_CONCURRENCY?",
        ),
        (
            "TARE_CRAWL_CONCURRENCY",
            "many",
            "environment variable TARE_CRAWL_CONCURRENCY: crawl.concurrency: invalid type: string \"many\", expected a whole \
             number from 1 to 1024",
        ),
        ("TARE_QWERTZ", "1", "they are named TARE_<SECTION>_<SETTING>"),
        (
            "DATABASE_URL",
            "hunter2",
            "expected the address of a database: postgres://",
        ),
    ] {
        let refusal = refusal("", &[(variable, value)]);
        assert!(refusal.contains(said), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    assert!(
        load(
            "",
            &[("TARE_PASSWORD", "x"), ("HOME", "/root"), ("TAREX", "1")],
            &[]
        )
        .is_ok()
    );
}

#[test]
fn everything_wrong_is_said_at_once() {
    let refusal = refusal(
        "[crawl]\nconcurrency = 0\npage_sise = 1\n",
        &[("TARE_LOG_LEVEL", "loud")],
    );
    assert_eq!(refusal.lines().count(), 3, "{refusal}");
}

#[test]
fn a_broken_file_is_refused_without_showing_its_secrets() {
    let refusal = refusal("[[registry]]\nurl = \"x\"\npassword = \"hunter2\n", &[]);
    assert!(
        refusal.contains("tare.toml:3") && !refusal.contains("hunter2"),
        "{refusal}"
    );
}

#[test]
fn the_store_is_in_the_users_data_folder_unless_said_otherwise() {
    let folder = |variables: &[(&str, &str)]| load("", variables, &[]).unwrap().store.data_dir;
    assert_eq!(
        folder(&[("HOME", "/home/me")]),
        Some("/home/me/.local/share/tare".into())
    );
    assert_eq!(
        folder(&[("HOME", "/home/me"), ("XDG_DATA_HOME", "/data")]),
        Some("/data/tare".into())
    );
    assert_eq!(folder(&[]), None);
}

#[test]
fn a_hosted_registry_is_known_by_its_name() {
    let scope = |url: &str| RegistrySection::at(url.parse().unwrap()).dedup_scope();
    for ecr in [
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
        "123456789012.dkr-ecr.eu-central-1.on.aws",
        "123456789012.dkr-ecr-fips.us-east-1.on.aws",
        "123456789012.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
        "123456789012.dkr.ecr.us-iso-east-1.c2s.ic.gov",
        "123456789012.dkr.ecr.us-isob-east-1.sc2s.sgov.gov",
    ] {
        assert_eq!(scope(ecr), DedupScope::Repository, "{ecr}");
    }
    for other in [
        "example.azurecr.io",
        "http://127.0.0.1:5001",
        "x.dkr.ecr.amazonaws.com.evil.example",
        "123456789012.dkr-ecr.eu-central-1.on.aws.evil.example",
        "public.ecr.aws",
    ] {
        assert_eq!(scope(other), DedupScope::Registry, "{other}");
    }
}

#[test]
fn only_a_registry_on_this_machine_is_asked_without_a_limit() {
    let limit = |url: &str, crawl: &str| {
        let settings = load(
            &format!("[crawl]\n{crawl}\n[[registry]]\nurl = \"{url}\"\n"),
            &[],
            &[],
        )
        .unwrap();
        settings.registries[0]
            .client_settings(&settings.crawl)
            .requests_per_minute
    };
    assert_eq!(limit("https://acme.azurecr.io", ""), 3000);
    assert_eq!(limit("http://10.0.0.1:5000", ""), 3000);
    for here in [
        "http://127.0.0.1:5001",
        "http://localhost:5001",
        "http://[::1]:5001",
    ] {
        assert_eq!(limit(here, ""), 0, "{here}");
    }
    assert_eq!(limit("http://127.0.0.1:5001", "requests_per_minute = 60"), 60);
}

#[test]
fn a_registry_has_a_schedule_and_a_wrong_one_is_refused_with_its_place() {
    let with = |lines: &str| {
        load(
            &format!("[[registry]]\nurl = \"reg.example.com\"\n{lines}\n"),
            &[],
            &[],
        )
    };
    let settings =
        with("schedule = \"30 3 * * *\"\ntime_zone = \"Europe/Stockholm\"\njitter = \"10m\"").unwrap();
    let schedule = settings.registries[0].schedule().unwrap().unwrap();
    assert_eq!(schedule.to_string(), "30 3 * * * (Europe/Stockholm)");
    assert_eq!(with("").unwrap().registries[0].schedule(), Ok(None));
    for (lines, words) in [
        ("schedule = \"daily\"", "registry.schedule"),
        (
            "schedule = \"0 3 * * *\"\ntime_zone = \"Stockholm\"",
            "no time zone",
        ),
    ] {
        let error = with(lines).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}
