use super::RequestError;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A picture's width and height in pixels: multiples of 16, since the autoencoder divides by 8 and a patch
/// spans 2 × 2 of what remains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Sides", into = "Sides")]
pub struct ImageSize {
    width: u32,
    height: u32,
}

/// The two sides as files hold them, before anything is asked of them.
#[derive(Serialize, Deserialize)]
struct Sides {
    width: u32,
    height: u32,
}

impl ImageSize {
    /// Both sides are multiples of this.
    pub const MULTIPLE: u32 = 16;
    /// Longest side: the model knows 512 positions along an axis, 16 pixels each.
    pub const MAX_SIDE: u32 = 512 * 16;
    /// Largest area, the model's own limit: 2048 × 2048.
    pub const MAX_AREA: u64 = 2048 * 2048;

    /// Accepts sides that are multiples of 16 within [`MAX_SIDE`](Self::MAX_SIDE) and
    /// [`MAX_AREA`](Self::MAX_AREA).
    ///
    /// # Errors
    /// [`RequestError::Size`], which offers the two nearest sizes that would be accepted.
    pub fn new(width: u32, height: u32) -> Result<Self, RequestError> {
        match Self::fault(width, height) {
            None => Ok(Self { width, height }),
            Some(why) => {
                let nearest = Self::nearest_two(width, height);
                Err(RequestError::Size {
                    width,
                    height,
                    why,
                    nearest,
                })
            }
        }
    }

    /// What is wrong with a size, as the middle of a sentence.
    fn fault(width: u32, height: u32) -> Option<&'static str> {
        if width == 0 || height == 0 {
            Some("has no area")
        } else if width > Self::MAX_SIDE || height > Self::MAX_SIDE {
            Some("has a side over 8192 pixels")
        } else if u64::from(width) * u64::from(height) > Self::MAX_AREA {
            Some("has more than 2048x2048 pixels")
        } else if !width.is_multiple_of(Self::MULTIPLE) || !height.is_multiple_of(Self::MULTIPLE) {
            Some("is not a multiple of 16 on both sides")
        } else {
            None
        }
    }

    /// Width in pixels.
    pub const fn width(self) -> u32 {
        self.width
    }

    /// Height in pixels.
    pub const fn height(self) -> u32 {
        self.height
    }

    /// Width and height of the latents: an eighth of the picture's.
    pub const fn latent(self) -> (usize, usize) {
        (self.width as usize / 8, self.height as usize / 8)
    }

    /// Image tokens the transformer sees (before padding): one for each 16 × 16 pixels.
    pub const fn tokens(self) -> usize {
        (self.width as usize / 16) * (self.height as usize / 16)
    }

    /// The two valid sizes closest to the one asked for, nearest first.
    fn nearest_two(width: u32, height: u32) -> [Self; 2] {
        // Too large a size is scaled down first, so that what is offered keeps the shape asked for.
        let (w, h) = (f64::from(width.max(1)), f64::from(height.max(1)));
        let scale = (f64::from(Self::MAX_SIDE) / w.max(h))
            .min((Self::MAX_AREA as f64 / (w * h)).sqrt())
            .min(1.0);
        let (w, h) = (w * scale, h * scale);

        let multiple = f64::from(Self::MULTIPLE);
        let floor = |side: f64| ((side / multiple).floor().max(1.0) * multiple) as u32;
        let around = |side: f64| {
            [-1_i64, 0, 1, 2].map(|n| i64::from(floor(side)) + n * i64::from(Self::MULTIPLE))
        };
        let mut candidates: Vec<Self> = around(w)
            .into_iter()
            .flat_map(|cw| around(h).map(|ch| (cw, ch)))
            .filter_map(|(cw, ch)| {
                let (width, height) = (u32::try_from(cw).ok()?, u32::try_from(ch).ok()?);
                Self::fault(width, height)
                    .is_none()
                    .then_some(Self { width, height })
            })
            .collect();
        let distance =
            |size: &Self| (f64::from(size.width) - w).abs() + (f64::from(size.height) - h).abs();
        // A square stays a square where it can; then the nearer wins, then the smaller.
        let crooked = |size: &Self| width == height && size.width != size.height;
        candidates.sort_by(|a, b| {
            (crooked(a), distance(a), a.width, a.height)
                .partial_cmp(&(crooked(b), distance(b), b.width, b.height))
                .unwrap_or(std::cmp::Ordering::Equal)
        });
        let smallest = Self {
            width: Self::MULTIPLE,
            height: Self::MULTIPLE,
        };
        let mut candidates = candidates.into_iter();
        [
            candidates.next().unwrap_or(smallest),
            candidates.next().unwrap_or(smallest),
        ]
    }
}

impl Default for ImageSize {
    /// 1024 × 1024, what Z-Image-Turbo knows best.
    fn default() -> Self {
        Self {
            width: 1024,
            height: 1024,
        }
    }
}

impl fmt::Display for ImageSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.width, self.height)
    }
}

impl FromStr for ImageSize {
    type Err = RequestError;

    /// Reads `1024x768`; `×`, `X`, `*` and blanks around them will do, too.
    fn from_str(text: &str) -> Result<Self, RequestError> {
        let malformed = || RequestError::SizeText(text.chars().take(40).collect());
        let (width, height) = text
            .split_once(['x', 'X', '×', '*'])
            .ok_or_else(malformed)?;
        let side = |text: &str| text.trim().parse::<u32>().map_err(|_| malformed());
        Self::new(side(width)?, side(height)?)
    }
}

impl TryFrom<Sides> for ImageSize {
    type Error = RequestError;

    fn try_from(sides: Sides) -> Result<Self, RequestError> {
        Self::new(sides.width, sides.height)
    }
}

impl From<ImageSize> for Sides {
    fn from(size: ImageSize) -> Self {
        Self {
            width: size.width,
            height: size.height,
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_refused_size_offers_the_two_nearest() {
        let cases = [
            ("1000x1000", ["992x992", "1008x1008"]),
            ("1024x1000", ["1024x992", "1024x1008"]),
            ("1001x768", ["1008x768", "992x768"]),
            ("0x0", ["16x16", "32x32"]),
            ("4096x4096", ["2048x2048", "2032x2032"]),
            ("65536x65536", ["2048x2048", "2032x2032"]),
            ("16x16384", ["16x8192", "16x8176"]),
        ];
        for (text, expected) in cases {
            let RequestError::Size { nearest, .. } = text.parse::<ImageSize>().unwrap_err() else {
                panic!("{text}")
            };
            assert_eq!(nearest.map(|size| size.to_string()), expected, "{text}");
        }
    }

    #[test]
    fn other_ways_to_write_a_size_are_read() {
        for text in ["1024x768", "1024X768", "1024×768", " 1024 * 768 "] {
            assert_eq!(text.parse(), ImageSize::new(1024, 768), "{text}");
        }
        for text in [
            "",
            "1024",
            "x",
            "1024x",
            "-16x16",
            "16.0x16",
            "99999999999x16",
        ] {
            assert!(
                matches!(text.parse::<ImageSize>(), Err(RequestError::SizeText(_))),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn sizes_are_accepted_or_answered_with_two_that_are(width in 0_u32..20_000, height in 0_u32..20_000) {
            match ImageSize::new(width, height) {
                Ok(size) => prop_assert_eq!(size.to_string().parse::<ImageSize>(), Ok(size)),
                Err(RequestError::Size { nearest: [first, second], .. }) => {
                    prop_assert_ne!(first, second);
                    for size in [first, second] {
                        prop_assert_eq!(ImageSize::new(size.width(), size.height()), Ok(size));
                    }
                }
                Err(other) => prop_assert!(false, "{}", other),
            }
        }

        #[test]
        fn sizes_survive_json(columns in 1_u32..=128, rows in 1_u32..=128) {
            let size = ImageSize::new(columns * 16, rows * 16).unwrap();
            let json = serde_json::to_string(&size).unwrap();
            prop_assert_eq!(serde_json::from_str::<ImageSize>(&json).unwrap(), size);
        }
    }
}
