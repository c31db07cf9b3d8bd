//! Volumes made in memory: every type, both byte orders, slopes, orientations, compression, and damage.

use std::io::Write;

use super::*;

/// A small file, field by field.
#[derive(Clone)]
pub(in crate::data) struct Sample {
    pub(in crate::data) big: bool,
    pub(in crate::data) dims: Vec<i16>,
    pub(in crate::data) datatype: i16,
    pub(in crate::data) bitpix: i16,
    pub(in crate::data) scaling: [f32; 2],
    pub(in crate::data) sform: Option<[[f32; 4]; 3]>,
    pub(in crate::data) qform: Option<[f32; 3]>,
    pub(in crate::data) pixdim: [f32; 4],
    /// The voxels' bytes in the byte order of the file; `None`: 0, 1, 2... of the data type u8.
    pub(in crate::data) voxels: Option<Vec<u8>>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            big: false,
            dims: vec![2, 3, 4],
            datatype: 2,
            bitpix: 8,
            scaling: [0.0; 2],
            sform: None,
            qform: None,
            pixdim: [1.0; 4],
            voxels: None,
        }
    }
}

impl Sample {
    /// The bytes of the file.
    pub(in crate::data) fn file(&self) -> Vec<u8> {
        let mut file = vec![0; 352];
        let mut put = |at: usize, le: &[u8]| {
            file[at..at + le.len()].copy_from_slice(le);
            if self.big {
                file[at..at + le.len()].reverse();
            }
        };
        put(0, &348i32.to_le_bytes());
        put(40, &i16::try_from(self.dims.len()).unwrap().to_le_bytes());
        for (at, size) in (42..).step_by(2).zip(&self.dims) {
            put(at, &size.to_le_bytes());
        }
        put(70, &self.datatype.to_le_bytes());
        put(72, &self.bitpix.to_le_bytes());
        for (at, step) in (76..).step_by(4).zip(&self.pixdim) {
            put(at, &step.to_le_bytes());
        }
        put(108, &352f32.to_le_bytes());
        put(112, &self.scaling[0].to_le_bytes());
        put(116, &self.scaling[1].to_le_bytes());
        if let Some(quaternion) = self.qform {
            put(252, &1i16.to_le_bytes());
            for (at, value) in (256..).step_by(4).zip(quaternion) {
                put(at, &value.to_le_bytes());
            }
        }
        if let Some(rows) = self.sform {
            put(254, &1i16.to_le_bytes());
            for (at, value) in (280..).step_by(4).zip(rows.as_flattened()) {
                put(at, &value.to_le_bytes());
            }
        }
        file[344..348].copy_from_slice(b"n+1\0");
        match &self.voxels {
            Some(voxels) => file.extend(voxels),
            None => file.extend((0..=u8::MAX).cycle().take(self.dims.iter().map(|&n| n as usize).product())),
        }
        file
    }

    fn read(&self) -> Result<Volume> {
        from_bytes(&self.file(), Path::new("head.nii"), MAX_BYTES)
    }
}

pub(in crate::data) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn reason(result: Result<Volume>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn every_type_is_read_in_both_byte_orders() {
    let numbers = [-2.0f64, 0.0, 1.0, 100.0];
    #[expect(
        clippy::cast_possible_truncation,
        reason = "these numbers fit; -2 is cut to 0 where there is no sign"
    )]
    let stored = |code: i16, v: f64| -> Vec<u8> {
        match code {
            2 => (v as u8).to_le_bytes().to_vec(),
            4 => (v as i16).to_le_bytes().to_vec(),
            8 => (v as i32).to_le_bytes().to_vec(),
            16 => (v as f32).to_le_bytes().to_vec(),
            64 => v.to_le_bytes().to_vec(),
            256 => (v as i8).to_le_bytes().to_vec(),
            512 => (v as u16).to_le_bytes().to_vec(),
            768 => (v as u32).to_le_bytes().to_vec(),
            _ => panic!(),
        }
    };
    for (datatype, signed) in
        [(2, false), (4, true), (8, true), (16, true), (64, true), (256, true), (512, false), (768, false)]
    {
        for big in [false, true] {
            let mut voxels = Vec::new();
            for v in numbers {
                let mut bytes = stored(datatype, v);
                if big {
                    bytes.reverse();
                }
                voxels.extend(bytes);
            }
            let bitpix = i16::try_from(2 * voxels.len()).unwrap();
            let sample =
                Sample { big, dims: vec![4], datatype, bitpix, voxels: Some(voxels), ..Default::default() };
            let volume = sample.read().unwrap();
            let first = if signed { -2.0 } else { 0.0 };
            assert_eq!(volume.data, [first, 0.0, 1.0, 100.0], "type {datatype}, big endian {big}");
            assert_eq!(volume.shape, [4, 1, 1]);
        }
    }
}

#[test]
fn slope_and_intercept_apply_and_a_slope_of_zero_does_not() {
    let sample = |scaling| Sample { dims: vec![3], scaling, ..Default::default() };
    assert_eq!(sample([0.5, -1.0]).read().unwrap().data, [-1.0, -0.5, 0.0]);
    assert_eq!(sample([0.0, 7.0]).read().unwrap().data, [0.0, 1.0, 2.0]);
    assert_eq!(sample([f32::NAN, 7.0]).read().unwrap().data, [0.0, 1.0, 2.0]);
    assert!(reason(sample([1.0, f32::INFINITY]).read()).contains("intercept"));
}

#[test]
fn axes_are_flipped_and_permuted_to_ras() {
    // Voxel (i, j, k) holds i + 2 j + 6 k.
    let value = |[i, j, k]: [usize; 3]| (i + 2 * j + 6 * k) as f32;
    // Affine of the MNI templates: the first axis runs to the left.
    let left = Sample {
        sform: Some([[-2.0, 0.0, 0.0, 90.0], [0.0, 2.0, 0.0, -126.0], [0.0, 0.0, 3.0, -72.0]]),
        ..Default::default()
    };
    let volume = left.read().unwrap();
    assert_eq!((volume.stored_axes.as_str(), volume.spacing), ("LAS", [2.0, 2.0, 3.0]));
    assert_eq!(volume.get(0, 2, 3), Some(value([1, 2, 3])));
    // Stored as (inferior, right, posterior).
    let turned = Sample {
        sform: Some([[0.0, 4.0, 0.0, 0.0], [0.0, 0.0, -5.0, 0.0], [-3.0, 0.0, 0.0, 0.0]]),
        ..Default::default()
    };
    let volume = turned.read().unwrap();
    assert_eq!((volume.stored_axes.as_str(), volume.shape), ("IRP", [3, 4, 2]));
    assert_eq!(volume.spacing, [4.0, 5.0, 3.0]);
    for (i, j, k) in [(0, 0, 0), (1, 0, 0), (0, 2, 0), (0, 0, 3), (1, 2, 3), (1, 1, 2)] {
        assert_eq!(volume.get(j, 3 - k, 1 - i), Some(value([i, j, k])));
    }
}

#[test]
fn the_qform_counts_without_an_sform_and_nothing_means_ras() {
    // c = 1 is a half turn about y: x and z run backwards; qfac = -1 turns z once more.
    let qform = Sample { qform: Some([0.0, 1.0, 0.0]), pixdim: [-1.0, 2.0, 3.0, 4.0], ..Default::default() };
    let volume = qform.read().unwrap();
    assert_eq!((volume.stored_axes.as_str(), volume.spacing), ("LAS", [2.0, 3.0, 4.0]));
    let both = Sample {
        sform: Some([[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]),
        ..qform.clone()
    };
    assert_eq!(both.read().unwrap().stored_axes, "RAS");
    let none = Sample { pixdim: [0.0, 2.0, 0.0, -4.0], ..Default::default() };
    let volume = none.read().unwrap();
    assert_eq!((volume.stored_axes.as_str(), volume.spacing), ("RAS", [2.0, 1.0, 4.0]));
    let nowhere = Sample { sform: Some([[0.0; 4]; 3]), ..Default::default() };
    assert!(reason(nowhere.read()).contains("axis 1 has no direction"));
}

#[test]
fn gzip_is_recognised_by_content_and_its_checksum_is_verified() {
    let sample = Sample::default();
    let packed = gzip(&sample.file());
    let read = |bytes: &[u8]| from_bytes(bytes, Path::new("any.name"), MAX_BYTES);
    assert_eq!(read(&packed).unwrap(), sample.read().unwrap());
    let mut damaged = packed.clone();
    let checksum = damaged.len() - 8;
    damaged[checksum] ^= 1;
    assert!(reason(read(&damaged)).contains("damaged"));
    assert!(reason(read(&packed[..packed.len() / 2])).contains("end"));
}

#[test]
fn the_first_of_several_time_points_is_read() {
    let sample = Sample { dims: vec![2, 1, 1, 3, 2], ..Default::default() };
    let volume = sample.read().unwrap();
    assert_eq!((volume.shape, volume.time_points), ([2, 1, 1], 6));
    assert_eq!(volume.data, [0.0, 1.0]);
}

#[test]
fn truncated_files_are_refused_at_every_length() {
    let file = Sample::default().file();
    for length in 0..file.len() {
        let error = from_bytes(&file[..length], Path::new("head.nii"), MAX_BYTES).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{length}: {error}");
    }
    let short = from_bytes(&file[..370], Path::new("head.nii"), MAX_BYTES);
    assert!(reason(short).contains("2 x 3 x 4 voxels need 24 bytes, it has 18"));
}

#[test]
fn a_header_that_claims_terabytes_is_refused_before_allocation() {
    let sample = Sample { dims: vec![32767, 32767, 32767], ..Default::default() };
    let mut sample = Sample { voxels: Some(vec![0; 9]), ..sample };
    for file in [sample.file(), gzip(&sample.file())] {
        let error = from_bytes(&file, Path::new("head.nii"), MAX_BYTES).unwrap_err();
        assert!(
            matches!(error, Error::ClaimsTooMuch { claimed: 140_724_603_846_652, limit: MAX_BYTES, .. }),
            "{error}"
        );
    }
    // Within the limit, but not there: found by counting.
    sample.dims = vec![600, 600, 600];
    assert!(reason(sample.read()).contains("it has 9"));
}

#[test]
fn what_is_not_a_readable_volume_is_refused_with_the_reason() {
    let with = |change: fn(&mut Vec<u8>)| {
        let mut file = Sample::default().file();
        change(&mut file);
        reason(from_bytes(&file, Path::new("head.nii"), MAX_BYTES))
    };
    assert!(with(|file| file.fill(7)).contains("header's length"));
    assert!(with(|file| file[0..4].copy_from_slice(&540i32.to_le_bytes())).contains("NIfTI-2"));
    assert!(with(|file| file[344..348].copy_from_slice(b"ni1\0")).contains("second file"));
    assert!(with(|file| file[344..348].fill(0)).contains("ANALYZE"));
    assert!(with(|file| file[40] = 0).contains("0 dimensions"));
    assert!(with(|file| file[42] = 0).contains("dimension 1 is 0"));
    assert!(with(|file| file[43] = 0x80).contains("dimension 1 is -"));
    assert!(with(|file| file[70] = 32).contains("complex"));
    assert!(with(|file| file[70] = 128).contains("colours"));
    assert!(with(|file| file[72] = 16).contains("contradicts"));
    assert!(with(|file| file[108..112].copy_from_slice(&1e30f32.to_le_bytes())).contains("begin at byte"));
    assert!(with(|file| file[108..112].copy_from_slice(&9e8f32.to_le_bytes())).contains("before its voxels"));
}
