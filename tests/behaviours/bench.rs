//! `danqing bench` and `danqing info`: numbers for people and programs.

use super::support::program::{danqing, succeed, tiny_model};

#[test]
fn bench_prints_one_object_with_medians() {
    let mut command = danqing(&[
        "bench", "--device", "cpu", "--size", "64x64", "--steps", "2", "--count", "2",
    ]);
    let lines = succeed(command.args(["--runs", "2", "--model"]).arg(tiny_model()));
    assert_eq!(lines.len(), 1);
    let answer: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let ms = |name: &str| {
        answer[name]
            .as_f64()
            .unwrap_or_else(|| panic!("no {name}: {answer}"))
    };
    assert!(ms("step_ms") > 0.0 && ms("encode_text_ms") > 0.0 && ms("decode_ms") > 0.0);
    // Two pictures of two steps each.
    assert!(ms("denoise_ms") >= 1.5 * ms("step_ms"));
    assert!(ms("end_to_end_ms") >= 1.5 * (ms("denoise_ms") + ms("decode_ms")));
    assert!(answer["load_seconds"].as_f64().unwrap() > 0.0);
    assert!(answer["peak_memory"]["bytes"].as_u64().unwrap() > 1 << 20);
    assert_eq!(
        (&answer["device"], &answer["dtype"]),
        (&"cpu".into(), &"f32".into())
    );
}

#[test]
fn info_lists_the_cpu_and_says_what_cuda_lacks() {
    let text = succeed(&mut danqing(&["info"])).join("\n");
    assert!(text.contains("CPU,") && text.contains("CUDA:"), "{text}");
    let json = succeed(&mut danqing(&["info", "--json"]));
    let info: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
    let devices = info["devices"].as_array().unwrap();
    assert_eq!(devices.last().unwrap()["id"], "cpu");
    let cuda = &info["cuda"];
    assert_eq!(cuda["ready"] == true, cuda["missing"].is_null());
    assert_eq!(cuda["missing"].is_null(), cuda["remedy"].is_null());
    assert_eq!(cuda["ready"] == true, devices.len() > 1);
}
