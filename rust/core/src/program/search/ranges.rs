//! The range of a table over any box, exactly.
//!
//! A table that rises along an axis in every one of its fibres has its least entry at the low end of
//! any box and its greatest at the high end, at all positions of the other axes; falling is the mirror of it. That axis
//! needs the table itself and no more. Only along the others are there scales of block
//! minima and maxima: scale `l` of an axis has one entry for each `2^l` positions, and boxes are aligned,
//! so that each is one block of one scale. Nothing is assumed: every fibre is looked at.
//!
//! Entries that are NaN are left out of minima and maxima; a table that holds one says so for every box.

use crate::memory::{self, OutOfMemory};
use crate::space::Numbers;
use crate::value::interval::Interval;

/// A table over some of a search's axes, row-major, with what its range over a box needs.
#[derive(Debug, Clone)]
pub(crate) struct Ranged {
    /// The axes of the search that it varies with, ascending, and which way.
    pub(crate) axes: Vec<Along>,
    /// Entries at single positions of uneven axes and at blocks of them: one for each combination of scales,
    /// the first uneven axis slowest.
    blocks: Vec<Blocks>,
    /// Whether any entry is NaN. Minima and maxima leave these out.
    pub(crate) nan: bool,
}

/// How a table varies along one axis.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Along {
    /// The search's axis.
    pub(crate) slot: usize,
    length: usize,
    pub(crate) trend: Trend,
}

/// Which way all fibres along an axis go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trend {
    Rising,
    Falling,
    /// Not all of them one way.
    Uneven,
}

/// Least and greatest entries, one for each block.
#[derive(Debug, Clone)]
pub(crate) struct Blocks {
    pub(crate) least: Numbers,
    pub(crate) greatest: Numbers,
    /// How far apart neighbours are, for each of the table's axes.
    pub(crate) strides: Vec<u32>,
}

impl Ranged {
    /// Looks at every fibre of a row-major table over `axes` (the search's axis and its length each).
    ///
    /// Takes the numbers of its block minima and maxima off `budget`; `None` if that does not suffice.
    ///
    /// # Errors
    ///
    /// [`OutOfMemory`] if there is no room for them.
    pub(crate) fn new(
        numbers: &Numbers,
        axes: &[(usize, usize)],
        budget: &mut usize,
    ) -> Result<Option<Self>, OutOfMemory> {
        let nan = numbers.iter().any(|number| number.is_nan());
        let along = |(place, &(slot, length)): (usize, &(usize, usize))| {
            let inner = axes[place + 1..].iter().map(|&(_, length)| length).product();
            Along { slot, length, trend: trend(numbers, length, inner) }
        };
        let along: Vec<Along> = axes.iter().enumerate().map(along).collect();
        let lengths: Vec<usize> = axes.iter().map(|&(_, length)| length).collect();
        let without_nan = |number: f64| -> Result<Numbers, OutOfMemory> {
            let entries = numbers.iter().map(|&entry| if entry.is_nan() { number } else { entry });
            Ok(memory::collected(entries)?.into())
        };
        let (least, greatest) = match nan {
            // No number at all is between infinity and minus infinity.
            true => (without_nan(f64::INFINITY)?, without_nan(f64::NEG_INFINITY)?),
            false => (numbers.clone(), numbers.clone()),
        };
        let mut blocks = vec![Blocks { least, greatest, strides: strides(&lengths) }];
        let mut shapes = vec![lengths];
        let uneven = along.iter().enumerate().filter(|(_, along)| along.trend == Trend::Uneven);
        let mut left = *budget;
        for (place, along) in uneven {
            let (mut next_blocks, mut next_shapes) = (Vec::new(), Vec::new());
            for (base, shape) in blocks.into_iter().zip(shapes) {
                next_blocks.push(base);
                next_shapes.push(shape);
                for _ in 0..scales(along.length) - 1 {
                    let (Some(finer), Some(shape)) = (next_blocks.last(), next_shapes.last()) else {
                        unreachable!("the base was pushed")
                    };
                    let (blocks, shape) = finer.coarser(shape, place)?;
                    let Some(less) = left.checked_sub(2 * blocks.least.len()) else { return Ok(None) };
                    left = less;
                    next_blocks.push(blocks);
                    next_shapes.push(shape);
                }
            }
            (blocks, shapes) = (next_blocks, next_shapes);
        }
        *budget = left;
        Ok(Some(Self { axes: along, blocks, nan }))
    }

    /// The blocks that a box of these scales (of all the search's axes) is one of.
    #[inline]
    pub(crate) fn blocks(&self, scale: impl Fn(usize) -> u8) -> &Blocks {
        let mut combination = 0;
        for along in &self.axes {
            if along.trend == Trend::Uneven {
                combination = combination * scales(along.length) + usize::from(scale(along.slot));
            }
        }
        &self.blocks[combination]
    }

    /// The only blocks, if no axis is uneven.
    #[inline]
    pub(crate) fn even(&self) -> Option<&Blocks> {
        if let [blocks] = self.blocks.as_slice() { Some(blocks) } else { None }
    }

    /// All entries.
    pub(crate) fn whole(&self) -> Interval {
        let Blocks { least, greatest, .. } = &self.blocks[0];
        Interval {
            low: least.iter().copied().fold(f64::INFINITY, less),
            high: greatest.iter().copied().fold(f64::NEG_INFINITY, greater),
            nan: self.nan,
        }
    }
}

/// Levels of an axis: from single positions to a block that holds all of them.
pub(crate) fn scales(length: usize) -> usize {
    length.next_power_of_two().trailing_zeros() as usize + 1
}

fn strides(lengths: &[usize]) -> Vec<u32> {
    let mut strides = vec![1u32; lengths.len()];
    for place in (1..lengths.len()).rev() {
        strides[place - 1] = strides[place] * lengths[place] as u32;
    }
    strides
}

/// Compares neighbours along an axis of two positions or more, `inner` entries apart. NaN goes no way.
fn trend(numbers: &[f64], length: usize, inner: usize) -> Trend {
    let (mut rising, mut falling) = (true, true);
    for fibres in numbers.chunks_exact(length * inner) {
        // Neighbours are compared some at a time, so that lanes do it and an early end is noticed.
        for (before, after) in fibres.chunks(4096).zip(fibres[inner.min(fibres.len())..].chunks(4096)) {
            let (mut no_fall, mut no_rise) = (true, true);
            for (before, after) in before.iter().zip(after) {
                no_fall &= before <= after;
                no_rise &= before >= after;
            }
            rising &= no_fall;
            falling &= no_rise;
            if !rising && !falling {
                return Trend::Uneven;
            }
        }
    }
    if rising { Trend::Rising } else { Trend::Falling }
}

#[inline(always)]
fn less(a: f64, b: f64) -> f64 {
    if b < a { b } else { a }
}

#[inline(always)]
fn greater(a: f64, b: f64) -> f64 {
    if b > a { b } else { a }
}

impl Blocks {
    /// Joins neighbours along the axis at `place`, two by two.
    fn coarser(&self, shape: &[usize], place: usize) -> Result<(Self, Vec<usize>), OutOfMemory> {
        let mut coarse = shape.to_vec();
        coarse[place] = shape[place].div_ceil(2);
        let inner: usize = shape[place + 1..].iter().product();
        let join =
            |numbers: &[f64], start: f64, choose: fn(f64, f64) -> f64| -> Result<Numbers, OutOfMemory> {
                let mut joined = memory::room(coarse.iter().product())?;
                for fibres in numbers.chunks_exact(shape[place] * inner) {
                    for pair in fibres.chunks(2 * inner) {
                        let (first, second) = pair.split_at(inner);
                        for (lane, &one) in first.iter().enumerate() {
                            let one = choose(start, one);
                            joined.push(second.get(lane).map_or(one, |&second| choose(one, second)));
                        }
                    }
                }
                Ok(joined.into())
            };
        let least = join(&self.least, f64::INFINITY, less)?;
        let greatest = join(&self.greatest, f64::NEG_INFINITY, greater)?;
        Ok((Self { least, greatest, strides: strides(&coarse) }, coarse))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a row-major table varies along each of its axes.
    fn trends(numbers: Vec<f64>, lengths: &[usize]) -> Vec<Trend> {
        let axes: Vec<(usize, usize)> = lengths.iter().copied().enumerate().collect();
        let ranged = Ranged::new(&numbers.into(), &axes, &mut usize::MAX.clone()).expect("memory");
        ranged.expect("any number of blocks").axes.iter().map(|along| along.trend).collect()
    }

    #[test]
    fn a_fibre_that_turns_late_is_uneven() {
        // Neighbours are compared some thousands at a time.
        for length in [2, 4096, 4097, 4098, 8193, 20_000] {
            let rising: Vec<f64> = (0..length).map(f64::from).collect();
            assert_eq!(trends(rising.clone(), &[rising.len()]), [Trend::Rising], "{length}");
            let falling: Vec<f64> = rising.iter().map(|number| -number).collect();
            assert_eq!(trends(falling, &[rising.len()]), [Trend::Falling], "{length}");
            if length > 2 {
                let mut turning = rising;
                turning[length as usize - 1] = -1.0;
                assert_eq!(trends(turning, &[length as usize]), [Trend::Uneven], "{length}");
            }
        }
    }

    #[test]
    fn one_fibre_of_many_that_goes_another_way_makes_the_axis_uneven() {
        let (rows, columns) = (50, 300);
        let number = |place: usize| ((place / columns) * 1000 + place % columns) as f64;
        let even: Vec<f64> = (0..rows * columns).map(number).collect();
        assert_eq!(trends(even.clone(), &[rows, columns]), [Trend::Rising; 2]);
        let mut uneven = even.clone();
        // The last row still rises along its columns, but one of them lies below the row before.
        uneven[(rows - 1) * columns] = -1.0;
        assert_eq!(trends(uneven, &[rows, columns]), [Trend::Uneven, Trend::Rising]);
        let mut nan = even;
        nan[rows * columns - 1] = f64::NAN;
        assert_eq!(trends(nan, &[rows, columns]), [Trend::Uneven; 2]);
    }
}
