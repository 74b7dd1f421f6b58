//! What can go wrong, and the test that shows what happens then.
//!
//! The numbers are those of the faults that the tests name in their own comments. What no test can show here, with why:
//!
//! - 15, a gallery on a network share: there is none. What a share does is covered one by one: it hangs (no method of
//!   the gallery waits for its thread), goes away, or cannot be written.
//! - 27 and 28, interrupted downloads: this version downloads nothing.
//! - 30, a driver that resets, and a card pulled out: its words are told apart without one, and the engine's answer is
//!   played with a scripted device.
//! - 31, two cards, and cards without bf16: the tests of CUDA pass over what the machine has not.
//! - 38, a clipboard without owner, and Wayland without data control: the tests run without a display; copying goes
//!   through eframe, which then copies nothing.
//! - 41, a monitor that is unplugged: no position is kept that could lie outside.
//! - 46, open ports and world-writable files: nothing here listens, and `only_its_owner_reads_a_log`.

use std::path::Path;

/// The fault's number, what goes wrong, and the tests.
const FAULTS: [(u32, &str, &[&str]); 43] = [
    (
        1,
        "a preset that is no preset",
        &[
            "every_hostile_preset_is_refused_with_a_reason",
            "a_file_that_is_no_object_is_refused_with_its_place",
        ],
    ),
    (
        2,
        "a preset of a gigabyte, a pipe, a device",
        &["a_gigabyte_a_pipe_a_device_and_a_folder_are_refused_at_once"],
    ),
    (
        3,
        "a preset nested without end",
        &[
            "a_hundred_thousand_brackets_are_a_syntax_error",
            "deeply_nested_json_is_an_error_and_no_stack_overflow",
        ],
    ),
    (
        4,
        "steps out of range",
        &[
            "a_number_out_of_range_is_refused_with_its_key_and_range",
            "arguments_out_of_range_are_refused_with_what_would_do",
        ],
    ),
    (
        5,
        "sizes that do not work",
        &[
            "a_size_that_does_not_work_offers_two_that_do",
            "sizes_are_accepted_or_answered_with_two_that_are",
        ],
    ),
    (
        6,
        "seeds out of range, and none",
        &[
            "seeds_are_exact_and_a_missing_one_is_left_to_chance",
            "minus_one_draws_a_seed_that_other_tools_can_hold",
        ],
    ),
    (
        7,
        "odd prompts",
        &[
            "a_prompt_with_control_characters_is_refused_and_special_tokens_are_text",
            "a_prompt_that_is_too_long_is_painted_and_the_cut_is_told",
            "every_script_and_line_break_is_kept_as_written",
        ],
    ),
    (
        8,
        "keys that are unknown, doubled or newer",
        &["keys_of_other_programs_survive_and_newer_formats_are_refused"],
    ),
    (
        9,
        "a preset that names paths",
        &[
            "paths_and_addresses_are_left_out_and_said",
            "a_preset_of_another_program_keeps_its_keys_but_no_paths",
        ],
    ),
    (
        10,
        "many files of many kinds at once",
        &[
            "each_kind_of_file_is_taken_for_what_it_is",
            "a_hundred_files_are_taken_at_once_and_the_rest_is_told",
            "a_file_whose_name_is_no_text_is_read",
            "a_mixed_drop_is_told_in_one_message",
        ],
    ),
    (
        11,
        "drops at bad moments",
        &["a_drop_at_a_bad_moment_is_done_once_and_told"],
    ),
    (
        12,
        "damaged and odd pictures",
        &[
            "every_file_is_answered_soon_and_without_a_panic",
            "sixteen_bit_grey_interlaced_and_transparent_pictures_are_shown",
        ],
    ),
    (
        13,
        "texts without end in a picture",
        &[
            "intact_texts_of_damaged_pictures_are_read",
            "text_of_other_tools_is_read",
        ],
    ),
    (
        14,
        "records that lie",
        &[
            "a_record_that_cannot_be_trusted_is_a_warning_and_nothing_more",
            "a_record_cannot_smuggle_in_what_could_not_be_typed",
        ],
    ),
    (
        15,
        "galleries of traps, of 50,000 pictures, unmounted, unwritable",
        &[
            "a_folder_full_of_traps_is_listed_with_the_bad_ones_marked",
            "fifty_thousand_pictures_are_there_within_a_second",
            "a_gallery_that_goes_away_is_said_and_comes_back",
            "a_picture_that_the_gallery_does_not_take_is_kept_elsewhere_or_in_memory",
        ],
    ),
    (
        16,
        "two pictures of one name, names that some system refuses",
        &[
            "every_name_is_one_that_every_system_takes",
            "many_writers_in_one_second_never_meet",
        ],
    ),
    (
        17,
        "a full disk at every byte",
        &[
            "a_disk_that_fills_up_at_any_byte_leaves_the_old_content_and_no_stray_file",
            "a_full_disk_leaves_nothing_behind",
        ],
    ),
    (
        18,
        "killed between writing and renaming",
        &[
            "what_a_killed_write_left_is_swept_and_other_hidden_files_stay",
            "what_a_killed_write_left_is_removed_and_the_old_queue_is_there",
        ],
    ),
    (
        19,
        "damaged settings",
        &[
            "a_damaged_file_is_put_aside_and_said",
            "keys_of_a_newer_version_survive",
        ],
    ),
    (
        20,
        "damaged caches",
        &[
            "a_damaged_index_is_made_again_and_damaged_stars_are_put_aside",
            "stars_survive_the_loss_of_every_cache",
        ],
    ),
    (
        21,
        "crashes in a row",
        &[
            "three_short_crashes_in_a_row_make_the_next_start_careful",
            "after_three_quick_crashes_nothing_is_loaded_and_the_log_is_named",
        ],
    ),
    (
        22,
        "hostile weights",
        &[
            "each_hostile_file_is_refused_by_name_and_reason",
            "an_index_that_leads_out_of_its_folder_is_refused",
        ],
    ),
    (
        23,
        "weights of NaN",
        &["weights_of_nan_are_found_after_the_first_step"],
    ),
    (
        24,
        "weights replaced while in use",
        &[
            "a_file_that_changes_after_it_was_checked_is_not_loaded",
            "a_model_whose_files_vanish_once_it_is_loaded_goes_on_painting",
        ],
    ),
    (
        25,
        "pickles and other formats",
        &["a_renamed_pickle_or_gguf_is_seen_through"],
    ),
    (
        26,
        "a tokenizer of another model",
        &[
            "a_tokenizer_of_another_model_is_refused_before_any_weights",
            "hostile_tokenizers_are_refused",
        ],
    ),
    (
        29,
        "too little memory on the device",
        &[
            "memory_that_runs_out_once_is_tried_again_with_the_caches_freed",
            "what_does_not_fit_is_offered_in_the_largest_size_that_does",
        ],
    ),
    (
        30,
        "a device that is lost",
        &[
            "a_lost_device_keeps_the_job_and_takes_no_more_work",
            "the_devices_words_are_told_apart_by_what_helps",
        ],
    ),
    (
        31,
        "no device, or another",
        &[
            "a_device_that_is_not_there_is_refused_with_a_reason_and_the_processor_works",
            "info_lists_the_cpu_and_says_what_cuda_lacks",
        ],
    ),
    (
        32,
        "a panic, or silence, in the engine",
        &[
            "a_panic_costs_one_job_and_the_model_is_loaded_again",
            "a_model_that_panics_when_it_is_freed_does_not_end_the_thread",
            "a_silent_engine_says_for_how_long",
        ],
    ),
    (
        33,
        "cancelling at every moment",
        &[
            "cancelling_at_any_moment_gives_one_terminal_event_and_writes_nothing",
            "an_interruption_stops_the_decoder_between_layers",
            "an_interruption_stops_the_encoder_between_layers",
            "a_model_that_is_being_read_is_given_up_within_one_tensor",
            "closing_asks_once_while_a_picture_is_painted",
            "ctrl_c_ends_with_130_and_no_picture",
        ],
    ),
    (
        34,
        "a window that reads nothing",
        &[
            "a_window_that_reads_nothing_neither_stalls_the_engine_nor_loses_an_end",
            "only_the_newest_preview_is_kept_and_none_is_drawn_when_nobody_wants_one",
        ],
    ),
    (
        35,
        "a thousand jobs",
        &["a_thousand_jobs_keep_their_names_while_the_queue_changes"],
    ),
    (
        36,
        "the same seed again",
        &[
            "the_same_seed_gives_the_same_file_bit_for_bit",
            "the_same_seed_gives_the_same_picture_alone_among_others_and_after_a_restart",
            "fast_ops_agree_with_their_plain_bodies_on_a_cuda_device",
        ],
    ),
    (
        37,
        "values outside the range",
        &[
            "values_are_clamped_rounded_and_put_pixel_by_pixel",
            "weights_of_nan_are_found_after_the_first_step",
        ],
    ),
    (
        38,
        "a clipboard of megabytes",
        &["text_without_end_is_refused_when_it_is_pasted"],
    ),
    (
        39,
        "missing words and glyphs",
        &[
            "both_languages_say_the_same_things",
            "every_sentence_can_be_filled_in_both_languages",
            "every_view_draws_in_both_languages_and_themes",
            "the_language_switches_live",
        ],
    ),
    (
        40,
        "composing with an input method",
        &["composing_triggers_nothing_and_is_committed_once"],
    ),
    (
        41,
        "windows of every size",
        &[
            "a_window_of_any_size_can_be_used",
            "every_view_draws_at_double_scale",
        ],
    ),
    (
        42,
        "a second window",
        &[
            "a_second_program_finds_the_folder_taken_and_its_files_reach_the_first",
            "what_no_danqing_wrote_is_thrown_away",
        ],
    ),
    (
        43,
        "no file manager, no trash",
        &[
            "what_cannot_be_opened_is_said_with_its_path",
            "what_cannot_be_moved_is_told_and_the_rest_moves",
        ],
    ),
    (
        44,
        "wrong clocks, folders that cannot be written",
        &[
            "a_clock_that_goes_back_does_not_hide_a_row_of_crashes",
            "a_queue_that_cannot_be_written_works_and_says_so",
            "an_empty_variable_is_no_folder",
        ],
    ),
    (
        45,
        "what a log says and how long it gets",
        &[
            "no_prompt_is_logged_even_when_everything_is",
            "the_home_folder_is_not_named_and_long_lines_are_cut",
            "five_files_of_limited_size_keep_the_newest_lines",
        ],
    ),
];

/// Numbers that have no test, for the reasons above.
const WITHOUT: [u32; 3] = [27, 28, 46];

fn sources(folder: &Path, all: &mut String) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push_str(&std::fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_fault_has_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = String::new();
    sources(&root.join("src"), &mut all);
    sources(&root.join("tests"), &mut all);
    for (number, what, tests) in FAULTS {
        assert!(!tests.is_empty(), "{number}: {what}");
        for test in tests {
            assert!(
                all.contains(&format!("fn {test}(")),
                "{number}, {what}: {test}"
            );
        }
    }
    let mut numbers: Vec<u32> = FAULTS
        .iter()
        .map(|(number, ..)| *number)
        .chain(WITHOUT)
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=46).collect::<Vec<_>>());
}
