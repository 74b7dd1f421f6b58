//! The program: the window, or a headless subcommand.

use std::process::ExitCode;

fn main() -> ExitCode {
    // SAFETY: no other thread runs yet.
    unsafe { danqing::cuda::libraries::adopt_headers() };
    danqing::cuda::compile::keep_burns_kernels();
    danqing::files::log::begin();
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
