//! Files into networks, and back.
