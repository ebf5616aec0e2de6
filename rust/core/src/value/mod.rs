//! What each operation means, for one number, for lanes of numbers and for intervals.
//!
//! [`scalar`] is the meaning; [`lanes`] agrees with it bit for bit, on every SIMD level of [`simd`];
//! [`interval`] holds it, whatever the values within; [`dual`] says how it changes with each operand.

pub mod dual;
pub mod geomspace;
pub mod interval;
pub mod kernels;
pub mod lanes;
pub mod scalar;
pub mod simd;
