//! The operations, and what each of them means: for one number, for lanes of numbers and for intervals.
//!
//! [`ops`] is the table of operations, with [`scalar`] meanings; [`lanes`] agrees with these bit for bit, on every
//! SIMD level of [`simd`]; [`interval`] holds all values that they give on the values within; [`dual`] says
//! how a result changes with each operand.

pub mod dual;
pub mod geomspace;
pub mod interval;
pub mod kernels;
pub mod lanes;
pub mod ops;
pub mod scalar;
pub mod simd;
