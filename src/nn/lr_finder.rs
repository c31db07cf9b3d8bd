//! The range test of the learning rate: a short training in which the rate rises with every step, to see where the loss
//! begins to fall and where it explodes (Smith, "Cyclical Learning Rates for Training Neural Networks", WACV 2017).
//!
//! The pure part: which rate comes next, what the loss says, when to stop. The caller makes the steps, and puts the
//! parameters back afterwards.

use crate::record::{RangeRow, Suggestion};
use serde::{Deserialize, Serialize};

/// How the test is made. The defaults are the thesis's.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RangeTestConfig {
    /// The rate of the first step. Default 1e-7.
    pub start: f64,
    /// The rate of the last step. Default 10.
    pub end: f64,
    /// Steps, the rate growing by one factor from each to the next; at least 2. Default 100.
    pub steps: u32,
    /// The weight of a new loss in the smoothed one, in 0..=1; the rest is the weight of the smoothed one before. Default
    /// 0.05.
    pub smoothing: f64,
    /// The test stops when the smoothed loss exceeds its least value so many times. Default 5.
    pub diverged: f64,
    /// Whether the smoothed loss is freed of the weight of its start. Default `false`: as the thesis's library does it.
    pub bias_correction: bool,
}

impl Default for RangeTestConfig {
    fn default() -> Self {
        Self { start: 1e-7, end: 10.0, steps: 100, smoothing: 0.05, diverged: 5.0, bias_correction: false }
    }
}

impl RangeTestConfig {
    /// Refuses values that make no sense; the error says which and what does.
    ///
    /// # Errors
    /// The reason, for the caller to put beside the file's name.
    pub fn check(&self) -> Result<(), String> {
        let Self { start, end, steps, smoothing, diverged, .. } = *self;
        if !(start > 0.0 && end > start && end.is_finite()) {
            return Err(format!("range test: start = {start} and end = {end} must be positive and ascend"));
        }
        if steps < 2 {
            return Err(format!("range test: steps = {steps} must be 2 or more"));
        }
        if !(smoothing > 0.0 && smoothing <= 1.0) {
            return Err(format!("range test: smoothing = {smoothing} must be above 0 and at most 1"));
        }
        if diverged.is_nan() || diverged <= 1.0 {
            return Err(format!("range test: diverged = {diverged} must be above 1"));
        }
        Ok(())
    }

    /// The rate of a step, from 0: `start (end / start)^(step / (steps - 1))`, so that the last step has the rate `end`.
    pub fn rate(&self, step: u32) -> f64 {
        let part = f64::from(step) / f64::from(self.steps.saturating_sub(1).max(1));
        self.start * (self.end / self.start).powf(part)
    }
}

/// Why a test goes on or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeState {
    /// There is another step to make.
    Running,
    /// Every step was made.
    Complete,
    /// The smoothed loss exceeds its least value too far.
    Diverged,
    /// A loss was infinite or NaN.
    NotFinite,
}

/// A test under way.
///
/// The smoothed loss `s` follows the losses `l` by `s = w l + (1 - w) s` with the weight `w` of the configuration. Without
/// bias correction, `s` begins as the first loss: that is the form of the thesis's library, which mixes each loss with
/// the smoothed one before. With it, `s` begins as 0 and is divided by `1 - (1 - w)^t` after t losses (Kingma and Ba,
/// "Adam", ICLR 2015): it forgets the first losses sooner.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeTest {
    config: RangeTestConfig,
    rows: Vec<RangeRow>,
    average: f64,
    least: f64,
    state: RangeState,
}

impl RangeTest {
    /// A test before its first step.
    pub fn new(config: RangeTestConfig) -> Self {
        Self { config, rows: Vec::new(), average: 0.0, least: f64::INFINITY, state: RangeState::Running }
    }

    /// The rate of the next step; `None` when the test has ended.
    pub fn next_rate(&self) -> Option<f64> {
        (self.state == RangeState::Running).then(|| self.config.rate(self.count()))
    }

    /// Takes the loss of the step that was made with [`Self::next_rate`]. After the end nothing is taken any more.
    pub fn record(&mut self, loss: f64) -> RangeState {
        let Some(learning_rate) = self.next_rate() else { return self.state };
        let step = self.count();
        let smoothed = loss.is_finite().then(|| self.smooth(loss));
        self.rows.push(RangeRow { step, learning_rate, loss, smoothed });
        self.state = match smoothed {
            None => RangeState::NotFinite,
            Some(value) => {
                self.least = self.least.min(value);
                if value > self.config.diverged * self.least {
                    RangeState::Diverged
                } else if self.count() >= self.config.steps {
                    RangeState::Complete
                } else {
                    RangeState::Running
                }
            }
        };
        self.state
    }

    /// Whether the test goes on, or why not.
    pub fn state(&self) -> RangeState {
        self.state
    }

    /// The steps made so far, for [`crate::record::write_range`].
    pub fn rows(&self) -> &[RangeRow] {
        &self.rows
    }

    /// What the steps so far suggest.
    pub fn suggestion(&self) -> Option<Suggestion> {
        Suggestion::of(&self.rows)
    }

    fn count(&self) -> u32 {
        u32::try_from(self.rows.len()).unwrap_or(u32::MAX)
    }

    fn smooth(&mut self, loss: f64) -> f64 {
        let RangeTestConfig { smoothing, bias_correction, .. } = self.config;
        let first = self.rows.is_empty() && !bias_correction;
        self.average = if first { loss } else { smoothing * loss + (1.0 - smoothing) * self.average };
        if bias_correction {
            let taken = i32::try_from(self.rows.len() + 1).unwrap_or(i32::MAX);
            self.average / (1.0 - (1.0 - smoothing).powi(taken))
        } else {
            self.average
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a / b - 1.0).abs() < 1e-9
    }

    #[test]
    fn rates_run_from_the_first_to_the_last_by_one_factor() {
        let config = RangeTestConfig::default();
        assert!(near(config.rate(0), 1e-7) && near(config.rate(99), 10.0));
        assert!(near(config.rate(50) / config.rate(49), 1e8_f64.powf(1.0 / 99.0)));
        let mut test = RangeTest::new(config);
        let mut steps = 0;
        while let Some(rate) = test.next_rate() {
            assert!(near(rate, config.rate(steps)));
            test.record(2.0);
            steps += 1;
        }
        assert_eq!((steps, test.state(), test.suggestion()), (100, RangeState::Complete, None));
        assert_eq!(test.record(1.0), RangeState::Complete);
        assert_eq!(test.rows().len(), 100);
    }

    #[test]
    fn both_forms_of_smoothing_by_hand() {
        let smoothed = |bias_correction| {
            let config = RangeTestConfig { smoothing: 0.25, bias_correction, ..Default::default() };
            let mut test = RangeTest::new(config);
            for loss in [4.0, 8.0, 0.0] {
                test.record(loss);
            }
            test.rows().iter().filter_map(|r| r.smoothed).collect::<Vec<f64>>()
        };
        assert_eq!(smoothed(false), [4.0, 5.0, 3.75]);
        let corrected = smoothed(true);
        let want = [4.0, (0.75 + 2.0) / 0.4375, (0.75 * 2.75) / 0.578_125];
        assert!(corrected.iter().zip(want).all(|(a, b)| near(*a, b)), "{corrected:?}");
    }

    #[test]
    fn an_explosion_and_a_nan_end_the_test() {
        let config = RangeTestConfig { smoothing: 1.0, ..Default::default() };
        let mut test = RangeTest::new(config);
        assert_eq!([2.0, 1.0, 5.0].map(|l| test.record(l)), [RangeState::Running; 3], "5 is not above 5 x 1");
        assert_eq!(test.record(5.1), RangeState::Diverged);
        assert_eq!((test.next_rate(), test.rows().len()), (None, 4));
        let mut test = RangeTest::new(config);
        assert_eq!([3.0, f64::NAN].map(|l| test.record(l)), [RangeState::Running, RangeState::NotFinite]);
        assert_eq!(test.rows()[1].smoothed, None);
    }

    #[test]
    fn a_loss_that_falls_and_explodes_is_suggested_well() {
        let config = RangeTestConfig { smoothing: 1.0, ..Default::default() };
        let mut test = RangeTest::new(config);
        // Falls steepest at 1e-3 (a logistic curve in the rate's logarithm), explodes above 0.1.
        while let Some(rate) = test.next_rate() {
            let fall = 2.0 / (1.0 + (2.0 * (rate.log10() + 3.0)).exp());
            test.record(0.5 + fall + (rate / 0.1).powi(4));
        }
        assert_eq!(test.state(), RangeState::Diverged);
        let suggestion = test.suggestion().unwrap();
        assert!((suggestion.steepest.log10() + 3.0).abs() < 0.1, "{suggestion:?}");
        assert!((suggestion.tenth_of_minimum.log10() + 2.5).abs() < 0.3, "{suggestion:?}");
    }

    #[test]
    fn configurations_have_the_defaults_of_the_thesis_and_are_checked() {
        let config: RangeTestConfig = toml::from_str("").unwrap();
        assert_eq!((config.start, config.end, config.steps), (1e-7, 10.0, 100));
        assert_eq!((config.smoothing, config.diverged), (0.05, 5.0));
        assert!(config.check().is_ok() && toml::from_str::<RangeTestConfig>("step = 3").is_err());
        for bad in [
            RangeTestConfig { start: 0.0, ..config },
            RangeTestConfig { end: f64::NAN, ..config },
            RangeTestConfig { steps: 1, ..config },
            RangeTestConfig { smoothing: 0.0, ..config },
            RangeTestConfig { diverged: 1.0, ..config },
        ] {
            assert!(bad.check().is_err(), "{bad:?}");
        }
    }
}
