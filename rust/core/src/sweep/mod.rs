//! (sweep)
