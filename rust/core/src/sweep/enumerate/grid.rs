//! Runs a program over all blocks of the grid, in parallel.

use std::ops::Range;

use crate::control::{Control, Interrupted};
use crate::memory::{self, OutOfMemory};
use crate::parallel::Crew;
use crate::program::enumerate::{Machine, Program, Scratch, Sink};
use crate::space::Space;

/// Configurations that one thread takes at a time.
const JOB: u64 = 1 << 16;

/// Configurations below which another thread costs more than it brings.
const WORTH_A_THREAD: u64 = 1 << 17;

/// A program and how its blocks are handed out.
pub(crate) struct Grid<'a> {
    machine: Machine<'a>,
    /// All blocks.
    pub(crate) blocks: u64,
    /// Configurations that the loops visit.
    pub(crate) visited: u64,
    /// Configurations of the space that each visited one stands for.
    pub(crate) weight: u64,
    blocks_of_job: u64,
}

impl<'a> Grid<'a> {
    pub(crate) fn new(program: &'a Program, space: &Space) -> Self {
        let machine = program.machine();
        let visited = program.layout.groups.iter().map(|group| group.length as u64).product::<u64>();
        let block = machine.block_size(0).max(1) as u64;
        Self {
            machine,
            blocks: machine.blocks(),
            visited,
            weight: space.size() / visited,
            blocks_of_job: JOB.div_ceil(block),
        }
    }

    /// The blocks that hold about `configurations`, at least one.
    pub(crate) fn blocks_of(&self, configurations: u64) -> u64 {
        configurations.div_ceil(JOB).max(1).saturating_mul(self.blocks_of_job)
    }

    /// How many jobs there are, if they are taken in block order.
    pub(crate) fn jobs(&self) -> usize {
        usize::try_from(self.blocks.div_ceil(self.blocks_of_job)).unwrap_or(usize::MAX)
    }

    /// The blocks of a job.
    pub(crate) fn job(&self, job: usize) -> Range<u64> {
        let start = job as u64 * self.blocks_of_job;
        start..(start + self.blocks_of_job).min(self.blocks)
    }

    /// How many configurations of the loops a job holds.
    pub(crate) fn count(&self, job: usize) -> u64 {
        self.job(job).map(|block| self.machine.block_size(block) as u64).sum()
    }

    /// As many threads as are worth their start for `configurations` configurations.
    pub(crate) fn crew<'c>(&self, control: &'c Control, configurations: u64) -> Crew<'c> {
        let worth = usize::try_from(configurations / WORTH_A_THREAD + 1).unwrap_or(usize::MAX);
        Crew::of(control).at_most(worth)
    }

    pub(crate) fn scratch(&self) -> Result<Scratch, OutOfMemory> {
        self.machine.scratch()
    }

    /// Runs some blocks on the calling thread, and counts them as settled.
    pub(crate) fn run(
        &self,
        scratch: &mut Scratch,
        blocks: impl Iterator<Item = u64> + Clone,
        sink: &mut impl Sink,
        control: &Control,
    ) -> Result<(), Interrupted> {
        control.check()?;
        self.machine.run(scratch, blocks.clone(), sink)?;
        let settled: u64 = blocks.map(|block| self.machine.block_size(block) as u64).sum();
        control.advance(settled * self.weight);
        Ok(())
    }

    /// Runs the blocks numbered `range` of the order that `permute` gives, each worker into a sink
    /// of its own.
    pub(crate) fn scan<S: Sink + Send>(
        &self,
        range: Range<u64>,
        permute: impl Fn(u64) -> u64 + Sync,
        make: impl Fn() -> Result<S, Interrupted> + Sync,
        control: &Control,
    ) -> Result<Vec<S>, Interrupted> {
        let jobs = (range.end - range.start).div_ceil(self.blocks_of_job);
        let crew = self.crew(control, jobs.saturating_mul(JOB).min(self.visited));
        let workers = crew.workers(
            usize::try_from(jobs).unwrap_or(usize::MAX),
            || Ok((self.scratch()?, make()?)),
            |(scratch, sink), job| {
                let start = range.start + job as u64 * self.blocks_of_job;
                let end = (start + self.blocks_of_job).min(range.end);
                self.run(scratch, (start..end).map(&permute), sink, control)
            },
        )?;
        Ok(memory::collected(workers.into_iter().map(|(_, sink)| sink))?)
    }
}
