//! What several behaviours need.

pub mod golden;
pub mod program;
