//! The thread that owns a device, and its durable queue.
