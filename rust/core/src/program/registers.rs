//! Register allocation for straight-line code.

/// A step of code in which each register is written once: the registers that it reads, and the one that it writes.
#[derive(Debug, Default)]
pub(super) struct Access {
    pub(super) reads: Vec<usize>,
    pub(super) write: Option<usize>,
}

/// Renames `count` registers so that few of them live at once: they should stay in the first-level cache. Returns the
/// new name of each, and how many names there are. A step never writes a register that it reads, and `kept` ones are
/// not written again.
pub(super) fn reuse_registers(
    count: usize,
    steps: &[Access],
    kept: impl Iterator<Item = usize>,
) -> (Vec<usize>, usize) {
    let mut last_use: Vec<Option<usize>> = vec![None; count];
    for (when, step) in steps.iter().enumerate() {
        step.reads.iter().for_each(|&register| last_use[register] = Some(when));
    }
    kept.for_each(|register| last_use[register] = None);
    let mut ends: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    for (register, last_use) in last_use.iter().enumerate() {
        if let Some(when) = last_use {
            ends[*when].push(register);
        }
    }
    let mut renamed = vec![0; count];
    let (mut free, mut names) = (Vec::new(), 0);
    for (step, ends) in steps.iter().zip(ends) {
        if let Some(register) = step.write {
            renamed[register] = free.pop().unwrap_or_else(|| {
                names += 1;
                names - 1
            });
        }
        free.extend(ends.into_iter().map(|register| renamed[register]));
    }
    (renamed, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(reads: &[usize], write: usize) -> Access {
        Access { reads: reads.to_vec(), write: Some(write) }
    }

    #[test]
    fn a_name_is_used_again_once_its_register_was_read_for_the_last_time() {
        let chain = [step(&[], 0), step(&[0], 1), step(&[1], 2), step(&[2], 3)];
        assert_eq!(reuse_registers(4, &chain, [3].into_iter()), (vec![0, 1, 0, 1], 2));
    }

    #[test]
    fn a_kept_register_keeps_its_name_to_itself() {
        let steps = [step(&[], 0), step(&[0], 1), step(&[1], 2), step(&[2], 3)];
        let (names, count) = reuse_registers(4, &steps, [0, 3].into_iter());
        assert!(names[1..].iter().all(|&name| name != names[0]), "{names:?}");
        assert_eq!(count, 3);
    }

    #[test]
    fn no_step_writes_what_it_reads() {
        let steps = [step(&[], 0), step(&[], 1), step(&[0, 1], 2), step(&[2, 1, 1], 3)];
        let (names, _) = reuse_registers(4, &steps, [3].into_iter());
        for Access { reads, write } in steps {
            assert!(reads.iter().all(|&read| names[read] != names[write.unwrap()]), "{names:?}");
        }
    }
}
