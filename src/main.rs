//! The program `tare`. Everything it does is in the library.

fn main() -> std::process::ExitCode {
    tare::cli::main()
}
