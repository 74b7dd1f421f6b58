//! The window, one behaviour a file. `desk` is the whole program without a model, `shown` draws a state of `scenes`.

mod controls;
mod desk;
mod drops;
mod faults;
mod keeps;
mod models;
mod pictures;
mod prompt;
mod queue;
mod scenes;
mod settings;
mod shown;
mod views;
mod words;
