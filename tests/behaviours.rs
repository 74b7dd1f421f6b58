//! Whole behaviours, one module each, in one binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on should stop"
)]

mod behaviours {
    mod bad_input;
    mod bench;
    mod checkpoint_harmed;
    mod checkpoint_hostile;
    mod checkpoint_layouts;
    mod checkpoint_memory;
    mod checkpoint_save;
    mod checkpoint_strict;
    mod checkpoint_tokenizer;
    mod cuda_device;
    mod cuda_kernels;
    mod demo_model;
    mod engine;
    mod engine_model;
    mod faults;
    mod formats;
    mod gallery;
    mod generate;
    mod golden_autoencoder;
    mod golden_other;
    mod golden_pictures;
    mod golden_schedule;
    mod golden_text_encoder;
    mod golden_transformer;
    mod hostile_pictures;
    #[cfg(feature = "gui")]
    mod imports;
    mod layers;
    mod logs;
    mod metadata;
    mod model_files;
    #[cfg(all(feature = "gui", target_os = "linux"))]
    mod no_desktop;
    mod presets;
    mod processor_kernels;
    mod queue;
    mod seeds;
    mod support;
    mod train_painter;
    mod train_pictures;
    mod train_smoke;
    mod trainable;
    #[cfg(feature = "gui")]
    mod window;
}
