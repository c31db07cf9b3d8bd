//! Labels at the ends of lines, moved apart so that none covers another.

/// Moves positions apart until neighbours are at least `gap` from each other, within `low..=high`, each as near to
/// where it wants to be as the others allow. The order is kept. Returns one position for each wanted one.
///
/// Neighbours that are too close are merged into one block that sits at the mean of what its members want (the
/// pool-adjacent-violators method of isotonic regression: Barlow et al., "Statistical Inference under Order
/// Restrictions", 1972), then the row of blocks is pushed inside. Where the space is too small for `gap`, the gap
/// shrinks.
pub(super) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let count = wanted.len();
    if count == 0 {
        return Vec::new();
    }
    let gap = if count > 1 { gap.min((high - low) / (count - 1) as f64) } else { gap };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]).then(a.cmp(b)));
    // With the gaps taken out, "at least gap apart" is "ascending".
    let top = high - gap * (count - 1) as f64;
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (rank, index) in order.iter().enumerate() {
        blocks.push((wanted[*index] - gap * rank as f64, 1));
        while let [.., (a, n), (b, m)] = blocks.as_slice()
            && a > b
        {
            let merged = ((a * *n as f64 + b * *m as f64) / (n + m) as f64, n + m);
            blocks.truncate(blocks.len() - 2);
            blocks.push(merged);
        }
    }
    let mut placed = vec![0.0; count];
    let values = blocks.iter().flat_map(|(value, n)| std::iter::repeat_n(*value, *n));
    for (rank, (index, value)) in order.iter().zip(values).enumerate() {
        placed[*index] = value.clamp(low, top.max(low)) + gap * rank as f64;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::spread;

    fn apart(placed: &[f64], gap: f64) -> bool {
        let mut sorted = placed.to_vec();
        sorted.sort_by(f64::total_cmp);
        sorted.windows(2).all(|w| w[1] - w[0] >= gap - 1e-9)
    }

    #[test]
    fn labels_that_have_room_stay_where_they_are() {
        assert_eq!(spread(&[10.0, 90.0, 50.0], 16.0, 0.0, 100.0), [10.0, 90.0, 50.0]);
        assert!(spread(&[], 16.0, 0.0, 100.0).is_empty());
    }

    #[test]
    fn crowded_labels_move_apart_about_their_middle() {
        assert_eq!(spread(&[50.0, 50.0, 50.0], 10.0, 0.0, 100.0), [40.0, 50.0, 60.0]);
        assert_eq!(spread(&[0.0, 0.0], 10.0, 0.0, 100.0), [0.0, 10.0]);
        assert_eq!(spread(&[100.0, 99.0], 10.0, 0.0, 100.0), [100.0, 90.0]);
    }

    #[test]
    fn no_two_labels_overlap_and_none_leaves_the_frame() {
        use rand::{RngExt, SeedableRng};
        let mut rng = rand::rngs::ChaCha8Rng::seed_from_u64(5);
        for _ in 0..2000 {
            let count = rng.random_range(1..16);
            let wanted: Vec<f64> = (0..count).map(|_| rng.random_range(-20.0..320.0)).collect();
            let placed = spread(&wanted, 16.0, 0.0, 300.0);
            assert!(apart(&placed, 16.0), "{wanted:?} {placed:?}");
            assert!(placed.iter().all(|p| (-1e-9..=300.0 + 1e-9).contains(p)), "{placed:?}");
            let order = |v: &[f64]| {
                let mut o: Vec<usize> = (0..v.len()).collect();
                o.sort_by(|a, b| v[*a].total_cmp(&v[*b]));
                o
            };
            assert_eq!(order(&wanted), order(&placed));
        }
    }

    #[test]
    fn too_many_labels_share_the_space_evenly() {
        let placed = spread(&[5.0; 11], 20.0, 0.0, 100.0);
        assert!(apart(&placed, 10.0) && placed.iter().all(|p| (0.0..=100.0).contains(p)));
    }
}
