use std::io::BufRead;

use anyhow::Context as _;

use super::arguments::CrawlOptions;
use super::outcome::UsageError;
use crate::config::{Environment, RegistrySection, Secret, Settings};

/// The registries that `tare crawl` is to read: those on the command line, with what the configuration
/// says of them, or all of the configuration's.
///
/// # Errors
/// If there is none, or if credentials would go to several.
pub(super) fn targets(
    options: &CrawlOptions,
    settings: &Settings,
    environment: &Environment,
    input: impl BufRead,
) -> anyhow::Result<Vec<RegistrySection>> {
    let addresses = options.registries()?;
    let mut targets: Vec<RegistrySection> = Vec::new();
    for address in &addresses {
        let choice = address.repositories().map(str::to_owned);
        let known = targets
            .iter_mut()
            .find(|target| target.url.origin() == address.origin());
        match (known, choice) {
            (Some(target), Some(choice)) if !target.repositories.is_empty() => {
                target.repositories.push(choice);
            }
            // Named before, and once without a choice: all of it.
            (Some(target), _) => target.repositories.clear(),
            (None, choice) => {
                // Only the very origin: credentials for https:// must not go to the same host by http://.
                let mut target = settings
                    .registries
                    .iter()
                    .find(|configured| configured.url.origin() == address.origin())
                    .cloned()
                    .unwrap_or_else(|| RegistrySection::at(address.clone()));
                if let Some(choice) = choice {
                    target.repositories = vec![choice];
                }
                targets.push(target);
            }
        }
    }
    if addresses.is_empty() {
        targets = settings.registries.clone();
    }
    if targets.is_empty() {
        return Err(UsageError(
            "which registry? For example: tare crawl https://reg.example.com, or list registries in the \
             configuration (see config/tare.toml)"
                .to_owned(),
        )
        .into());
    }
    for target in &mut targets {
        if !options.repositories.is_empty() {
            target.repositories.clone_from(&options.repositories);
        }
        if !options.platforms.is_empty() {
            target.platforms = Some(options.platforms.clone());
        }
        if let Some(scope) = options.dedup_scope {
            target.dedup_scope = Some(scope.into());
        }
        target.extra_ca.extend(options.extra_ca.iter().cloned());
    }
    if !addresses.is_empty() {
        give_credentials(&mut targets, options, environment, input)?;
    }
    Ok(targets)
}

/// Gives the one registry on the command line the credentials of the command line or the environment.
fn give_credentials(
    targets: &mut [RegistrySection],
    options: &CrawlOptions,
    environment: &Environment,
    mut input: impl BufRead,
) -> anyhow::Result<()> {
    let text = |name: &str| -> anyhow::Result<Option<String>> {
        environment
            .get(name)
            .map(|value| {
                value
                    .to_str()
                    .map(str::to_owned)
                    .ok_or_else(|| UsageError(format!("{name} is not UTF-8 text")).into())
            })
            .transpose()
    };
    let username = match &options.username {
        Some(username) => Some(username.clone()),
        None => text("TARE_USERNAME")?,
    };
    let token = text("TARE_TOKEN")?.map(Secret::from);
    if username.is_none() && token.is_none() {
        if environment.get("TARE_PASSWORD").is_some() {
            return Err(UsageError("TARE_PASSWORD needs TARE_USERNAME or --username".to_owned()).into());
        }
        return Ok(());
    }
    let [target] = targets else {
        return Err(UsageError(
            "credentials are for one registry, and several are to be crawled: crawl them one by one, or \
             put the credentials into the configuration"
                .to_owned(),
        )
        .into());
    };
    let password = if options.password_stdin {
        let mut line = String::new();
        input
            .read_line(&mut line)
            .context("cannot read the password from standard input")?;
        Some(line.trim_end_matches(['\r', '\n']).to_owned())
    } else {
        text("TARE_PASSWORD")?
    };
    match (username, password, token) {
        (Some(_), _, Some(_)) => Err(UsageError(
            "give either a user name with a password, or a token in TARE_TOKEN".to_owned(),
        )
        .into()),
        (Some(username), Some(password), None) if !password.is_empty() => {
            target.log_in(Some(username), password.into());
            Ok(())
        }
        (None, _, Some(token)) => {
            target.log_in(None, token);
            Ok(())
        }
        _ => Err(UsageError(
            "a user name needs a password: give it by --password-stdin or in TARE_PASSWORD".to_owned(),
        )
        .into()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::super::arguments::{Cli, Command};
    use super::*;
    use crate::registry::Credentials;

    const CONFIGURED: &str = "[[registry]]\nurl = \"https://reg.example.com\"\nrepositories = [\"a\"]\n\
                              username = \"configured\"\npassword = \"p\"\n";

    fn chosen(
        arguments: &[&str],
        variables: &[(&str, &str)],
        input: &str,
    ) -> anyhow::Result<Vec<RegistrySection>> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tare.toml");
        std::fs::write(&file, CONFIGURED).unwrap();
        let environment = variables.iter().copied().collect();
        let settings = Settings::load(Some(&file), &environment, &[]).unwrap();
        let words = ["tare", "crawl"].iter().chain(arguments);
        let Command::Crawl(options) = Cli::try_parse_from(words).unwrap().command else {
            panic!("not a crawl")
        };
        targets(&options, &settings, &environment, input.as_bytes())
    }

    fn user(section: &RegistrySection) -> String {
        match section.credentials(&Environment::default()).unwrap() {
            Some(Credentials::Basic { username, .. }) => username,
            Some(Credentials::BearerToken(_)) => "token".to_owned(),
            _ => "nobody".to_owned(),
        }
    }

    #[test]
    fn without_arguments_it_is_what_the_configuration_lists() {
        let targets = chosen(&[], &[("TARE_USERNAME", "me"), ("TARE_PASSWORD", "p")], "").unwrap();
        assert_eq!(targets.len(), 1);
        assert_eq!(
            user(&targets[0]),
            "configured",
            "the variables are for the command line's registry"
        );
    }

    #[test]
    fn a_registry_on_the_command_line_keeps_its_settings_only_at_its_very_origin() {
        let known = chosen(&["reg.example.com"], &[], "").unwrap();
        assert_eq!(
            (user(&known[0]), known[0].repositories.len()),
            ("configured".to_owned(), 1)
        );
        for other in [
            "http://reg.example.com",
            "reg.example.com:5000",
            "reg.example.com.evil.example",
        ] {
            let targets = chosen(&[other], &[], "").unwrap();
            assert_eq!(user(&targets[0]), "nobody", "{other}");
        }
    }

    #[test]
    fn choices_of_one_registry_add_up() {
        let targets = chosen(&["x.example/a/*", "x.example/b/*", "y.example"], &[], "").unwrap();
        assert_eq!(targets.len(), 2);
        assert_eq!(targets[0].repositories, ["a/*", "b/*"]);
        let all = chosen(&["x.example/a/*", "x.example"], &[], "").unwrap();
        assert!(all[0].repositories.is_empty());
        let named = chosen(
            &["x.example/a/*", "-r", "node", "--platform", "linux/amd64"],
            &[],
            "",
        )
        .unwrap();
        assert_eq!(named[0].repositories, ["node"]);
        assert_eq!(named[0].platforms.as_ref().unwrap().len(), 1);
    }

    #[test]
    fn credentials_come_from_options_and_variables_for_one_registry() {
        let by_option = chosen(
            &["x.example", "--username", "me", "--password-stdin"],
            &[],
            "hunter2\n",
        );
        assert_eq!(user(&by_option.unwrap()[0]), "me");
        let by_variable = chosen(&["x.example"], &[("TARE_TOKEN", "abc")], "");
        assert_eq!(user(&by_variable.unwrap()[0]), "token");
        for (arguments, variables) in [
            (&["x.example", "--username", "me"][..], &[][..]),
            (&["x.example"], &[("TARE_USERNAME", "me")]),
            (&["x.example"], &[("TARE_PASSWORD", "p")]),
            (
                &["x.example"],
                &[
                    ("TARE_USERNAME", "me"),
                    ("TARE_PASSWORD", "p"),
                    ("TARE_TOKEN", "t"),
                ],
            ),
            (&["x.example", "y.example"], &[("TARE_TOKEN", "t")]),
        ] {
            let error = chosen(arguments, variables, "").unwrap_err();
            assert!(error.is::<UsageError>(), "{arguments:?} {variables:?}: {error}");
        }
    }
}
