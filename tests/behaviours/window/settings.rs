//! What a person decides once, and where it takes hold.

use danqing::app::command::{Action, Command};
use danqing::app::motion::Motion;
use danqing::app::notices::Offer;
use danqing::app::settings::Settings;
use danqing::pipeline::{DeviceChoice, Precision};
use egui_kittest::kittest::{NodeT as _, Queryable as _};

use super::desk::Desk;

fn change(desk: &mut Desk<'_>, change: impl FnOnce(&mut Settings)) {
    let mut settings = desk.state().settings.clone();
    change(&mut settings);
    desk.send(Command::Settings(Box::new(settings)));
}

#[test]
fn another_number_format_loads_the_model_again_and_is_kept() {
    let mut desk = Desk::open();
    change(&mut desk, |settings| {
        settings.precision = Some(Precision::Bf16);
        settings.low_memory = true;
    });
    desk.wait("the model is loaded anew", |state| {
        let choice = state.engine.loaded.as_ref();
        choice.is_some_and(|choice| choice.precision == Some(Precision::Bf16) && choice.low_memory)
    });
    let home = desk.home.clone();
    desk.wait("the settings are written", |_| {
        let file = home.path().join("config/settings.toml");
        std::fs::read_to_string(file).is_ok_and(|text| text.contains("bf16"))
    });
    drop(desk);
    let desk = Desk::reopen(home);
    let choice = desk.state().engine.loaded.clone().unwrap();
    assert_eq!(
        (choice.precision, choice.low_memory),
        (Some(Precision::Bf16), true)
    );
}

#[test]
fn a_number_format_that_cannot_be_used_is_said_and_another_one_loads_the_same_model() {
    let mut desk = Desk::open();
    let path = desk.state().engine.loaded.clone().unwrap().path;
    change(&mut desk, |settings| {
        settings.precision = Some(Precision::Fp8)
    });
    desk.wait("it is refused", |state| state.engine.refused.is_some());
    let notice = desk.state().notices.history().next().cloned().unwrap();
    assert_eq!(notice.message.key, "notice-load-failed");
    assert_eq!(notice.offer, Some(Offer::OpenSettings));
    assert_eq!(
        notice.message.detail.as_deref(),
        Some("colours have no 8 bits")
    );
    change(&mut desk, |settings| settings.precision = None);
    desk.wait("it is loaded", |state| state.engine.loaded.is_some());
    assert_eq!(desk.state().engine.loaded.as_ref().unwrap().path, path);
    assert_eq!(desk.state().engine.refused, None);
}

#[test]
fn number_formats_that_the_device_lacks_are_off_and_say_why() {
    let mut desk = Desk::open();
    change(&mut desk, |settings| settings.device = DeviceChoice::Cpu);
    desk.wait("the devices are listed", |state| !state.devices.is_empty());
    let why = desk.state().why_not_precision(Precision::Fp8).unwrap();
    assert!(why.contains("CUDA"), "{why}");
    assert_eq!(desk.state().why_not_precision(Precision::Bf16), None);
    desk.send(Action::Settings);
    for precision in Precision::ALL {
        let off = desk.state().why_not_precision(precision).is_some();
        let name = precision.to_string();
        let chip = desk.window.get_by_label(&name);
        assert_eq!(chip.accesskit_node().is_disabled(), off, "{precision}");
    }
    desk.window.get_by_label("bf16").click();
    desk.window.run_steps(2);
    assert_eq!(desk.state().settings.precision, Some(Precision::Bf16));
}

#[test]
fn motion_follows_the_person_before_the_desktop() {
    let mut desk = Desk::open();
    let moves = |desk: &Desk<'_>| desk.window.ctx.global_style().animation_time > 0.0;
    assert!(!moves(&desk));
    change(&mut desk, |settings| settings.motion = Motion::Full);
    desk.window.run_steps(2);
    assert!(moves(&desk));
}
