//! Noise levels equal the reference's, for every way of spacing and shifting them.

use danqing::model::SchedulerConfig;
use danqing::model::config::TimeShift;
use danqing::model::scheduler::FlowMatchEuler;
use serde::Deserialize;

use super::support::golden::folder;

#[derive(Deserialize)]
struct Schedule {
    mode: String,
    shift: f64,
    dynamic: bool,
    time_shift_type: TimeShift,
    steps: usize,
    image_seq_len: usize,
    sigmas: Vec<f32>,
    timesteps: Vec<f32>,
}

fn schedules(mode: &str) -> Vec<(Schedule, SchedulerConfig)> {
    let text = std::fs::read_to_string(folder().join("tiny/golden/schedules.json")).unwrap();
    let all: Vec<Schedule> = serde_json::from_str(&text).unwrap();
    let with_config = |schedule: Schedule| {
        let config = SchedulerConfig {
            shift: schedule.shift,
            use_dynamic_shifting: schedule.dynamic,
            time_shift_type: schedule.time_shift_type,
            ..SchedulerConfig::default()
        };
        (schedule, config)
    };
    let chosen: Vec<_> = all
        .into_iter()
        .filter(|schedule| schedule.mode == mode)
        .map(with_config)
        .collect();
    assert!(!chosen.is_empty(), "no golden schedule of {mode}");
    chosen
}

#[test]
fn levels_and_times_equal_the_reference() {
    for (want, config) in schedules("linspace_1_to_1_over_n") {
        let got = FlowMatchEuler::new(&config, want.steps, want.image_seq_len, None);
        let what = format!("{} steps, shift {}", want.steps, want.shift);
        assert_eq!(got.sigmas().len(), want.sigmas.len(), "{what}");
        for (got, want) in got.sigmas().iter().zip(&want.sigmas) {
            assert!((got - want).abs() <= 2e-7, "{what}: {got} for {want}");
        }
        for (step, timestep) in want.timesteps.iter().enumerate() {
            let time = (1000.0 - timestep) / 1000.0;
            assert!((got.time(step) - time).abs() <= 2e-7, "{what}");
        }
    }
}

#[test]
fn nine_old_steps_are_eight_new_ones() {
    let (old, config) = schedules("legacy_sigma_min_0")
        .into_iter()
        .find(|(schedule, _)| schedule.steps == 9 && !schedule.dynamic)
        .unwrap();
    let new = FlowMatchEuler::new(&config, 8, old.image_seq_len, None);
    for (got, want) in new.sigmas().iter().zip(&old.sigmas) {
        assert!((got - want).abs() <= 2e-7, "{got} for {want}");
    }
}
