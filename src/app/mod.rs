//! The window: `logic` takes in what has happened, `ui` draws, [`update`] alone changes the [`state`].
//!
//! A press or a key becomes a [`command`]; [`update`] changes the state and names [`effect`]s; [`services`] does them
//! and what they end in comes back as a command. [`views`] see the state and nothing else.

mod background;
mod causes;
pub mod command;
mod desktop;
pub mod effect;
pub mod fonts;
pub mod frame_times;
mod graphics;
pub mod i18n;
mod instance;
mod keys;
mod model_files;
pub mod motion;
pub mod notices;
pub mod outcome;
mod preset_pictures;
pub mod presets;
pub mod reasons;
mod services;
pub mod session;
pub mod settings;
mod start;
pub mod state;
mod studio;
mod survey;
pub mod textures;
pub mod theme;
pub mod update;
pub mod views;

pub use start::{Options, Parts, run};
pub use studio::Studio;
