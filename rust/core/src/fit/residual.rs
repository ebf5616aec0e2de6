//! Residuals, and what they cost.
//!
//! The objective is `sum_i weight_i * rho(r_i)`, with r = observed - predicted, or ln(observed) - ln(predicted), and
//!
//! | rho | |
//! |---|---|
//! | Huber | `r**2/2` up to `delta`, beyond it `delta*(abs(r) - delta/2)` |
//! | squares | `r**2` |
//! | absolute | `abs(r)` |
//!
//! as published objectives are stated: a sum, not a mean.

/// Which residuals are made small, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residual {
    /// Huber's function of the difference of logarithms.
    HuberLog,
    /// Huber's function of the difference.
    Huber,
    /// The square of the difference.
    Squares,
    /// The square of the difference of logarithms.
    SquaresLog,
    /// The size of the difference.
    Absolute,
    /// The size of the difference of logarithms.
    AbsoluteLog,
}

impl Residual {
    /// Every residual with its name.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::HuberLog, "huber-log"),
        (Self::Huber, "huber"),
        (Self::Squares, "squares"),
        (Self::SquaresLog, "squares-log"),
        (Self::Absolute, "absolute"),
        (Self::AbsoluteLog, "absolute-log"),
    ];

    /// The residual with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, known)| *known == name).map(|&(residual, _)| residual)
    }

    /// Whether residuals are differences of logarithms.
    #[must_use]
    pub fn in_logs(self) -> bool {
        matches!(self, Self::HuberLog | Self::SquaresLog | Self::AbsoluteLog)
    }

    /// Whether Huber's `delta` matters.
    #[must_use]
    pub fn takes_delta(self) -> bool {
        matches!(self, Self::HuberLog | Self::Huber)
    }

    /// What a residual costs; `delta` is ignored where it does not matter.
    #[must_use]
    pub fn penalty(self, delta: f64) -> Penalty {
        match self {
            Self::HuberLog | Self::Huber => Penalty { delta, scale: 1.0 },
            Self::Squares | Self::SquaresLog => Penalty { delta: f64::INFINITY, scale: 2.0 },
            // The size is what Huber's function divided by delta comes to.
            Self::Absolute | Self::AbsoluteLog => Penalty { delta: 0.0, scale: 1.0 },
        }
    }
}

/// What a residual costs: Huber's function times a scale. At `delta` infinity it is half the square; at `delta` 0 the
/// size, which is Huber's function divided by delta, in the limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Penalty {
    /// Beyond this the cost grows linearly.
    pub delta: f64,
    scale: f64,
}

impl Penalty {
    /// A smooth stand-in for the size of residuals: off by at most `delta / 2` in each.
    #[must_use]
    pub fn smoothed(delta: f64) -> Self {
        Self { delta, scale: 1.0 / delta }
    }

    /// Whether it is quadratic everywhere.
    #[must_use]
    pub fn is_quadratic(self) -> bool {
        self.delta == f64::INFINITY
    }

    /// Whether it has a corner.
    #[must_use]
    pub fn is_absolute(self) -> bool {
        self.delta == 0.0
    }

    /// The same with another delta, as far as it has one.
    #[must_use]
    pub fn with_delta(self, delta: f64) -> Self {
        if self.is_quadratic() { self } else { Self { delta, ..self } }
    }

    /// The cost.
    #[inline(always)]
    #[must_use]
    pub fn rho(self, r: f64) -> f64 {
        let size = r.abs();
        if size <= self.delta {
            self.scale * 0.5 * r * r
        } else if self.delta == 0.0 {
            self.scale * size
        } else {
            self.scale * self.delta * (size - 0.5 * self.delta)
        }
    }

    /// Its derivative.
    #[inline(always)]
    #[must_use]
    pub fn psi(self, r: f64) -> f64 {
        self.scale * r.clamp(-self.delta, self.delta)
    }

    /// Its second derivative.
    #[inline(always)]
    #[must_use]
    pub fn curvature(self, r: f64) -> f64 {
        if r.abs() <= self.delta { self.scale } else { 0.0 }
    }

    /// `psi(r) / r`: the weight with which a square has the same slope.
    #[inline(always)]
    #[must_use]
    pub fn weight(self, r: f64) -> f64 {
        let size = r.abs();
        if size <= self.delta { self.scale } else { self.scale * self.delta / size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_those_of_the_table() {
        let huber = Residual::HuberLog.penalty(0.5);
        assert_eq!([huber.rho(0.5), huber.rho(-2.0)], [0.125, 0.875]);
        assert_eq!([huber.psi(0.2), huber.psi(-2.0)], [0.2, -0.5]);
        assert_eq!([huber.weight(0.2), huber.weight(-2.0)], [1.0, 0.25]);
        assert_eq!(Residual::Squares.penalty(1.0).rho(3.0), 9.0);
        assert_eq!(Residual::Squares.penalty(1.0).psi(3.0), 6.0);
        assert_eq!(Residual::Absolute.penalty(1.0).rho(-3.0), 3.0);
        assert_eq!(Penalty::smoothed(1e-3).rho(3.0), 3.0 - 5e-4);
    }

    #[test]
    fn slopes_are_those_of_the_costs() {
        for penalty in [Residual::Huber.penalty(0.3), Residual::Squares.penalty(0.0), Penalty::smoothed(0.1)]
        {
            for r in [-2.0, -0.2, -0.05, 0.0, 0.01, 0.7] {
                let slope = (penalty.rho(r + 1e-6) - penalty.rho(r - 1e-6)) / 2e-6;
                assert!((slope - penalty.psi(r)).abs() < 1e-8, "{penalty:?} at {r}");
                assert!((penalty.weight(r) * r - penalty.psi(r)).abs() < 1e-15);
            }
        }
    }

    #[test]
    fn every_residual_is_found_by_its_name() {
        for (residual, name) in Residual::ALL {
            assert_eq!(Residual::named(name), Some(residual));
        }
        assert_eq!(Residual::named("least"), None);
    }
}
