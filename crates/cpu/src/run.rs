//! Running a program.
use crate::memory::{Block, Variable, aligned, bytes_of, read_into};
use crate::plan::{FEEDS, Program};
use crate::pool::{Pool, Team};
use crate::profile::Profile;
use crate::steps::{Bases, Failure, Step};
use crate::tiny::TinyAsZero;
use ferras_graph::{Error, Executable, Graph, Result, Signature, StateArg, Tensor, TensorView};
use std::sync::{Arc, Mutex, PoisonError};

/// Nanoseconds of work below which a phase stays on the calling thread.
const ALONE: usize = 15_000;

/// A compiled graph of the processor back end.
#[derive(Debug)]
pub(crate) struct Compiled {
    program: Program,
    signature: Signature,
    pool: Arc<Pool>,
    /// Whether any region is worth several threads.
    parallel: bool,
    /// Arenas of runs that have ended.
    arenas: Mutex<Vec<Arena>>,
    profile: Option<Profile>,
}

/// The memory of one run at a time.
#[derive(Debug)]
struct Arena {
    values: Block,
    /// Scratch memory of each thread, `stride` bytes apart.
    scratch: Block,
    stride: usize,
    bases: Vec<*mut u8>,
}

// SAFETY: the pointers are filled in by the run that holds the arena and not read by another.
unsafe impl Send for Arena {}

impl Arena {
    fn new(program: &Program, threads: usize) -> Result<Arena> {
        let stride = aligned(program.scratch) + crate::memory::ALIGN;
        Ok(Arena {
            values: Block::new(program.arena)?,
            scratch: Block::new(stride * threads)?,
            stride,
            bases: vec![std::ptr::null_mut(); FEEDS as usize + program.feeds + program.states],
        })
    }
}

impl Compiled {
    pub(crate) fn new(graph: &Graph, pool: Arc<Pool>) -> Result<Compiled> {
        let program = crate::plan::compile(graph)?;
        let worth = |region: &Vec<Box<dyn Step>>| region.iter().map(|s| s.cost()).sum::<usize>();
        let parallel = program.regions.iter().any(|r| tasks(r, 0) > 1 && worth(r) > ALONE);
        let profile = Profile::from_environment(&program);
        Ok(Compiled {
            signature: Signature::of(graph),
            parallel: parallel && pool.threads() > 1,
            program,
            pool,
            arenas: Mutex::new(Vec::new()),
            profile,
        })
    }

    /// An arena that no other run has.
    fn arena(&self) -> Result<Arena> {
        let spare = self.arenas.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match spare {
            Some(arena) => Ok(arena),
            None => Arena::new(&self.program, self.pool.threads()),
        }
    }

    /// Lets the arena's bases point to this run's memory.
    fn point(
        &self,
        arena: &mut Arena,
        feeds: &[TensorView<'_>],
        states: &mut [StateArg<'_>],
    ) -> Result<()> {
        arena.bases.clear();
        arena.bases.push(arena.values.start());
        arena.bases.push(self.program.constants.start());
        arena.bases.extend(feeds.iter().map(|f| bytes_of(f.elements()).cast_mut()));
        let foreign = || Error::Run("a variable of another back end was handed to the cpu".into());
        for state in states {
            let variable = match state {
                StateArg::Read(buffer) => buffer.memory::<Variable>(),
                StateArg::Write(buffer) => buffer.memory_mut::<Variable>().map(|v| &*v),
            };
            arena.bases.push(variable.ok_or_else(foreign)?.start());
        }
        Ok(())
    }

    fn execute(&self, arena: &Arena) -> Result<()> {
        let team = if self.parallel { self.pool.team() } else { None };
        let failure = Failure::default();
        let bases = Bases { pointers: &arena.bases, failure: &failure };
        let _tiny = TinyAsZero::new();
        let mut clock = self.profile.as_ref().map(Profile::begin);
        for (i, region) in self.program.regions.iter().enumerate() {
            match &team {
                Some(team) if region.iter().map(|s| s.cost()).sum::<usize>() > ALONE => {
                    together(team, region, bases, arena);
                }
                _ => {
                    for (u, step) in region.iter().enumerate() {
                        alone(&**step, bases, arena);
                        if let Some(clock) = &mut clock {
                            clock.lap(i, u);
                        }
                    }
                    continue;
                }
            }
            if let Some(clock) = &mut clock {
                clock.lap(i, 0);
            }
        }
        failure.result()
    }

    /// Copies the results out, then the new values that wait beside their variables.
    ///
    /// # Safety
    /// The program ran on these bases.
    unsafe fn deliver(&self, arena: &Arena, fetches: &mut Vec<Tensor>) {
        let program = &self.program;
        let bases = Bases { pointers: &arena.bases, failure: &Failure::default() };
        fetches.truncate(program.fetches.len());
        for (i, (loc, ty)) in program.fetches.iter().enumerate() {
            let fits = |t: &Tensor| t.dtype() == ty.dtype && *t.shape() == ty.shape;
            match fetches.get_mut(i) {
                Some(old) if fits(old) => {}
                Some(old) => *old = Tensor::zeros(ty),
                None => fetches.push(Tensor::zeros(ty)),
            }
            // SAFETY: the plan's place holds a value of the type.
            unsafe { read_into(&mut fetches[i], bases.at(*loc)) };
        }
        for &(from, state, bytes) in &program.commits {
            let to = arena.bases[FEEDS as usize + program.feeds + state];
            // SAFETY: the variable has the value's type; another variable's memory or the arena
            // is the source.
            unsafe { bases.at(from).copy_to_nonoverlapping(to, bytes) };
        }
    }
}

/// All tasks of a phase of a region.
fn tasks(region: &[Box<dyn Step>], phase: usize) -> usize {
    region.iter().filter_map(|s| s.phases().get(phase)).sum()
}

/// Runs a step on this thread.
#[inline(always)]
fn alone(step: &dyn Step, bases: Bases<'_>, arena: &Arena) {
    for (phase, &tasks) in step.phases().iter().enumerate() {
        for task in 0..tasks {
            // SAFETY: phases and tasks in order; the arena's first scratch memory is this
            // thread's; bases are those of the plan.
            unsafe { step.run(phase, task, bases, arena.scratch.start()) };
        }
    }
}

/// Runs a region on all threads, phase by phase.
fn together(team: &Team<'_>, region: &[Box<dyn Step>], bases: Bases<'_>, arena: &Arena) {
    let phases = region.iter().map(|s| s.phases().len()).max().unwrap_or(0);
    let (scratch, stride) = (&arena.scratch, arena.stride);
    for phase in 0..phases {
        team.run(tasks(region, phase), &|task, thread| {
            let mut task = task;
            for step in region {
                let own = step.phases().get(phase).copied().unwrap_or(0);
                if task < own {
                    // SAFETY: each task once; each thread its own scratch memory; phases meet.
                    unsafe {
                        let scratch = scratch.start().add(thread * stride);
                        return step.run(phase, task, bases, scratch);
                    }
                }
                task -= own;
            }
        });
    }
}

impl Executable for Compiled {
    fn run(
        &self,
        feeds: &[TensorView<'_>],
        states: &mut [StateArg<'_>],
        fetches: &mut Vec<Tensor>,
    ) -> Result<()> {
        self.signature.check(feeds, states)?;
        let mut arena = self.arena()?;
        self.point(&mut arena, feeds, states)?;
        let done = self.execute(&arena);
        if done.is_ok() {
            // SAFETY: just run on these bases.
            unsafe { self.deliver(&arena, fetches) };
        }
        self.arenas.lock().unwrap_or_else(PoisonError::into_inner).push(arena);
        done
    }
}
