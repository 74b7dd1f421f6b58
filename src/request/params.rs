//! The numbers of a request: one type, one range, one constructor each.

use super::RequestError;
use serde::{Deserialize, Serialize, Serializer};
use std::{fmt, str::FromStr};

/// Defines a number with a range: `new` is its only constructor, also for text and for `serde`.
macro_rules! bounded {
    ($(#[$doc:meta])* $name:ident($repr:ty), $label:literal, $min:literal ..= $max:literal, default $default:literal $(, hint $hint:literal)?) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Deserialize)]
        #[serde(try_from = "Number")]
        pub struct $name($repr);

        impl $name {
            /// Smallest value accepted.
            pub const MIN: $repr = $min;
            /// Largest value accepted.
            pub const MAX: $repr = $max;

            /// Accepts `value` within [`MIN`](Self::MIN)`..=`[`MAX`](Self::MAX).
            ///
            /// # Errors
            /// [`RequestError::OutOfRange`] outside the range, and for NaN.
            pub fn new(value: $repr) -> Result<Self, RequestError> {
                // Not `value < MIN || value > MAX`: NaN must be refused.
                if (Self::MIN..=Self::MAX).contains(&value) {
                    Ok(Self(value))
                } else {
                    Err(Self::out_of_range(&value))
                }
            }

            /// The number.
            pub const fn get(self) -> $repr {
                self.0
            }

            fn out_of_range(value: &dyn fmt::Display) -> RequestError {
                RequestError::OutOfRange {
                    name: $label,
                    value: value.to_string(),
                    min: Self::MIN.to_string(),
                    max: Self::MAX.to_string(),
                    hint: concat!($($hint)?),
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self($default)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = RequestError;

            fn from_str(text: &str) -> Result<Self, RequestError> {
                let text = text.trim();
                match text.parse::<$repr>() {
                    Ok(value) => Self::new(value),
                    // A number, but not one of this kind: 2.5 steps, -1 pictures.
                    Err(_) => match text.parse::<f64>() {
                        Ok(value) => Err(Self::out_of_range(&value)),
                        Err(_) => Err(RequestError::NotANumber {
                            name: $label,
                            value: text.chars().take(40).collect(),
                            min: Self::MIN.to_string(),
                            max: Self::MAX.to_string(),
                        }),
                    },
                }
            }
        }

        impl TryFrom<Number> for $name {
            type Error = RequestError;

            fn try_from(number: Number) -> Result<Self, RequestError> {
                // Through the shortest decimal, so that an f32 written as f64 comes back as the same f32.
                number.0.to_string().parse()
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.write(serializer)
            }
        }
    };
}

/// A number as files hold it, before a range is asked of it.
#[derive(Deserialize)]
struct Number(f64);

/// How a number goes into a file.
trait Written {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error>;
}

impl Written for u32 {
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self)
    }
}

impl Written for f32 {
    /// 0.6, where widening would give 0.6000000238418579.
    fn write<S: Serializer>(self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(as_written(self))
    }
}

/// The number with the shortest decimal that means the same.
fn as_written(number: f32) -> f64 {
    number.to_string().parse().unwrap_or(f64::from(number))
}

bounded! {
    /// Transformer calls. Eight is what Z-Image-Turbo was distilled for.
    ///
    /// Recipes written for diffusers up to 0.38, or for the original code, count one more, since their last
    /// step from sigma 0 to 0 did nothing: their 9 is 8 here.
    Steps(u32), "steps", 1..=50, default 8, hint " (8 is native for Z-Image-Turbo)"
}
bounded! {
    /// Classifier-free guidance as the scale `c` most tools show: 1 is off, and the model itself is given
    /// `g = c - 1`, so that `pred = pos + (c - 1) (pos - neg)`. Z-Image-Turbo is made for 1.
    Guidance(f32), "guidance", 1.0..=20.0, default 1.0, hint " (1 is off)"
}
bounded! {
    /// Bound on the guided prediction: its L2 norm may be at most this many times the positive prediction's.
    /// 0 sets no bound.
    CfgNormalization(f32), "cfg-normalization", 0.0..=10.0, default 0.0, hint " (0 is off)"
}
bounded! {
    /// Guidance is skipped where the time `1 - sigma` exceeds this; 1 never skips.
    CfgTruncation(f32), "cfg-truncation", 0.0..=1.0, default 1.0, hint " (1 is off)"
}
bounded! {
    /// Timestep shift `k` of the schedule `k s / (1 + (k - 1) s)`. Z-Image-Turbo's own is 3.
    Shift(f32), "shift", 0.01..=100.0, default 3.0
}
bounded! {
    /// Pictures made from one request.
    Count(u32), "count", 1..=8, default 1
}
bounded! {
    /// How far a start image is changed: the part of the schedule that is run. 0 keeps it, 1 forgets it.
    Strength(f32), "strength", 0.0..=1.0, default 0.6
}

impl Strength {
    /// The strength as it was written: 0.8, where widening would give 0.800000011920929, of which five steps take a
    /// little more than four.
    pub fn as_written(self) -> f64 {
        as_written(self.0)
    }
}

impl CfgTruncation {
    /// The time as it was written: 0.6, which the f32 nearest to it exceeds.
    pub fn as_written(self) -> f64 {
        as_written(self.0)
    }
}

impl Guidance {
    /// Whether a second, negative prediction is needed at all.
    pub fn is_on(self) -> bool {
        self.0 > 1.0
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_outside_the_range_are_refused_with_the_range() {
        let error = "0".parse::<Steps>().unwrap_err().to_string();
        assert_eq!(
            error,
            "steps must be between 1 and 50, not 0 (8 is native for Z-Image-Turbo)"
        );
        for text in ["2000", "-1", "8.5", "1e9", "nan", "inf"] {
            assert!(
                matches!(text.parse::<Steps>(), Err(RequestError::OutOfRange { .. })),
                "{text}"
            );
        }
        assert!(matches!(
            "eight".parse::<Steps>(),
            Err(RequestError::NotANumber { .. })
        ));
        assert!(Guidance::new(f32::NAN).is_err());
        assert!(Guidance::new(0.5).is_err());
        assert!(Strength::new(1.0).is_ok());
    }

    #[test]
    fn files_go_through_the_same_constructors() {
        for json in ["0", "51", "8.5", "1e400", "\"8\"", "null", "[8]"] {
            assert!(serde_json::from_str::<Steps>(json).is_err(), "{json}");
        }
        assert_eq!(
            serde_json::from_str::<Steps>("8.0").unwrap(),
            Steps::default()
        );
        assert_eq!(
            serde_json::to_string(&Strength::new(0.6).unwrap()).unwrap(),
            "0.6"
        );
        assert_eq!(serde_json::to_string(&Guidance::default()).unwrap(), "1.0");
    }

    proptest! {
        #[test]
        fn numbers_survive_json_bit_for_bit(value in Guidance::MIN..=Guidance::MAX) {
            let json = serde_json::to_string(&Guidance::new(value).unwrap()).unwrap();
            prop_assert_eq!(serde_json::from_str::<Guidance>(&json).unwrap().get().to_bits(), value.to_bits());
        }
    }
}
