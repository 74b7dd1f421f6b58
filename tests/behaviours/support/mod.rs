//! What several behaviours need.

pub mod golden;
