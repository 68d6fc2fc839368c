//! The process behind a guest, for whoever runs guests without being able to start itself anew.

use std::process::ExitCode;

fn main() -> ExitCode {
    match xapi_guest::holder::run_if_asked() {
        Some(code) => code,
        None => {
            eprintln!("this is started by the daemon alone");
            ExitCode::FAILURE
        }
    }
}
