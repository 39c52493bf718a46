//! The operations of the service. Each is declared once; its route, the checks of its parameters and its
//! part of the OpenAPI document come from the declaration, so they cannot disagree.

use actix_web::HttpResponse;
use actix_web::http::Method;
use futures::future::LocalBoxFuture;
use schemars::JsonSchema;

use super::access::Access;
use super::call::{Call, LARGEST_BODY};
use super::openapi::Shape;
use super::parameter::{Form, Parameter};
use super::problem::{self, Kind, Problem};
use crate::identity::Scope;

/// The function that answers an operation.
pub(super) type Handler = fn(Call) -> LocalBoxFuture<'static, Result<HttpResponse, Problem>>;

/// An operation of the service.
pub(super) struct Operation {
    pub method: Method,
    /// The path with its parameters in braces.
    pub path: &'static str,
    /// Its operation id, the name in generated clients.
    pub id: &'static str,
    /// Its tag in the document.
    pub group: &'static str,
    /// A summary in one line.
    pub summary: &'static str,
    /// Further description.
    pub about: &'static str,
    pub access: Access,
    pub in_path: Vec<Parameter>,
    pub in_query: Vec<Parameter>,
    pub in_headers: Vec<Parameter>,
    /// The form of its body.
    pub body: Option<Shape>,
    /// The accepted media types of the body.
    pub body_types: &'static [&'static str],
    /// The maximum size of the body, in bytes.
    pub largest_body: usize,
    pub answer: Answer,
    /// Whether the OpenAPI document has it. A handshake that only a vendor's machinery does is left out.
    pub is_documented: bool,
    /// Problems in addition to those of every operation.
    pub problems: Vec<&'static Kind>,
    pub handler: Handler,
}

/// The successful answer.
pub(super) struct Answer {
    pub status: u16,
    pub about: &'static str,
    pub forms: Vec<AnswerForm>,
    /// Headers: name and meaning.
    pub headers: Vec<(&'static str, &'static str)>,
    /// Whether clients may cache the answer: it has an entity tag, and `If-None-Match` is honoured.
    pub is_cacheable: bool,
    /// Links: operations that an answer leads to.
    pub links: Vec<Link>,
}

/// An operation that an answer leads to.
pub(super) struct Link {
    /// The operation's id.
    pub to: &'static str,
    /// Its parameters, and where in the answer or the request their values are.
    pub parameters: &'static [(&'static str, &'static str)],
}

/// A form of an answer.
pub(super) struct AnswerForm {
    /// Its name in the parameter `format`.
    pub name: &'static str,
    pub media_type: &'static str,
    pub content: Content,
}

/// The content of an answer.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// Content with a schema.
    Shaped(Shape),
    /// Text.
    Text,
    /// Bytes.
    Binary,
}

impl AnswerForm {
    /// A JSON document that is a serialized `T`; `name` is the name of its schema in the OpenAPI document.
    pub(super) fn json<T: JsonSchema>(name: &'static str) -> Self {
        Self::shaped(Shape::new::<T>(name))
    }

    /// A JSON document of a shape.
    pub(super) fn shaped(shape: Shape) -> Self {
        Self::new("json", "application/json", Content::Shaped(shape))
    }

    /// An answer in any form.
    pub(super) fn new(name: &'static str, media_type: &'static str, content: Content) -> Self {
        Self {
            name,
            media_type,
            content,
        }
    }
}

impl Operation {
    /// A GET operation that answers in this form.
    pub(super) fn get(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        answer: AnswerForm,
        handler: Handler,
    ) -> Self {
        Self {
            method: Method::GET,
            path,
            id,
            group: "service",
            summary,
            about: "",
            access: Access::Needs(Scope::Read),
            in_path: Vec::new(),
            in_query: Vec::new(),
            in_headers: Vec::new(),
            body: None,
            body_types: &["application/json"],
            largest_body: LARGEST_BODY,
            answer: Answer {
                status: 200,
                about: "The answer",
                forms: vec![answer],
                headers: Vec::new(),
                is_cacheable: true,
                links: Vec::new(),
            },
            is_documented: true,
            problems: Vec::new(),
            handler,
        }
        .with_path_parameters()
    }

    /// A POST operation with a body and an answer.
    pub(super) fn post(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        (body, answer): (Shape, AnswerForm),
        handler: Handler,
    ) -> Self {
        let mut operation = Self::get(path, id, summary, answer, handler);
        operation.method = Method::POST;
        operation.body = Some(body);
        operation.answer.is_cacheable = false;
        operation
    }

    /// A DELETE operation that answers in this form.
    pub(super) fn delete(
        path: &'static str,
        id: &'static str,
        summary: &'static str,
        answer: AnswerForm,
        handler: Handler,
    ) -> Self {
        let mut operation = Self::get(path, id, summary, answer, handler);
        operation.method = Method::DELETE;
        operation.answer.is_cacheable = false;
        operation
    }

    fn with_path_parameters(mut self) -> Self {
        let names = self
            .path
            .split('{')
            .skip(1)
            .filter_map(|part| part.split('}').next());
        for name in names {
            let (form, about) = match name {
                "registry" => (
                    Form::Text,
                    "The registry's name: its host, and its port if it has one.",
                ),
                "repository" => (
                    Form::Text,
                    "The repository's name as one path segment, with %2F for each slash.",
                ),
                "digest" => (
                    Form::Text,
                    "The digest of an image's manifest: sha256: and 64 hexadecimal digits.",
                ),
                _ => (Form::Text, "Its identifier."),
            };
            self.in_path.push(Parameter::new(name, form, about));
        }
        self
    }

    /// The same operation with another method.
    pub(super) fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub(super) fn group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }

    pub(super) fn about(mut self, about: &'static str) -> Self {
        self.about = about;
        self
    }

    pub(super) fn access(mut self, access: Access) -> Self {
        self.access = access;
        self
    }

    pub(super) fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.in_query.extend(parameters);
        self
    }

    /// The answer is also available as CSV.
    pub(super) fn or_csv(mut self) -> Self {
        self.answer
            .forms
            .push(AnswerForm::new("csv", "text/csv", Content::Text));
        let about = "The format of the answer; overrides the header `Accept`.";
        self.query([Parameter::new("format", Form::Word(vec!["json", "csv"]), about)])
    }

    /// The answer leads to another operation with these parameters.
    pub(super) fn leads(
        mut self,
        to: &'static str,
        parameters: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.answer.links.push(Link { to, parameters });
        self
    }

    pub(super) fn problems(mut self, kinds: impl IntoIterator<Item = &'static Kind>) -> Self {
        self.problems.extend(kinds);
        self
    }

    /// All problems that it may answer with, by status.
    pub(super) fn all_problems(&self) -> Vec<&'static Kind> {
        let mut kinds = vec![
            &problem::INVALID_REQUEST,
            &problem::NOT_ACCEPTABLE,
            &problem::MISDIRECTED,
            &problem::INTERNAL,
            &problem::UNAVAILABLE,
        ];
        if self.access != Access::Open {
            kinds.extend([
                &problem::UNAUTHENTICATED,
                &problem::FORBIDDEN,
                &problem::TOO_MANY_REQUESTS,
            ]);
        }
        if !self.in_path.is_empty() {
            kinds.push(&problem::NOT_FOUND);
        }
        if self.body.is_some() {
            kinds.extend([
                &problem::TOO_SLOW,
                &problem::TOO_LARGE,
                &problem::UNSUPPORTED_MEDIA_TYPE,
                &problem::INVALID_BODY,
            ]);
        }
        for kind in &self.problems {
            if !kinds.contains(kind) {
                kinds.push(kind);
            }
        }
        kinds.sort_by_key(|kind| kind.status);
        kinds
    }
}
