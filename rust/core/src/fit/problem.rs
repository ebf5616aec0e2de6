//! What is made small: a model, runs, a residual, weights and bounds.

use std::sync::Arc;

use nalgebra::DMatrix;

use crate::value::lanes::{self, Operand};
use crate::value::ops::Op;
use crate::value::simd::Level;

use super::model::Model;
use super::quadratic::{dot, gram, minimum, sum};
use super::residual::{Penalty, Residual};
use super::starts::Range;
use super::structure::{Role, Structure};
use super::tape::{self, Tape};

/// A fit to be made. Workers bring a [`Room`] each. Cheap to clone: tables are shared.
#[derive(Debug, Clone)]
pub struct Problem {
    model: Arc<Model>,
    structure: Structure,
    level: Level,
    full: Tape,
    /// Values, and derivatives by the linear coefficients alone.
    partly: Tape,
    observed: Vec<f64>,
    log_observed: Vec<f64>,
    weights: Vec<f64>,
    residual: Residual,
    penalty: Penalty,
    low: Vec<f64>,
    high: Vec<f64>,
    linear: Vec<usize>,
    nonlinear: Vec<usize>,
}

/// Memory of one worker.
#[derive(Debug, Clone, Default)]
pub struct Room {
    scratch: tape::Scratch,
    /// Predictions, residuals, and derivatives of the residuals by all coefficients, column by column.
    pub(super) values: Vec<f64>,
    pub(super) residuals: Vec<f64>,
    pub(super) derivatives: Vec<f64>,
    pub(super) moved: Vec<f64>,
    pub(super) along: Vec<f64>,
    pub(super) weighted: Vec<f64>,
    pub(super) products: Vec<f64>,
    /// The formula without its linear coefficients, and what each of them is multiplied with.
    base: Vec<f64>,
    basis: Vec<f64>,
    /// How often the formula was computed.
    pub evaluations: u64,
}

impl Problem {
    /// A problem over all runs of a model. `weights` and bounds are for each run and each coefficient.
    ///
    /// # Panics
    ///
    /// If a length differs from that of the model.
    #[must_use]
    pub fn new(
        model: Model,
        observed: Vec<f64>,
        weights: Vec<f64>,
        residual: Residual,
        delta: f64,
        bounds: Vec<(f64, f64)>,
    ) -> Self {
        assert!(observed.len() == model.rows() && weights.len() == model.rows(), "a number for each run");
        assert_eq!(bounds.len(), model.coefficients().len(), "bounds for each coefficient");
        let structure = model.structure();
        let active: Vec<bool> = structure.roles.iter().map(|role| *role != Role::Unread).collect();
        let all = |wanted: bool| {
            let has = |&coefficient: &usize| active[coefficient] && structure.linear[coefficient] == wanted;
            (0..bounds.len()).filter(has).collect::<Vec<_>>()
        };
        let (low, high) = bounds.iter().copied().unzip();
        Self {
            level: Level::detect(),
            full: model.tape(&vec![true; bounds.len()]),
            partly: model.tape(&structure.linear),
            log_observed: observed.iter().map(|&x| crate::value::scalar::log(x)).collect(),
            linear: all(true),
            nonlinear: all(false),
            penalty: residual.penalty(delta),
            model: Arc::new(model),
            structure,
            observed,
            weights,
            residual,
            low,
            high,
        }
    }

    /// The same runs under a formula in which more coefficients are linear, to find starts with.
    pub(super) fn relaxed(&self) -> Option<Self> {
        let bounds = (0..self.coefficients()).zip(self.model.floors()).map(|(c, floor)| {
            let (low, high) = self.bounds(c);
            (low.max(floor).min(high), high)
        });
        let model = self.model.relaxed()?;
        let mut relaxed = Self::new(
            model,
            self.observed.clone(),
            self.weights.clone(),
            self.residual,
            1.0,
            bounds.collect(),
        );
        relaxed.penalty = self.penalty;
        Some(relaxed)
    }

    /// The same problem over every `step`-th run.
    pub(super) fn thinned(&self, step: usize) -> Self {
        let thin = |column: &[f64]| column.iter().copied().step_by(step).collect();
        let bounds = (0..self.coefficients()).map(|c| self.bounds(c)).collect();
        let (observed, weights) = (thin(&self.observed), thin(&self.weights));
        let model = self.model.thinned(step);
        let mut thinned = Self::new(model, observed, weights, self.residual, 1.0, bounds);
        thinned.penalty = self.penalty;
        thinned
    }

    /// Where starts of each coefficient are drawn if nothing is said of it but its bounds.
    #[must_use]
    pub fn ranges(&self) -> Vec<Range> {
        let of = |(c, floor): (usize, f64)| {
            let (low, high) = self.bounds(c);
            Range::of(self.structure.roles[c], low.max(floor).min(high), high)
        };
        (0..self.coefficients()).zip(self.model.floors()).map(of).collect()
    }

    /// The penalty.
    #[must_use]
    pub fn penalty(&self) -> Penalty {
        self.penalty
    }

    /// Changes the penalty.
    pub fn set_penalty(&mut self, penalty: Penalty) {
        self.penalty = penalty;
    }

    /// Changes the weights of the runs.
    ///
    /// # Panics
    ///
    /// If there is not one for each run.
    pub fn set_weights(&mut self, weights: Vec<f64>) {
        assert_eq!(weights.len(), self.observed.len(), "a weight for each run");
        self.weights = weights;
    }

    /// The weights of the runs.
    #[must_use]
    pub fn weights(&self) -> &[f64] {
        &self.weights
    }

    /// Holds a coefficient at a value, or frees it again within these bounds.
    pub fn set_bounds(&mut self, coefficient: usize, low: f64, high: f64) {
        self.low[coefficient] = low;
        self.high[coefficient] = high;
    }

    /// What the model says about its coefficients.
    #[must_use]
    pub fn structure(&self) -> &Structure {
        &self.structure
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Which residuals are made small.
    #[must_use]
    pub fn residual(&self) -> Residual {
        self.residual
    }

    /// Bounds of a coefficient.
    #[must_use]
    pub fn bounds(&self, coefficient: usize) -> (f64, f64) {
        (self.low[coefficient], self.high[coefficient])
    }

    /// The coefficients that are not linear.
    #[must_use]
    pub fn nonlinear(&self) -> &[usize] {
        &self.nonlinear
    }

    /// The linear coefficients.
    #[must_use]
    pub fn linear(&self) -> &[usize] {
        &self.linear
    }

    /// How many coefficients there are.
    #[must_use]
    pub fn coefficients(&self) -> usize {
        self.low.len()
    }

    /// How many runs there are.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.observed.len()
    }

    /// The objective at `theta`; infinite where it is not a number. Leaves values and residuals in `room`.
    pub fn objective(&self, theta: &[f64], room: &mut Room) -> f64 {
        room.evaluations += 1;
        room.values.resize(self.rows(), 0.0);
        self.partly.run(theta, &mut room.scratch, &mut room.values, &mut []);
        self.cost(room)
    }

    /// Predictions and residuals at `theta`.
    #[must_use]
    pub fn rows_at(&self, theta: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let mut room = Room::default();
        self.objective(theta, &mut room);
        (room.values, room.residuals)
    }

    /// The objective and, in `room`, the derivatives of the residuals.
    pub fn derive(&self, theta: &[f64], room: &mut Room) -> f64 {
        room.evaluations += 1;
        room.values.resize(self.rows(), 0.0);
        room.derivatives.resize(self.rows() * self.coefficients(), 0.0);
        self.full.run(theta, &mut room.scratch, &mut room.values, &mut room.derivatives);
        let values = &room.values;
        let logs = self.residual.in_logs();
        room.moved.clear();
        room.moved.extend(values.iter().map(|value| if logs { -1.0 / value } else { -1.0 }));
        for column in room.derivatives.chunks_exact_mut(self.rows().max(1)) {
            for (x, factor) in column.iter_mut().zip(&room.moved) {
                let slope = *x * factor;
                // Where it is not a number the coefficient is taken for one that does not matter there.
                *x = if slope.abs() < f64::INFINITY { slope } else { 0.0 };
            }
        }
        self.cost(room)
    }

    fn cost(&self, room: &mut Room) -> f64 {
        room.residuals.resize(self.rows(), 0.0);
        let residuals = room.residuals.iter_mut().zip(&room.values);
        if self.residual.in_logs() {
            residuals.for_each(|(r, value)| *r = *value);
            let none = Operand::Scalar(0.0);
            room.along.resize(self.rows(), 0.0);
            lanes::apply_at(
                self.level,
                Op::Log,
                Operand::Lanes(&room.residuals),
                none,
                none,
                &mut room.along,
            );
            let residuals = room.residuals.iter_mut().zip(&room.along);
            residuals.zip(&self.log_observed).for_each(|((r, value), observed)| *r = observed - value);
        } else {
            for ((r, value), observed) in residuals.zip(&self.observed) {
                *r = observed - value;
            }
        }
        self.cost_of(&room.residuals)
    }

    /// What residuals cost; infinite if one is not a number and has weight.
    pub(super) fn cost_of(&self, residuals: &[f64]) -> f64 {
        let penalty = self.penalty;
        let costs = residuals
            .iter()
            .zip(&self.weights)
            .map(|(&r, &weight)| if weight == 0.0 { 0.0 } else { weight * penalty.rho(r) });
        let cost = sum(costs);
        if cost.is_nan() { f64::INFINITY } else { cost }
    }

    /// Replaces the linear coefficients of `theta` by better ones, the others standing still, and returns the objective
    /// there, with values and residuals in `room`. See [`project`](super::project).
    ///
    /// From nowhere (`known` false) the first step takes observed values for predictions; otherwise `theta` is where it
    /// starts, and what it does not better stays.
    pub(super) fn project(&self, theta: &mut [f64], known: bool, steps: usize, room: &mut Room) -> f64 {
        let (rows, count) = (self.rows(), self.linear.len());
        if count == 0 {
            return self.objective(theta, room);
        }
        room.evaluations += 1;
        room.base.resize(rows, 0.0);
        room.basis.resize(rows * count, 0.0);
        let mut bare = theta.to_vec();
        for &coefficient in &self.linear {
            bare[coefficient] = 0.0;
        }
        self.partly.run(&bare, &mut room.scratch, &mut room.base, &mut room.basis);
        let low: Vec<f64> = self.linear.iter().map(|&c| self.low[c]).collect();
        let high: Vec<f64> = self.linear.iter().map(|&c| self.high[c]).collect();
        let inside = |c: usize, x: f64| x.clamp(self.low[c], self.high[c]);
        let mut x: Vec<f64> =
            self.linear.iter().map(|&c| inside(c, if known { theta[c] } else { 0.0 })).collect();
        let (mut best, mut cost) = (x.clone(), f64::INFINITY);
        let mut h = DMatrix::zeros(count, count);
        room.weighted.resize(rows, 0.0);
        room.moved.resize(rows, 0.0);
        room.values.resize(rows, 0.0);
        for step in 0..=steps {
            let guess = !known && step == 0;
            if !guess {
                self.combine(&x, room);
                let here = self.cost(room);
                if here < cost {
                    cost = here;
                    best.copy_from_slice(&x);
                } else if step > 0 && cost.is_finite() {
                    break;
                }
                if step == steps {
                    break;
                }
            }
            let logs = self.residual.in_logs();
            for row in 0..rows {
                let (observed, base) = (self.observed[row], room.base[row]);
                let (target, weight) = if guess {
                    (observed - base, if logs { 1.0 / (observed * observed) } else { 1.0 })
                } else {
                    let (value, r) = (room.values[row], room.residuals[row]);
                    // A prediction far below what was observed says little about how far off it is.
                    let value = if logs { value.max(0.2 * observed) } else { 1.0 };
                    let r = if r.is_nan() { 1.0 } else { r };
                    let target = if logs { (room.values[row] - base) + r * value } else { observed - base };
                    (target, self.penalty.weight(r) / (value * value))
                };
                room.moved[row] = target;
                room.weighted[row] = if self.weights[row] == 0.0 { 0.0 } else { weight * self.weights[row] };
            }
            gram(&room.basis, &room.weighted, &mut room.products, &mut h);
            let right = room.moved.iter_mut().zip(&room.weighted);
            right.for_each(|(target, weight)| *target = if *weight == 0.0 { 0.0 } else { *target * weight });
            let g: Vec<f64> = room.basis.chunks_exact(rows).map(|phi| -dot(phi, &room.moved)).collect();
            if !h.iter().all(|x| x.is_finite()) || !g.iter().all(|x| x.is_finite()) {
                break;
            }
            minimum(&h, &g, &low, &high, &mut x);
            if !x.iter().all(|x| x.is_finite()) {
                break;
            }
        }
        for (&coefficient, &x) in self.linear.iter().zip(&best) {
            theta[coefficient] = x;
        }
        self.combine(&best, room);
        self.cost(room)
    }

    fn combine(&self, x: &[f64], room: &mut Room) {
        let rows = self.rows();
        room.values.copy_from_slice(&room.base);
        for (x, phi) in x.iter().zip(room.basis.chunks_exact(rows.max(1))) {
            room.values.iter_mut().zip(phi).for_each(|(value, phi)| *value += x * phi);
        }
    }
}
