//! Making checkpoints.
