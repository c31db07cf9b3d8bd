//! Small valid files of every format, made here; two JPEG files come from a folder, since no encoder at hand writes
//! several scans (they are a 20 x 18 test pattern, written by libjpeg-turbo's `cjpeg`).

#![expect(clippy::unwrap_used, reason = "a sample that cannot be made is a failed test")]

use std::io::Write;

use image::{ExtendedColorType, ImageEncoder};
use tesela::data::npy::to_bytes_f32;
use tesela::data::{Encoding, GreyImage};

pub(crate) fn as_is(bytes: Vec<u8>) -> Vec<u8> {
    bytes
}

pub(crate) fn gzip(bytes: Vec<u8>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(&bytes).unwrap();
    encoder.finish().unwrap()
}

/// 5 x 4 x 3 voxels: u8 without orientation; i16, big endian, with a quaternion; f32 with an affine; f64, 4-D.
pub(crate) fn nifti() -> Vec<Vec<u8>> {
    [(2i16, 8i16, false, 3i16), (4, 16, true, 3), (16, 32, false, 3), (64, 64, true, 4)]
        .into_iter()
        .map(|(datatype, bitpix, big, rank)| {
            let mut file = vec![0; 352];
            let mut put = |at: usize, le: &[u8]| {
                file[at..at + le.len()].copy_from_slice(le);
                if big {
                    file[at..at + le.len()].reverse();
                }
            };
            put(0, &348i32.to_le_bytes());
            for (at, size) in (40..).step_by(2).zip([rank, 5, 4, 3, 2]) {
                put(at, &size.to_le_bytes());
            }
            put(70, &datatype.to_le_bytes());
            put(72, &bitpix.to_le_bytes());
            for at in [76, 80, 84, 88] {
                put(at, &2f32.to_le_bytes());
            }
            put(108, &352f32.to_le_bytes());
            put(112, &0.5f32.to_le_bytes());
            put(if datatype == 4 { 252 } else { 254 }, &i16::from(datatype > 2).to_le_bytes());
            for (at, value) in [(260, 1f32), (284, -2.0), (296, 2.0), (320, 2.0)] {
                put(at, &value.to_le_bytes());
            }
            file[344..348].copy_from_slice(b"n+1\0");
            let voxels = 60 * usize::from(bitpix.unsigned_abs() / 8) * if rank == 4 { 2 } else { 1 };
            file.extend((0..voxels).map(|v| v.to_le_bytes()[0]));
            file
        })
        .collect()
}

/// Grey, colour with alpha, 16-bit, and an interlaced palette.
pub(crate) fn png() -> Vec<Vec<u8>> {
    let samples: Vec<u8> = (0..=255).cycle().take(9 * 7 * 4).collect();
    let encode = |bytes: usize, color| {
        let mut file = Vec::new();
        let encoder = image::codecs::png::PngEncoder::new(&mut file);
        encoder.write_image(&samples[..9 * 7 * bytes], 9, 7, color).unwrap();
        file
    };
    vec![
        encode(1, ExtendedColorType::L8),
        encode(4, ExtendedColorType::Rgba8),
        encode(2, ExtendedColorType::L16),
        interlaced_palette(),
    ]
}

/// 8 x 8 pixels of a palette of four colours, interlaced: seven passes, each row behind its filter byte.
fn interlaced_palette() -> Vec<u8> {
    let mut rows = Vec::new();
    for (w, h) in [(1u8, 1u8), (1, 1), (2, 1), (2, 2), (4, 2), (4, 4), (8, 4)] {
        for y in 0..h {
            rows.push(0);
            rows.extend((0..w).map(|x| (x + y) % 4));
        }
    }
    let mut data = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    data.write_all(&rows).unwrap();
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let palette: Vec<u8> = (0..12).map(|v| v * 20).collect();
    for (name, content) in [
        (b"IHDR", &[0, 0, 0, 8, 0, 0, 0, 8, 8, 3, 0, 0, 1][..]),
        (b"PLTE", &palette),
        (b"tRNS", &[255, 0]),
        (b"tEXt", b"Comment\0a text"),
        (b"IDAT", &data.finish().unwrap()),
        (b"IEND", &[]),
    ] {
        file.extend(u32::try_from(content.len()).unwrap().to_be_bytes());
        file.extend(name);
        file.extend(content);
        file.extend([0; 4]);
    }
    true_png_checksums(file)
}

/// Writes the true checksum behind every chunk that is whole.
pub(crate) fn true_png_checksums(mut file: Vec<u8>) -> Vec<u8> {
    let mut at = 8;
    while let Some(&[a, b, c, d]) = file.get(at..at + 4).and_then(|length| length.first_chunk()) {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let end = at + 8 + length;
        if file.len() < end + 4 {
            break;
        }
        let mut crc = flate2::Crc::new();
        crc.update(&file[at + 4..end]);
        file[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
    file
}

/// Grey, colour, colour in three scans, and progressive.
pub(crate) fn jpeg() -> Vec<Vec<u8>> {
    let grey = GreyImage::new(10, 18, (0u8..180).map(f32::from).collect()).unwrap();
    let mut colour = Vec::new();
    let samples: Vec<u8> = (0..=255).cycle().take(18 * 10 * 3).collect();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut colour, 60)
        .write_image(&samples, 18, 10, ExtendedColorType::Rgb8)
        .unwrap();
    vec![
        grey.encode(Encoding::Jpeg).unwrap(),
        colour,
        include_bytes!("three_scans.jpg").to_vec(),
        include_bytes!("progressive.jpg").to_vec(),
    ]
}

/// A noisy grey PNG and JPEG, and a colour JPEG, of 1000 x 700 pixels.
pub(crate) fn large_images() -> Vec<Vec<u8>> {
    let (w, h) = (1000, 700);
    let values = (0..w * h).map(|i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as f32).collect();
    let grey = GreyImage::new(h as usize, w as usize, values).unwrap();
    let samples = grey.to_bytes().repeat(3);
    let mut colour = Vec::new();
    image::codecs::jpeg::JpegEncoder::new(&mut colour)
        .write_image(&samples, w, h, ExtendedColorType::Rgb8)
        .unwrap();
    vec![grey.encode(Encoding::Png).unwrap(), grey.encode(Encoding::Jpeg).unwrap(), colour]
}

pub(crate) fn csv() -> Vec<Vec<u8>> {
    let texts = [
        "1,2.5,-3\n4,5,6e-3\n",
        "a;b\n1;2\n3;nan\n",
        "# a comment\n 1 2\t3\n\n4 5 6\n",
        "\"1\",\"2\"\r\n3,inf",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Tables of labels: quoted, with semicolons, with a byte order mark.
pub(crate) fn labels() -> Vec<Vec<u8>> {
    let texts = [
        "file,class,label,group\na/1.png,a,0,7\na/2.png,a,0,\n\"b/1, too.png\",b,1,9\n",
        "\u{feff}path;label;group\r\na\\1.jpg;yes;p1\r\nb.jpg;no;p2\r\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

pub(crate) fn npy() -> Vec<Vec<u8>> {
    let mut files = vec![to_bytes_f32(&[2, 3], &[1.0; 6]).unwrap(), to_bytes_f32(&[0, 4], &[]).unwrap()];
    for (descr, width) in [("<f8", 8), ("<i4", 4), ("<i8", 8), ("|b1", 1), ("|u1", 1)] {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': (5,), }}\n");
        let length = u32::try_from(header.len()).unwrap().to_le_bytes();
        let body = vec![1; 5 * width];
        files.push([b"\x93NUMPY\x02\x00".as_slice(), &length, header.as_bytes(), &body].concat());
    }
    files
}

/// Experiments: few axes, many axes, choices.
pub(crate) fn toml() -> Vec<Vec<u8>> {
    let texts = [
        "name = 'x'\nquestion = 'q'\nop = 'matmul'\n[axes]\nm = [2, 30]\nk = 'm'\n",
        "name = 'x'\nquestion = 'q'\nexpect = 'e'\nop = 'maxpool'\nvariants = ['serial', 'tiled']\ninput = 'digits'\n\
         seed = 7\n[axes]\nh = [8, 16]\nw = 9\nkh = [2, 3]\nceil = 'ceil'\npad_value = ['zero', 'neg_inf']\n\
         [budget]\nmax_samples = 3\nnoise = 0.5\n",
    ];
    texts.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Rows of a run: warm, first, skipped with a quoted reason.
pub(crate) fn samples() -> Vec<Vec<u8>> {
    let head = "experiment,op,variant,adapter,software,threads,m,n,k,flops,bytes,seed,sample,call,prepare_ns,compile_ns,\
                upload_ns,encode_ns,kernel_ns,resident_ns,download_ns,total_ns,clock,status,reason\n";
    let rows = "x,matmul,naive,llvmpipe,true,,2,2,2,16,48,35,0,first,5,9,1,2,3,4,5,12,timestamp,ok,\n\
                x,matmul,serial,a CPU,false,1,2,2,2,16,48,35,0,warm,,,,,3,3,,3,wall,ok,\n\
                x,matmul,tiled_32,llvmpipe,true,,2,2,2,16,48,35,0,,,,,,,,,,,skipped,\"too big, it says\"\n";
    vec![format!("{head}{rows}").into_bytes()]
}
