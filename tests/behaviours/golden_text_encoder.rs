//! Prompt embeddings equal the reference's.

use super::support::golden::{CASES, Networks, Tensors, assert_close, device, relative};

#[test]
fn prompt_embeddings_equal_the_reference() {
    let device = device();
    let encoder = Networks::tiny("model_f32", &device).text_encoder;
    let mut prompts = 0;
    for name in CASES {
        let golden = Tensors::case(name);
        for sign in ["", "negative_"] {
            let wanted = golden.list(&format!("{sign}prompt_embeds"), &device);
            for (item, want) in wanted.iter().enumerate() {
                let ids = format!("{sign}input_ids.{item}");
                if !golden.has(&ids) {
                    continue;
                }
                let got = encoder.forward(&golden.ids(&ids), &|| false).unwrap();
                assert_close(&format!("{name} {sign}prompt {item}"), &got, want, 1e-4);
                prompts += 1;
            }
        }
    }
    assert!(prompts >= CASES.len(), "only {prompts} prompts compared");
}

#[test]
fn bf16_embeddings_stay_near_the_reference() {
    let device = device();
    let encoder = Networks::tiny("model_bf16", &device).text_encoder;
    let golden = Tensors::case("en_square");
    let got = encoder
        .forward(&golden.ids("input_ids.0"), &|| false)
        .unwrap();
    let error = relative(&got, &golden.tensor("prompt_embeds.0", &device));
    assert!(error <= 0.02, "{error}");
}

#[test]
fn padding_on_the_right_changes_no_real_row() {
    let device = device();
    let encoder = Networks::tiny("model_f32", &device).text_encoder;
    let golden = Tensors::case("en_square");
    let ids = golden.ids("input_ids.0");
    let alone = encoder.forward(&ids, &|| false).unwrap();
    let mut padded = ids.clone();
    padded.resize(ids.len() + 11, 0);
    let with_padding = encoder.forward(&padded, &|| false).unwrap();
    let rows = with_padding.narrow(0, 0, ids.len());
    assert_close("padded prompt", &rows, &alone, 1e-5);
}
