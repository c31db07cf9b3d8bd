//! The area under the ROC curve as a rank statistic.

/// The probability that a positive image scores above a negative one, ties counted half: the Mann-Whitney statistic
/// over n1 n0 (Hanley and McNeil, "The Meaning and Use of the Area under a Receiver Operating Characteristic Curve",
/// Radiology 143, 1982). From mid-ranks, in O(n log n). `None` where one side is empty, a score is NaN, or the lengths
/// differ.
pub fn roc_auc(scores: &[f32], positive: &[bool]) -> Option<f64> {
    if scores.len() != positive.len() || scores.iter().any(|s| s.is_nan()) {
        return None;
    }
    let ones = positive.iter().filter(|p| **p).count() as f64;
    let zeros = positive.len() as f64 - ones;
    if ones == 0.0 || zeros == 0.0 {
        return None;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]));
    let mut rank_sum = 0.0;
    let mut below = 0;
    // `==` and not the total order: -0 and 0 are one score.
    for tied in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let rank = below as f64 + (tied.len() as f64 + 1.0) / 2.0;
        rank_sum += rank * tied.iter().filter(|i| positive[**i]).count() as f64;
        below += tied.len();
    }
    Some((rank_sum - ones * (ones + 1.0) / 2.0) / (ones * zeros))
}
