//! Zeros as the system hands them out: pages that are not yet touched.
//!
//! `vec![0; n]` requests them and cannot fail; filling a column that was requested would touch every page of it before
//! the threads do that are to write there. (Measured: two threads that write 0.8 GB take half as long again.)

// There is no safe way to ask for zeroed memory.
#![allow(unsafe_code, reason = "memory of zeros becomes a vector")]

use std::alloc::{Layout, alloc_zeroed};

use super::{OutOfMemory, leave_slack};

/// Numbers whose bytes are all zero where they are zero.
///
/// # Safety
///
/// They are plain old data, and all bytes zero is one of their values.
pub unsafe trait Zero: Copy + 'static {}

// SAFETY: all bits zero is the number 0.
unsafe impl Zero for u32 {}
// SAFETY: all bits zero is the number 0.
unsafe impl Zero for u64 {}
// SAFETY: all bits zero is +0.
unsafe impl Zero for f64 {}
// SAFETY: all bits zero is `false`.
unsafe impl Zero for bool {}

/// `count` zeros.
///
/// # Errors
///
/// [`OutOfMemory`] if there is no room for them.
pub fn zeroed<T: Zero>(count: usize) -> Result<Vec<T>, OutOfMemory> {
    let out_of_memory = OutOfMemory { bytes: count.saturating_mul(size_of::<T>()) };
    let layout = Layout::array::<T>(count).map_err(|_| out_of_memory)?;
    if layout.size() == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout is not empty.
    let zeros = unsafe { alloc_zeroed(layout) };
    if zeros.is_null() {
        return Err(out_of_memory);
    }
    // SAFETY: the memory comes from the global allocator with the layout of `count` items, as many as the vector holds
    // and has room for, and by `Zero` each of them is one as it stands.
    let zeros = unsafe { Vec::from_raw_parts(zeros.cast::<T>(), count, count) };
    leave_slack(layout.size(), out_of_memory)?;
    Ok(zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_are_those_of_vec() {
        for count in [0, 1, 7, 100_000] {
            assert_eq!(zeroed(count), Ok(vec![0_u32; count]));
            assert_eq!(zeroed(count), Ok(vec![0_u64; count]));
            assert_eq!(zeroed(count), Ok(vec![false; count]));
            let zeros = zeroed::<f64>(count).expect("some bytes");
            assert!(zeros.len() == count && zeros.iter().all(|zero| zero.to_bits() == 0));
        }
    }

    #[test]
    fn zeros_are_an_ordinary_vector() {
        let mut zeros = zeroed::<u32>(3).expect("some bytes");
        zeros.push(4);
        zeros.extend(0..1000);
        zeros.truncate(5);
        zeros.shrink_to_fit();
        assert_eq!(zeros, [0, 0, 0, 4, 0]);
    }
}
