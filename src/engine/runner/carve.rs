//! Disjoint views of many buffers at once, some to read and some to write.

use crate::engine::Part;
use crate::ops::{Data, View, ViewMut};

/// Views of `read` and of `write`, each in order. Parts of one buffer that overlap must both be in `read`, and a buffer
/// from which parts are written gives no part to read twice.
pub(super) fn carve<'m>(
    buffers: &'m mut [Data],
    read: &[Part],
    write: &[Part],
) -> (Vec<View<'m>>, Vec<ViewMut<'m>>) {
    let mut views: Vec<Option<View<'m>>> = vec![None; read.len()];
    let mut writable: Vec<Option<ViewMut<'m>>> = write.iter().map(|_| None).collect();
    for (number, data) in buffers.iter_mut().enumerate() {
        let here = |parts: &[Part]| -> Vec<(usize, Part)> {
            let all = parts.iter().copied().enumerate();
            all.filter(|(_, part)| part.buffer == number).collect()
        };
        let (reads, writes) = (here(read), here(write));
        if writes.is_empty() {
            let whole = if reads.is_empty() { continue } else { data.view() };
            for (at, part) in reads {
                views[at] = Some(whole.part(part.at, part.len));
            }
            continue;
        }
        let mut wanted: Vec<(Part, bool, usize)> = reads.into_iter().map(|(at, p)| (p, false, at)).collect();
        wanted.extend(writes.into_iter().map(|(at, p)| (p, true, at)));
        wanted.sort_by_key(|(part, ..)| part.at);
        let (mut rest, mut begin) = (data.view_mut(), 0);
        for (part, is_written, at) in wanted {
            assert!(part.at >= begin, "two operands of a call overlap, and one is written");
            let (_, tail) = rest.split_at(part.at - begin);
            let (mine, tail) = tail.split_at(part.len);
            (rest, begin) = (tail, part.at + part.len);
            if is_written {
                writable[at] = Some(mine);
            } else {
                views[at] = Some(mine.freeze());
            }
        }
    }
    (views.into_iter().flatten().collect(), writable.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(buffer: usize, at: usize, len: usize) -> Part {
        Part { buffer, at, len }
    }

    #[test]
    fn views_see_what_was_asked_for_in_order() {
        let mut buffers = [Data::F32((0..10u8).map(f32::from).collect()), Data::I32(vec![7, 8, 9])];
        let read = [part(1, 1, 2), part(0, 8, 2), part(0, 0, 3)];
        let (views, mut written) = carve(&mut buffers, &read, &[part(0, 5, 2), part(0, 3, 1)]);
        assert_eq!(views, [View::I32(&[8, 9]), View::F32(&[8.0, 9.0]), View::F32(&[0.0, 1.0, 2.0])]);
        written[0].f32_mut().fill(-1.0);
        written[1].f32_mut().fill(-2.0);
        assert_eq!(buffers[0].f32(), [0.0, 1.0, 2.0, -2.0, 4.0, -1.0, -1.0, 7.0, 8.0, 9.0]);
    }

    #[test]
    fn a_part_is_read_twice_where_its_buffer_is_not_written() {
        let mut buffers = [Data::F32(vec![1.0, 2.0])];
        let (views, _) = carve(&mut buffers, &[part(0, 0, 2), part(0, 0, 1)], &[]);
        assert_eq!(views, [View::F32(&[1.0, 2.0]), View::F32(&[1.0])]);
    }

    #[test]
    #[should_panic(expected = "overlap")]
    fn an_overlap_with_what_is_written_is_a_fault() {
        carve(&mut [Data::F32(vec![0.0; 4])], &[part(0, 0, 2)], &[part(0, 1, 2)]);
    }
}
