//! Where a search begins: a low-discrepancy set over the coefficients that are not linear.

use crate::value::scalar;

use super::structure::Role;

/// Where starts of one coefficient are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The smallest start.
    pub low: f64,
    /// The largest start.
    pub high: f64,
    /// How starts are spread between them.
    pub spread: Spread,
}

/// How starts are spread.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Spread {
    /// Evenly.
    Even,
    /// Evenly in logarithms: a scale that may be anything.
    Log,
    /// Evenly in `asinh(x / unit)`: a scale of either sign.
    Signed(f64),
}

/// Wider than this, and a range is one of scales.
const WIDE: f64 = 1e3;

impl Range {
    /// Starts between `low` and `high`: in logarithms if both are positive and far apart, on a scale of either sign if
    /// the range is wide and holds 0, else evenly.
    #[must_use]
    pub fn between(low: f64, high: f64) -> Self {
        let spread = if low > 0.0 && high / low > WIDE {
            Spread::Log
        } else if high - low > WIDE {
            Spread::Signed(1e-2)
        } else {
            Spread::Even
        };
        Self { low, high, spread }
    }

    /// Where starts of a coefficient are drawn that nothing is said of but its bounds.
    #[must_use]
    pub fn of(role: Role, low: f64, high: f64) -> Self {
        if low.is_finite() && high.is_finite() {
            let between = Self::between(low, high);
            // Exponents are small where anything scales: a wide range is searched most closely around 0.
            let wide = matches!(role, Role::Exponent(_)) && low < 0.0 && high > 0.0 && high - low > 3.0;
            return if wide { Self { spread: Spread::Signed(0.3), ..between } } else { between };
        }
        let range = match role {
            Role::Exponent(1) => Self::between(0.0, 1.5),
            Role::Exponent(-1) => Self::between(-1.5, 0.0),
            Role::Exponent(_) => Self::between(-1.5, 1.5),
            _ if low >= 0.0 => Self { low: 1e-2, high: 1e2, spread: Spread::Log },
            _ => Self { low: -1e2, high: 1e2, spread: Spread::Signed(1.0) },
        };
        let within = Self { low: range.low.max(low), high: range.high.min(high), ..range };
        if within.low < within.high {
            within
        } else if low.is_finite() {
            // The bounds are elsewhere: from the end that there is, outwards.
            Self::between(low, low + low.abs().max(1.0))
        } else {
            Self::between(high - high.abs().max(1.0), high)
        }
    }

    /// The start at `share` (0 to 1) of the range.
    #[must_use]
    pub fn at(self, share: f64) -> f64 {
        let (low, high) = (self.forth(self.low), self.forth(self.high));
        self.back(low + share * (high - low)).clamp(self.low, self.high)
    }

    /// The share at which `x` lies, below 0 or above 1 if it is outside.
    #[must_use]
    pub fn share(self, x: f64) -> f64 {
        let (low, high) = (self.forth(self.low), self.forth(self.high));
        if high > low { (self.forth(x) - low) / (high - low) } else { 0.5 }
    }

    fn forth(self, x: f64) -> f64 {
        match self.spread {
            Spread::Even => x,
            Spread::Log => scalar::log(x.max(1e-3 * self.low)),
            Spread::Signed(unit) => {
                let size = (x / unit).abs();
                scalar::log(size + (size * size + 1.0).sqrt()).copysign(x)
            }
        }
    }

    fn back(self, x: f64) -> f64 {
        match self.spread {
            Spread::Even => x,
            Spread::Log => scalar::exp(x),
            Spread::Signed(unit) => 0.5 * (scalar::exp(x) - scalar::exp(-x)) * unit,
        }
    }
}

/// The R sequence (Roberts 2018): point `index` of an even set in `[0, 1)**dimensions`, shifted by `seed`.
#[must_use]
pub fn point(index: usize, dimensions: usize, seed: u64) -> Vec<f64> {
    // The positive root of x**(d + 1) = x + 1 generalises the golden ratio.
    let mut root = 2.0_f64;
    for _ in 0..64 {
        root = scalar::pow(1.0 + root, 1.0 / (dimensions as f64 + 1.0));
    }
    let mut random = Random::new(seed, 0);
    let (mut share, mut point) = (1.0, Vec::with_capacity(dimensions));
    for _ in 0..dimensions {
        share /= root;
        let shift = if seed == 0 { 0.5 } else { random.uniform() };
        point.push((shift + share * (index + 1) as f64).fract());
    }
    point
}

/// Random numbers that are the same everywhere (SplitMix64, Steele et al. 2014).
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// The stream of this number.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut random = Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        random.0 = random.next().wrapping_add(stream);
        random
    }

    /// 64 random bits.
    #[allow(clippy::should_implement_trait, reason = "it never ends and is no iterator")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `[0, 1)`.
    pub fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 * 2.0_f64.powi(-53)
    }

    /// A whole number below `count`.
    pub fn below(&mut self, count: usize) -> usize {
        ((u128::from(self.next()) * count as u128) >> 64) as usize
    }

    /// About a standard normal number: the sum of twelve uniform ones, less six.
    pub fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_even_in_every_dimension() {
        for dimensions in 1..7 {
            for seed in [0, 5] {
                let points: Vec<_> = (0..1024).map(|i| point(i, dimensions, seed)).collect();
                for d in 0..dimensions {
                    for part in 0..16 {
                        let (low, high) = (f64::from(part) / 16.0, f64::from(part + 1) / 16.0);
                        let inside = points.iter().filter(|p| (low..high).contains(&p[d])).count();
                        assert!((24..=112).contains(&inside), "{inside} of 64 in {dimensions}, {d}, {part}");
                    }
                }
            }
        }
    }

    #[test]
    fn shares_lead_back_to_where_they_came_from() {
        let ranges = [Range::between(0.0, 1.5), Range::between(1e-5, 1e7), Range::between(-1e4, 1e4)];
        for range in ranges {
            for share in [0.0, 0.2, 0.5, 1.0] {
                assert!((range.share(range.at(share)) - share).abs() < 1e-12);
            }
        }
        assert_eq!(ranges[1].spread, Spread::Log);
        assert_eq!(Range::of(Role::Exponent(-1), f64::NEG_INFINITY, f64::INFINITY).low, -1.5);
        assert_eq!(Range::of(Role::Exponent(1), 2.0, f64::INFINITY), Range::between(2.0, 4.0));
    }

    #[test]
    fn random_numbers_fill_their_range() {
        let mut random = Random::new(3, 1);
        let mean = (0..10_000).map(|_| random.uniform()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert!((0..1000).all(|_| random.below(3) < 3));
        assert_ne!(Random::new(3, 1).next(), Random::new(3, 2).next());
    }
}
