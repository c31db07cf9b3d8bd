//! Synthetic run folders, for the tests of reports.

use super::*;
use crate::record::{
    AdapterInfo, CallKind, Ceilings, Clock, Facts, Row, Run, RunStatus, SCHEMA_VERSION, SamplesWriter, Status,
};
use std::collections::BTreeMap;

/// How a test ends.
pub(super) type Outcome = std::result::Result<(), Box<dyn std::error::Error>>;

const POOL_SIZES: [&str; 15] =
    ["n", "c", "h", "w", "kh", "kw", "sh", "sw", "ph", "pw", "dh", "dw", "ceil", "pad_value", "indices"];

pub(super) fn run(experiment: &str) -> Run {
    Run {
        schema_version: SCHEMA_VERSION,
        command: ["tesela", "reproduce", "--data", "my slices"].map(String::from).to_vec(),
        experiment: experiment.into(),
        experiment_text: "question = \"Which <variant> wins?\"\n".into(),
        status: RunStatus::Complete,
        started: "2024-05-01T10:00:00Z".into(),
        finished: Some("2024-05-01T10:02:00Z".into()),
        resume_key: "k".into(),
        commit: Some("0123abc".into()),
        dirty: Some(true),
        lock_sha256: "00ff".into(),
        shaders: BTreeMap::from([("matmul/naive.wgsl".into(), "11".into())]),
        rustc: "rustc 1.95.0".into(),
        os: "Linux 6.1".into(),
        cpu: "Example CPU 9000".into(),
        cores: 2,
        memory_bytes: 8 << 30,
        adapter: Some(AdapterInfo {
            name: "llvmpipe (LLVM 19.1.1, 256 bits)".into(),
            kind: "Cpu".into(),
            backend: "vulkan".into(),
            driver: "llvmpipe".into(),
            driver_info: "Mesa 24.2".into(),
            vendor_id: 0x10005,
            device_id: 0,
            software: true,
            limits: BTreeMap::from([("max_buffer_size".into(), 1 << 31)]),
            features: vec!["TIMESTAMP_QUERY".into()],
        }),
        bounds_checks: true,
        seed: 1,
        generator: "ChaCha8".into(),
        environment: BTreeMap::from([("LP_NUM_THREADS".into(), "2".into())]),
        images: Some("three volumes, 273 axial slices".into()),
        notes: vec![
            "per_window variants stop at n = 128: their budget of 60 s was spent.".into(),
            format!("{}the defaults of their files, none tuned", Run::NOT_TUNED),
        ],
    }
}

/// Seven rows of one point, one first call and six warm ones that scatter a little. `kernel` and `copies` in ns.
pub(super) fn rows(
    op: &str,
    variant: &str,
    sizes: &[(&str, String)],
    cpu: Option<u32>,
    kernel: f64,
    copies: f64,
) -> Vec<Row> {
    let n: u64 = sizes.iter().find(|(s, _)| *s == "n" || *s == "h").map_or(1, |(_, v)| v.parse().unwrap());
    let side: u64 = sizes.iter().find(|(s, _)| *s == "h").map_or(n, |(_, v)| v.parse().unwrap());
    let (flops, bytes) =
        if op == "matmul" { (2 * n.pow(3), 12 * n * n) } else { (side * side, 5 * side * side) };
    let row = |sample: u32| {
        let shake = 1.0 + 0.04 * f64::from(sample * 7 % 5) + if sample == 0 { 20.0 } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        let ns = |t: f64| Some((t * shake) as u64 + 100);
        let gpu = |t: f64| if cpu.is_some() { None } else { ns(t) };
        Row {
            experiment: "x".into(),
            op: op.into(),
            variant: variant.into(),
            adapter: "a".into(),
            software: cpu.is_none(),
            threads: cpu,
            sizes: sizes.iter().map(|(n, v)| ((*n).to_string(), v.clone())).collect(),
            flops,
            bytes,
            seed: 1,
            sample,
            call: Some(if sample == 0 { CallKind::First } else { CallKind::Warm }),
            prepare_ns: None,
            compile_ns: None,
            upload_ns: gpu(copies * 0.3),
            encode_ns: gpu(copies * 0.05),
            kernel_ns: gpu(kernel),
            resident_ns: gpu(kernel + copies * 0.4),
            download_ns: gpu(copies * 0.2),
            total_ns: ns(kernel + copies),
            clock: cpu.is_none().then_some(Clock::Timestamp),
            status: Status::Ok,
            reason: String::new(),
        }
    };
    (0..7).map(row).collect()
}

pub(super) fn matmul_rows() -> Vec<Row> {
    let mut all = Vec::new();
    let variants: [(&str, Option<u32>, f64, f64); 10] = [
        ("serial", Some(1), 1.0, 0.0),
        ("rayon", Some(2), 0.45, 8e3),
        ("library", Some(2), 0.04, 2e3),
        ("naive", None, 0.6, 2e5),
        ("loop", None, 0.62, 2e5),
        ("loop_thesis", None, 9.0, 2e5),
        ("tiled_16", None, 0.5, 2e5),
        ("tiled_32", None, 0.55, 2e5),
        ("blocked", None, 0.09, 2e5),
        ("registers_4x4", None, 0.12, 2e5),
    ];
    for n in [2_u32, 4, 8, 16, 32, 64, 128, 256, 512, 1024] {
        let sizes = ["m", "n", "k"].map(|s| (s, n.to_string()));
        for (name, cpu, factor, copies) in variants {
            if name == "loop_thesis" && n > 256 {
                let reason = "the time budget of 60 s was spent".to_string();
                let row = rows("matmul", name, &sizes, cpu, 1.0, 1.0).remove(0);
                all.push(Row { status: Status::Skipped, reason, call: None, ..row });
                continue;
            }
            let kernel = factor * f64::from(n).powi(3) + if cpu.is_some() { 50.0 } else { 3e3 };
            let copies = copies + f64::from(n * n) * if cpu.is_some() { 0.0 } else { 1.2 };
            all.extend(rows("matmul", name, &sizes, cpu, kernel, copies));
        }
    }
    all
}

pub(super) fn pool_rows() -> Vec<Row> {
    let mut all = Vec::new();
    let once: [(&str, Option<u32>, f64); 7] = [
        ("serial", Some(1), 1.1),
        ("rayon", Some(2), 0.6),
        ("windows_batched", None, 2.2),
        ("direct", None, 0.5),
        ("tiled", None, 0.9),
        ("vectorized", None, 0.3),
        ("separable", None, 0.8),
    ];
    for side in [4_u32, 8, 16, 32, 64, 128, 256, 512, 1024] {
        let value = |name: &str| match name {
            "h" | "w" => side.to_string(),
            "kh" | "kw" | "sh" | "sw" => "2".to_string(),
            "ph" | "pw" => "0".to_string(),
            "ceil" | "indices" => "false".to_string(),
            "pad_value" => "neg_inf".to_string(),
            _ => "1".to_string(),
        };
        let sizes: Vec<(&str, String)> = POOL_SIZES.iter().map(|s| (*s, value(s))).collect();
        let pixels = f64::from(side * side);
        for (name, cpu, factor) in once {
            let copies = if cpu.is_some() { 0.0 } else { 1.5e5 + pixels * 0.9 };
            all.extend(rows("maxpool", name, &sizes, cpu, factor * pixels + 900.0, copies));
        }
        all.extend(rows("maxpool", "per_window_serial", &sizes, Some(1), pixels * 11.0, 0.0));
        for (i, kernel) in ["naive", "loop", "tiled"].iter().enumerate() {
            for (j, filter) in ["buffer", "constant"].iter().enumerate() {
                if side > 128 {
                    continue;
                }
                let name = format!("per_window_{kernel}_{filter}");
                let windows = pixels / 4.0;
                let part = 1.0 + 0.15 * i as f64 - 0.1 * j as f64;
                all.extend(rows(
                    "maxpool",
                    &name,
                    &sizes,
                    None,
                    windows * 9e3 * part,
                    windows * 1.1e5 * part,
                ));
            }
        }
    }
    all
}

pub(super) fn folder(root: &Path, name: &str, sizes: &[&str], rows: &[Row]) -> Result<PathBuf> {
    let path = root.join(name);
    std::fs::create_dir_all(&path).map_err(|e| Error::write(&path, e))?;
    run(name).write(&path.join("run.json"))?;
    let mut writer = SamplesWriter::create(&path.join("samples.csv"), sizes)?;
    rows.iter().try_for_each(|r| writer.write(r))?;
    Ok(path)
}

pub(super) fn png(path: &Path, width: u32, height: u32) -> Outcome {
    let image = image::GrayImage::from_fn(width, height, |x, y| {
        let (dx, dy) = (f64::from(x) / f64::from(width) - 0.5, f64::from(y) / f64::from(height) - 0.5);
        let r = dx.hypot(dy);
        image::Luma([if r < 0.42 { 90 + u8::try_from((x * 7 + y * 13) % 120).unwrap() } else { 0 }])
    });
    Ok(image.save(path)?)
}

pub(super) fn thesis_folders(root: &Path) -> std::result::Result<Vec<PathBuf>, Box<dyn std::error::Error>> {
    let pool = folder(root, "thesis_maxpool", &POOL_SIZES, &pool_rows())?;
    png(&pool.join("before.png"), 91, 109)?;
    png(&pool.join("after.png"), 45, 54)?;
    let facts = Facts {
        zero_padding_input: Some("functional slice 45".into()),
        zero_padding_windows: Some(2_530),
        zero_padding_changed: Some(512),
        image_before: Some("anatomical slice 45 of 91".into()),
        ..Facts::default()
    };
    facts.write(&pool.join("facts.json"))?;
    let matmul = folder(root, "thesis_matmul", &["m", "n", "k"], &matmul_rows())?;
    for run in [&matmul, &pool] {
        super::roofline_tests::ceilings().write(&run.join(Ceilings::FILE))?;
    }
    Ok(vec![matmul, pool])
}

pub(super) fn all_files(root: &Path) -> std::io::Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let bytes = std::fs::read(&path)?;
                found.insert(path.strip_prefix(root).unwrap_or(&path).to_path_buf(), bytes);
            }
        }
    }
    Ok(found)
}
