//! `danqing show`: how a picture came about.

use super::{
    Failure,
    terminal::{note, print_line, printable},
};
use crate::gallery::{PngRecord, parameters, read_png};
use serde_json::json;
use std::path::PathBuf;

/// Arguments of `danqing show`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A PNG file, of Danqing or of a tool that writes `parameters`
    #[arg(value_name = "FILE.png")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints the record in the picture's file.
///
/// # Errors
/// [`Failure::Input`] when the file is no picture, or says nothing of how it was made.
pub fn run(args: &Args) -> Result<(), Failure> {
    let record = read_png(&args.file)?;
    for warning in &record.warnings {
        note(warning);
    }
    if record.metadata.is_none() && record.parameters.is_none() {
        return Err(Failure::Input(format!(
            "{} does not say how it was made",
            args.file.display()
        )));
    }
    if args.json {
        print_line(&as_json(&record).to_string());
    } else if let Some(metadata) = &record.metadata {
        let json =
            serde_json::to_string_pretty(metadata).map_err(|error| Failure::output(&error))?;
        print_line(&printable(&format!(
            "{}\n\n{json}",
            parameters::write(metadata)
        )));
    } else if let Some(parameters) = &record.parameters {
        print_line(&printable(&parameters.prompt));
        if !parameters.negative.is_empty() {
            print_line(&format!(
                "Negative prompt: {}",
                printable(&parameters.negative)
            ));
        }
        for (name, value) in &parameters.settings {
            print_line(&format!("{name}: {}", printable(value)));
        }
    }
    Ok(())
}

fn as_json(record: &PngRecord) -> serde_json::Value {
    let parameters = record.parameters.as_ref().map(|parameters| {
        let settings: serde_json::Map<String, serde_json::Value> =
            parameters.settings.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
        json!({ "prompt": parameters.prompt, "negative": parameters.negative, "settings": settings })
    });
    json!({
        "width": record.width,
        "height": record.height,
        "metadata": record.metadata,
        "parameters": parameters,
        "warnings": record.warnings,
    })
}
