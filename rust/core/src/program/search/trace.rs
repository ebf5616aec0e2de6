//! What was concluded of boxes, step by step: the checked profile alone has this.

use crate::value::interval::Interval;

/// The intervals of all loads, then of all steps, as they were when they were computed: registers are written again.
#[derive(Debug, Default)]
pub(crate) struct Trace {
    pub(super) found: Vec<Found>,
}

/// One load or step, in each of the boxes.
#[derive(Debug)]
pub(super) struct Found {
    low: Option<Vec<f64>>,
    high: Option<Vec<f64>>,
    /// Whether it may be NaN; `None` if it is never NaN in the whole space.
    nan: Option<Vec<bool>>,
}

impl Trace {
    pub(super) fn clear(&mut self) {
        self.found.clear();
    }

    /// Keeps the ends that were computed.
    pub(super) fn push(
        &mut self,
        [low, high]: [&[f64]; 2],
        wanted: [bool; 2],
        nan: Option<&[bool]>,
        count: usize,
    ) {
        let asked = wanted != [false; 2];
        self.found.push(Found {
            low: wanted[0].then(|| low[..count].to_vec()),
            high: wanted[1].then(|| high[..count].to_vec()),
            nan: nan.filter(|_| asked).map(|nan| nan[..count].to_vec()),
        });
    }
}

impl Found {
    /// Checks a box against what is known of the whole space, and against values in the box.
    pub(super) fn check(&self, lane: usize, whole: Interval, values: &[f64], what: &dyn Fn() -> String) {
        let low = self.low.as_ref().map_or(whole.low, |low| low[lane]);
        let high = self.high.as_ref().map_or(whole.high, |high| high[lane]);
        let asked = self.low.is_some() || self.high.is_some();
        assert!(!low.is_nan() && !high.is_nan(), "an end is NaN: {}", what());
        let nan = self.nan.as_ref().map_or(whole.nan, |nan| nan[lane]);
        assert!(whole.nan || !nan, "NaN in a box, none in the whole space: {}", what());
        let numbers = || values.iter().copied().filter(|value| !value.is_nan());
        assert!(
            low <= high || numbers().next().is_none(),
            "{low} to {high}, though there are numbers: {}",
            what()
        );
        if low <= high {
            assert!(
                whole.low <= low && high <= whole.high,
                "{low} to {high} is not inside the whole, {whole:?}: {}",
                what()
            );
        }
        for &value in values {
            if value.is_nan() {
                assert!(whole.nan && (nan || !asked), "NaN where none is: {}", what());
            } else {
                assert!(low <= value && value <= high, "{value} is not in {low} to {high}: {}", what());
            }
        }
    }
}
