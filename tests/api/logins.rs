//! People who log in with a browser, as they and attackers meet it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{company, name_of, names};
use crate::support::issuer::{Issuer, SigningKey};
use crate::support::login_provider::LoginFault;
use crate::support::logins::Browser;
use crate::support::program::Program;
use crate::support::service::{Answer, Service};

/// The rules of the tests' operator.
const RULES: &str = r#"
    [[oidc.rules]]
    claim = "roles"
    value = "operator"
    scopes = ["read", "crawl"]
    [[oidc.rules]]
    claim = "groups"
    value = "finance"
    scopes = ["read"]
    cost_centres = ["CC-1"]
"#;

/// A provider at which a person with these claims logs in.
fn provider(claims: Value) -> Issuer {
    let key = || SigningKey::new("one", "ES256");
    let key = key();
    let issuer = Issuer::with_keys(&[&key]);
    issuer.provider().person(key, claims);
    issuer
}

fn operator() -> Value {
    json!({"roles": ["operator"], "preferred_username": "alice", "email": "alice@example.com"})
}

fn finance() -> Value {
    json!({"groups": ["finance"], "preferred_username": "bob"})
}

/// A program at which people log in with this provider.
fn with_logins(program: Program, issuer: &Issuer, more: &str) -> Program {
    let file = program.home().join(".config/tare/tare.toml");
    let before = std::fs::read_to_string(&file).expect("a configuration");
    let section = format!(
        "[[oidc]]\nissuer = {:?}\naudiences = [\"api\"]\nclient_id = \"tare-page\"\n{more}{RULES}",
        issuer.url()
    );
    std::fs::write(&file, format!("{before}{section}")).expect("written");
    program
}

fn browser(service: &Service) -> Browser {
    Browser::new(&format!("{}/", service.url()))
}

/// Asks to start a crawl, with these headers beside the cookies.
fn crawl(browser: &mut Browser, service: &Service, registry: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = browser
        .request(service, Method::POST, "/v1/crawls")
        .header("content-type", "application/json")
        .body(json!({"registry": registry}).to_string());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    browser.send(service, request)
}

#[test]
fn a_login_opens_what_the_claims_allow_until_it_ends() {
    let (_registry, program) = company();
    let issuer = provider(finance());
    let service = with_logins(program, &issuer, "").serve(&["--role", "api"]);
    let mut browser = browser(&service);

    let nothing = browser.ask(&service, "/v1/summary");
    let problem = nothing.problem(401, "unauthenticated");
    let offer = &problem["logins"][0];
    let url = offer["url"].as_str().expect("an address").to_owned();
    assert!(
        issuer.url().contains(offer["name"].as_str().expect("a name")),
        "{offer}"
    );

    let back = browser.begin(&service, &format!("{url}&return_to=%3Fview%3Dsavings"));
    let arrived = browser.ask(&service, &back);
    assert_eq!(arrived.status, 303, "{}", arrived.text());
    assert_eq!(
        arrived.header("location"),
        format!("{}/?view=savings", service.url())
    );
    assert_eq!(arrived.header("cache-control"), "no-store");
    assert_eq!(browser.cookies().keys().collect::<Vec<_>>(), ["tare-session"]);

    let list = browser.ask(&service, "/v1/repositories?sort=name").json();
    assert_eq!(names(&list), ["team-a/api", "team-a/deep/worker"]);
    browser.ask(&service, "/metrics").problem(403, "forbidden");
    let me = browser.ask(&service, "/v1/me").json();
    assert!(me["name"].as_str().expect("a name").starts_with("bob ("), "{me}");
    assert_eq!(
        (
            &me["authenticated_by"],
            &me["scopes"],
            &me["registries"],
            &me["cost_centres"]
        ),
        (&json!("login"), &json!(["read"]), &Value::Null, &json!(["CC-1"]))
    );
    assert!(me["expires_at"].is_string(), "{me}");

    let cookie = browser.cookies()["tare-session"].clone();
    let ended = browser.log_out(&service);
    let continue_at = ended["continue_at"].as_str().expect("an address");
    assert!(
        continue_at.contains("/logout?client_id=tare-page&post_logout_redirect_uri=http"),
        "{continue_at}"
    );
    assert!(browser.cookies().is_empty());
    browser.set_cookie("tare-session", Some(&cookie));
    let problem = browser.ask(&service, "/v1/me").problem(401, "unauthenticated");
    assert!(
        problem["detail"]
            .as_str()
            .expect("a detail")
            .contains("log in again"),
        "{problem}"
    );

    let document = service.json("/openapi.json");
    assert_eq!(
        document["components"]["securitySchemes"]["login"]["name"],
        "tare-session"
    );
}

#[test]
fn keys_tokens_and_logins_say_who_they_are() {
    let (_registry, program) = company();
    let key = SigningKey::new("one", "ES256");
    let issuer = Issuer::with_keys(&[&key]);
    let program = with_logins(program, &issuer, "");
    let service = program.serve(&["--role", "api"]);
    let made = program.run(&[
        "key",
        "create",
        "sensor",
        "--scope",
        "ingest",
        "--registry",
        "eu-*",
    ]);
    let me = |credential: &str| {
        let request = service.request(Method::GET, "/v1/me");
        service
            .send(request.header("authorization", format!("Bearer {credential}")))
            .json()
    };
    let of_key = me(String::from_utf8(made.stdout).expect("text").trim());
    assert_eq!(
        of_key,
        json!({
            "name": "sensor", "authenticated_by": "key", "scopes": ["ingest"], "registries": ["eu-*"],
            "cost_centres": null, "expires_at": null,
        })
    );
    let of_token = me(&issuer.token(&key, &json!({"aud": "api", "roles": ["operator"]})));
    assert_eq!(of_token["authenticated_by"], "token");
    assert_eq!(of_token["scopes"], json!(["read", "crawl"]));
    assert!(of_token["expires_at"].is_string(), "{of_token}");
    service.get("/v1/me").problem(401, "unauthenticated");

    let open = company().1.serve(&["--role", "api"]);
    let anonymous = open.json("/v1/me");
    assert_eq!(
        (&anonymous["name"], &anonymous["authenticated_by"]),
        (&json!("anonymous"), &json!("nothing"))
    );
    open.get("/auth/login").problem(404, "not-found");
}

#[test]
fn a_session_works_at_every_replica_after_a_restart_and_ends_at_all() {
    let (_registry, program) = company();
    let issuer = provider(operator());
    let home = "https://tare.example.com/";
    let program = with_logins(program, &issuer, "").variable("TARE_SERVE_PUBLIC_URL", home);
    let (one, two) = (
        program.serve(&["--role", "api"]),
        program.serve(&["--role", "api"]),
    );
    let mut browser = Browser::new(home);

    let back = browser.begin(&one, "/auth/login");
    let arrived = browser.ask(&two, &back);
    assert_eq!(
        (arrived.status, arrived.header("location")),
        (303, home),
        "{}",
        arrived.text()
    );
    let set: Vec<_> = arrived.headers.get_all("set-cookie").iter().collect();
    let session = set[0].to_str().expect("text");
    assert!(
        session.starts_with("__Host-tare-session=")
            && session.ends_with("; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=43200"),
        "{session}"
    );
    for service in [&one, &two] {
        assert_eq!(browser.ask(service, "/v1/summary").status, 200);
    }
    drop(one);
    let one = program.serve(&["--role", "api"]);
    assert_eq!(browser.ask(&one, "/v1/summary").status, 200);

    let cookie = browser.cookies()["__Host-tare-session"].clone();
    browser.log_out(&one);
    browser.set_cookie("__Host-tare-session", Some(&cookie));
    for service in [&one, &two] {
        browser
            .ask(service, "/v1/summary")
            .problem(401, "unauthenticated");
    }
}

#[test]
fn a_change_with_a_cookie_needs_to_come_from_the_page_itself() {
    let (registry, program) = company();
    let issuer = provider(operator());
    let service = with_logins(program, &issuer, "").serve(&["--registry", registry.url()]);
    let (origin, name) = (service.url().to_owned(), name_of(&registry));
    let mut browser = browser(&service);
    browser.log_in(&service);
    let asked_by = ("x-requested-with", "tare");
    for headers in [
        &[][..],
        &[asked_by],
        &[("origin", origin.as_str())],
        &[("origin", "https://evil.example"), asked_by],
        &[("origin", "null"), asked_by],
        &[("sec-fetch-site", "same-site"), asked_by],
        &[
            ("origin", "https://evil.example"),
            ("sec-fetch-site", "same-origin"),
            asked_by,
        ],
    ] {
        let refused = crawl(&mut browser, &service, &name, headers);
        assert_eq!(refused.status, 403, "{headers:?}: {}", refused.text());
    }
    let outside = browser.request(&service, Method::POST, "/auth/logout");
    browser.send(&service, outside).problem(403, "forbidden");
    let started = crawl(&mut browser, &service, &name, &[("origin", &origin), asked_by]);
    assert_eq!(started.status, 202, "{}", started.text());
    let by = started.json()["requested_by"]
        .as_str()
        .expect("a name")
        .to_owned();
    assert!(by.starts_with("API: alice ("), "{by}");
    let again = crawl(
        &mut browser,
        &service,
        &name,
        &[("sec-fetch-site", "same-origin"), asked_by],
    );
    assert_eq!(again.status, 202, "{}", again.text());
}

#[test]
fn an_answer_that_belongs_to_no_login_of_this_browser_is_refused() {
    let (_registry, program) = company();
    let issuer = provider(operator());
    let service = with_logins(program, &issuer, "").serve(&["--role", "api"]);
    let mut victim = browser(&service);

    // An attacker's code, sent to the victim.
    let attackers = browser(&service).begin(&service, "/auth/login");
    victim.ask(&service, &attackers).problem(400, "invalid-request");
    let own = victim.begin(&service, "/auth/login");
    victim.ask(&service, &attackers).problem(400, "invalid-request");
    let wrong_state = own.replacen("state=", "state=x", 1);
    victim.ask(&service, &wrong_state).problem(400, "invalid-request");

    // The victim's own login is not harmed, and its code works once.
    let login = victim.cookies()["tare-login"].clone();
    assert_eq!(victim.ask(&service, &own).status, 303);
    victim.ask(&service, &own).problem(400, "invalid-request");
    victim.set_cookie("tare-login", Some(&login));
    let replayed = victim.ask(&service, &own);
    let problem = replayed.problem(403, "forbidden");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("invalid_grant: Code not valid"), "{detail}");
}

#[test]
fn what_is_wrong_at_the_provider_is_shown_plainly() {
    let (_registry, program) = company();
    let issuer = provider(operator());
    let service = with_logins(program, &issuer, "").serve(&["--role", "api"]);
    for (fault, status, words) in [
        (
            LoginFault::Denied,
            403,
            "access_denied: <b>alice</b> did not agree",
        ),
        (LoginFault::OtherIssuer, 400, "another identity provider"),
        (LoginFault::OtherNonce, 403, "made for another login"),
        (LoginFault::OtherAudience, 403, "another service"),
        (LoginFault::OtherParty, 403, "another service"),
        (LoginFault::OtherKey, 403, "signature"),
        (LoginFault::NoIdToken, 503, "no ID token"),
        (LoginFault::Page, 503, "does not answer as expected"),
    ] {
        issuer.provider().fail(Some(fault));
        let mut browser = browser(&service);
        let back = browser.begin(&service, "/auth/login");
        let refused = browser.ask(&service, &back);
        assert_eq!(refused.status, status, "{fault:?}: {}", refused.text());
        let detail = refused.json()["detail"].as_str().expect("a detail").to_owned();
        assert!(detail.contains(words), "{fault:?}: {detail}");
        assert!(!browser.cookies().contains_key("tare-session"), "{fault:?}");
    }

    // People see a page, in which the provider's words are text.
    issuer.provider().fail(Some(LoginFault::Denied));
    let mut person = browser(&service);
    let back = person.begin(&service, "/auth/login");
    let request = person
        .request(&service, Method::GET, &back)
        .header("accept", "text/html,*/*;q=0.8");
    let page = person.send(&service, request);
    assert_eq!(
        (page.status, page.header("content-type")),
        (403, "text/html; charset=utf-8")
    );
    let text = page.text();
    assert!(
        text.contains("&lt;b&gt;alice") && text.contains("href=\"/auth/login\""),
        "{text}"
    );

    issuer.provider().fail(None);
    issuer
        .provider()
        .person(SigningKey::new("one", "ES256"), json!({}));
    let stranger = provider(json!({"groups": ["guests"]}));
    let (_registry, program) = company();
    let service = with_logins(program, &stranger, "").serve(&["--role", "api"]);
    let mut guest = browser(&service);
    let back = guest.begin(&service, "/auth/login");
    let detail = guest.ask(&service, &back).problem(403, "forbidden")["detail"].to_string();
    assert!(
        detail.contains("\\\"operator\\\" in roles or \\\"finance\\\" in groups"),
        "{detail}"
    );
}

#[test]
fn a_login_leads_nowhere_but_to_the_page() {
    let (_registry, program) = company();
    let issuer = provider(operator());
    let service = with_logins(program, &issuer, "").serve(&["--role", "api"]);
    for elsewhere in [
        "https://evil.example/",
        "//evil.example",
        "/\\evil.example",
        "%5C%5Cevil",
        "x",
    ] {
        let refused = service.get(&format!("/auth/login?return_to={elsewhere}"));
        refused.problem(400, "invalid-request");
    }
    service.get("/auth/login?provider=7").problem(404, "not-found");
    service
        .get("/auth/login?provider=x")
        .problem(400, "invalid-request");
    let mut browser = browser(&service);
    let back = browser.begin(&service, "/auth/login");
    let (login, forged) = (browser.cookies()["tare-login"].clone(), "Ly9ldmlsLmV4YW1wbGU");
    let (parts, _) = login.rsplit_once('.').expect("parts");
    browser.set_cookie("tare-login", Some(&format!("{parts}.{forged}")));
    browser.ask(&service, &back).problem(400, "invalid-request");
}

#[test]
fn a_client_with_a_secret_sends_it_and_a_wrong_one_is_explained() {
    let (_registry, program) = company();
    let issuer = provider(operator());
    let file = program.home().join("secret");
    std::fs::write(&file, "s3cret\nnot this\n").expect("written");
    let setting = format!("client_secret_file = {:?}\n", file.display().to_string());
    issuer.provider().secret("s3cret");
    let program = with_logins(program, &issuer, &setting);
    let checked = program.run(&["doctor"]);
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(
        said.contains("usable signing keys: 1; people can log in"),
        "{said}"
    );
    let service = program.serve(&["--role", "api"]);
    browser(&service).log_in(&service);
    // A new secret needs no restart.
    issuer.provider().secret("another");
    let mut refused = browser(&service);
    let back = refused.begin(&service, "/auth/login");
    let detail = refused.ask(&service, &back).problem(403, "forbidden")["detail"].to_string();
    assert!(
        detail.contains("invalid_client") && !detail.contains("s3cret"),
        "{detail}"
    );
    std::fs::write(&file, "another\n").expect("written");
    browser(&service).log_in(&service);

    drop(service);
    std::fs::remove_file(&file).expect("removed");
    let stopped = program.run(&["serve", "--listen", "127.0.0.1:0"]);
    let said = String::from_utf8_lossy(&stopped.stderr).into_owned();
    assert!(
        !stopped.status.success() && said.contains("client_secret_file"),
        "{said}"
    );
    let open = program.run(&["serve", "--listen", "0.0.0.0:0"]);
    let said = String::from_utf8_lossy(&open.stderr).into_owned();
    assert!(
        open.status.code() == Some(2) && said.contains("serve.public_url"),
        "{said}"
    );
}

#[test]
fn below_a_path_the_cookies_are_for_that_path() {
    let (_registry, program) = company();
    let issuer = provider(operator());
    let home = "https://example.com/tare/";
    let program = with_logins(program, &issuer, "").variable("TARE_SERVE_PUBLIC_URL", home);
    let service = program.serve(&["--role", "api"]);
    let mut browser = Browser::new(home);
    let nothing = browser.ask(&service, "/v1/me").json();
    assert_eq!(nothing["logins"][0]["url"], "/tare/auth/login?provider=0");
    let back = browser.begin(&service, "/tare/auth/login");
    let arrived = browser.ask(&service, &format!("/tare{back}"));
    assert_eq!(
        (arrived.status, arrived.header("location")),
        (303, home),
        "{}",
        arrived.text()
    );
    let session = arrived
        .headers
        .get_all("set-cookie")
        .iter()
        .next()
        .expect("a cookie");
    let session = session.to_str().expect("text");
    assert!(
        session.starts_with("__Secure-tare-session=") && session.contains("; Path=/tare/;"),
        "{session}"
    );
    assert_eq!(browser.ask(&service, "/v1/me").status, 200);
}
