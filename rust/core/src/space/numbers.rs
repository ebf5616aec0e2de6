//! Numbers that columns, tables and threads share without copying.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Numbers that are shared: a clone is the same numbers.
///
/// Made of a vector without a copy of it. (`Arc<[f64]>` copies, into memory that it does not ask for.)
#[derive(Clone, PartialEq, Default)]
pub struct Numbers(Arc<Vec<f64>>);

impl Deref for Numbers {
    type Target = [f64];

    #[inline(always)]
    fn deref(&self) -> &[f64] {
        &self.0
    }
}

impl From<Vec<f64>> for Numbers {
    fn from(numbers: Vec<f64>) -> Self {
        Self(Arc::new(numbers))
    }
}

impl From<&[f64]> for Numbers {
    fn from(numbers: &[f64]) -> Self {
        numbers.to_vec().into()
    }
}

impl<const COUNT: usize> From<[f64; COUNT]> for Numbers {
    fn from(numbers: [f64; COUNT]) -> Self {
        numbers.to_vec().into()
    }
}

impl<const COUNT: usize> From<&[f64; COUNT]> for Numbers {
    fn from(numbers: &[f64; COUNT]) -> Self {
        numbers.to_vec().into()
    }
}

impl FromIterator<f64> for Numbers {
    fn from_iter<I: IntoIterator<Item = f64>>(numbers: I) -> Self {
        Vec::from_iter(numbers).into()
    }
}

impl fmt::Debug for Numbers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vector_is_moved_and_a_clone_is_shared() {
        let made = vec![1.0, 2.0];
        let place = made.as_ptr();
        let numbers = Numbers::from(made);
        assert_eq!((numbers.as_ptr(), numbers.clone().as_ptr()), (place, place));
    }

    #[test]
    fn numbers_are_made_of_whatever_a_column_is() {
        let expected = Numbers::from(vec![1.0, 2.0]);
        assert_eq!(Numbers::from(&[1.0, 2.0][..]), expected);
        assert_eq!(Numbers::from(&[1.0, 2.0]), expected);
        assert_eq!(Numbers::from([1.0, 2.0]), expected);
        assert_eq!((1..3).map(f64::from).collect::<Numbers>(), expected);
        assert_eq!(format!("{expected:?}"), "[1.0, 2.0]");
    }
}
