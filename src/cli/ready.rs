use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::anyhow;

use super::context::Context;
use super::outcome::{Outcome, print};

/// How long a healthy service may take to answer. Our choice: below the five seconds after which the container's health
/// check gives up.
const PATIENCE: Duration = Duration::from_secs(4);

/// `tare ready`: asks the service on this machine, where its settings say that it listens.
pub(super) async fn ready(context: &Context) -> anyhow::Result<Outcome> {
    let serve = &context.settings.serve;
    let scheme = if serve.tls_certificate.is_some() {
        "https"
    } else {
        "http"
    };
    let url = format!("{scheme}://{}/readyz", reachable(serve.listen));
    let client = reqwest::Client::builder()
        .timeout(PATIENCE)
        .no_proxy()
        // It asks this very machine, under an address that no certificate names, and tells no secret.
        .danger_accept_invalid_certs(true)
        .build()?;
    let answer = client.get(&url).send().await.map_err(|error| {
        let address = reachable(serve.listen);
        if error.is_timeout() {
            anyhow!("{address} gave no answer within {} s", PATIENCE.as_secs())
        } else if error.is_connect() && is_refused(&error) {
            anyhow!("nobody listens on {address}: start tare serve, or set serve.listen to where it listens")
        } else {
            anyhow::Error::from(error.without_url()).context(format!("no answer from {url}"))
        }
    })?;
    let status = answer.status();
    let body = answer.text().await?;
    if !status.is_success() {
        anyhow::bail!("{url} answers {status}: {}", body.trim());
    }
    print(&format!("{url} answers {status}\n"))?;
    Ok(Outcome::Complete)
}

/// Whether the system refused the connection, because no process listens there.
fn is_refused(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        let system = inner.downcast_ref::<std::io::Error>();
        if system.is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = inner.source();
    }
    false
}

/// An address at which a listener can be reached from its own machine.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_that_listens_everywhere_is_asked_on_this_machine() {
        for (listen, asked) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:1", "[::1]:1"),
            ("10.0.0.5:8080", "10.0.0.5:8080"),
        ] {
            assert_eq!(
                reachable(listen.parse().unwrap()),
                asked.parse::<SocketAddr>().unwrap()
            );
        }
    }
}
