use super::RequestError;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
};

/// Where the noise of a picture begins. The same seed means the same noise on every device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Seed(pub u64);

impl Seed {
    /// A seed that nobody chose. It has 32 bits, since other tools read no more and a designer may type it.
    pub fn random() -> Self {
        // The standard library seeds its hash maps from the system's randomness; nothing more is needed here.
        Self(RandomState::new().hash_one(std::time::Instant::now()) >> 32)
    }

    /// The seed of the `index`-th picture of a request, counted from 0.
    pub const fn nth(self, index: u32) -> Self {
        Self(self.0.wrapping_add(index as u64))
    }
}

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Seed {
    type Err = RequestError;

    /// Reads a whole number; `random`, and other tools' `-1`, draw one.
    fn from_str(text: &str) -> Result<Self, RequestError> {
        match text.trim() {
            "random" | "-1" => Ok(Self::random()),
            number => number
                .parse()
                .map(Self)
                .map_err(|_| RequestError::Seed(text.chars().take(40).collect())),
        }
    }
}

/// Whole numbers up to here are exact in every JSON reader; larger seeds are written as text.
const LARGEST_EXACT_IN_JSON: u64 = 1 << 53;

impl Serialize for Seed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 <= LARGEST_EXACT_IN_JSON {
            serializer.serialize_u64(self.0)
        } else {
            serializer.collect_str(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Seed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u64),
            Negative(i64),
            Text(String),
            Other(f64),
        }
        match Written::deserialize(deserializer)? {
            Written::Number(number) => Ok(Self(number)),
            Written::Negative(number) => number.to_string().parse().map_err(de::Error::custom),
            Written::Text(text) => text.parse().map_err(de::Error::custom),
            Written::Other(number) => {
                Err(de::Error::custom(RequestError::Seed(number.to_string())))
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn seeds_out_of_range_are_refused() {
        for text in ["-2", "18446744073709551616", "1.5", "", "fox"] {
            assert!(text.parse::<Seed>().is_err(), "{text}");
        }
        for json in ["-2", "18446744073709551616", "1.5", "\"\"", "null"] {
            assert!(serde_json::from_str::<Seed>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn minus_one_draws_a_seed_that_other_tools_can_hold() {
        let drawn: Vec<Seed> = (0..8).map(|_| "-1".parse().unwrap()).collect();
        assert!(drawn.iter().all(|seed| seed.0 <= u64::from(u32::MAX)));
        assert!(drawn.iter().any(|seed| *seed != drawn[0]));
    }

    #[test]
    fn the_last_seed_wraps_to_the_first() {
        assert_eq!(Seed(u64::MAX).nth(1), Seed(0));
    }

    proptest! {
        #[test]
        fn every_seed_survives_text_and_json(number: u64) {
            let seed = Seed(number);
            prop_assert_eq!(seed.to_string().parse::<Seed>().unwrap(), seed);
            let json = serde_json::to_string(&seed).unwrap();
            prop_assert_eq!(serde_json::from_str::<Seed>(&json).unwrap(), seed);
        }
    }
}
