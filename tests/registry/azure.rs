//! Logging in to Azure Container Registry as an identity of Entra ID.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::json;
use tare::clock::{Clock, SystemClock};
use tare::registry::{AzureIdentity, Client, Credentials, ErrorKind, Origin};
use tempfile::TempDir;
use url::Url;

use super::harness::{catalog, quick, small, stranger};
use crate::support::faulty_registry::{Answer, Body, FaultyRegistry, Request, Spoil, TokenServer};

const ENTRA_TOKEN: &str = "token-of-entra";
const REFRESH_TOKEN: &str = "refresh-token";
const ASSERTION: &str = "federations-word";

/// A clock that a test can put forward.
#[derive(Debug, Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        SystemClock.now() + TimeDelta::minutes(self.0.load(Ordering::Relaxed))
    }
}

/// A registry of Azure's, Entra ID, and what vouches for us.
struct Azure {
    registry: FaultyRegistry,
    entra: FaultyRegistry,
    folder: TempDir,
    clock: Arc<Ahead>,
}

/// A field of a posted form.
fn field(request: &Request, name: &str) -> Option<String> {
    let mut fields = url::form_urlencoded::parse(request.body.as_bytes());
    fields
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

impl Azure {
    fn start() -> Self {
        let tokens = TokenServer::default().user("nobody", REFRESH_TOKEN);
        let registry = small().0.tokens(tokens).start();
        let entra = stranger();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("token"), format!("{ASSERTION}\n")).unwrap();
        let azure = Self {
            registry,
            entra,
            folder,
            clock: Arc::default(),
        };
        azure.behave();
        azure
    }

    /// Answers as Azure does.
    fn behave(&self) {
        let granted =
            |_: &Request, _| Answer::json(&json!({"access_token": ENTRA_TOKEN, "expires_in": "3599"}));
        self.entra.on(|_| true).spoil(Spoil::with(granted));
        let exchange = |request: &Request, _| match field(request, "access_token").as_deref() {
            Some(ENTRA_TOKEN) => Answer::json(&json!({"refresh_token": REFRESH_TOKEN})),
            _ => Answer::error(401, "UNAUTHORIZED"),
        };
        let is_exchange = |request: &Request| request.path == "/oauth2/exchange";
        self.registry.on(is_exchange).spoil(Spoil::with(exchange));
    }

    fn workload(&self) -> AzureIdentity {
        AzureIdentity::Workload {
            authority: Url::parse(self.entra.url()).unwrap(),
            tenant: "tenant".into(),
            client_id: "client".into(),
            token_file: self.folder.path().join("token"),
        }
    }

    fn client(&self, identity: AzureIdentity) -> Client {
        let clock: Arc<dyn Clock> = Arc::<Ahead>::clone(&self.clock);
        let credentials = Credentials::Azure {
            identity,
            any_host: true,
        };
        Client::new(
            Origin::parse(self.registry.url()).unwrap(),
            credentials,
            quick(),
            clock,
        )
        .unwrap()
    }

    fn put_clock_forward(&self, minutes: i64) {
        self.clock.0.fetch_add(minutes, Ordering::Relaxed);
    }

    fn exchanges(&self) -> usize {
        self.registry.count("POST", "/oauth2/exchange")
    }
}

/// Vendors: Azure.
#[tokio::test]
async fn a_federations_word_becomes_a_token_of_the_registrys() {
    let azure = Azure::start();
    let client = azure.client(azure.workload());
    assert_eq!(catalog(&client).await.unwrap().1, ["app"]);
    client.tags_page(&"app".parse().unwrap(), None).await.unwrap();

    let [asked] = &azure.entra.requests()[..] else {
        panic!("Entra ID is asked once")
    };
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        ("POST", "/tenant/oauth2/v2.0/token")
    );
    for (name, value) in [
        ("grant_type", "client_credentials"),
        ("client_id", "client"),
        ("scope", "https://containerregistry.azure.net/.default"),
        (
            "client_assertion_type",
            "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        ),
        ("client_assertion", ASSERTION),
    ] {
        assert_eq!(field(asked, name).as_deref(), Some(value), "{name}");
    }
    let requests = azure.registry.requests();
    let exchange = requests
        .iter()
        .find(|request| request.path == "/oauth2/exchange")
        .unwrap();
    for (name, value) in [
        ("grant_type", "access_token"),
        ("service", "faulty"),
        ("tenant", "tenant"),
    ] {
        assert_eq!(field(exchange, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(azure.exchanges(), 1, "two scopes, one login");
    let seen_again = requests
        .iter()
        .filter(|request| request.path != "/oauth2/exchange");
    let holds = |request: &Request, secret: &str| format!("{request:?}").contains(secret);
    assert!(seen_again.clone().all(|request| !holds(request, ENTRA_TOKEN)));
    assert!(requests.iter().all(|request| !holds(request, ASSERTION)));
}

/// Vendors: Azure.
#[tokio::test]
async fn a_login_is_renewed_in_time_and_when_it_is_revoked() {
    let azure = Azure::start();
    let client = azure.client(azure.workload());
    catalog(&client).await.unwrap();
    azure.put_clock_forward(10);
    catalog(&client).await.unwrap();
    assert_eq!(azure.exchanges(), 1, "only the access token is renewed");

    fs::write(azure.folder.path().join("token"), "another word").unwrap();
    azure.put_clock_forward(60);
    catalog(&client).await.unwrap();
    assert_eq!(azure.exchanges(), 2);
    let asked = azure.entra.requests();
    assert_eq!(
        field(&asked[1], "client_assertion").as_deref(),
        Some("another word")
    );

    azure.put_clock_forward(10);
    azure
        .registry
        .on(|request| request.path == "/token")
        .times(1)
        .spoil(Spoil::Status(401));
    catalog(&client).await.unwrap();
    assert_eq!(
        azure.exchanges(),
        3,
        "a refresh token that was revoked is replaced once"
    );
}

/// Vendors: Azure.
#[tokio::test]
async fn machines_and_apps_ask_their_platform() {
    let azure = Azure::start();
    let endpoint = |path: &str| Url::parse(&format!("{}{path}", azure.entra.url())).unwrap();
    let machine = AzureIdentity::Machine {
        endpoint: endpoint("/"),
        client_id: Some("mine".into()),
    };
    catalog(&azure.client(machine)).await.unwrap();
    let app = AzureIdentity::AppService {
        endpoint: endpoint("/msi/token"),
        header: SecretString::from("header-of-the-app"),
        client_id: None,
    };
    catalog(&azure.client(app)).await.unwrap();
    let [machine, app] = &azure.entra.requests()[..] else {
        panic!("each asks once")
    };
    assert!(machine.path.starts_with("/metadata/identity/oauth2/token?"));
    assert_eq!(machine.header("metadata"), Some("true"));
    assert_eq!(machine.parameter("client_id").as_deref(), Some("mine"));
    assert_eq!(machine.parameter("api-version").as_deref(), Some("2018-02-01"));
    assert!(app.path.starts_with("/msi/token?"));
    assert_eq!(app.header("x-identity-header"), Some("header-of-the-app"));
    assert_eq!(app.parameter("api-version").as_deref(), Some("2019-08-01"));
    for request in [machine, app] {
        let resource = request.parameter("resource");
        assert_eq!(resource.as_deref(), Some("https://containerregistry.azure.net"));
    }
}

#[tokio::test]
async fn refusals_say_whose_they_are_and_what_to_do_without_a_secret() {
    let azure = Azure::start();
    let echo = |request: &Request, _| Answer {
        status: 400,
        ..Answer::json(&json!({"error": "invalid_client", "error_description": request.body}))
    };
    let no_match = |_: &Request, _| Answer {
        status: 401,
        ..Answer::json(&json!({"error": "invalid_client", "error_description": "AADSTS70021: No match"}))
    };
    for (spoil, expected) in [
        (Spoil::with(echo), "repeated our credentials"),
        (Spoil::with(no_match), "AADSTS70021"),
    ] {
        azure.entra.heal();
        azure.entra.on(|_| true).spoil(spoil);
        let error = catalog(&azure.client(azure.workload())).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
        assert!(
            text.contains(expected) && text.contains("AZURE_CLIENT_ID"),
            "{text}"
        );
        assert!(
            text.contains("federated credential") && !text.contains(ASSERTION),
            "{text}"
        );
    }
    azure.entra.heal();
    azure.behave();
    azure.registry.heal();
    let echo = |request: &Request, _| Answer {
        status: 403,
        ..Answer::json(&json!({"errors": [{"code": "DENIED", "message": request.body}]}))
    };
    azure
        .registry
        .on(|request| request.path == "/oauth2/exchange")
        .spoil(Spoil::with(echo));
    let error = catalog(&azure.client(azure.workload())).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
    assert!(
        text.contains("AcrPull") && text.contains("Catalog Lister"),
        "{text}"
    );
    assert!(!text.contains(ENTRA_TOKEN), "{text}");

    fs::remove_file(azure.folder.path().join("token")).unwrap();
    let error = catalog(&azure.client(azure.workload())).await.unwrap_err();
    assert!(
        error.to_string().contains("AZURE_FEDERATED_TOKEN_FILE"),
        "{error}"
    );
}

#[tokio::test]
async fn neither_a_redirect_nor_a_flood_is_taken_for_a_token() {
    let elsewhere = stranger();
    let target = elsewhere.url().to_owned();
    let with = |body: fn() -> Body| {
        Spoil::with(move |_, _| Answer {
            body: body(),
            ..Answer::new(200)
        })
    };
    for (spoil, kind) in [
        (Spoil::Redirect(307, target.clone()), ErrorKind::Invalid),
        (Spoil::Redirect(302, target.clone()), ErrorKind::Invalid),
        (with(|| Body::Zeros(8 << 20)), ErrorKind::Invalid),
        (with(|| Body::Whole("{}".into())), ErrorKind::Invalid),
        (with(|| Body::Broken), ErrorKind::Unavailable),
        (Spoil::Status(503), ErrorKind::Unavailable),
    ] {
        for at_entra in [true, false] {
            let azure = Azure::start();
            let spoilt = if at_entra { &azure.entra } else { &azure.registry };
            spoilt.heal();
            spoilt
                .on(move |request| at_entra || request.path == "/oauth2/exchange")
                .spoil(spoil.clone());
            let error = catalog(&azure.client(azure.workload())).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{at_entra} {error}");
        }
    }
    assert!(elsewhere.requests().is_empty());
}

#[tokio::test]
async fn a_fault_that_passes_costs_another_attempt() {
    let azure = Azure::start();
    let (entra, registry) = (&azure.entra, &azure.registry);
    for (server, path) in [(entra, "/tenant/"), (registry, "/oauth2/")] {
        server.heal();
        server
            .on(move |request| request.path.starts_with(path))
            .times(1)
            .spoil(Spoil::Status(502));
    }
    azure.behave();
    catalog(&azure.client(azure.workload())).await.unwrap();
    assert_eq!((entra.requests().len(), azure.exchanges()), (2, 2));
}

/// Vendors: Azure.
#[tokio::test]
async fn a_strangers_registry_never_sees_the_token_of_entra() {
    let azure = Azure::start();
    let credentials = Credentials::Azure {
        identity: azure.workload(),
        any_host: false,
    };
    let origin = Origin::parse(azure.registry.url()).unwrap();
    let refused = Client::new(origin, credentials, quick(), Arc::new(SystemClock));
    let Err(error) = refused else {
        panic!("it is not one of Azure's")
    };
    assert!(error.to_string().contains("azure_custom_domain"), "{error}");
    assert!(azure.entra.requests().is_empty() && azure.registry.requests().is_empty());
}
