//! A request becomes pixels.
