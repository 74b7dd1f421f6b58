//! `danqing info`: what this machine offers.

use super::{Failure, terminal::print_line};
use crate::{
    checkpoint::find_demo_model,
    cuda::libraries,
    pipeline::{
        DeviceInfo, Precision,
        device::{CudaStatus, Gpu, cuda_status},
        list_devices, machine_memory,
    },
};
use serde_json::{Value, json};

/// Arguments of `danqing info`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Prints devices, memory, versions, and what is missing for CUDA.
///
/// # Errors
/// When the answer cannot be printed.
pub fn run(args: &Args) -> Result<(), Failure> {
    let (status, devices) = (cuda_status(), list_devices());
    if args.json {
        print_line(&format!("{}", as_json(status, &devices)));
        return Ok(());
    }
    print_line(&format!(
        "Danqing {} for {}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS
    ));
    print_line(&format!(
        "window:  {}",
        if cfg!(feature = "gui") {
            "built in"
        } else {
            "not built in (headless build)"
        }
    ));
    print_line("");
    for device in &devices {
        print_line(&format!(
            "{:8} {}{}",
            device.id,
            device.name,
            memory(device.memory)
        ));
    }
    if let Some((all, available)) = machine_memory() {
        print_line(&format!(
            "memory   {} of {} available",
            gib(available),
            gib(all)
        ));
    }
    print_line("");
    print_line(&format!(
        "CUDA:    {}",
        if status.missing.is_none() {
            "ready"
        } else {
            "not available"
        }
    ));
    if let Some((major, minor)) = status.driver {
        print_line(&format!("  driver for CUDA {major}.{minor}"));
    }
    for (index, gpu) in status.gpus.iter().enumerate() {
        print_line(&format!(
            "  card {index}: {}, compute capability {}.{}, {}{}",
            gpu.name,
            gpu.capability.0,
            gpu.capability.1,
            gib(gpu.memory),
            eight_bit_formats(gpu)
                .iter()
                .map(|name| format!(", {name}"))
                .collect::<String>()
        ));
    }
    print_line(&format!(
        "  run-time compiler (NVRTC): {}",
        if status.nvrtc { "found" } else { "missing" }
    ));
    match &libraries().cublaslt {
        Ok(_) => print_line("  matrix products (cuBLASLt): found"),
        Err(error) => print_line(&format!(
            "  matrix products (cuBLASLt): slower without it: {error}"
        )),
    }
    match &status.headers {
        Some(folder) => print_line(&format!("  headers: {}", folder.display())),
        None => print_line("  headers: missing"),
    }
    if let Some(missing) = &status.missing {
        print_line(&format!("  {}: {}", missing.what, missing.remedy));
    }
    print_line("");
    match find_demo_model() {
        Some(path) => print_line(&format!("demo model: {}", path.display())),
        None => print_line("demo model: not installed"),
    }
    Ok(())
}

fn as_json(status: &CudaStatus, devices: &[DeviceInfo]) -> Value {
    let gpus: Vec<Value> = status
        .gpus
        .iter()
        .map(|gpu| json!({ "name": gpu.name, "capability": [gpu.capability.0, gpu.capability.1], "memory": gpu.memory, "formats": eight_bit_formats(gpu) }))
        .collect();
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "arch": std::env::consts::ARCH,
        "os": std::env::consts::OS,
        "gui": cfg!(feature = "gui"),
        "devices": devices,
        "memory": machine_memory().map(|(all, available)| json!({ "total": all, "available": available })),
        "cuda": {
            "ready": status.missing.is_none(),
            "driver": status.driver.map(|(major, minor)| format!("{major}.{minor}")),
            "gpus": gpus,
            "nvrtc": status.nvrtc,
            "cublaslt": libraries().cublaslt.is_ok(),
            "headers": status.headers.as_ref().map(|folder| folder.display().to_string()),
            "missing": status.missing.as_ref().map(|missing| &missing.what),
            "remedy": status.missing.as_ref().map(|missing| &missing.remedy),
        },
        "demo_model": find_demo_model().map(|folder| folder.display().to_string()),
    })
}

/// What `--dtype` takes on a card beside f32 and bf16.
fn eight_bit_formats(gpu: &Gpu) -> Vec<Precision> {
    let all = [Precision::Fp8, Precision::Int8].into_iter();
    all.filter(|precision| {
        precision
            .eight_bit()
            .is_some_and(|format| gpu.multiplies(format))
    })
    .collect()
}

fn memory(memory: Option<(u64, u64)>) -> String {
    memory.map_or(String::new(), |(all, free)| {
        format!(", {} of {} free", gib(free), gib(all))
    })
}

fn gib(bytes: u64) -> String {
    format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30))
}
