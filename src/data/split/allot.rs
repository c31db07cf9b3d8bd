//! Whole groups to three sides, so that each class comes near its target on each side.

use super::super::dataset::Dataset;
use super::super::random::Stream;

/// Gives each group to one side. `targets` says for each class how many images each side should get; they add up to
/// the images of the class.
///
/// Groups come in random order, the largest first, since they are the hardest to place. A group goes to a side that
/// has room for all of it, drawn with the room as its weight; where there is none, to the side that it overfills
/// least. With groups of one image this is an even draw without replacement, and targets are met exactly.
pub(super) fn allot(
    groups: &[Vec<usize>],
    dataset: &Dataset,
    targets: &[[usize; 3]],
    stream: &mut Stream,
) -> [Vec<usize>; 3] {
    let mut order: Vec<&Vec<usize>> = groups.iter().collect();
    stream.shuffle(&mut order);
    order.sort_by_key(|group| std::cmp::Reverse(group.len()));
    let mut room = targets.to_vec();
    let mut sides = [const { Vec::new() }; 3];
    for group in order {
        let mut counts = vec![0usize; targets.len()];
        for &at in group {
            counts[dataset.examples[at].class] += 1;
        }
        let side = choose(&counts, &room, stream);
        for (class, count) in counts.into_iter().enumerate() {
            room[class][side] = room[class][side].saturating_sub(count);
        }
        sides[side].extend(group);
    }
    sides
}

fn choose(counts: &[usize], room: &[[usize; 3]], stream: &mut Stream) -> usize {
    let classes = || counts.iter().zip(room).filter(|(count, _)| **count > 0);
    let excess = |side: usize| classes().map(|(count, room)| count.saturating_sub(room[side])).sum::<usize>();
    let weights = [0, 1, 2].map(|side| match excess(side) {
        0 => classes().map(|(_, room)| room[side]).sum::<usize>(),
        _ => 0,
    });
    let total: usize = weights.iter().sum();
    if total == 0 {
        return (0..3).min_by_key(|&side| excess(side)).unwrap_or(0);
    }
    let drawn = stream.below(total);
    usize::from(drawn >= weights[0]) + usize::from(drawn >= weights[0] + weights[1])
}
