//! What several tests need and the product does not.

pub mod catalogue;
pub mod clock;
pub mod corpus;
pub mod docker_registry;
pub mod faulty_registry;
pub mod finance_reader;
pub mod inventory;
pub mod issuer;
pub mod keeper;
pub mod login_provider;
pub mod logins;
pub mod mail_server;
pub mod postgres;
pub mod program;
pub mod prometheus;
pub mod proxy;
mod self_test;
pub mod service;
pub mod storage_folder;
pub mod token_server;
pub mod web_receiver;
