//! Messages as text, HTML and the markup of Slack and Teams, by templates that operators can replace.

use std::path::{Path, PathBuf};

use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde_json::{Value, json};
use strum::{EnumString, IntoStaticStr, VariantArray};

use super::escape;
use super::event::EventKind;
use super::message::Message;

/// The templates that come with Tare.
const SHIPPED: [(&str, &str); 5] = [
    ("subject.txt", include_str!("templates/subject.txt")),
    ("message.txt", include_str!("templates/message.txt")),
    ("message.html", include_str!("templates/message.html")),
    ("message.slack", include_str!("templates/message.slack")),
    ("message.teams", include_str!("templates/message.teams")),
];

/// The longest text of a block of Slack, in characters (Block Kit reference, read on 2026-12-01).
const SLACK_BLOCK: usize = 3000;
/// The longest text of a card that is sent to Teams, in bytes. Our choice, below the 28 KB of a message
/// (Microsoft's limits for webhooks, read on 2026-12-01).
const TEAMS_TEXT: usize = 20_000;

/// The forms of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, EnumString, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum Format {
    /// Plain text.
    Text,
    /// HTML, for e-mail.
    Html,
    /// The body of a request to Slack.
    Slack,
    /// The body of a request to Teams.
    Teams,
    /// The body of a request to a webhook.
    Json,
}

/// An e-mail's content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The subject.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Why a message has no text.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A template is missing or wrong.
    #[error("template {name}: {source}")]
    Template {
        /// The template's file name.
        name: String,
        /// What is wrong with it, with its line.
        source: minijinja::Error,
    },
    /// A file of the folder cannot be read.
    #[error("cannot read the template {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The folder has a file that is no template.
    #[error(
        "{} is not used: a template is named EVENT.txt, EVENT.html, EVENT.slack, EVENT.teams or EVENT.subject.txt, where \
         EVENT is message or one of {events}",
        file.display()
    )]
    Unknown {
        /// The file.
        file: PathBuf,
        /// The names of events.
        events: String,
    },
    /// The message cannot be written as JSON, which no message causes.
    #[error("cannot write the message as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// The templates of all messages. Clones are cheap enough for a start of the program.
#[derive(Clone)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// The templates that come with Tare.
    ///
    /// # Errors
    /// If one of them cannot be parsed, which a test excludes.
    pub fn shipped() -> Result<Self, RenderError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_auto_escape_callback(|name| {
            if name.ends_with(".html") {
                AutoEscape::Html
            } else {
                AutoEscape::None
            }
        });
        let mut templates = Self { environment };
        for (name, text) in SHIPPED {
            templates.add(name, text.to_owned())?;
        }
        Ok(templates)
    }

    /// The shipped templates, and in their place those of a folder that has them: `message.html` for all events,
    /// `weekly_summary.html` for one.
    ///
    /// # Errors
    /// If the folder or a file cannot be read, a template cannot be parsed, or a file has the name of no template.
    pub fn with_folder(folder: &Path) -> Result<Self, RenderError> {
        let mut templates = Self::shipped()?;
        let unreadable = |file: &Path| {
            let file = file.to_owned();
            move |source| RenderError::Unreadable { file, source }
        };
        let entries = std::fs::read_dir(folder).map_err(unreadable(folder))?;
        let mut files: Vec<PathBuf> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<_, _>>()
            .map_err(unreadable(folder))?;
        files.sort();
        for file in files.into_iter().filter(|file| file.is_file()) {
            let name = file
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if !is_template(&name) {
                return Err(RenderError::Unknown {
                    file,
                    events: EventKind::VARIANTS
                        .iter()
                        .map(|kind| kind.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                });
            }
            let text = std::fs::read_to_string(&file).map_err(unreadable(&file))?;
            templates.add(&name, text)?;
        }
        Ok(templates)
    }

    fn add(&mut self, name: &str, text: String) -> Result<(), RenderError> {
        let added = self.environment.add_template_owned(name.to_owned(), text);
        added.map_err(|source| RenderError::Template {
            name: name.to_owned(),
            source,
        })
    }

    /// Subject, text and HTML of an e-mail.
    ///
    /// # Errors
    /// If a template cannot be rendered.
    pub fn email(&self, message: &Message) -> Result<Rendered, RenderError> {
        let subject = self.render(message, "subject.txt", "subject.txt", escape::plain)?;
        Ok(Rendered {
            // A subject is one line.
            subject: subject.split_whitespace().collect::<Vec<_>>().join(" "),
            text: self.text(message)?,
            html: self.html(message)?,
        })
    }

    /// The message as plain text.
    ///
    /// # Errors
    /// If the template cannot be rendered.
    pub fn text(&self, message: &Message) -> Result<String, RenderError> {
        Ok(tidy(&self.render(
            message,
            "txt",
            "message.txt",
            escape::plain,
        )?))
    }

    /// The message as HTML. The engine escapes every value.
    ///
    /// # Errors
    /// If the template cannot be rendered.
    pub fn html(&self, message: &Message) -> Result<String, RenderError> {
        self.render(message, "html", "message.html", escape::plain)
    }

    /// The body of a request to Slack.
    ///
    /// # Errors
    /// If the template cannot be rendered.
    pub fn slack(&self, message: &Message) -> Result<Value, RenderError> {
        let text = tidy(&self.render(message, "slack", "message.slack", escape::slack)?);
        Ok(slack_document(&escape::slack(&message.title), &text))
    }

    /// The body of a request to Teams.
    ///
    /// # Errors
    /// If the template cannot be rendered.
    pub fn teams(&self, message: &Message) -> Result<Value, RenderError> {
        let text = tidy(&self.render(message, "teams", "message.teams", escape::teams)?);
        Ok(teams_document(&text, message))
    }

    /// The message in a form, as `tare notify preview` shows it.
    ///
    /// # Errors
    /// If a template cannot be rendered.
    pub fn preview(&self, message: &Message, format: Format) -> Result<String, RenderError> {
        match format {
            Format::Text => self.text(message),
            Format::Html => self.html(message),
            Format::Slack => Ok(serde_json::to_string_pretty(&self.slack(message)?)? + "\n"),
            Format::Teams => Ok(serde_json::to_string_pretty(&self.teams(message)?)? + "\n"),
            Format::Json => Ok(serde_json::to_string_pretty(message)? + "\n"),
        }
    }

    /// Renders the template of the event with this ending if there is one, else the general one.
    fn render(
        &self,
        message: &Message,
        ending: &str,
        general: &str,
        escape: fn(&str) -> String,
    ) -> Result<String, RenderError> {
        let own = format!("{}.{ending}", message.event.as_str());
        let template = self
            .environment
            .get_template(&own)
            .or_else(|_| self.environment.get_template(general));
        let failed = |source| RenderError::Template {
            name: general.to_owned(),
            source,
        };
        let template = template.map_err(failed)?;
        let values = escaped(serde_json::to_value(message)?, escape);
        template.render(values).map_err(|source| RenderError::Template {
            name: template.name().to_owned(),
            source,
        })
    }
}

/// Whether a file of the folder has the name of a template.
fn is_template(name: &str) -> bool {
    let Some((event, ending)) = name.split_once('.') else {
        return false;
    };
    let is_event = event.parse::<EventKind>().is_ok();
    match ending {
        "txt" if event == "subject" => true,
        "subject.txt" => is_event,
        "txt" | "html" | "slack" | "teams" => is_event || event == "message",
        _ => false,
    }
}

/// A document for a template, with every text in it escaped.
fn escaped(document: Value, escape: fn(&str) -> String) -> minijinja::Value {
    match document {
        Value::Null => minijinja::Value::from(()),
        Value::Bool(truth) => truth.into(),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(number), _) => number.into(),
            (None, Some(number)) => number.into(),
            (None, None) => number.as_f64().unwrap_or_default().into(),
        },
        Value::String(text) => escape(&text).into(),
        Value::Array(items) => {
            let items: Vec<_> = items.into_iter().map(|item| escaped(item, escape)).collect();
            items.into()
        }
        Value::Object(members) => minijinja::Value::from_pairs(members.into_iter().map(|(name, member)| {
            let member = match (name.as_str(), member) {
                // An address in Markdown or mrkdwn: its special characters are percent-encoded instead.
                ("url", Value::String(url)) => encoded_url(&url).into(),
                (_, member) => escaped(member, escape),
            };
            (name, member)
        })),
    }
}

fn encoded_url(url: &str) -> String {
    let mut encoded = String::with_capacity(url.len());
    for character in url.chars() {
        match character {
            '<' => encoded.push_str("%3C"),
            '>' => encoded.push_str("%3E"),
            '|' => encoded.push_str("%7C"),
            '(' => encoded.push_str("%28"),
            ')' => encoded.push_str("%29"),
            character if character.is_whitespace() || character.is_control() => {}
            character => encoded.push(character),
        }
    }
    encoded
}

/// Text with at most one empty line in a row, without empty lines at both ends, and one line break at its end.
fn tidy(text: &str) -> String {
    let mut lines: Vec<&str> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        if !(line.is_empty() && lines.last().is_some_and(|last| last.is_empty())) {
            lines.push(line);
        }
    }
    lines.join("\n") + "\n"
}

/// The body of a request to Slack: the title for notifications, and the text in blocks that are short enough.
pub fn slack_document(title: &str, text: &str) -> Value {
    let mut blocks: Vec<String> = Vec::new();
    for line in text.lines() {
        let line: String = line.chars().take(SLACK_BLOCK - 1).collect();
        match blocks.last_mut() {
            Some(block) if block.chars().count() + 1 + line.chars().count() <= SLACK_BLOCK => {
                block.push('\n');
                block.push_str(&line);
            }
            _ => blocks.push(line),
        }
    }
    let blocks: Vec<Value> = blocks
        .into_iter()
        .filter(|block| !block.trim().is_empty())
        .map(|block| json!({"type": "section", "text": {"type": "mrkdwn", "text": block}}))
        .collect();
    json!({"text": title, "blocks": blocks})
}

/// The body of a request to Teams: an Adaptive Card with the text, and a button for each link.
pub fn teams_document(text: &str, message: &Message) -> Value {
    let mut end = text.len().min(TEAMS_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let actions: Vec<Value> = message
        .links
        .iter()
        .map(|link| json!({"type": "Action.OpenUrl", "title": link.text, "url": encoded_url(&link.url)}))
        .collect();
    json!({
        "type": "message",
        "attachments": [{
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": null,
            "content": {
                "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [{"type": "TextBlock", "text": &text[..end], "wrap": true}],
                "actions": actions,
            },
        }],
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::super::message::{Link, Row, Section, VERSION};
    use super::*;

    fn message(name: &str) -> Message {
        Message {
            version: VERSION,
            event: EventKind::CrawlFailed,
            id: "crawl_failed/7".to_owned(),
            at: DateTime::UNIX_EPOCH,
            title: format!("Crawl of {name} failed"),
            text: format!("{name} could not be read."),
            sections: vec![Section {
                title: "Repositories".to_owned(),
                rows: vec![Row::new(name, "1.00 USD", name)],
            }],
            links: vec![Link {
                text: "Crawls".to_owned(),
                url: "https://tare.example.com/?view=crawls".to_owned(),
            }],
            data: json!({"name": name}),
        }
    }

    #[test]
    fn hostile_names_are_text_in_every_form() {
        let templates = Templates::shipped().unwrap();
        let hostile = message("<script>alert(1)</script><!channel>[x](https://evil.example)\r\nBcc: a");
        let email = templates.email(&hostile).unwrap();
        assert!(
            !email.html.contains("<script>") && email.html.contains("&lt;script&gt;"),
            "{}",
            email.html
        );
        assert!(!email.subject.contains(['\r', '\n']));
        let slack = templates.slack(&hostile).unwrap().to_string();
        assert!(
            !slack.contains("<!channel>") && !slack.contains("<script>"),
            "{slack}"
        );
        let teams = templates.teams(&hostile).unwrap().to_string();
        assert!(!teams.contains("[x](https"), "{teams}");
    }

    #[test]
    fn a_folder_replaces_the_templates_that_it_has() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("crawl_failed.txt"), "Own: {{ title }}").unwrap();
        std::fs::write(folder.path().join("subject.txt"), "[tare] {{ title }}").unwrap();
        let templates = Templates::with_folder(folder.path()).unwrap();
        let email = templates.email(&message("a")).unwrap();
        assert_eq!(email.text, "Own: Crawl of a failed\n");
        assert_eq!(email.subject, "[tare] Crawl of a failed");
        assert!(email.html.contains("<h1"));
    }

    #[test]
    fn a_wrong_template_is_named_with_what_is_wrong() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("weekly.html");
        std::fs::write(&file, "").unwrap();
        let error = Templates::with_folder(folder.path()).err().unwrap().to_string();
        assert!(
            error.contains("weekly.html") && error.contains("weekly_summary"),
            "{error}"
        );
        std::fs::remove_file(&file).unwrap();
        std::fs::write(folder.path().join("message.txt"), "{{ titel }}").unwrap();
        let templates = Templates::with_folder(folder.path()).unwrap();
        let error = templates.text(&message("a")).unwrap_err().to_string();
        assert!(
            error.contains("message.txt") && error.contains("undefined"),
            "{error}"
        );
        std::fs::write(folder.path().join("message.txt"), "{% if %}").unwrap();
        assert!(Templates::with_folder(folder.path()).is_err());
    }

    #[test]
    fn long_texts_fit_into_blocks() {
        let line = "x".repeat(900);
        let document = slack_document("t", &format!("{line}\n").repeat(10));
        let blocks = document["blocks"].as_array().unwrap();
        assert!(blocks.len() >= 3);
        assert!(
            blocks
                .iter()
                .all(|block| block["text"]["text"].as_str().unwrap().len() <= SLACK_BLOCK)
        );
    }
}
