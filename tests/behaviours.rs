//! Whole behaviours, one module each, in one binary.
