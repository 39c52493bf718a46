//! How this process identifies itself to others that use the same database.

/// The process: its id, its machine and its command.
pub(super) fn name() -> String {
    let machine = rustix::system::uname();
    format!(
        "process {} on {} (`{}`)",
        std::process::id(),
        machine.nodename().to_string_lossy(),
        command()
    )
}

/// The command line of this process, without secrets.
pub(super) fn command() -> String {
    without_secrets(std::env::args_os().map(|argument| argument.to_string_lossy().into_owned()))
}

/// A command line without the values of arguments that may be secrets.
fn without_secrets(arguments: impl Iterator<Item = String>) -> String {
    let is_secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["password", "token", "secret", "credential", "key"]
            .iter()
            .any(|word| name.contains(word))
    };
    let mut shown = Vec::new();
    let mut hide_next = false;
    for argument in arguments {
        if std::mem::take(&mut hide_next) && !argument.starts_with('-') {
            shown.push("…".to_owned());
            continue;
        }
        let name = argument.split('=').next().unwrap_or_default();
        if name.starts_with('-') && is_secret(name) {
            hide_next = !argument.contains('=');
            shown.push(if hide_next {
                argument
            } else {
                format!("{name}=…")
            });
        } else if argument.contains("://") && argument.contains('@') {
            shown.push("…".to_owned());
        } else {
            shown.push(argument);
        }
    }
    shown.join(" ")
}

#[cfg(test)]
mod tests {

    #[test]
    fn a_command_line_shows_no_secret() {
        let line = "tare crawl --password hunter2 --token=hunter2 https://u:hunter2@h/x reg.example.com -v";
        let shown = super::without_secrets(line.split(' ').map(ToOwned::to_owned));
        assert_eq!(shown, "tare crawl --password … --token=… … reg.example.com -v");
    }
}
