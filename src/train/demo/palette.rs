//! The colours of subjects, and the colours of the day.

use super::drawing::Rgb;
use super::scene::{Colour, Time, Weather};

impl Colour {
    /// The colour of a subject in white light.
    pub fn rgb(self) -> Rgb {
        Rgb::hex(match self {
            Colour::Red => 0xd42d2b,
            Colour::Orange => 0xf28420,
            Colour::Yellow => 0xf9d335,
            Colour::Green => 0x43a350,
            Colour::Blue => 0x2f72d6,
            Colour::Purple => 0x8846c0,
            Colour::Pink => 0xf487b2,
            Colour::White => 0xf6f2ea,
        })
    }
}

/// What the hour and the weather do to the colours of a picture.
#[derive(Clone, Copy, Debug)]
pub struct Light {
    /// The top of the sky.
    pub zenith: Rgb,
    /// The sky just over the horizon.
    pub horizon: Rgb,
    /// What surfaces are multiplied by.
    pub ambient: Rgb,
    /// What far things fade into.
    pub haze: Rgb,
    /// The sun or the moon.
    pub disc: Rgb,
    /// Whether lamps are lit.
    pub lamps: bool,
    /// Whether snow lies on the ground.
    pub snow: bool,
}

impl Light {
    /// The light of an hour and a weather; no hour is the even light of a studio.
    pub fn new(time: Option<Time>, weather: Weather) -> Self {
        let [zenith, horizon, ambient, disc] = match time {
            None => [0xe9e4da, 0xf4f0e8, 0xffffff, 0xffffff],
            Some(Time::Dawn) => [0x9db7e0, 0xffd3c4, 0xfff0ea, 0xfff3d0],
            Some(Time::Noon) => [0x4aa3e8, 0xcdecfb, 0xffffff, 0xfff6c8],
            Some(Time::Dusk) => [0x5a3f86, 0xff9a52, 0xf0bf9c, 0xffc94a],
            Some(Time::Night) => [0x0e1638, 0x33508c, 0x8a96c8, 0xfdf6da],
        }
        .map(Rgb::hex);
        let lamps = matches!(time, Some(Time::Dusk | Time::Night));
        let clear = Self {
            zenith,
            horizon,
            ambient,
            haze: horizon,
            disc,
            lamps,
            snow: false,
        };
        clear.in_weather(weather)
    }

    fn in_weather(self, weather: Weather) -> Self {
        let grey = |colour: Rgb, amount: f32| {
            let luma = colour.luma();
            colour.mix(Rgb([luma * 0.97, luma, luma * 1.04]), amount)
        };
        match weather {
            Weather::Clear => self,
            Weather::Snow => Self {
                zenith: grey(self.zenith, 0.35).lighter(0.12),
                horizon: grey(self.horizon, 0.3).lighter(0.2),
                haze: grey(self.haze, 0.3).lighter(0.25),
                snow: true,
                ..self
            },
            Weather::Rain => Self {
                zenith: grey(self.zenith, 0.55).darker(0.22),
                horizon: grey(self.horizon, 0.5).darker(0.18),
                haze: grey(self.haze, 0.5).darker(0.12),
                ambient: grey(self.ambient, 0.4).darker(0.14),
                ..self
            },
            Weather::Mist => Self {
                zenith: self.zenith.mix(self.horizon, 0.45),
                haze: self.haze.lighter(0.25),
                ..self
            },
        }
    }

    /// A surface in this light.
    pub fn on(&self, surface: Rgb) -> Rgb {
        surface.under(self.ambient)
    }

    /// A surface `distance` (0 near, 1 at the horizon) away in this light.
    pub fn far(&self, surface: Rgb, distance: f32) -> Rgb {
        self.on(surface).mix(self.haze, distance)
    }

    /// Ground that snow covers when it lies.
    pub fn ground(&self, surface: Rgb) -> Rgb {
        self.on(if self.snow {
            surface.mix(Rgb::hex(0xf2f6fb), 0.82)
        } else {
            surface
        })
    }

    /// The subject's own colour: less tinted than the scenery, so that it can be told at any hour.
    pub fn subject(&self, surface: Rgb) -> Rgb {
        surface.under(self.ambient.mix(Rgb::WHITE, 0.68))
    }
}
