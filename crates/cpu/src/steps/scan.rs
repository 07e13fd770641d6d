//! Loops: a program of its own that runs once a step, with some of its arguments moved on.
use super::{Bases, Loc, Step};
use crate::memory::aligned;
use crate::plan::{FEEDS, Program};
use std::slice::from_raw_parts_mut;

/// A value of which the body reads or writes another part in each step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walked {
    pub loc: Loc,
    /// Bytes from one step to the next.
    pub stride: usize,
}

/// What goes from step to step: where its first value is, and where it lives.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Carried {
    pub start: Loc,
    pub loc: Loc,
    pub bytes: usize,
}

/// A loop, ready to run.
///
/// The body takes sequences and what is fixed as feeds. What is carried and the outputs are its
/// variables, so that new values are made where they belong.
#[derive(Debug)]
pub(crate) struct ScanStep {
    pub body: Program,
    pub steps: usize,
    pub reverse: bool,
    pub sequences: Vec<Walked>,
    pub fixed: Vec<Loc>,
    pub carries: Vec<Carried>,
    pub outputs: Vec<Walked>,
    /// The body's arena.
    pub arena: Loc,
    pub phases: Vec<usize>,
    pub cost: usize,
    pub name: String,
}

impl ScanStep {
    /// Pointers that the body's places are counted from: as [`Bases`] says.
    fn places(&self) -> usize {
        let arguments = self.sequences.len() + self.fixed.len();
        FEEDS as usize + arguments + self.carries.len() + self.outputs.len()
    }

    /// Sets all pointers, those of walked values to their first step; first values are copied.
    ///
    /// # Safety
    /// `bases` are those of the plan.
    unsafe fn begin(&self, bases: Bases<'_>, table: &mut [*mut u8]) {
        let arguments = self.sequences.iter().map(|w| w.loc).chain(self.fixed.iter().copied());
        let variables =
            self.carries.iter().map(|c| c.loc).chain(self.outputs.iter().map(|w| w.loc));
        // SAFETY: the plan gave everything its memory; what is carried has its own.
        unsafe {
            let places = arguments.chain(variables).map(|loc| bases.at(loc));
            let own = [bases.at(self.arena), self.body.constants.start()];
            for (entry, place) in table.iter_mut().zip(own.into_iter().chain(places)) {
                *entry = place;
            }
            for carry in &self.carries {
                let from = bases.at(carry.start).cast_const();
                from.copy_to_nonoverlapping(bases.at(carry.loc), carry.bytes);
            }
        }
    }

    /// Moves the walked values on to a step.
    ///
    /// # Safety
    /// `bases` are those of the plan, `step` is one of the loop's.
    unsafe fn turn(&self, bases: Bases<'_>, table: &mut [*mut u8], step: usize) {
        let sequences = FEEDS as usize;
        let outputs = self.places() - self.outputs.len();
        let walked = [(sequences, &self.sequences), (outputs, &self.outputs)];
        for (first, list) in walked {
            for (entry, w) in table.iter_mut().skip(first).zip(list) {
                // SAFETY: the value has a part for each step.
                *entry = unsafe { bases.at(w.loc).add(step * w.stride) };
            }
        }
    }
}

impl Step for ScanStep {
    fn phases(&self) -> &[usize] {
        &self.phases
    }

    fn scratch(&self) -> usize {
        aligned(self.places() * size_of::<*mut u8>()) + self.body.scratch
    }

    fn cost(&self) -> usize {
        self.cost
    }

    fn name(&self) -> &str {
        &self.name
    }

    unsafe fn run(&self, _: usize, _: usize, bases: Bases<'_>, scratch: *mut u8) {
        let places = self.places();
        // SAFETY: scratch memory is this thread's own and as long as asked for; the body's places are
        // counted as the table is laid out.
        unsafe {
            let table = from_raw_parts_mut(scratch.cast::<*mut u8>(), places);
            let scratch = scratch.add(aligned(places * size_of::<*mut u8>()));
            self.begin(bases, table);
            for i in 0..self.steps {
                self.turn(bases, table, if self.reverse { self.steps - 1 - i } else { i });
                self.body.run(Bases { pointers: table, failure: bases.failure }, scratch);
            }
        }
    }
}
