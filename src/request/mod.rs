//! What the designer asks, validated once.
