//! The networks, named as their papers name them.
