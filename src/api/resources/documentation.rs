//! The OpenAPI document, and a page that shows it.

use actix_web::HttpResponse;
use actix_web::http::header;
use schemars::json_schema;

use crate::api::access::Access;
use crate::api::call::Call;
use crate::api::openapi::{self, Shape};
use crate::api::operation::{AnswerForm, Content, Operation};
use crate::api::problem::Problem;
use crate::api::reply::Reply;

pub(super) fn operations() -> Vec<Operation> {
    let page = Operation::get(
        "/docs",
        "get_documentation",
        "This documentation as HTML",
        AnswerForm::new("html", "text/html", Content::Text),
        |call| Box::pin(page(call)),
    )
    .access(Access::Open);
    vec![
        Operation::get(
            "/openapi.json",
            "get_openapi",
            "This documentation as an OpenAPI document",
            AnswerForm::shaped(Shape::written("OpenApi", |_| {
                json_schema!({
                    "description": "An OpenAPI 3.1 document.",
                    "type": "object",
                    "required": ["openapi"],
                })
            })),
            |call| Box::pin(document(call)),
        )
        .access(Access::Open),
        page,
    ]
}

async fn document(call: Call) -> Result<HttpResponse, Problem> {
    call.reply(Reply::new("application/json", call.api.openapi.clone()))
}

async fn page(call: Call) -> Result<HttpResponse, Problem> {
    let html = openapi::page(&call.api.openapi)?;
    let reply = Reply::new("text/html; charset=utf-8", html.into_bytes());
    call.reply(reply.with_header(
        header::CONTENT_SECURITY_POLICY,
        &openapi::content_security_policy(),
    ))
}
