//! Schedules against sequences worked by hand, and their state through JSON.

use super::*;
use proptest::prelude::*;

#[test]
fn stops_after_the_patience_and_names_the_best_epoch() {
    let mut stopping = EarlyStopping::new(EarlyStoppingConfig { patience: 3, ..Default::default() });
    assert_eq!(stopping.best(), None);
    let losses = [0.9, 0.7, 0.7, 0.8, 0.6, f64::NAN, 0.6, 0.61];
    let judgements: Vec<Judgement> = (1..).zip(losses).map(|(e, l)| stopping.step(e, l)).collect();
    use Judgement::{Best, Stop, Wait};
    assert_eq!(judgements, [Best, Best, Wait, Wait, Best, Wait, Wait, Stop]);
    assert_eq!(stopping.best(), Some((5, 0.6)));
}

#[test]
fn accuracy_rises_and_a_small_gain_is_none() {
    let config = EarlyStoppingConfig { patience: 2, min_delta: 0.01, by: Monitor::ValidAccuracy };
    let mut stopping = EarlyStopping::new(config);
    use Judgement::{Best, Stop, Wait};
    assert_eq!([0.5, 0.505, 0.52, 0.52, 0.4].map(|v| stopping.step(1, v)), [Best, Wait, Best, Wait, Stop]);
    assert_eq!(Monitor::ValidAccuracy.of(1.0, 2.0), 2.0);
}

#[test]
fn the_rate_falls_after_more_than_patience_bad_epochs_as_in_pytorch() {
    let config =
        PlateauConfig { factor: 0.5, patience: 1, min_rate: 0.2, threshold: 0.1, ..Default::default() };
    let mut plateau = Plateau::new(config, 1.0);
    // Relative threshold 0.1: 0.95 is not better than 1 (needs < 0.9), 0.85 is; then 0.8 is not (needs < 0.765).
    let rates = [1.0, 0.95, 0.85, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8, 0.8].map(|loss| plateau.step(loss));
    assert_eq!(rates, [1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2]);
    assert_eq!(plateau.rate(), 0.2);
}

#[test]
fn bad_epochs_during_the_cooldown_do_not_count() {
    let config = PlateauConfig { factor: 0.1, patience: 0, cooldown: 2, ..Default::default() };
    let mut plateau = Plateau::new(config, 1.0);
    let rates = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0].map(|loss| plateau.step(loss));
    // The second value is bad: fall. Two epochs cool down. The fifth is bad again.
    let near = |a: f64, b: f64| (a - b).abs() < 1e-15;
    assert!(rates.iter().zip([1.0, 0.1, 0.1, 0.1, 0.01, 0.01]).all(|(a, b)| near(*a, b)), "{rates:?}");
}

#[test]
fn absolute_thresholds_accuracies_nan_and_tiny_falls() {
    let absolute = PlateauConfig {
        patience: 0,
        threshold: 0.1,
        threshold_mode: ThresholdMode::Abs,
        by: Monitor::ValidAccuracy,
        ..Default::default()
    };
    let mut plateau = Plateau::new(absolute, 1.0);
    assert_eq!([0.5, 0.65].map(|v| plateau.step(v)), [1.0, 1.0]);
    assert_eq!(plateau.step(0.7), 0.1, "0.7 is not above 0.65 by more than 0.1");
    let mut plateau = Plateau::new(PlateauConfig { patience: 0, ..Default::default() }, 1e-8);
    assert_eq!(
        [1.0, f64::NAN].map(|v| plateau.step(v)),
        [1e-8, 1e-8],
        "a fall of less than 1e-8 is not made"
    );
}

#[test]
fn configurations_have_defaults_and_refuse_what_they_do_not_know() {
    let stopping: EarlyStoppingConfig = toml::from_str("patience = 4\nby = \"valid_accuracy\"").unwrap();
    assert_eq!(stopping, EarlyStoppingConfig { patience: 4, min_delta: 0.0, by: Monitor::ValidAccuracy });
    assert_eq!(toml::from_str::<PlateauConfig>("").unwrap(), PlateauConfig::default());
    let error = toml::from_str::<PlateauConfig>("patiense = 3").unwrap_err().to_string();
    assert!(error.contains("patiense") && error.contains("patience"), "{error}");
    assert!(toml::from_str::<EarlyStoppingConfig>("by = \"train_loss\"").is_err());
    assert!(EarlyStoppingConfig { patience: 0, ..Default::default() }.check().is_err());
    assert!(EarlyStoppingConfig { min_delta: f64::NAN, ..Default::default() }.check().is_err());
    assert!(EarlyStoppingConfig::default().check().is_ok() && PlateauConfig::default().check().is_ok());
    for config in [
        PlateauConfig { factor: 1.0, ..Default::default() },
        PlateauConfig { min_rate: -1.0, ..Default::default() },
        PlateauConfig { threshold: f64::INFINITY, ..Default::default() },
    ] {
        assert!(config.check().is_err(), "{config:?}");
    }
}

proptest! {
    #[test]
    fn a_saved_state_decides_as_the_one_that_was_not(
        losses in prop::collection::vec(prop_oneof![8 => 0.0..2.0_f64, 1 => Just(f64::NAN)], 1..40),
        cut in 0..40_usize, patience in 1..4_u32,
    ) {
        let cut = cut % losses.len();
        let mut stopping = EarlyStopping::new(EarlyStoppingConfig { patience, ..Default::default() });
        let mut plateau = Plateau::new(PlateauConfig { patience, factor: 0.3, ..Default::default() }, 0.1);
        let (mut other_stopping, mut other_plateau) = (stopping.clone(), plateau.clone());
        for (i, loss) in losses.iter().enumerate() {
            if i == cut {
                other_stopping = serde_json::from_str(&serde_json::to_string(&other_stopping).unwrap()).unwrap();
                other_plateau = serde_json::from_str(&serde_json::to_string(&other_plateau).unwrap()).unwrap();
            }
            let epoch = u32::try_from(i).unwrap() + 1;
            prop_assert_eq!(stopping.step(epoch, *loss), other_stopping.step(epoch, *loss));
            prop_assert_eq!(plateau.step(*loss).to_bits(), other_plateau.step(*loss).to_bits());
        }
        prop_assert_eq!(stopping.best(), other_stopping.best());
    }
}
