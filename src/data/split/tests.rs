//! Counts, groups and leaks on data sets made here, and the protocols on the shared slices where they are.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::data::dataset::{Example, LoadOptions};
use crate::data::image_file::Stored;
use crate::data::picture::Picture;

/// An example for each (class, group); equal groups have equal pixels, and group 0 is blank.
fn dataset(k: usize, members: &[(usize, usize)]) -> Dataset {
    let mut orders = vec![0; k];
    let examples = members.iter().map(|&(class, group)| {
        let [low, high] = [group % 256, group / 256].map(|byte| u8::try_from(byte).unwrap());
        let picture = Picture { c: 1, h: 1, w: 2, pixels: vec![low, high] };
        orders[class] += 1;
        Example {
            name: String::new(),
            class,
            group,
            blank: group == 0,
            order: orders[class] - 1,
            hash: picture.hash(),
            stored_size: [1, 2],
            stored: Stored { format: "PNG", color: "grey" },
            picture: Arc::new(picture),
        }
    });
    let examples = examples.collect();
    Dataset { classes: (0..k).map(|c| format!("c{c}")).collect(), examples, ..Dataset::default() }
}

/// As many examples a class, all different.
fn distinct(counts: &[usize]) -> Dataset {
    let classes = counts.iter().enumerate().flat_map(|(class, &n)| std::iter::repeat_n(class, n));
    let members: Vec<_> = classes.enumerate().map(|(at, class)| (class, at + 1)).collect();
    dataset(counts.len(), &members)
}

fn of_class(dataset: &Dataset, side: &[usize], class: usize) -> usize {
    side.iter().filter(|&&at| dataset.examples[at].class == class).count()
}

/// Every example once, none on two sides.
fn is_partition(dataset: &Dataset, split: &Split) -> bool {
    let all = [&split.train[..], &split.valid, &split.test].concat();
    let once: BTreeSet<_> = all.iter().collect();
    all.len() == dataset.examples.len() && once.len() == all.len()
}

#[test]
fn shares_are_met_in_every_class() {
    let dataset = distinct(&[50, 20, 7]);
    let split = dataset.split(&SplitRule::default(), 3).unwrap();
    assert!(is_partition(&dataset, &split));
    assert_eq!(split.counts(&dataset), [[35, 5, 10], [14, 2, 4], [5, 1, 1]]);
    assert_eq!(split.leaks.test, Leak { images: 15, ..Leak::default() });
    assert_eq!(split, dataset.split(&SplitRule::default(), 3).unwrap());
    assert!(split.test != dataset.split(&SplitRule::default(), 4).unwrap().test);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn groups_stay_on_one_side(
        members in prop::collection::vec((0usize..3, 0usize..30), 20..120),
        seed in 0u64..50,
        per_class in any::<bool>(),
    ) {
        let dataset = dataset(3, &members);
        let rule = if per_class {
            SplitRule::PerClass { test: 2, valid_share: 0.2, groups: true }
        } else {
            SplitRule::Fractions { test: 0.25, valid: 0.15 }
        };
        // Too few images of a class, or none left for a side, are refused.
        let Ok(split) = dataset.split(&rule, seed) else { return Ok(()) };
        prop_assert!(is_partition(&dataset, &split));
        let groups = |side: &[usize]| side.iter().map(|&at| dataset.examples[at].group).collect::<BTreeSet<_>>();
        let [train, valid, test] = [groups(&split.train), groups(&split.valid), groups(&split.test)];
        prop_assert!(train.is_disjoint(&test) && train.is_disjoint(&valid) && valid.is_disjoint(&test));
        prop_assert_eq!((split.leaks.test.total(), split.leaks.valid.total()), (0, 0));
    }
}

#[test]
fn every_image_is_as_likely_on_each_side() {
    let dataset = distinct(&[10, 10]);
    let mut tested = [0; 20];
    for seed in 0..1000 {
        for at in dataset.split(&SplitRule::default(), seed).unwrap().test {
            tested[at] += 1;
        }
    }
    // 1000 draws at 1/5: six standard deviations are 76.
    assert!(tested.iter().all(|n| (124..=276).contains(n)), "{tested:?}");
}

#[test]
fn the_thesis_trains_on_its_test_images() {
    let dataset = distinct(&[91; 3]);
    let split = dataset.split(&SplitRule::protocol("A").unwrap(), 1234).unwrap();
    assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (245, 28, 99));
    assert_eq!([0, 1, 2].map(|class| of_class(&dataset, &split.test, class)), [33; 3]);
    assert_eq!(split.leaks.test, Leak { images: 99, equal: 99, blank: 0, same: 99 });
    assert_eq!(split.leaks.valid.total(), 0);
    let error = distinct(&[90; 3]).split(&SplitRule::protocol("A").unwrap(), 1).unwrap_err().to_string();
    assert!(error.contains("245") && error.contains("270 images"), "{error}");
}

#[test]
fn a_block_is_of_neighbours() {
    let dataset = distinct(&[91; 3]);
    for (seed, start) in [(1233, 20), (1234, 30), (1235, 40)] {
        let split = dataset.split(&SplitRule::protocol("c").unwrap(), seed).unwrap();
        assert_eq!((split.train.len(), split.valid.len(), split.test.len()), (159, 18, 96));
        assert!(is_partition(&dataset, &split));
        let expected: Vec<usize> = (0..3).flat_map(|c| 91 * c + start..91 * c + start + 32).collect();
        assert_eq!(split.test, expected);
    }
    let late = SplitRule::Block { test: 32, start: Some(60), valid_share: 0.1 };
    let error = dataset.split(&late, 1).unwrap_err().to_string();
    assert!(error.contains("at least 92 images of the class `c0`, got 91"), "{error}");
}

#[test]
fn leaks_are_counted_by_pixels_and_blanks_apart() {
    // Twice three equal images and four blank ones.
    let twins = dataset(2, &[(0, 0), (0, 0), (1, 0), (1, 0), (0, 5), (1, 5), (0, 6), (1, 6), (0, 7), (1, 7)]);
    let leaks = Leaks::count(&twins, &[0, 4, 6], &[5], &[1, 2, 7, 8, 6]);
    assert_eq!(leaks.test, Leak { images: 5, equal: 2, blank: 2, same: 1 });
    assert_eq!(leaks.valid, Leak { images: 1, equal: 1, blank: 0, same: 0 });
}

#[test]
fn what_cannot_be_split_says_why() {
    let few = distinct(&[40, 32]);
    let error = few.split(&SplitRule::protocol("B").unwrap(), 1).unwrap_err().to_string();
    assert!(error.contains("at least 33 images of the class `c1`, got 32"), "{error}");
    let error = distinct(&[2, 2]).split(&SplitRule::default(), 1).unwrap_err().to_string();
    assert!(error.contains("at least one image for"), "{error}");
    let one_left = SplitRule::PerClass { test: 31, valid_share: 0.9, groups: false };
    let error = few.split(&one_left, 1).unwrap_err().to_string();
    assert!(error.contains("at least one image of the class `c1` for training"), "{error}");
    for (test, valid) in [(0.6, 0.4), (-0.1, 0.1), (f64::NAN, 0.1), (0.1, 1.0)] {
        let error = few.split(&SplitRule::Fractions { test, valid }, 1).unwrap_err().to_string();
        assert!(error.contains("a share from 0 to below 1"), "{error}");
    }
    assert!(few.split(&SplitRule::Fractions { test: 0.0, valid: 0.0 }, 1).is_ok());
    assert!(SplitRule::protocol("D").is_err());
}

#[test]
fn rules_are_read_from_a_table() {
    let read = |text: &str| toml::from_str::<SplitRule>(text);
    assert_eq!(read("rule = 'fractions'").unwrap(), SplitRule::default());
    assert_eq!(read("rule = 'thesis_counts'").unwrap(), SplitRule::protocol("A").unwrap());
    assert_eq!(read("rule = 'per_class'").unwrap(), SplitRule::protocol("B").unwrap());
    assert_eq!(read("rule = 'block'").unwrap(), SplitRule::protocol("C").unwrap());
    let block = SplitRule::Block { test: 5, start: Some(7), valid_share: 0.2 };
    assert_eq!(read("rule = 'block'\ntest = 5\nstart = 7\nvalid_share = 0.2").unwrap(), block);
    assert_eq!(read(&toml::to_string(&block).unwrap()).unwrap(), block);
    for wrong in ["rule = 'blocks'", "rule = 'block'\ntests = 5", "test = 0.2"] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn the_protocols_on_the_shared_slices() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/mri_volumes");
    if !path.is_dir() {
        println!("skipped: {} is not there", path.display());
        return;
    }
    let dataset = Dataset::load(Some(&path), &LoadOptions::default()).unwrap();
    for seed in [1234, 1235, 1236] {
        let split = |letter| dataset.split(&SplitRule::protocol(letter).unwrap(), seed).unwrap();
        let sizes = |split: &Split| [split.train.len(), split.valid.len(), split.test.len()];
        let a = split("A");
        assert_eq!((sizes(&a), a.leaks.test.same, a.leaks.test.total()), ([245, 28, 99], 99, 99));
        let b = split("B");
        assert_eq!((sizes(&b), b.leaks.test.same, b.leaks.test.equal), ([159, 18, 96], 0, 0));
        let blank = b.test.iter().filter(|&&at| dataset.examples[at].blank).count();
        assert!(blank > 0 && b.leaks.test.blank == blank);
        let c = split("C");
        assert_eq!((sizes(&c), c.leaks.test.total()), ([159, 18, 96], 0));
        let default = dataset.split(&SplitRule::default(), seed).unwrap();
        assert_eq!((default.leaks.test.total(), default.leaks.valid.total()), (0, 0));
        println!("{:?} {:?}", sizes(&default), b.leaks);
    }
}
