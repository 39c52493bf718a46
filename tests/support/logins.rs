//! A browser that logs in: it keeps cookies and follows redirects, step by step.

use std::collections::BTreeMap;

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::service::{Answer, Service};

/// A browser's cookies for one service, and the address under which it knows the service.
pub struct Browser {
    home: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    /// A new browser, for a service whose public URL this is.
    pub fn new(home: &str) -> Self {
        Self {
            home: home.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// Asks a replica of the service with the cookies, and keeps those that come.
    pub fn ask(&mut self, service: &Service, path: &str) -> Answer {
        let request = self.request(service, Method::GET, path);
        self.send(service, request)
    }

    /// A request with the cookies, to be changed and sent.
    pub fn request(&self, service: &Service, method: Method, path: &str) -> RequestBuilder {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        service.request(method, path).header("cookie", cookies.join("; "))
    }

    /// Sends a request and keeps the cookies that come.
    pub fn send(&mut self, service: &Service, request: RequestBuilder) -> Answer {
        let answer = service.send(request);
        for cookie in answer.headers.get_all("set-cookie") {
            let text = cookie.to_str().expect("text");
            let (name, value) = text
                .split(';')
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a cookie");
            if text.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Begins a login and goes to the provider. Gives the path to which the provider sends the browser.
    pub fn begin(&mut self, service: &Service, path: &str) -> String {
        let begun = self.ask(service, path);
        assert_eq!(begun.status, 302, "{}", begun.text());
        let back = service.get_elsewhere(begun.header("location"));
        assert_eq!(back.status, 302, "{}", back.text());
        let path = back.header("location").strip_prefix(&self.home);
        format!("/{}", path.expect("an address of the service"))
    }

    /// Logs in. Gives the address at which the browser arrives.
    pub fn log_in(&mut self, service: &Service) -> String {
        let back = self.begin(service, "/auth/login");
        let answer = self.ask(service, &back);
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("location").to_owned()
    }

    /// Logs out as the page does. Gives what the service answers.
    pub fn log_out(&mut self, service: &Service) -> Value {
        let request = self
            .request(service, Method::POST, "/auth/logout")
            .header("origin", self.home.trim_end_matches('/'))
            .header("x-requested-with", "tare");
        let answer = self.send(service, request);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// The values of its cookies, by name.
    pub fn cookies(&self) -> &BTreeMap<String, String> {
        &self.cookies
    }

    /// Forgets or replaces a cookie.
    pub fn set_cookie(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.cookies.insert(name.to_owned(), value.to_owned()),
            None => self.cookies.remove(name),
        };
    }
}
