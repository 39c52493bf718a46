use std::fs;
use std::path::{Path, PathBuf};

use chrono::Weekday;
use chrono_tz::Tz;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use toml::{Table, Value};
use url::{Host, Url};

use super::environment::Environment;
use super::section::Section;
use super::values::{Secret, maybe_whole, whole};
use super::{Settings, UnsoundService};
use crate::notify::{
    Audience, Channel, DispatcherSettings, EmailReceiver, EventKind, MailServer, MailTls, Receiver,
    RenderError, Templates, WebhookReceiver, WebhookStyle, WeeklyTime,
};
use crate::oci::RegistryPattern;

/// `[notifications]`: what all notifications have in common.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NotificationsSection {
    /// A folder with templates that replace the shipped ones.
    pub templates: Option<PathBuf>,
}

impl Section for NotificationsSection {
    const NAME: &'static str = "notifications";
}

/// `[[notification]]`: who is told what, and how.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationSection {
    /// A name of its own, by which the outbox knows what was sent.
    pub name: String,
    /// How messages are sent.
    pub kind: NotificationKind,
    /// The events to tell of.
    pub events: Vec<EventKind>,
    /// The registries to tell of, by name or glob; all if it is empty.
    #[serde(default)]
    pub registries: Vec<String>,
    /// The cost centre whose figures are told.
    #[serde(default)]
    pub cost_centre: Option<String>,
    /// The day of the weekly summary.
    #[serde(default = "monday")]
    pub weekday: String,
    /// The hour of the weekly summary.
    #[serde(default = "eight", deserialize_with = "whole::<0, 23, _, _>")]
    pub hour: u32,
    /// The time zone of day and hour.
    #[serde(default = "utc")]
    pub time_zone: String,
    /// The percentages of a budget to tell of.
    #[serde(default = "a_hundred")]
    pub budget_levels: Vec<u32>,
    /// The mail server.
    #[serde(default)]
    pub host: Option<String>,
    /// Its port; by default the usual one for `tls`.
    #[serde(default, deserialize_with = "maybe_whole::<1, 65_535, _, _>")]
    pub port: Option<u16>,
    /// How the connection to the mail server is encrypted.
    #[serde(default)]
    pub tls: TlsSetting,
    /// The user to log in to the mail server as.
    #[serde(default)]
    pub username: Option<String>,
    /// The user's password.
    #[serde(default)]
    pub password: Option<Secret>,
    /// A file with the password on its first line.
    #[serde(default)]
    pub password_file: Option<PathBuf>,
    /// The name of an environment variable with the password.
    #[serde(default)]
    pub password_env: Option<String>,
    /// The sender of e-mails.
    #[serde(default)]
    pub from: Option<String>,
    /// The recipients of e-mails.
    #[serde(default)]
    pub to: Vec<String>,
    /// The address of Slack, Teams or the webhook. It may contain a secret.
    #[serde(default)]
    pub url: Option<Secret>,
    /// A file with the address on its first line.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
    /// The name of an environment variable with the address.
    #[serde(default)]
    pub url_env: Option<String>,
    /// The key that signs requests to a webhook.
    #[serde(default)]
    pub secret: Option<Secret>,
    /// A file with the key on its first line.
    #[serde(default)]
    pub secret_file: Option<PathBuf>,
    /// The name of an environment variable with the key.
    #[serde(default)]
    pub secret_env: Option<String>,
    /// PEM files with additional certificate authorities.
    #[serde(default)]
    pub extra_ca: Vec<PathBuf>,
}

/// How messages are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotificationKind {
    /// By e-mail.
    Email,
    /// To an incoming webhook of Slack.
    Slack,
    /// To a workflow of Microsoft Teams.
    Teams,
    /// As JSON to any other address.
    Webhook,
}

/// How the connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TlsSetting {
    /// STARTTLS is required.
    #[default]
    Starttls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    None,
}

fn monday() -> String {
    "monday".to_owned()
}

fn eight() -> u32 {
    8
}

fn utc() -> String {
    "UTC".to_owned()
}

fn a_hundred() -> Vec<u32> {
    vec![100]
}

/// Notifications that cannot be sent as the settings say. No message holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum NotificationError {
    /// A setting is wrong or missing.
    #[error("notification {name:?}: {setting}: {problem}")]
    Setting {
        /// The name of the section.
        name: String,
        /// The setting.
        setting: &'static str,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The templates cannot be used.
    #[error("notifications.templates: {0}")]
    Templates(#[from] RenderError),
    /// The settings of the service are wrong.
    #[error(transparent)]
    Service(#[from] UnsoundService),
}

impl Section for NotificationSection {
    const NAME: &'static str = "notification";
    const REPEATED: bool = true;

    fn required() -> Table {
        Table::from_iter([
            ("name".to_owned(), Value::from("example")),
            ("kind".to_owned(), Value::from("webhook")),
            ("events".to_owned(), Value::Array(Vec::new())),
        ])
    }

    fn problems(&self, earlier: &[Self]) -> Vec<(&'static str, String)> {
        let mut problems: Vec<_> = self.problem().into_iter().collect();
        if earlier.iter().any(|section| section.name == self.name) {
            let message = format!(
                "{:?} is the name of another notification; give each its own",
                self.name
            );
            problems.push(("name", message));
        }
        problems
    }
}

impl NotificationSection {
    /// The first setting that is wrong or missing, and what would be right. Secrets are not read.
    fn problem(&self) -> Option<(&'static str, String)> {
        let missing = |setting: &'static str, example: &str| {
            Some((setting, format!("it is missing; for this kind give {example}")))
        };
        if self.name.trim().is_empty() {
            return Some(("name", "give the notification a name".to_owned()));
        }
        if self.events.is_empty() || self.events.contains(&EventKind::Test) {
            let message = "name at least one of weekly_summary, budget_exceeded, budget_forecast, crawl_failed and \
                           price_change";
            return Some(("events", message.to_owned()));
        }
        if let Err(problem) = self.weekly() {
            return Some(problem);
        }
        if let Err(error) = self.audience() {
            return Some(("registries", error));
        }
        if self.budget_levels.iter().any(|level| !(1..=1000).contains(level)) {
            return Some(("budget_levels", "expected percentages from 1 to 1000".to_owned()));
        }
        let places = |places: [bool; 3]| places.into_iter().filter(|is_set| *is_set).count();
        let urls = [
            self.url.is_some(),
            self.url_file.is_some(),
            self.url_env.is_some(),
        ];
        let passwords = [
            self.password.is_some(),
            self.password_file.is_some(),
            self.password_env.is_some(),
        ];
        let secrets = [
            self.secret.is_some(),
            self.secret_file.is_some(),
            self.secret_env.is_some(),
        ];
        for (setting, set) in [("url", urls), ("password", passwords), ("secret", secrets)] {
            if places(set) > 1 {
                let message = format!("give one of {setting}, {setting}_file and {setting}_env");
                return Some((setting, message));
            }
        }
        match self.kind {
            NotificationKind::Email => {
                if self.host.is_none() {
                    return missing("host", "the mail server, such as \"smtp.example.com\"");
                }
                if self.from.is_none() {
                    return missing("from", "the sender, such as \"tare@example.com\"");
                }
                if self.to.is_empty() {
                    return missing("to", "the recipients, such as [\"finance@example.com\"]");
                }
                for address in self.from.iter().chain(&self.to) {
                    if address.parse::<lettre::message::Mailbox>().is_err() {
                        let setting = if self.from.as_ref() == Some(address) {
                            "from"
                        } else {
                            "to"
                        };
                        let message = format!(
                            "{address:?} is no e-mail address; expected one such as \"finance@example.com\""
                        );
                        return Some((setting, message));
                    }
                }
                if self.username.is_some() != (places(passwords) == 1) {
                    let message = "a user name goes with a password, and a password with a user name";
                    return Some(("username", message.to_owned()));
                }
                if self.tls == TlsSetting::None && self.username.is_some() {
                    let message =
                        "a password is not sent without encryption; set tls to \"starttls\" or \"implicit\"";
                    return Some(("tls", message.to_owned()));
                }
                None
            }
            NotificationKind::Slack | NotificationKind::Teams | NotificationKind::Webhook => {
                if places(urls) == 0 {
                    return missing("url", "the address in url, url_file or url_env");
                }
                if let Some(url) = &self.url {
                    return self.address(url.secret()).err().map(|problem| ("url", problem));
                }
                None
            }
        }
    }

    /// The address of a webhook. The message about a wrong one does not repeat it.
    fn address(&self, text: &SecretString) -> Result<Url, String> {
        let url = Url::parse(text.expose_secret().trim()).map_err(|_| "this is not a URL".to_owned())?;
        if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
            return Err("expected an address that begins with https://".to_owned());
        }
        let is_here = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        };
        if url.scheme() == "http" && !is_here && self.kind != NotificationKind::Webhook {
            return Err("Slack and Teams are reached by https".to_owned());
        }
        Ok(url)
    }

    fn weekly(&self) -> Result<WeeklyTime, (&'static str, String)> {
        let weekday: Weekday = self.weekday.parse().map_err(|_| {
            let message = format!(
                "{:?} is no day of the week; expected one such as \"monday\"",
                self.weekday
            );
            ("weekday", message)
        })?;
        let zone: Tz = self.time_zone.parse().map_err(|_| {
            let message = format!(
                "{:?} is no time zone; give a name such as \"Europe/Stockholm\" or \"UTC\"",
                self.time_zone
            );
            ("time_zone", message)
        })?;
        Ok(WeeklyTime {
            weekday,
            hour: self.hour,
            zone,
        })
    }

    fn audience(&self) -> Result<Audience, String> {
        let registries = self.registries.iter();
        Ok(Audience {
            registries: registries
                .map(|text| RegistryPattern::new(text).map_err(|error| error.to_string()))
                .collect::<Result<_, _>>()?,
            cost_centre: self.cost_centre.clone(),
        })
    }

    /// The receiver, with its secrets.
    fn receiver(&self, environment: &Environment) -> Result<Receiver, NotificationError> {
        let wrong = |(setting, problem): (&'static str, String)| NotificationError::Setting {
            name: self.name.clone(),
            setting,
            problem,
        };
        if let Some(problem) = self.problem() {
            return Err(wrong(problem));
        }
        let secret =
            |setting: &'static str, written: Option<&Secret>, file: Option<&Path>, variable: Option<&str>| {
                secret(written, file, variable, environment).map_err(|problem| wrong((setting, problem)))
            };
        let channel = match self.kind {
            NotificationKind::Email => {
                let password = secret(
                    "password",
                    self.password.as_ref(),
                    self.password_file.as_deref(),
                    self.password_env.as_deref(),
                )?;
                let tls = match self.tls {
                    TlsSetting::Starttls => MailTls::StartTls,
                    TlsSetting::Implicit => MailTls::Implicit,
                    TlsSetting::None => MailTls::Unencrypted,
                };
                Channel::Email(EmailReceiver {
                    from: self.from.clone().unwrap_or_default(),
                    to: self.to.clone(),
                    server: MailServer {
                        host: self.host.clone().unwrap_or_default(),
                        // The ports of RFC 6409, RFC 8314 and RFC 5321.
                        port: self.port.unwrap_or(match tls {
                            MailTls::StartTls => 587,
                            MailTls::Implicit => 465,
                            MailTls::Unencrypted => 25,
                        }),
                        tls,
                        login: self.username.clone().zip(password),
                        extra_ca: self.extra_ca.clone(),
                    },
                })
            }
            kind => {
                let url = secret(
                    "url",
                    self.url.as_ref(),
                    self.url_file.as_deref(),
                    self.url_env.as_deref(),
                )?;
                let url = url.ok_or_else(|| wrong(("url", "it is missing".to_owned())))?;
                let style = match kind {
                    NotificationKind::Slack => WebhookStyle::Slack,
                    NotificationKind::Teams => WebhookStyle::Teams,
                    NotificationKind::Email | NotificationKind::Webhook => WebhookStyle::Json {
                        secret: secret(
                            "secret",
                            self.secret.as_ref(),
                            self.secret_file.as_deref(),
                            self.secret_env.as_deref(),
                        )?,
                    },
                };
                Channel::Webhook(WebhookReceiver {
                    url: self.address(&url).map_err(|problem| wrong(("url", problem)))?,
                    style,
                    extra_ca: self.extra_ca.clone(),
                })
            }
        };
        let mut budget_levels = self.budget_levels.clone();
        budget_levels.sort_unstable();
        budget_levels.dedup();
        Ok(Receiver {
            name: self.name.clone(),
            channel,
            events: self.events.clone(),
            audience: self
                .audience()
                .map_err(|problem| wrong(("registries", problem)))?,
            weekly: self.weekly().map_err(wrong)?,
            budget_levels,
        })
    }
}

/// A secret from where it stands; `None` if it stands nowhere.
fn secret(
    written: Option<&Secret>,
    file: Option<&Path>,
    variable: Option<&str>,
    environment: &Environment,
) -> Result<Option<SecretString>, String> {
    if let Some(secret) = written {
        return Ok(Some(secret.secret().clone()));
    }
    let (text, place) = match (file, variable) {
        (Some(file), _) => {
            let text = fs::read_to_string(file)
                .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
            (Some(text), file.display().to_string())
        }
        (None, Some(variable)) => {
            let text = environment.get(variable).and_then(|value| value.to_str());
            (
                text.map(str::to_owned),
                format!("the environment variable {variable}"),
            )
        }
        (None, None) => return Ok(None),
    };
    let line = text
        .as_deref()
        .and_then(|text| text.lines().next())
        .unwrap_or_default();
    if line.is_empty() {
        return Err(format!("there is nothing in {place}"));
    }
    Ok(Some(line.into()))
}

impl Settings {
    /// Who gets notifications, with secrets read from their files and variables, and the templates.
    ///
    /// # Errors
    /// If a secret is not where the settings say it is, or a template cannot be used.
    pub fn dispatcher(&self, environment: &Environment) -> Result<DispatcherSettings, NotificationError> {
        let receivers = self.notification_receivers(environment).into_iter();
        Ok(DispatcherSettings {
            receivers: receivers
                .map(|(_, receiver)| receiver)
                .collect::<Result<_, _>>()?,
            budgets: self.metrics().budgets,
            page: self.serve.public_url.as_ref().map(|url| url.as_str().to_owned()),
            templates: self.templates()?,
        })
    }

    /// Each `[[notification]]` by its name, with its secrets or why it cannot be used.
    pub fn notification_receivers(
        &self,
        environment: &Environment,
    ) -> Vec<(String, Result<Receiver, NotificationError>)> {
        let sections = self.receivers.iter();
        sections
            .map(|section| (section.name.clone(), section.receiver(environment)))
            .collect()
    }

    /// The templates of messages.
    ///
    /// # Errors
    /// If one of them cannot be used.
    pub fn templates(&self) -> Result<Templates, RenderError> {
        match &self.notifications.templates {
            Some(folder) => Templates::with_folder(folder),
            None => Templates::shipped(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::load;
    use super::*;

    const EMAIL: &str = "[[notification]]\nname = \"finance\"\nkind = \"email\"\nevents = [\"weekly_summary\"]\n\
                         host = \"smtp.example.com\"\nfrom = \"tare@example.com\"\nto = [\"cfo@example.com\"]\n";

    fn refusal(text: &str) -> String {
        load(text, &[], &[]).unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_monday_at_eight_and_starttls() {
        let settings = load(EMAIL, &[], &[]).unwrap();
        let dispatcher = settings.dispatcher(&Environment::default()).unwrap();
        let receiver = &dispatcher.receivers[0];
        assert_eq!((receiver.weekly.weekday, receiver.weekly.hour), (Weekday::Mon, 8));
        assert_eq!(receiver.budget_levels, [100]);
        let Channel::Email(email) = &receiver.channel else {
            panic!("not an e-mail")
        };
        assert_eq!((email.server.port, email.server.tls), (587, MailTls::StartTls));
    }

    #[test]
    fn what_is_wrong_is_named_with_what_would_be_right() {
        for (text, said) in [
            (
                EMAIL.replace("host", "# host"),
                "notification.host: it is missing",
            ),
            (EMAIL.replace("weekly_summary", "daily"), "weekly_summary"),
            (EMAIL.replace("weekly_summary", "test"), "price_change"),
            (EMAIL.replace("cfo@example.com", "cfo"), "is no e-mail address"),
            (format!("{EMAIL}weekday = \"someday\"\n"), "no day of the week"),
            (format!("{EMAIL}time_zone = \"Mars\"\n"), "no time zone"),
            (format!("{EMAIL}hour = 24\n"), "from 0 to 23"),
            (format!("{EMAIL}username = \"me\"\n"), "goes with a password"),
            (format!("{EMAIL}{EMAIL}"), "another notification"),
            (
                format!("{EMAIL}tls = \"none\"\nusername = \"me\"\npassword = \"p\"\n"),
                "without encryption",
            ),
        ] {
            let error = refusal(&text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn secrets_come_from_files_and_variables_and_are_never_shown() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("url");
        fs::write(&file, "https://hooks.slack.com/services/hunter2\n").unwrap();
        let slack = format!(
            "[[notification]]\nname = \"ops\"\nkind = \"slack\"\nevents = [\"crawl_failed\"]\nurl_file = \"{}\"\n",
            file.display()
        );
        let webhook = "[[notification]]\nname = \"hook\"\nkind = \"webhook\"\nevents = [\"crawl_failed\"]\n\
                       url = \"https://example.com/?key=hunter2\"\nsecret_env = \"HOOK_SECRET\"\n";
        let settings = load(&format!("{slack}{webhook}"), &[], &[]).unwrap();
        assert!(!settings.show().contains("hunter2"), "{}", settings.show());
        let error = settings
            .dispatcher(&Environment::default())
            .err()
            .unwrap()
            .to_string();
        assert!(
            error.contains("HOOK_SECRET") && error.contains("secret"),
            "{error}"
        );
        let environment = [("HOOK_SECRET", "s3cret")].into_iter().collect();
        let dispatcher = settings.dispatcher(&environment).unwrap();
        let kinds: Vec<_> = dispatcher
            .receivers
            .iter()
            .map(|one| one.channel.kind())
            .collect();
        assert_eq!(kinds, ["slack", "webhook"]);
        fs::write(&file, "ftp://hunter2\n").unwrap();
        let error = settings.dispatcher(&environment).err().unwrap().to_string();
        assert!(
            error.contains("https://") && !error.contains("hunter2"),
            "{error}"
        );
    }
}
