//! Bad input gets one clear sentence, exit code 2, and leaves nothing behind.

use std::process::Command;

use super::model_files::tiny_copy;
use super::support::program::{danqing, errors, fail, generate, names, succeed, tiny_model};

#[test]
fn arguments_out_of_range_are_refused_with_what_would_do() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (
            &["fox", "--size", "1000x1000"][..],
            &["992x992", "1008x1008"][..],
        ),
        (&["fox", "--size", "0x64"], &["has no area"]),
        (&["fox", "--size", "65536x65536"], &["2048x2048"]),
        (&["fox", "--size", "big"], &["WIDTHxHEIGHT"]),
        (&["fox", "--steps", "0"], &["between 1 and 50"]),
        (&["fox", "--steps", "2000"], &["between 1 and 50"]),
        (&["fox", "--steps", "8.5"], &["between 1 and 50"]),
        (&["fox", "--guidance", "nan"], &["between 1 and 20"]),
        (&["fox", "--guidance", "0"], &["1 is off"]),
        (&["fox", "--count", "9"], &["between 1 and 8"]),
        (&["fox", "--guidance", "-5"], &["between 1 and 20"]),
        (
            &["fox", "--save-latents", "fox.png"],
            &["latents.safetensors"],
        ),
        (&["fox", "--seed", "-5"], &["seed", "18446744073709551615"]),
        (&["fox", "--strength", "0.5"], &["--init-image"]),
        (&["fox", "--dtype", "f16"], &["f32, bf16, fp8 or int8"]),
        (&["fox", "--device", "gpu"], &["cuda:0"]),
        (&["fox", "--device", "cuda:99"], &["cuda", "CUDA", "NVIDIA"]),
        (&[""], &["prompt is empty"]),
        (&[" \n\t"], &["prompt is empty"]),
        (&["fox\u{7}bell"], &["U+0007", "character 4"]),
        (&[], &["PROMPT"]),
        (&["a", "red", "fox"], &["goes in quotes"]),
    ] {
        let said = fail(&mut generate(arguments, folder.path()), 2);
        assert!(
            words.iter().any(|word| said.contains(word)),
            "{arguments:?}: {said}"
        );
        assert!(!said.contains("panicked"), "{said}");
    }
    assert_eq!(names(folder.path()), Vec::<String>::new());
}

#[test]
fn files_that_cannot_be_used_are_named_before_anything_is_painted() {
    let folder = tempfile::tempdir().unwrap();
    let within = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(within("text.png"), "not a picture").unwrap();
    std::fs::write(within("noise.safetensors"), "not noise").unwrap();
    let (text, noise, none) = (
        within("text.png"),
        within("noise.safetensors"),
        within("none"),
    );
    for (arguments, word) in [
        (&["fox", "--init-image", &text][..], "text.png"),
        (&["fox", "--init-image", &none], "none"),
        (&["fox", "--init-image", "/"], "/"),
        (&["fox", "--noise", &noise], "noise.safetensors"),
        (&["fox", "--noise", &none], "none"),
        (&["--from", &text], "text.png"),
        (&["--from", &none], "none"),
        (
            &["fox", "--output", &within("none/fox.png")],
            "does not exist",
        ),
        (&["fox", "--output", &within("none")], "does not exist"),
        (&["fox", "--output", &within("fox.jpg")], "PNG"),
        (&["fox", "--model", &none], "none"),
        (&["fox", "--model", &text], "text.png"),
    ] {
        let overrides = |name: &str| arguments.contains(&name);
        let mut command = danqing(&["generate", "--device", "cpu"]);
        if !overrides("--model") {
            command.arg("--model").arg(tiny_model());
        }
        if !overrides("--output") {
            command.arg("--output").arg(folder.path());
        }
        let said = fail(command.args(arguments), 2);
        assert!(said.contains(word), "{arguments:?}: {said}");
        assert_eq!(said.matches("error:").count(), 1, "{said}");
    }
    assert_eq!(names(folder.path()), ["noise.safetensors", "text.png"]);
}

#[test]
fn noise_of_another_size_is_refused_with_both_shapes() {
    let folder = tempfile::tempdir().unwrap();
    let noise = super::support::golden::folder().join("tiny/golden/en_square.safetensors");
    let mut command = generate(&["fox", "--size", "64x80"], folder.path());
    let said = fail(command.arg("--noise").arg(noise), 2);
    assert!(
        said.contains("[1, 16, 8, 8]") && said.contains("[1, 16, 10, 8]"),
        "{said}"
    );
}

/// A model whose tokenizer cannot be read stands for one that takes minutes to load: what is said first was found
/// before loading.
#[test]
fn what_does_not_fit_is_found_before_the_model_is_loaded() {
    let model = tiny_copy();
    std::fs::write(model.path().join("tokenizer/tokenizer.json"), "{").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let within = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let noise = super::support::golden::folder().join("tiny/golden/en_square.safetensors");
    let run = |arguments: &[&str]| {
        let mut command = danqing(&["generate", "fox", "--device", "cpu", "--size", "64x80"]);
        fail(command.arg("--model").arg(model.path()).args(arguments), 2)
    };
    let said = run(&["--output", &within(""), "--noise", noise.to_str().unwrap()]);
    assert!(said.contains("[1, 16, 10, 8]"), "{said}");
    let said = run(&["--output", &within(""), "--save-latents", &within("")]);
    assert!(said.contains("is a folder"), "{said}");
    std::fs::write(within("file"), "").unwrap();
    let said = run(&["--output", &within("file")]);
    assert!(said.contains("is not a folder"), "{said}");
    #[cfg(target_os = "linux")]
    for (option, path) in [
        ("--output", "/proc/self"),
        ("--output", "/proc/self/fox.png"),
        ("--save-latents", "/proc/self/latents.safetensors"),
    ] {
        let said = run(&[option, path]);
        assert!(said.contains("cannot be saved"), "{option} {path}: {said}");
    }
    let said = run(&["--output", &within("")]);
    assert!(said.contains("tokenizer.json"), "{said}");
    assert_eq!(names(folder.path()), ["file"]);
}

/// Names of files may be any bytes on Unix, and JSON is Unicode.
#[cfg(unix)]
#[test]
fn names_that_are_not_unicode_are_told_as_far_as_they_can_be() {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = tempfile::tempdir().unwrap();
    let odd = folder.path().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    std::fs::create_dir(&odd).unwrap();
    let picture = odd.join("start.png");
    image::RgbImage::new(32, 32).save(&picture).unwrap();

    let mut command = generate(&["fox", "--size", "32x32", "--steps", "1", "--json"], &odd);
    let lines = succeed(&mut command);
    assert!(lines[0].contains("odd\u{fffd}"), "{lines:?}");
    let checked = succeed(danqing(&["models", "check", "--json"]).arg(tiny_model()));
    assert!(checked[0].contains("\"sound\":true"), "{checked:?}");

    let before = names(&odd);
    let mut command = generate(&["fox", "--size", "32x32"], &odd);
    let said = fail(command.arg("--init-image").arg(&picture), 2);
    assert!(said.contains("not UTF-8"), "{said}");
    assert_eq!(names(&odd), before);
}

/// Copies the tiny model and fills one file's values with NaN.
#[test]
fn weights_of_nan_are_found_after_the_first_step() {
    let model = tiny_copy();
    let transformer = model.path().join("transformer");
    let shard = std::fs::read_dir(&transformer)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| {
            path.extension()
                .is_some_and(|extension| extension == "safetensors")
        })
        .unwrap();
    let mut bytes = std::fs::read(&shard).unwrap();
    let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for value in bytes[header..].chunks_exact_mut(4) {
        value.copy_from_slice(&f32::NAN.to_le_bytes());
    }
    std::fs::write(&shard, bytes).unwrap();

    let out = tempfile::tempdir().unwrap();
    let mut command = danqing(&[
        "generate", "fox", "--size", "64x64", "--device", "cpu", "--model",
    ]);
    let said = fail(command.arg(model.path()).arg("--output").arg(out.path()), 2);
    assert!(
        said.contains("in step 1") && said.contains("weights are damaged"),
        "{said}"
    );
    assert_eq!(names(out.path()), Vec::<String>::new());
}

/// A limit on the size of files stands for a disk that fills up while the picture is written.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let home = tempfile::tempdir().unwrap();
    let earlier = folder.path().join("earlier.png");
    std::fs::write(&earlier, "an earlier picture").unwrap();
    for output in [folder.path(), earlier.as_path()] {
        let limited = format!(
            "trap '' XFSZ; ulimit -f 2; exec '{}' generate fox --size 64x64 --steps 1 --device cpu --model '{}' --output '{}'",
            env!("CARGO_BIN_EXE_danqing"),
            tiny_model().display(),
            output.display(),
        );
        let mut shell = Command::new("sh");
        let shell = shell
            .args(["-c", &limited])
            .env("DANQING_HOME", home.path());
        let said = fail(shell, 2);
        assert!(
            said.contains("cannot be saved") && said.contains("space"),
            "{said}"
        );
    }
    assert_eq!(names(folder.path()), ["earlier.png"]);
    assert_eq!(std::fs::read(&earlier).unwrap(), b"an earlier picture");
}

/// `danqing models check … > answer` on a full disk must not look as if all were well.
#[cfg(target_os = "linux")]
#[test]
fn an_answer_that_cannot_be_printed_is_a_failure() {
    let full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let mut command = danqing(&["models", "check"]);
    let output = command.arg(tiny_model()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = errors(&output);
    assert!(said.contains("cannot be printed"), "{said}");
}

/// The pixels are not lost with the place that they were to go to.
#[cfg(target_os = "linux")]
#[test]
fn a_picture_that_cannot_be_saved_where_it_should_is_kept_elsewhere() {
    let (home, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Where the first of two pictures goes there is a folder by then, which nobody looks for before.
    std::fs::create_dir(folder.path().join("fox-1.png")).unwrap();
    let mut command = generate(
        &[
            "fox", "--size", "64x64", "--steps", "1", "--seed", "7", "--count", "2",
        ],
        &folder.path().join("fox.png"),
    );
    let said = fail(command.env("DANQING_HOME", home.path()), 2);
    let kept = home.path().join("data/pictures");
    let [name] = names(&kept).try_into().unwrap();
    let kept = kept.join(name);
    assert!(said.contains("cannot be saved"), "{said}");
    assert!(said.contains(&kept.display().to_string()), "{said}");
    let metadata = danqing::gallery::read_png(&kept).unwrap().metadata.unwrap();
    assert_eq!(metadata.request.seed.0, 7);
}

#[test]
fn two_programs_that_save_in_the_same_second_get_two_files() {
    let folder = tempfile::tempdir().unwrap();
    let mut running: Vec<_> = (0..4)
        .map(|_| {
            generate(
                &[
                    "fox", "--size", "32x32", "--steps", "1", "--seed", "1", "--count", "2",
                ],
                folder.path(),
            )
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
        })
        .collect();
    for child in &mut running {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(names(folder.path()).len(), 8);
}

/// Ctrl+C, as a terminal sends it.
#[cfg(unix)]
#[test]
fn ctrl_c_ends_with_130_and_no_picture() {
    let folder = tempfile::tempdir().unwrap();
    let child = generate(
        &["fox", "--size", "512x512", "--steps", "50", "--count", "8"],
        folder.path(),
    )
    .stdout(std::process::Stdio::piped())
    .stderr(std::process::Stdio::piped())
    .spawn()
    .unwrap();
    std::thread::sleep(std::time::Duration::from_secs(2));
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let begin = std::time::Instant::now();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", errors(&output));
    assert!(begin.elapsed() < std::time::Duration::from_secs(20));
    let unfinished = names(folder.path())
        .into_iter()
        .filter(|name| name.starts_with('.'));
    assert_eq!(unfinished.collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(
        String::from_utf8_lossy(&output.stdout).lines().count(),
        names(folder.path()).len()
    );
}
