//! What each operation means, for one number and for lanes of numbers.
//!
//! [`scalar`] is the meaning; [`lanes`] agrees with it bit for bit, on every SIMD level of [`simd`].

pub mod geomspace;
pub mod interval;
pub mod kernels;
pub mod lanes;
pub mod scalar;
pub mod simd;
