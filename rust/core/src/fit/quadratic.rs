//! Small quadratics within bounds, and the sums they are made of.
//!
//! [`minimum`] is the primal active-set method for bounded least squares (Stark and Parker, 1995), on normal equations
//! scaled to a unit diagonal. It starts inside and stays there.

use nalgebra::{DMatrix, DVector};

/// A sum of products in eight lanes, in an order that does not depend on the processor.
#[inline]
#[must_use]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut lanes = [0.0; 8];
    let (a8, a_rest) = a.as_chunks::<8>();
    let (b8, b_rest) = b.as_chunks::<8>();
    for (a, b) in a8.iter().zip(b8) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7])) + rest
}

/// A sum in the same order.
#[must_use]
pub fn sum(values: impl ExactSizeIterator<Item = f64>) -> f64 {
    let mut lanes = [0.0; 8];
    for (i, value) in values.enumerate() {
        lanes[i % 8] += value;
    }
    ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]))
}

/// `J' diag(weights) J` for columns of `rows` numbers, into a full matrix; `room` is scratch memory.
pub fn gram(columns: &[f64], weights: &[f64], room: &mut Vec<f64>, out: &mut DMatrix<f64>) {
    let rows = weights.len();
    let count = columns.len() / rows.max(1);
    room.resize(rows, 0.0);
    for a in 0..count {
        let column = &columns[a * rows..][..rows];
        for ((room, x), w) in room.iter_mut().zip(column).zip(weights) {
            *room = x * w;
        }
        for b in a..count {
            let product = dot(room, &columns[b * rows..][..rows]);
            out[(a, b)] = product;
            out[(b, a)] = product;
        }
    }
}

/// The `x` within `low..=high` where `x'Hx/2 + g'x` is least, from a start within.
///
/// `h` is symmetric and not negative; directions in which it is flat to rounding are left alone as far as the scaled
/// matrix, with 1e-14 added to its diagonal, says. Returns whether all went well: otherwise `x` is better than the start,
/// but not the minimum.
pub fn minimum(h: &DMatrix<f64>, g: &[f64], low: &[f64], high: &[f64], x: &mut [f64]) -> bool {
    let n = g.len();
    let scale: Vec<f64> =
        (0..n).map(|i| if h[(i, i)] > 0.0 { 1.0 / h[(i, i)].sqrt() } else { 1.0 }).collect();
    let slope = |x: &[f64], i: usize| g[i] + (0..n).map(|j| h[(i, j)] * x[j]).sum::<f64>();
    let pushes = |x: &[f64], i: usize| {
        let slope = slope(x, i);
        (x[i] <= low[i] && slope > 0.0) || (x[i] >= high[i] && slope < 0.0)
    };
    let mut free: Vec<bool> = (0..n).map(|i| low[i] < high[i] && !pushes(x, i)).collect();
    for _ in 0..4 * n + 8 {
        let members: Vec<usize> = (0..n).filter(|&i| free[i]).collect();
        let mut whole = true;
        if !members.is_empty() {
            let scaled = |a: usize, b: usize| {
                let (i, j) = (members[a], members[b]);
                h[(i, j)] * scale[i] * scale[j] + if a == b { 1e-14 } else { 0.0 }
            };
            let matrix = DMatrix::from_fn(members.len(), members.len(), scaled);
            let Some(decomposed) = matrix.cholesky() else { return false };
            let mut step = DVector::from_fn(members.len(), |a, _| -slope(x, members[a]) * scale[members[a]]);
            decomposed.solve_mut(&mut step);
            let (mut share, mut blocking) = (1.0, None);
            for (&i, step) in members.iter().zip(step.iter()) {
                let step = step * scale[i];
                let end = if step > 0.0 { high[i] } else { low[i] };
                if step != 0.0 && (end - x[i]) / step < share {
                    share = ((end - x[i]) / step).max(0.0);
                    blocking = Some((i, end));
                }
            }
            for (&i, step) in members.iter().zip(step.iter()) {
                x[i] = (x[i] + share * step * scale[i]).clamp(low[i], high[i]);
            }
            if let Some((i, end)) = blocking {
                x[i] = end;
                free[i] = false;
                whole = false;
            }
        }
        if whole {
            // The bound that holds back most is given up, if any does.
            let worst = (0..n)
                .filter(|&i| !free[i] && low[i] < high[i] && !pushes(x, i))
                .map(|i| (i, slope(x, i).abs() * scale[i]))
                .filter(|&(_, gain)| gain > 0.0)
                .max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)));
            match worst {
                Some((i, _)) => free[i] = true,
                None => return true,
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The naive way: every choice of bounds, solved outright.
    fn naive(h: &DMatrix<f64>, g: &[f64], low: &[f64], high: &[f64]) -> f64 {
        let n = g.len();
        let cost = |x: &[f64]| {
            let x = DVector::from_column_slice(x);
            0.5 * x.dot(&(h * &x)) + x.dot(&DVector::from_column_slice(g))
        };
        let mut best = f64::INFINITY;
        for choice in 0..3_usize.pow(n as u32) {
            let state: Vec<usize> = (0..n).map(|i| choice / 3_usize.pow(i as u32) % 3).collect();
            let mut x: Vec<f64> = (0..n).map(|i| [low[i], high[i], 0.0][state[i]]).collect();
            let free: Vec<usize> = (0..n).filter(|&i| state[i] == 2).collect();
            let matrix = DMatrix::from_fn(free.len(), free.len(), |a, b| h[(free[a], free[b])]);
            let right = DVector::from_fn(free.len(), |a, _| {
                -g[free[a]] - (0..n).map(|j| h[(free[a], j)] * x[j]).sum::<f64>()
            });
            if !free.is_empty() {
                let Some(solution) = matrix.lu().solve(&right) else { continue };
                for (&i, value) in free.iter().zip(solution.iter()) {
                    x[i] = *value;
                }
            }
            if (0..n).all(|i| low[i] - 1e-12 <= x[i] && x[i] <= high[i] + 1e-12) {
                best = best.min(cost(&x));
            }
        }
        best
    }

    proptest::proptest! {
        #[test]
        fn the_minimum_is_that_of_the_best_choice_of_bounds(
            entries in proptest::collection::vec(-1.0..1.0_f64, 24),
            g in proptest::collection::vec(-1.0..1.0_f64, 4),
            ends in proptest::collection::vec(-0.7..0.7_f64, 8),
        ) {
            let factor = DMatrix::from_column_slice(6, 4, &entries);
            let h = factor.transpose() * &factor + DMatrix::identity(4, 4) * 1e-3;
            let low: Vec<f64> = (0..4).map(|i| ends[2 * i].min(ends[2 * i + 1])).collect();
            let high: Vec<f64> = (0..4).map(|i| ends[2 * i].max(ends[2 * i + 1])).collect();
            let mut x = low.clone();
            proptest::prop_assert!(minimum(&h, &g, &low, &high, &mut x));
            let vector = DVector::from_column_slice(&x);
            let cost = 0.5 * vector.dot(&(&h * &vector)) + vector.dot(&DVector::from_column_slice(&g));
            let expected = naive(&h, &g, &low, &high);
            proptest::prop_assert!((cost - expected).abs() <= 1e-8 * (1.0 + expected.abs()), "{cost} {expected}");
            proptest::prop_assert!((0..4).all(|i| low[i] <= x[i] && x[i] <= high[i]));
        }
    }

    #[test]
    fn sums_are_those_of_a_plain_loop() {
        let values: Vec<f64> = (0..37).map(f64::from).collect();
        assert_eq!(dot(&values, &values), values.iter().map(|x| x * x).sum::<f64>());
        assert_eq!(sum(values.iter().copied()), 666.0);
        let (mut room, mut out) = (Vec::new(), DMatrix::zeros(2, 2));
        gram(&[1.0, 2.0, 3.0, 4.0], &[1.0, 0.5], &mut room, &mut out);
        assert_eq!(out, DMatrix::from_row_slice(2, 2, &[3.0, 7.0, 7.0, 17.0]));
    }
}
