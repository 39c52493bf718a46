//! The OpenAPI document, and a page that shows it.

use actix_web::HttpResponse;
use actix_web::http::header;

use crate::api::access::Access;
use crate::api::call::Call;
use crate::api::openapi;
use crate::api::operation::{AnswerForm, Operation};
use crate::api::problem::Problem;
use crate::api::reply::Reply;

pub(super) fn operations() -> Vec<Operation> {
    let mut page = Operation::get(
        "/docs",
        "get_documentation",
        "This documentation, to be read",
        "",
        |call| Box::pin(page(call)),
    )
    .access(Access::Open);
    page.answer.forms = vec![AnswerForm {
        name: "html",
        media_type: "text/html",
        schema: serde_json::json!({"type": "string"}),
    }];
    vec![
        Operation::get(
            "/openapi.json",
            "get_openapi",
            "This documentation, for programs",
            "OpenApi",
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
