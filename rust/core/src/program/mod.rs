//! (program)
