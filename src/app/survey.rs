//! What the program runs on: found out once, on a thread of its own.

use super::outcome::Outcome;
use super::state::{SystemState, Unusable};
use crate::pipeline::device::{DeviceChoice, cuda_status, list_devices};
use crate::pipeline::{Placement, Precision, machine_memory};

/// Lists devices and versions. Asking the driver takes its time.
pub fn devices() -> Outcome {
    let devices = list_devices();
    let status = cuda_status();
    let no_cuda = status
        .missing
        .as_ref()
        .map(|missing| format!("{}: {}", missing.what, missing.remedy));
    let mut facts = vec![(
        "system-version",
        format!("Danqing {}", env!("CARGO_PKG_VERSION")),
    )];
    facts.push((
        "system-os",
        format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
    ));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    facts.push(("system-cores", cores.to_string()));
    if let Some((major, minor)) = status.driver {
        facts.push(("system-driver", format!("CUDA {major}.{minor}")));
    }
    let choices = devices.iter().map(|device| device.id);
    let unusable = unusable(std::iter::once(DeviceChoice::Auto).chain(choices));
    Outcome::Devices(
        devices,
        Box::new(SystemState {
            no_cuda,
            facts,
            unusable,
            memory: machine_memory(),
            ..SystemState::default()
        }),
    )
}

/// The number formats that cannot be used on each of these devices.
fn unusable(choices: impl Iterator<Item = DeviceChoice>) -> Vec<Unusable> {
    let all = choices.flat_map(|device| Precision::ALL.map(|precision| (device, precision)));
    all.filter_map(|(device, precision)| {
        let why = Placement::resolve(device, Some(precision)).err()?;
        Some(Unusable {
            device,
            precision,
            why: why.to_string(),
        })
    })
    .collect()
}
