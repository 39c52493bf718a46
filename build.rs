//! A new migration changes no Rust file, so cargo has to be told to compile the list of migrations again.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
