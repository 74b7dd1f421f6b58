//! The program: the window, or a headless subcommand.

use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

fn main() -> ExitCode {
    // SAFETY: no other thread runs yet.
    unsafe { danqing::cuda::libraries::adopt_headers() };
    danqing::cuda::compile::keep_burns_kernels();
    let filter = EnvFilter::try_from_env("DANQING_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,cubecl=error,burn=error"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    danqing::cli::main(WINDOW)
}

#[cfg(not(feature = "gui"))]
const WINDOW: Option<danqing::cli::OpenWindow> = None;

#[cfg(feature = "gui")]
const WINDOW: Option<danqing::cli::OpenWindow> =
    Some(
        |files, model| match danqing::app::run(danqing::app::Options { files, model }) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                tracing::error!("{error}");
                ExitCode::FAILURE
            }
        },
    );
