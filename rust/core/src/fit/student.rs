//! Student's distribution.

/// The number that a Student variable of so many degrees of freedom stays below with this probability (0.5 to 1).
///
/// Found by bisection to the last bits; below one degree of freedom it is infinite.
///
/// # Examples
///
/// ```
/// use isoflop_core::fit::student::quantile;
/// assert!((quantile(0.95, 10.0) - 1.812_461_122_811_68).abs() < 1e-12);
/// ```
#[must_use]
pub fn quantile(probability: f64, freedom: f64) -> f64 {
    if freedom < 1.0 || freedom.is_nan() || probability >= 1.0 {
        return f64::INFINITY;
    }
    let (mut low, mut high) = (0.0, 1.0);
    while below(high, freedom) < probability && high < 1e300 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if below(middle, freedom) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// The probability of a value below `t`, which is not negative.
fn below(t: f64, freedom: f64) -> f64 {
    1.0 - 0.5 * incomplete_beta(freedom / (freedom + t * t), 0.5 * freedom, 0.5)
}

/// The regularised incomplete beta function, by its continued fraction (Lentz).
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let tiny = 1e-300;
    let keep = |x: f64| if x.abs() < tiny { tiny } else { x };
    let (mut c, mut d) = (1.0, 1.0 / keep(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..10_000 {
        let m = f64::from(m);
        for term in [
            m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0)),
        ] {
            d = 1.0 / keep(1.0 + term * d);
            c = keep(1.0 + term / c);
            fraction *= c * d;
        }
        if (c * d - 1.0).abs() < 1e-16 {
            break;
        }
    }
    let front = log_gamma(a + b) - log_gamma(a) - log_gamma(b) + a * x.ln() + b * (1.0 - x).ln();
    front.exp() * fraction / a
}

/// The logarithm of the gamma function (Stirling's series, from 20 on; below by recurrence).
fn log_gamma(x: f64) -> f64 {
    let (mut x, mut shift) = (x, 0.0);
    while x < 20.0 {
        shift -= x.ln();
        x += 1.0;
    }
    let inverse = 1.0 / (x * x);
    let series = (1.0 / 12.0 - inverse * (1.0 / 360.0 - inverse * (1.0 / 1260.0 - inverse / 1680.0))) / x;
    shift + (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_tables() {
        for (probability, freedom, expected) in [
            (0.95, 1.0, 6.313_751_514_675_043),
            (0.95, 2.0, 2.919_985_580_353_725),
            (0.975, 5.0, 2.570_581_835_636_314),
            (0.95, 239.0, 1.651_254_192),
            (0.9, 1e7, 1.281_551_7),
        ] {
            let found = quantile(probability, freedom);
            assert!((found - expected).abs() < 1e-7 * expected, "{probability}, {freedom}: {found}");
        }
        assert_eq!(quantile(0.95, 0.0), f64::INFINITY);
    }
}
