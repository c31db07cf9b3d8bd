//! Damage from a seed: flipped bits, other bytes, cut ends, moved pieces, and edited lengths.

use rand::rngs::ChaCha8Rng;
use rand::{Rng, SeedableRng};

use crate::table::Reader;

/// Damaged file number `number` of a reader; the same number gives the same file.
pub(crate) fn input(reader: &Reader, number: usize) -> Vec<u8> {
    let mut key = [0; 32];
    let name = reader.name.as_bytes();
    key[..name.len().min(24)].copy_from_slice(&name[..name.len().min(24)]);
    key[24..].copy_from_slice(&(number as u64).to_le_bytes());
    let mut random = Random(ChaCha8Rng::from_seed(key));
    let mut bytes = reader.seeds[random.below(reader.seeds.len())].clone();
    for _ in 0..=random.below(4) {
        damage(&mut bytes, reader, &mut random);
    }
    // Half of the files get a true checksum again, or are compressed after the damage, so that it goes deeper.
    if random.below(2) == 0 { (reader.finish)(bytes) } else { bytes }
}

fn damage(bytes: &mut Vec<u8>, reader: &Reader, random: &mut Random) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    let at = random.place(length);
    match random.below(8) {
        0 | 1 => bytes[at] ^= 1 << random.below(8),
        2 => bytes[at] = random.byte(),
        3 => bytes.truncate(at),
        4 => {
            // A piece of this or another file is laid over, or put in.
            let other = &reader.seeds[random.below(reader.seeds.len())];
            let from = random.below(other.len());
            let piece = other[from..(from + 1 + random.below(32)).min(other.len())].to_vec();
            let replaced = if random.below(2) == 0 { at } else { (at + piece.len()).min(length) };
            bytes.splice(at..replaced, piece);
        }
        5 => {
            let end = (at + 1 + random.below(16)).min(length);
            bytes.drain(at..end);
        }
        6 => {
            // Digits and signs of text formats: sizes there are written out.
            let text = [b"99999999999".as_slice(), b"-1", b"1e39", b"(", b"0", b",", b";", b"nan"];
            let piece = text[random.below(text.len())];
            let end = (at + piece.len()).min(length);
            bytes.splice(at..end, piece.iter().copied());
        }
        _ => {
            // A number of 1, 2, 4 or 8 bytes becomes an extreme one, in either byte order.
            let extremes = [0, 1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fff_ffff, 0x8000_0000];
            let more = [0xffff_ffff, 0x7fff_ffff_ffff_ffff, u64::MAX];
            let choice = random.below(extremes.len() + more.len());
            let value: u64 = extremes.iter().chain(&more).copied().nth(choice).unwrap_or(0);
            let width = 1 << random.below(4);
            let mut field = value.to_le_bytes()[..width].to_vec();
            if random.below(2) == 0 {
                field.reverse();
            }
            for (byte, new) in bytes[at..].iter_mut().zip(field) {
                *byte = new;
            }
        }
    }
}

struct Random(ChaCha8Rng);

impl Random {
    /// A number below `n`; the small bias of the remainder does not matter here.
    fn below(&mut self, n: usize) -> usize {
        self.0.next_u32() as usize % n
    }

    fn byte(&mut self) -> u8 {
        self.0.next_u32().to_le_bytes()[0]
    }

    /// A place in a file: half of them near its beginning, where formats keep their sizes.
    fn place(&mut self, length: usize) -> usize {
        let reach = if self.below(2) == 0 { length.min(64) } else { length };
        self.below(reach)
    }
}
