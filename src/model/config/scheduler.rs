//! `scheduler/scheduler_config.json`.

use serde::{Deserialize, Serialize};

use super::{Check, ConfigError, parse};

/// How dynamic shifting bends the schedule for a given μ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeShift {
    /// e^μ / (e^μ + (1/σ − 1)).
    #[default]
    Exponential,
    /// μ / (μ + (1/σ − 1)).
    Linear,
}

/// Settings of the flow-matching schedule, with the keys of diffusers' `FlowMatchEulerDiscreteScheduler`.
///
/// Keys that are absent take that class's defaults, as published files leave most of them out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    /// What σ is multiplied by to give the timestep.
    pub num_train_timesteps: usize,
    /// The static shift k of σ' = kσ / (1 + (k−1)σ).
    pub shift: f64,
    /// Whether the shift follows the picture's size instead.
    pub use_dynamic_shifting: bool,
    /// μ at `base_image_seq_len` tokens.
    pub base_shift: f64,
    /// μ at `max_image_seq_len` tokens.
    pub max_shift: f64,
    /// Image tokens of the smallest training pictures.
    pub base_image_seq_len: usize,
    /// Image tokens of the largest training pictures.
    pub max_image_seq_len: usize,
    /// The shape of the dynamic shift.
    pub time_shift_type: TimeShift,
    /// If set, the schedule is stretched to end at this σ before the final 0.
    pub shift_terminal: Option<f64>,
}

/// Switches of the reference class that Z-Image never sets; refused rather than silently ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Unsupported {
    use_karras_sigmas: Option<bool>,
    use_exponential_sigmas: Option<bool>,
    use_beta_sigmas: Option<bool>,
    invert_sigmas: Option<bool>,
    stochastic_sampling: Option<bool>,
}

impl Unsupported {
    fn check(&self) -> Result<(), ConfigError> {
        for (field, value) in [
            ("use_karras_sigmas", self.use_karras_sigmas),
            ("use_exponential_sigmas", self.use_exponential_sigmas),
            ("use_beta_sigmas", self.use_beta_sigmas),
            ("invert_sigmas", self.invert_sigmas),
            ("stochastic_sampling", self.stochastic_sampling),
        ] {
            if value == Some(true) {
                return Check("scheduler").refuse(field, true, "only false is supported");
            }
        }
        Ok(())
    }
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            num_train_timesteps: 1000,
            shift: 1.0,
            use_dynamic_shifting: false,
            base_shift: 0.5,
            max_shift: 1.15,
            base_image_seq_len: 256,
            max_image_seq_len: 4096,
            time_shift_type: TimeShift::Exponential,
            shift_terminal: None,
        }
    }
}

impl SchedulerConfig {
    /// The published schedule of Z-Image-Turbo: static shift 3.
    pub fn z_image_turbo() -> Self {
        Self {
            shift: 3.0,
            ..Self::default()
        }
    }

    /// Reads and checks the text of a `scheduler_config.json`.
    ///
    /// # Errors
    /// [`ConfigError`] naming the key that is of the wrong type, out of range or not supported.
    pub fn from_json(json: &str) -> Result<Self, ConfigError> {
        let unsupported: Unsupported = parse("scheduler", json)?;
        unsupported.check()?;
        let config: Self = parse("scheduler", json)?;
        config.check()?;
        Ok(config)
    }

    /// Refuses settings that give no schedule.
    ///
    /// # Errors
    /// [`ConfigError::Value`] naming the first key at fault.
    pub fn check(&self) -> Result<(), ConfigError> {
        let check = Check("scheduler");
        check.size(
            "num_train_timesteps",
            self.num_train_timesteps,
            1,
            1_000_000,
        )?;
        check.positive("shift", self.shift)?;
        check.positive("base_shift", self.base_shift)?;
        check.positive("max_shift", self.max_shift)?;
        check.size("base_image_seq_len", self.base_image_seq_len, 1, 1 << 24)?;
        check.size(
            "max_image_seq_len",
            self.max_image_seq_len,
            self.base_image_seq_len + 1,
            1 << 24,
        )?;
        match self.shift_terminal {
            Some(end) if !(0.0..1.0).contains(&end) => {
                check.refuse("shift_terminal", end, "it must lie between 0 and 1")
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_file_is_read() {
        let text = r#"{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000,
                       "use_dynamic_shifting": false, "shift": 3.0}"#;
        assert_eq!(
            SchedulerConfig::from_json(text),
            Ok(SchedulerConfig::z_image_turbo())
        );
    }

    #[test]
    fn schedules_of_other_kinds_are_refused_by_name() {
        let error = SchedulerConfig::from_json(r#"{"use_karras_sigmas": true}"#);
        assert!(error.is_err_and(|error| error.to_string().contains("use_karras_sigmas")));
    }
}
