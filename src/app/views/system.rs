//! What the program runs on: devices, memory, versions, folders; what is missing.

use eframe::egui::{self, RichText, ScrollArea, Ui};

use super::View;
use super::{status, widgets};
use crate::app::command::Command;
use crate::app::theme::Tokens;
use crate::pipeline::device::{DeviceChoice, DeviceInfo};

/// Draws the dialog's content.
pub fn show(ui: &mut Ui, view: &mut View<'_>) {
    ScrollArea::vertical().id_salt("system").show(ui, |ui| {
        widgets::title(ui, &view.say("system-devices"));
        for device in &view.state.devices {
            let memory = memory(view, device);
            widgets::fact(ui, &device.id.to_string(), &view.words.cause(&device.name));
            if let Some(memory) = memory {
                widgets::fact(ui, "", &memory);
            }
        }
        if let Some(missing) = &view.state.system.no_cuda {
            ui.add(
                egui::Label::new(
                    RichText::new(view.say("system-no-cuda")).color(Tokens::of(ui).warning),
                )
                .wrap(),
            );
            ui.add(
                egui::Label::new(
                    RichText::new(view.words.cause(missing))
                        .small()
                        .color(Tokens::of(ui).text_weak),
                )
                .wrap()
                .selectable(true),
            );
        }
        ui.separator();
        widgets::title(ui, &view.say("system-program"));
        for (key, value) in &view.state.system.facts {
            widgets::fact(ui, &view.say(key), value);
        }
        widgets::fact(ui, &view.say("system-frames"), &frames(view));
        ui.add_space(8.0);
        if widgets::button(ui, &view.say("system-copy")).clicked() {
            let text = report(view);
            view.send(Command::CopyText(text));
        }
    });
}

/// How much memory a device has; the processor has the machine's.
fn memory(view: &View<'_>, device: &DeviceInfo) -> Option<String> {
    let machines = view.state.system.memory;
    let machines = machines.filter(|_| device.id == DeviceChoice::Cpu);
    let (total, free) = device.memory.or(machines)?;
    let args = [
        ("free", status::bytes_text(free).into()),
        ("total", status::bytes_text(total).into()),
    ];
    Some(view.say_with("system-memory", &args))
}

fn frames(view: &View<'_>) -> String {
    let frames = view.state.system.frames;
    let ms = |value: f32| format!("{value:.1}").into();
    let args = [
        ("half", ms(frames.p50_ms)),
        ("most", ms(frames.p95_ms)),
        ("longest", ms(frames.max_ms)),
    ];
    view.say_with("system-frames-text", &args)
}

/// The same as text, for a report of a fault.
fn report(view: &View<'_>) -> String {
    let mut lines: Vec<String> = view
        .state
        .devices
        .iter()
        .map(|device| {
            let memory =
                memory(view, device).map_or_else(String::new, |memory| format!(", {memory}"));
            format!("{}: {}{memory}", device.id, device.name)
        })
        .collect();
    lines.extend(view.state.system.no_cuda.iter().cloned());
    lines.extend(
        view.state
            .system
            .facts
            .iter()
            .map(|(key, value)| format!("{}: {value}", view.say(key))),
    );
    lines.push(format!("{}: {}", view.say("system-frames"), frames(view)));
    lines.join("\n")
}
