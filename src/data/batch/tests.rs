//! Batches against preparation one after the other.

use super::*;
use crate::data::augment::augment_one;
use crate::data::dataset::LoadOptions;
use crate::data::prepare::{Mode, prepare_one};
use crate::error::Error;

fn phantom() -> Arc<Dataset> {
    Arc::new(Dataset::load(None, &LoadOptions::default()).unwrap())
}

fn feed(dataset: &Arc<Dataset>) -> Feed {
    Feed {
        dataset: Arc::clone(dataset),
        indices: (10..33).chain(100..120).collect(),
        batch: 8,
        prepare: Prepare { h: 9, w: 8, ..Prepare::default() },
        augment: Some(Augment { brightness: 0.2, contrast: 0.2, ..Augment::thesis() }),
        shuffle: true,
        seed: 5,
    }
}

fn all(feeder: impl Iterator<Item = Result<Batch>>) -> Vec<Batch> {
    feeder.collect::<Result<_>>().unwrap()
}

#[test]
fn batches_are_what_preparing_one_after_the_other_gives() {
    let dataset = phantom();
    for augmented in [true, false] {
        let mut feed = feed(&dataset);
        feed.augment = feed.augment.filter(|_| augmented);
        let order = epoch_order(&feed.indices, true, 5, 3);
        assert!(order != feed.indices);
        for workers in [0, 1, 3, 8] {
            let batches = all(Loader::new(feed.clone(), 3, 0, workers).unwrap());
            let sizes: Vec<usize> = batches.iter().map(Batch::len).collect();
            assert_eq!(sizes, [8, 8, 8, 8, 8, 3]);
            let indices: Vec<usize> = batches.iter().flat_map(|batch| batch.indices.clone()).collect();
            assert_eq!(indices, order);
            for batch in &batches {
                assert_eq!(batch.x.len(), batch.len() * 3 * 9 * 8);
                for ((&index, &target), x) in
                    batch.indices.iter().zip(&batch.targets).zip(batch.x.chunks_exact(3 * 9 * 8))
                {
                    let example = &dataset.examples[index];
                    assert_eq!(usize::try_from(target).unwrap(), example.class);
                    let expected = match &feed.augment {
                        Some(augment) => augment_one(&example.picture, &feed.prepare, augment, (5, 3, index)),
                        None => prepare_one(&example.picture, &feed.prepare),
                    };
                    assert_eq!(x, expected);
                }
            }
            let last: Vec<bool> = batches.iter().map(|batch| batch.is_last).collect();
            assert_eq!(last, [false, false, false, false, false, true]);
        }
    }
}

#[test]
fn a_run_goes_on_in_the_middle_of_an_epoch() {
    let feed = feed(&phantom());
    let whole = all(Feeder::new(feed.clone(), (0..3).map(|epoch| (epoch, 0)), 2).unwrap());
    assert_eq!(whole.len(), 18);
    assert_eq!((whole[7].epoch, whole[7].number), (1, 1));
    assert!(whole[0].indices != whole[6].indices, "each epoch has its own order");
    let resumed = all(Feeder::new(feed.clone(), [(1, 4), (2, 0)], 2).unwrap());
    assert_eq!(resumed, whole[10..]);
    assert_eq!(all(Loader::new(feed.clone(), 2, 0, 1).unwrap()), whole[12..]);
    assert!(all(Loader::new(feed, 2, 6, 1).unwrap()).is_empty(), "an epoch that had ended");
}

#[test]
fn buffers_serve_again() {
    let mut feeder = Feeder::new(feed(&phantom()), (0..).map(|epoch| (epoch, 0)), 2).unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..60 {
        let batch = feeder.next().unwrap().unwrap();
        seen.insert(batch.x.as_ptr() as usize);
        feeder.recycle(batch);
    }
    // Three ahead, one in hand, one on its way; a buffer that grew from the short batch may have moved.
    assert!(seen.len() <= 12, "{} buffers for 60 batches", seen.len());
}

#[test]
fn an_endless_feeder_ends_when_it_is_dropped() {
    let start = std::time::Instant::now();
    let mut feeder = Feeder::new(feed(&phantom()), (0..).map(|epoch| (epoch, 0)), 4).unwrap();
    feeder.next().unwrap().unwrap();
    drop(feeder);
    drop(Feeder::new(feed(&phantom()), (0..).map(|epoch| (epoch, 0)), 4).unwrap());
    assert!(start.elapsed().as_secs() < 20);
}

#[test]
fn a_thread_that_fails_is_an_error_and_the_others_go_on() {
    let mut dataset = Dataset::load(None, &LoadOptions::default()).unwrap();
    // A picture with fewer pixels than it says, which no reader gives.
    let broken = crate::data::Picture { c: 1, h: 50, w: 50, pixels: vec![1; 100] };
    dataset.examples[12].picture = Arc::new(broken);
    let mut feed = feed(&Arc::new(dataset));
    feed.shuffle = false;
    let batches: Vec<_> = Loader::new(feed, 0, 0, 2).unwrap().collect();
    assert_eq!(batches.len(), 6);
    let Err(error) = &batches[0] else { panic!("the first batch holds example 12") };
    assert!(matches!(error, Error::Panicked { .. }), "{error}");
    assert!(error.to_string().contains("1 x 50 x 50 holds 100 bytes"), "{error}");
    assert!(batches[1..].iter().all(|batch| batch.is_ok()));
}

#[test]
fn what_no_batch_can_be_made_of_is_refused() {
    let dataset = phantom();
    let refused = |change: &dyn Fn(&mut Feed)| {
        let mut feed = feed(&dataset);
        change(&mut feed);
        Loader::new(feed, 0, 0, 1).unwrap_err().to_string()
    };
    assert!(refused(&|feed| feed.batch = 0).contains("at least 1 image"));
    assert!(refused(&|feed| feed.indices.clear()).contains("at least 1"));
    assert!(refused(&|feed| feed.indices.push(273)).contains("an index below 273"));
    assert!(refused(&|feed| feed.prepare.h = 0).contains("sides of 1 or more"));
    assert!(
        refused(&|feed| feed.augment = Some(Augment { flip: 2.0, ..Augment::default() })).contains("flip")
    );
}

#[test]
fn a_grey_network_reads_one_plane() {
    let mut feed = feed(&phantom());
    feed.prepare.mode = Mode::Grey;
    let batch = Loader::new(feed, 0, 0, 1).unwrap().next().unwrap().unwrap();
    assert_eq!(batch.x.len(), 8 * 9 * 8);
    assert_eq!(Mode::of_channels(1).unwrap(), Mode::Grey);
    assert!(Mode::of_channels(4).is_err());
}
