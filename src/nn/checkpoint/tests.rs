//! Checkpoints through files: bit for bit, read by the format's own library, whole after every failure.

use super::*;
use crate::error::Error;
use proptest::prelude::*;
use std::io::Write;
use std::path::Path;

fn sample() -> Checkpoint {
    let tensor = |name: &str, shape: &[usize], data: &[f32]| NamedTensor {
        name: name.into(),
        shape: shape.to_vec(),
        data: data.to_vec(),
    };
    Checkpoint {
        tensors: vec![
            tensor("9.weight", &[2, 3], &[1.0, -2.5, 0.0, f32::MIN_POSITIVE, 1e30, -0.0]),
            tensor("1.bias", &[], &[0.1]),
            tensor("empty", &[0, 4], &[]),
        ],
        metadata: [("network", "[[layer]]\nkind = \"conv2d\""), ("classes", "[\"sí\",\"no\"]")]
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .into(),
    }
}

fn read_error(path: &Path) -> String {
    Checkpoint::read(path).map_or_else(|e| e.to_string(), |_| "read".to_string())
}

#[test]
fn a_checkpoint_comes_back_and_leaves_nothing_beside() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    sample().write(&path).unwrap();
    assert_eq!(Checkpoint::read(&path).unwrap(), sample());
    assert_eq!(sample().tensor("1.bias").unwrap().data, [0.1]);
    let first = std::fs::read(&path).unwrap();
    sample().write(&path).unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), first, "the same content gives the same bytes");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

#[test]
fn the_library_of_the_format_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    sample().write(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let header = u64::from_le_bytes(bytes[..8].try_into().unwrap());
    assert_eq!(header % 8, 0, "the values are aligned");
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weight = file.tensor("9.weight").unwrap();
    assert_eq!((weight.dtype(), weight.shape()), (safetensors::Dtype::F32, &[2, 3][..]));
    assert_eq!(weight.data()[4..8], (-2.5_f32).to_le_bytes());
    let (_, metadata) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(metadata.metadata().as_ref().unwrap()["classes"], "[\"sí\",\"no\"]");
    let serialised = safetensors::serialize(file.iter(), None).unwrap();
    std::fs::write(&path, serialised).unwrap();
    let back = Checkpoint::read(&path).unwrap();
    assert_eq!(back.tensor("9.weight"), sample().tensor("9.weight"), "and we read what it writes");
}

#[test]
fn every_cut_is_told_apart_from_another_format() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    sample().write(&path).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for length in 0..whole.len() {
        std::fs::write(&path, &whole[..length]).unwrap();
        let error = read_error(&path);
        assert!(error.contains("cut short") && error.contains("copy it again"), "{length}: {error}");
    }
    std::fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
    assert!(read_error(&path).contains("1 bytes follow the last tensor"));
    std::fs::write(&path, b"PK\x03\x04 a zip file of another program").unwrap();
    assert!(read_error(&path).contains("another format"));
    std::fs::write(&path, [&8_u64.to_le_bytes()[..], b"no JSON!"].concat()).unwrap();
    assert!(read_error(&path).contains("its header does not parse"));
    assert!(matches!(Checkpoint::read(&dir.path().join("none")), Err(Error::Read { .. })));
}

fn with_header(path: &Path, header: &str, data: usize) {
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.resize(bytes.len() + data, 0);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn other_types_false_places_and_giants_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    with_header(&path, r#"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, 4);
    assert!(read_error(&path).contains("tensor `a` is F16") && read_error(&path).contains("32-bit floats"));
    with_header(&path, r#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4);
    assert!(read_error(&path).contains("does not parse"), "the shape does not fit the place");
    with_header(&path, r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8);
    assert!(read_error(&path).contains("does not parse"), "a hole before the tensor");
    let giant = 1_u64 << 40;
    let header = format!(r#"{{"a":{{"dtype":"F32","shape":[{giant}],"data_offsets":[0,{}]}}}}"#, 4 * giant);
    with_header(&path, &header, 0);
    assert!(matches!(Checkpoint::read(&path), Err(Error::ClaimsTooMuch { .. })));
}

#[test]
fn shapes_and_names_are_checked_before_anything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let change = |change: fn(&mut Checkpoint)| {
        let mut checkpoint = sample();
        change(&mut checkpoint);
        checkpoint.write(&path)
    };
    assert!(matches!(change(|c| c.tensors[0].shape[0] = 3), Err(Error::Shape { .. })));
    assert!(matches!(change(|c| c.tensors[0].shape = vec![usize::MAX, 2]), Err(Error::Shape { .. })));
    assert!(matches!(change(|c| c.tensors[1].name = "9.weight".into()), Err(Error::Shape { .. })));
    assert!(matches!(change(|c| c.tensors[1].name = "__metadata__".into()), Err(Error::Shape { .. })));
    let long = change(|c| {
        c.metadata.insert("x".into(), "y".repeat(usize::try_from(MAX_HEADER_BYTES).unwrap()));
    });
    assert!(matches!(long, Err(Error::TooLarge { .. })));
    assert!(!path.exists());
}

/// A disk with so many bytes left.
struct Full<'a> {
    file: &'a mut std::fs::File,
    left: usize,
}

impl Write for Full<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.left == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        let taken = self.file.write(&bytes[..bytes.len().min(self.left)])?;
        self.left -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

#[test]
fn a_full_disk_leaves_the_previous_checkpoint_whole() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("model.safetensors");
    let old = Checkpoint { metadata: [("epoch".to_string(), "1".to_string())].into(), ..sample() };
    old.write(&path).unwrap();
    let header = sample().header().unwrap();
    let whole = 8 + header.len() + 4 * 7;
    for left in 0..whole {
        let outcome =
            crate::record::replace(&path, |file| sample().stream(&header, &mut Full { file, left }));
        assert!(matches!(&outcome, Err(Error::Write { .. })), "{left}: {outcome:?}");
        assert_eq!(Checkpoint::read(&path).unwrap(), old, "{left}");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "{left}: nothing is left beside");
    }
    crate::record::replace(&path, |file| sample().stream(&header, &mut Full { file, left: whole })).unwrap();
    assert_eq!(Checkpoint::read(&path).unwrap(), sample());
    assert!(matches!(sample().write(&dir.path().join("no/model")), Err(Error::Write { .. })));
}

#[cfg(target_os = "linux")]
#[test]
fn the_system_s_own_full_device_is_reported() {
    let mut full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let error = sample().stream(&sample().header().unwrap(), &mut full).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
}

fn tensors() -> impl Strategy<Value = Vec<NamedTensor>> {
    let shape = prop::collection::vec(0..5_usize, 0..4);
    let data = prop::collection::vec(any::<u32>(), 125..126);
    prop::collection::vec((shape, data), 0..6).prop_map(|list| {
        let tensor = |(i, (shape, bits)): (usize, (Vec<usize>, Vec<u32>))| {
            let count = shape.iter().product();
            let data = bits.into_iter().take(count).map(f32::from_bits).collect();
            NamedTensor { name: format!("{}.\"w\"", i * 7 % 5), shape, data }
        };
        list.into_iter().take(5).enumerate().map(tensor).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_checkpoint_comes_back_bit_for_bit(
        tensors in tensors(), metadata in prop::collection::btree_map("\\PC{0,8}", "\\PC{0,20}", 0..4),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m");
        let checkpoint = Checkpoint { tensors, metadata };
        checkpoint.write(&path).unwrap();
        let back = Checkpoint::read(&path).unwrap();
        prop_assert_eq!(&back.metadata, &checkpoint.metadata);
        // An empty tensor shares its place with its neighbour: the order is kept up to that.
        prop_assert_eq!(back.tensors.len(), checkpoint.tensors.len());
        for tensor in &checkpoint.tensors {
            let found = back.tensor(&tensor.name).unwrap();
            prop_assert_eq!(&found.shape, &tensor.shape);
            let bits = |data: &[f32]| data.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
            prop_assert_eq!(bits(&found.data), bits(&tensor.data));
        }
    }

    #[test]
    fn damaged_files_are_errors(at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<u8>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("m");
        let header = sample().header().unwrap();
        let mut bytes = Vec::new();
        sample().stream(&header, &mut bytes).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(bytes.len() - usize::from(cut % 3));
        std::fs::write(&path, bytes).unwrap();
        let _ = Checkpoint::read(&path);
    }
}
