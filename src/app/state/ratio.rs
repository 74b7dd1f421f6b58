//! The ratio of width to height that is kept while one of them is moved.

use std::ops::RangeInclusive;

use crate::request::ImageSize;

/// Width by height, as it was when it was locked. Sides come in whole steps, so that a size has it only nearly; what is
/// computed from one size after another would wander off.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio(f64);

impl Ratio {
    /// The ratio of `size`.
    #[must_use]
    pub fn of(size: ImageSize) -> Self {
        Self(f64::from(size.width()) / f64::from(size.height()))
    }

    /// The ratio to keep once the size is another: this one or this one turned if it fits, else that of the new size.
    #[must_use]
    pub fn after(self, size: ImageSize) -> Self {
        let turned = Self(1.0 / self.0);
        let kept = [self, turned].into_iter().find(|ratio| ratio.fits(size));
        kept.unwrap_or_else(|| Self::of(size))
    }

    /// Whether `size` has this ratio as nearly as a size can.
    fn fits(self, size: ImageSize) -> bool {
        let (width, height) = (f64::from(size.width()), f64::from(size.height()));
        whole(width / self.0) == height || whole(height * self.0) == width
    }

    /// The widths at which both sides are within `sides`.
    #[must_use]
    pub fn widths(self, sides: &RangeInclusive<f64>) -> RangeInclusive<f64> {
        let step = f64::from(ImageSize::MULTIPLE);
        let least = sides.start().max(sides.start() * self.0);
        let most = sides.end().min(sides.end() * self.0);
        let least = (least / step).ceil() * step;
        least..=((most / step).floor() * step).max(least)
    }

    /// The heights at which both are.
    #[must_use]
    pub fn heights(self, sides: &RangeInclusive<f64>) -> RangeInclusive<f64> {
        Self(1.0 / self.0).widths(sides)
    }

    /// Width and height for such a `width`, or for the nearest one that keeps both within `sides`.
    #[must_use]
    pub fn with_width(self, width: f64, sides: &RangeInclusive<f64>) -> (f64, f64) {
        let widths = self.widths(sides);
        let width = whole(width.clamp(*widths.start(), *widths.end()));
        // Rounding may lead a step beyond.
        let within = |side: f64| side.clamp(*sides.start(), *sides.end());
        (within(width), within(whole(width / self.0)))
    }

    /// The same for such a `height`.
    #[must_use]
    pub fn with_height(self, height: f64, sides: &RangeInclusive<f64>) -> (f64, f64) {
        let (height, width) = Self(1.0 / self.0).with_width(height, sides);
        (width, height)
    }
}

/// The nearest side that a size may have.
fn whole(side: f64) -> f64 {
    let step = f64::from(ImageSize::MULTIPLE);
    (side / step).round() * step
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn a_side_takes_the_other_one_along_and_both_stay_within_the_sliders() {
        let ratio = Ratio::of(ImageSize::new(384, 256).unwrap());
        let sides = 128.0..=1024.0;
        for (width, expected) in [
            (600.0, (608.0, 400.0)),
            (384.0, (384.0, 256.0)),
            (368.0, (368.0, 240.0)),
            (6.0, (192.0, 128.0)),
            (9000.0, (1024.0, 688.0)),
        ] {
            assert_eq!(ratio.with_width(width, &sides), expected, "{width}");
        }
        assert_eq!(ratio.with_height(9000.0, &sides), (1008.0, 672.0));
        assert_eq!(ratio.with_height(512.0, &sides), (768.0, 512.0));
    }

    #[test]
    fn sizes_that_come_of_a_ratio_keep_it_and_others_bring_their_own() {
        let size = |width, height| ImageSize::new(width, height).unwrap();
        let ratio = Ratio::of(size(384, 256));
        assert!(ratio.fits(size(608, 400)) && ratio.fits(size(768, 512)));
        assert!(!ratio.fits(size(512, 512)));
        assert_eq!(ratio.after(size(608, 400)), ratio);
        assert_eq!(ratio.after(size(400, 608)), Ratio(1.0 / 1.5));
        assert_eq!(ratio.after(size(512, 512)), Ratio(1.0));
    }
}
