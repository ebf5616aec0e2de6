//! Fallible memory requests.
//!
//! What grows with rows, boxes, tables or columns is requested here, and work that cannot have it ends with
//! [`OutOfMemory`] instead of ending the process. A column is given room for a whole block of work at once; loops then
//! push into it without asking.
//!
//! What does not grow is not requested: a few lanes, a few pointers, what follows the text of formulas. It finds room
//! even where a large request did not, because requests are only granted if `SLACK` more would be: that is looked at
//! for each large request, and for small ones when they have come to as much.

use std::cell::Cell;
use std::hint::black_box;

mod zeroed;

pub use zeroed::{Zero, zeroed};

/// Bytes that a thread is granted between two looks at what is left.
const LARGE: usize = 1 << 18;

/// What is left for all that is not requested.
const SLACK: usize = 4 << 20;

thread_local! {
    /// Bytes granted since the last look. It decides when to look again; answers do not depend on it.
    static GRANTED: Cell<usize> = const { Cell::new(0) };
}

/// Memory that was requested and not granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not enough memory: there is no room for {}; ask for less at a time", size(*.bytes))]
pub struct OutOfMemory {
    /// The size of the request; the largest number if it has none.
    pub bytes: usize,
}

/// A number of bytes as a person reads it.
fn size(bytes: usize) -> String {
    const UNITS: [&str; 4] = ["kB", "MB", "GB", "TB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let (mut size, mut unit) = (bytes as f64 / 1e3, 0);
    while size >= 999.5 && unit + 1 < UNITS.len() {
        (size, unit) = (size / 1e3, unit + 1);
    }
    format!("{size:.1} {}", UNITS[unit])
}

/// Makes room for `more` items: at least twice the room there was, if there is too little.
///
/// # Errors
///
/// [`OutOfMemory`] if there is none.
#[inline(always)]
pub fn reserve<T>(column: &mut Vec<T>, more: usize) -> Result<(), OutOfMemory> {
    if more <= column.capacity() - column.len() { Ok(()) } else { grow(column, more) }
}

#[cold]
#[inline(never)]
fn grow<T>(column: &mut Vec<T>, more: usize) -> Result<(), OutOfMemory> {
    let bytes = column.len().saturating_add(more).saturating_mul(size_of::<T>());
    let out_of_memory = OutOfMemory { bytes };
    let grown = column.try_reserve(more).or_else(|_| column.try_reserve_exact(more));
    grown.map_err(|_| out_of_memory)?;
    leave_slack(column.capacity().saturating_mul(size_of::<T>()), out_of_memory)
}

/// Fails if no memory is left after `bytes` bytes were granted.
fn leave_slack(bytes: usize, out_of_memory: OutOfMemory) -> Result<(), OutOfMemory> {
    let granted = GRANTED.get().saturating_add(bytes);
    GRANTED.set(if granted > LARGE { 0 } else { granted });
    if granted > LARGE {
        let mut slack: Vec<u8> = Vec::new();
        slack.try_reserve_exact(SLACK).map_err(|_| out_of_memory)?;
        // Else the compiler sees that it is not used, and requests none.
        black_box(&mut slack);
    }
    Ok(())
}

/// Fails if there is no room for `bytes` bytes in all, before any of their parts is requested: a system that grants
/// more than it has looks at one request at a time.
///
/// # Errors
///
/// [`OutOfMemory`] if there is none.
pub fn ensure(bytes: usize) -> Result<(), OutOfMemory> {
    black_box(&mut room::<u8>(bytes)?);
    Ok(())
}

/// No items yet, and room for `count` of them.
///
/// # Errors
///
/// [`OutOfMemory`] if there is none.
#[inline]
pub fn room<T>(count: usize) -> Result<Vec<T>, OutOfMemory> {
    let mut column = Vec::new();
    if count > 0 {
        let out_of_memory = OutOfMemory { bytes: count.saturating_mul(size_of::<T>()) };
        column.try_reserve_exact(count).map_err(|_| out_of_memory)?;
        leave_slack(column.capacity().saturating_mul(size_of::<T>()), out_of_memory)?;
    }
    Ok(column)
}

/// One value `count` times; see [`zeroed`] for many zeros.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for them.
#[inline]
pub fn filled<T: Clone>(count: usize, value: T) -> Result<Vec<T>, OutOfMemory> {
    let mut column = room(count)?;
    column.resize(count, value);
    Ok(column)
}

/// What [`Iterator::collect`] makes of items of a known number.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for them.
#[inline]
pub fn collected<T>(items: impl ExactSizeIterator<Item = T>) -> Result<Vec<T>, OutOfMemory> {
    let mut column = room(items.len())?;
    column.extend(items);
    Ok(column)
}

/// What [`Iterator::collect`] makes of items of an unknown number.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for them.
#[inline]
pub fn gathered<T>(items: impl Iterator<Item = T>) -> Result<Vec<T>, OutOfMemory> {
    let mut column = Vec::new();
    for item in items {
        push(&mut column, item)?;
    }
    Ok(column)
}

/// A copy.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for it.
#[inline]
pub fn copied<T: Copy>(items: &[T]) -> Result<Vec<T>, OutOfMemory> {
    let mut column = room(items.len())?;
    column.extend_from_slice(items);
    Ok(column)
}

/// [`Vec::push`].
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for the item.
#[inline(always)]
pub fn push<T>(column: &mut Vec<T>, item: T) -> Result<(), OutOfMemory> {
    reserve(column, 1)?;
    column.push(item);
    Ok(())
}

/// [`Vec::extend`] by items of a known number.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for them; none is appended then.
#[inline(always)]
pub fn extend<T>(column: &mut Vec<T>, items: impl ExactSizeIterator<Item = T>) -> Result<(), OutOfMemory> {
    reserve(column, items.len())?;
    column.extend(items);
    Ok(())
}

/// [`Vec::extend_from_slice`].
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for the items; none is appended then.
#[inline(always)]
pub fn append<T: Copy>(column: &mut Vec<T>, items: &[T]) -> Result<(), OutOfMemory> {
    reserve(column, items.len())?;
    column.extend_from_slice(items);
    Ok(())
}

/// [`Vec::resize`].
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for them.
#[inline(always)]
pub fn resize<T: Clone>(column: &mut Vec<T>, count: usize, value: T) -> Result<(), OutOfMemory> {
    reserve(column, count.saturating_sub(column.len()))?;
    column.resize(count, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// More than any machine has.
    const FAR: usize = isize::MAX as usize / 16;

    #[test]
    fn what_cannot_be_had_is_refused_with_its_size() {
        let expected = OutOfMemory { bytes: 8 * FAR };
        assert_eq!(room::<u64>(FAR), Err(expected));
        assert_eq!(filled(FAR, 7.5), Err(expected));
        assert_eq!(zeroed::<f64>(FAR), Err(expected));
        assert_eq!(collected((0..FAR).map(|place| place as u64)), Err(expected));
        assert_eq!(room::<u64>(usize::MAX), Err(OutOfMemory { bytes: usize::MAX }));
    }

    #[test]
    fn a_column_that_cannot_grow_stays_as_it_is() {
        let mut column = vec![1_u64, 2];
        let expected = Err(OutOfMemory { bytes: 8 * (FAR + 2) });
        assert_eq!(reserve(&mut column, FAR), expected);
        assert_eq!(extend(&mut column, (0..FAR).map(|place| place as u64)), expected);
        assert_eq!(resize(&mut column, FAR + 2, 0), expected);
        assert_eq!(column, [1, 2]);
    }

    #[test]
    fn each_way_to_fill_a_column_is_that_of_vec() {
        let mut column = copied(&[1_u64, 2]).expect("a few bytes");
        push(&mut column, 3).expect("a few bytes");
        append(&mut column, &[4, 5]).expect("a few bytes");
        extend(&mut column, [6, 7].into_iter()).expect("a few bytes");
        resize(&mut column, 8, 8).expect("a few bytes");
        assert_eq!(column, [1, 2, 3, 4, 5, 6, 7, 8]);
        resize(&mut column, 1, 0).expect("it shrinks");
        assert_eq!(column, [1]);
        assert_eq!(filled(2, 'x'), Ok(vec!['x'; 2]));
        assert_eq!(collected(0..3), Ok(vec![0, 1, 2]));
        assert_eq!(gathered((0..9).filter(|place| place % 4 == 0)), Ok(vec![0, 4, 8]));
    }

    #[test]
    fn pushing_one_by_one_asks_seldom() {
        let mut column = Vec::new();
        let mut asked = 0;
        for item in 0..1_000_000 {
            asked += usize::from(column.len() == column.capacity());
            push(&mut column, item).expect("some megabytes");
        }
        assert!(asked < 30, "{asked}");
    }

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        let told = |bytes| OutOfMemory { bytes }.to_string();
        assert_eq!(told(12), "not enough memory: there is no room for 12 bytes; ask for less at a time");
        for (bytes, size) in [(1000, "1.0 kB"), (999_999, "1.0 MB"), (80_000_000_000, "80.0 GB")] {
            assert!(told(bytes).contains(&format!("room for {size};")), "{}", told(bytes));
        }
        assert!(told(usize::MAX).contains("18446744.1 TB"));
    }
}
