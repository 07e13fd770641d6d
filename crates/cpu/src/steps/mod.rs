//! Steps: the pieces of a compiled graph, one after the other.
pub(crate) mod heavy;
pub(crate) mod index;
pub(crate) mod scan;
pub(crate) mod shift;

use ferras_graph::Error;
use std::fmt::Debug;
use std::sync::{Mutex, PoisonError};

/// A place in memory: one of the bases of a run, and bytes from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Loc {
    pub base: u32,
    pub offset: usize,
}

/// Where the memory of a run begins: the arena, the constants, each feed, each variable.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bases<'a> {
    pub(crate) pointers: &'a [*mut u8],
    /// Where a task leaves the error that ends the run.
    pub(crate) failure: &'a Failure,
}

/// The first error of a run.
#[derive(Debug, Default)]
pub(crate) struct Failure(Mutex<Option<Error>>);

impl Failure {
    /// Keeps the error unless there is one already.
    pub(crate) fn keep(&self, error: Error) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
    }

    /// The error of the run, if there is one.
    pub(crate) fn result(self) -> ferras_graph::Result<()> {
        self.0.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }
}

// SAFETY: the pointers are handed to tasks whose plan says which of them write where; no two
// tasks of a phase write one place, nor does one read what another writes.
unsafe impl Send for Bases<'_> {}
// SAFETY: as above.
unsafe impl Sync for Bases<'_> {}

impl Bases<'_> {
    /// The pointer to a place.
    ///
    /// # Safety
    /// The place comes from the plan that these bases were laid out for.
    #[inline(always)]
    pub(crate) unsafe fn at(&self, loc: Loc) -> *mut u8 {
        // SAFETY: the plan numbers no base beyond the table, and offsets lie within its memory.
        unsafe { self.pointers.get_unchecked(loc.base as usize).add(loc.offset) }
    }
}

/// A piece of work: phases of tasks. Tasks of a phase may run at the same time.
pub(crate) trait Step: Debug + Send + Sync {
    /// Tasks of each phase.
    fn phases(&self) -> &[usize];
    /// Bytes of memory that each thread needs for itself.
    fn scratch(&self) -> usize;
    /// Estimated nanoseconds on one thread.
    fn cost(&self) -> usize;
    /// For profiles.
    fn name(&self) -> &str;
    /// Does one task.
    ///
    /// # Safety
    /// `bases` are those of the plan; `scratch` is aligned to a cache line, as long as asked for
    /// and used by nobody else meanwhile; `task` is below the phase's count and all earlier phases
    /// have ended.
    unsafe fn run(&self, phase: usize, task: usize, bases: Bases<'_>, scratch: *mut u8);
}
