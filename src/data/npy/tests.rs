//! Every element type, both versions, and what must be refused.

use std::path::Path;

use super::*;

fn file(version: u8, dictionary: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend([version, 0]);
    let length = u16::try_from(dictionary.len()).unwrap();
    bytes.extend(length.to_le_bytes());
    if version == 2 {
        bytes.extend([0, 0]);
    }
    bytes.extend(dictionary.as_bytes());
    bytes.extend(body);
    bytes
}

fn typed(descr: &str, shape: &str, body: &[u8]) -> Result<Array> {
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    from_bytes(&file(1, &dictionary, body), Path::new("a.npy"))
}

#[test]
fn every_element_type_is_read() {
    let two = |data| Array { shape: vec![2], data };
    let bytes = |halves: [&[u8]; 2]| halves.concat();
    let read = |descr, body: Vec<u8>| typed(descr, "(2,)", &body).unwrap();
    assert_eq!(
        read("<f4", bytes([&1.5f32.to_le_bytes(), &(-2f32).to_le_bytes()])),
        two(ArrayData::F32(vec![1.5, -2.0]))
    );
    assert_eq!(
        read("<f8", bytes([&1e300f64.to_le_bytes(), &(-2f64).to_le_bytes()])),
        two(ArrayData::F64(vec![1e300, -2.0]))
    );
    assert_eq!(
        read("<i4", bytes([&7i32.to_le_bytes(), &i32::MIN.to_le_bytes()])),
        two(ArrayData::I32(vec![7, i32::MIN]))
    );
    assert_eq!(
        read("<i8", bytes([&7i64.to_le_bytes(), &i64::MIN.to_le_bytes()])),
        two(ArrayData::I64(vec![7, i64::MIN]))
    );
    assert_eq!(read("|b1", vec![0, 1]), two(ArrayData::Bool(vec![false, true])));
    assert_eq!(read("|u1", vec![0, 255]), two(ArrayData::U8(vec![0, 255])));
}

#[test]
fn scalars_empty_arrays_and_version_two_are_read() {
    assert_eq!(typed("|u1", "()", &[9]).unwrap(), Array { shape: vec![], data: ArrayData::U8(vec![9]) });
    assert!(typed("<f4", "(0, 4)", &[]).unwrap().data.is_empty());
    let dictionary = "{\"shape\": (1, 2), \"descr\": \"|u1\", \"fortran_order\": False}";
    let array = from_bytes(&file(2, dictionary, &[1, 2]), Path::new("a.npy")).unwrap();
    assert_eq!(array, Array { shape: vec![1, 2], data: ArrayData::U8(vec![1, 2]) });
}

#[test]
fn what_was_written_is_read_back() {
    for shape in [vec![], vec![6], vec![2, 3], vec![1, 2, 3, 1]] {
        let n = shape.iter().product::<usize>();
        let data: Vec<f32> = (0..n).map(|i| i as f32 / 3.0).collect();
        let bytes = to_bytes_f32(&shape, &data).unwrap();
        assert_eq!((bytes.len() - 4 * n) % 64, 0);
        let array = from_bytes(&bytes, Path::new("a.npy")).unwrap();
        assert_eq!(array, Array { shape, data: ArrayData::F32(data) });
    }
    assert!(matches!(to_bytes_f32(&[2, 3], &[0.0; 5]), Err(Error::Shape { .. })));
}

#[test]
fn the_written_header_is_numpys_own() {
    let bytes = to_bytes_f32(&[3], &[0.0; 3]).unwrap();
    assert_eq!(&bytes[..10], b"\x93NUMPY\x01\x00\x76\x00");
    assert!(bytes[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }  "));
    assert_eq!(bytes[127], b'\n');
}

#[test]
fn what_is_not_understood_is_refused_with_the_reason() {
    let reason = |result: Result<Array>| result.unwrap_err().to_string();
    assert!(reason(typed(">f4", "(1,)", &[0; 4])).contains("`>f4`"));
    assert!(reason(typed("<f2", "(1,)", &[0; 2])).contains("`<f2`"));
    assert!(reason(typed("<f4", "(2,)", &[0; 4])).contains("needs 8 bytes of elements, it has 4"));
    assert!(reason(typed("<f4", "(1,)", &[0; 5])).contains("needs 4 bytes of elements, it has 5"));
    assert!(reason(typed("<f4", "(-1,)", &[])).contains("in place of a size"));
    assert!(reason(typed("<f4", "(1 1)", &[])).contains("in place of `)`"));
    let fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 2), }";
    assert!(reason(from_bytes(&file(1, fortran, &[0; 16]), Path::new("a"))).contains("Fortran"));
    let twice = "{'shape': (1,), 'shape': (1,)}";
    assert!(reason(from_bytes(&file(1, twice, &[]), Path::new("a"))).contains("twice"));
    assert!(reason(from_bytes(&file(3, "{}", &[]), Path::new("a"))).contains("version 3.0"));
    assert!(reason(from_bytes(b"PK", Path::new("a"))).contains("mark"));
    assert!(
        reason(from_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff", Path::new("a"))).contains("at most 10000")
    );
}

#[test]
fn a_shape_of_terabytes_is_refused_before_allocation() {
    let error = typed("<f8", "(1000000, 1000000)", &[0; 8]).unwrap_err();
    assert!(matches!(error, Error::ClaimsTooMuch { claimed: 8_000_000_000_000, .. }), "{error}");
    let error = typed("<f8", "(99999999999, 99999999999)", &[0; 8]).unwrap_err();
    assert!(matches!(error, Error::ClaimsTooMuch { claimed: u64::MAX, .. }), "{error}");
}

/// Arrays written by NumPy itself: each is read, or refused for its element type and nothing else.
#[test]
fn the_arrays_of_the_shared_oracles_are_read() {
    let oracle = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/oracle");
    if !oracle.is_dir() {
        println!("skipped: {} is not there", oracle.display());
        return;
    }
    let (mut folders, mut read_whole, mut refused) = (vec![oracle], 0, 0);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "npy") {
                match read(&path) {
                    Ok(array) => {
                        assert_eq!(array.data.len(), array.shape.iter().product::<usize>());
                        read_whole += 1;
                    }
                    Err(error) => {
                        assert!(error.to_string().contains("element type"), "{error}");
                        refused += 1;
                    }
                }
            }
        }
    }
    println!("{read_whole} read, {refused} of other element types");
    assert!(read_whole > 0);
}
