//! Metrics on predictions small enough to be judged by hand, and against brute force.

use super::*;
use proptest::prelude::*;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("class {i}")).collect()
}

fn judged(probabilities: &[f32], targets: &[u32], blank: &[bool], classes: usize) -> Evaluation {
    let classes = names(classes);
    evaluate(&Predictions { probabilities, targets, blank, classes: &classes }, 7).unwrap()
}

#[test]
fn three_classes_by_hand() {
    // Calls: 0, 0 (the first of equals), 2, 2, 1; truths: 0, 1, 2, 1, 1.
    let probabilities = [0.7, 0.2, 0.1, 0.4, 0.4, 0.2, 0.1, 0.1, 0.8, 0.0, 0.25, 0.75, 0.125, 0.5, 0.375];
    let e = judged(&probabilities, &[0, 1, 2, 1, 1], &[true, false, false, false, false], 3);
    assert_eq!(e.confusion, [vec![1, 0, 0], vec![1, 1, 1], vec![0, 0, 1]]);
    assert_eq!((e.images, e.outside, e.roc_auc), (5, 0, None));
    assert_eq!((e.accuracy, e.accuracy_not_blank), (Some(0.6), Some(0.5)));
    let shares: Vec<_> = e.per_class.iter().map(|c| (c.precision, c.recall, c.f1, c.support)).collect();
    assert_eq!(shares[0], (Some(0.5), Some(1.0), Some(2.0 / 3.0), 1));
    assert_eq!(shares[1], (Some(1.0), Some(1.0 / 3.0), Some(0.5), 3));
    assert_eq!(shares[2], (Some(0.5), Some(1.0), Some(2.0 / 3.0), 1));
    let want = -(0.7_f64.ln() + 0.4_f64.ln() + 0.8_f64.ln() + 0.25_f64.ln() + 0.5_f64.ln()) / 5.0;
    assert!((e.loss.unwrap() - want).abs() < 1e-7);
}

#[test]
fn one_output_is_the_second_of_two_classes() {
    let e = judged(&[0.9, 0.5, 0.49, 0.0], &[1, 1, 1, 0], &[false; 4], 2);
    assert_eq!(e.confusion, [vec![1, 0], vec![1, 2]]);
    assert_eq!(e.roc_auc, Some(1.0));
    let want = -(0.9_f64.ln() + 0.5_f64.ln() + 0.49_f64.ln()) / 4.0;
    assert!((e.loss.unwrap() - want).abs() < 1e-7);
    let e = judged(&[1.0, 0.0], &[0, 1], &[false; 2], 2);
    assert_eq!((e.loss, e.roc_auc), (Some(100.0), Some(0.0)), "certain mistakes are bounded");
}

#[test]
fn outputs_beyond_the_classes_are_mistakes_and_empty_shares_are_none() {
    let e = judged(&[0.1, 0.2, 0.7, 0.6, 0.3, 0.1], &[1, 0], &[true, true], 2);
    assert_eq!((e.outside, e.accuracy, e.accuracy_not_blank), (1, Some(0.5), None));
    assert_eq!((e.interval.is_some(), e.interval_not_blank), (true, None));
    assert_eq!(e.per_class[1].precision, None, "never called");
    assert_eq!(e.per_class[1].recall, Some(0.0));
    let e = judged(&[0.9, 0.1, 0.0], &[0], &[false], 3);
    let absent = &e.per_class[2];
    assert_eq!((absent.precision, absent.recall, absent.f1, absent.support), (None, None, None, 0));
    let e = judged(&[], &[], &[], 2);
    assert_eq!((e.accuracy, e.loss, e.interval, e.roc_auc), (None, None, None, None));
}

#[test]
fn misfits_and_nan_are_typed_errors() {
    let classes = names(2);
    let of = |probabilities: &[f32], targets: &[u32], blank: &[bool]| {
        evaluate(&Predictions { probabilities, targets, blank, classes: &classes }, 1)
    };
    assert!(matches!(of(&[0.5; 3], &[0, 1], &[false; 2]), Err(Error::Shape { .. })));
    assert!(matches!(of(&[0.5; 4], &[0, 2], &[false; 2]), Err(Error::Shape { .. })));
    assert!(matches!(of(&[0.5; 4], &[0, 1], &[false; 1]), Err(Error::Shape { .. })));
    assert!(matches!(of(&[0.5; 4], &[], &[]), Err(Error::Shape { .. })));
    let error = of(&[0.5, 0.5, f32::NAN, 0.1], &[0, 1], &[false; 2]).unwrap_err().to_string();
    assert!(error.contains("image 1") && error.contains("output 0"), "{error}");
    let three = names(3);
    let narrow = Predictions { probabilities: &[0.5; 2], targets: &[0], blank: &[false], classes: &three };
    assert!(matches!(evaluate(&narrow, 1), Err(Error::Shape { .. })));
}

#[test]
fn the_outcome_goes_into_the_record() {
    let e = judged(&[0.9, 0.1, 0.2, 0.8], &[0, 0], &[true, false], 2);
    let mut metrics = Metrics::default();
    e.put_into(&mut metrics, &names(2));
    assert_eq!((metrics.test_accuracy, metrics.test_accuracy_not_blank), (Some(0.5), Some(0.0)));
    assert_eq!(metrics.confusion, [vec![1, 1], vec![0, 0]]);
    assert_eq!(metrics.intervals.len(), 2);
    assert_eq!(metrics.interval("test_accuracy_not_blank"), Some((0.0, 0.0)));
}

#[test]
fn intervals_are_those_of_the_binomial_and_the_same_twice() {
    let right: Vec<bool> = (0..400).map(|i| i % 4 != 0).collect();
    let [low, high] = accuracy_interval(&right, 3).unwrap();
    assert_eq!(accuracy_interval(&right, 3), Some([low, high]));
    // sqrt(.75 * .25 / 400) = 0.0217; 1.96 of them are 0.0424. Two thousand draws leave about a twentieth of that.
    assert!((low - 0.7076).abs() < 0.005 && (high - 0.7924).abs() < 0.005, "{low} {high}");
    assert_eq!(accuracy_interval(&[true; 9], 1), Some([1.0, 1.0]));
    assert_eq!(accuracy_interval(&[], 1), None);
}

proptest! {
    #[test]
    fn the_rank_statistic_counts_pairs(images in prop::collection::vec((0..12_u8, any::<bool>()), 0..40)) {
        let scores: Vec<f32> = images.iter().map(|(s, _)| f32::from(*s) - 3.0).collect();
        let positive: Vec<bool> = images.iter().map(|(_, p)| *p).collect();
        let (mut won, mut pairs) = (0.0, 0.0);
        for (a, p) in &images {
            for (b, q) in &images {
                if *p && !*q {
                    pairs += 1.0;
                    won += if a > b { 1.0 } else if a == b { 0.5 } else { 0.0 };
                }
            }
        }
        match roc_auc(&scores, &positive) {
            Some(auc) => prop_assert!((auc - won / pairs).abs() < 1e-12),
            None => prop_assert!(pairs == 0.0),
        }
    }
}

#[test]
fn both_zeros_are_one_score() {
    assert_eq!(roc_auc(&[-0.0, 0.0], &[true, false]), Some(0.5));
    assert_eq!(roc_auc(&[f32::NAN, 0.0], &[true, false]), None);
}
