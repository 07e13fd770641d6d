//! Fused loops: one pass over an iteration space, tile by tile, through a list of instructions.
//!
//! A tile is a run of neighbouring elements in row order, short enough that the intermediate
//! values of all instructions stay in the first-level cache. Operands that lie in memory as the
//! space does are read in place; others are brought into shape by a load instruction. A row or a
//! column that serves many tiles is loaded once.
mod fold;
mod fold32;
mod load;
pub(crate) mod ops;

pub(crate) use fold::{Fold, FoldShape, Folds, folds};
pub(crate) use load::{Count, Draw, MAX_AXES, Walk};

use crate::kernels::part;
use crate::steps::{Bases, Loc, Step};
use fold::FoldRows;
use ops::Function;

/// Most elements of a tile.
pub(crate) const TILE: usize = 512;

/// Index of an operand in the table of pointers.
pub(crate) type Slot = u16;

/// How the place of an operand follows the tile, which begins at flat index `s`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    /// Element 0, always.
    Fixed(Loc),
    /// A tile of the thread's own, at this offset in its scratch memory.
    Own(usize),
    /// Element s.
    Flat(Loc),
    /// Element s mod length.
    Row(Loc, usize),
    /// Element s div length.
    Column(Loc, usize),
}

/// One instruction.
#[derive(Clone, Debug)]
pub(crate) enum Instr {
    /// A function of up to three operands.
    Call { f: Function, d: Slot, from: [Slot; 3] },
    /// Elements that do not lie in the order of the space.
    Walk { d: Slot, a: Slot, walk: Box<Walk> },
    /// Indices along an axis.
    Count { d: Slot, count: Count },
    /// Random numbers; `a` is the key.
    Draw { d: Slot, a: Slot, draw: Draw },
    /// Rows of `len` elements, whole in a tile, to one each.
    Rows { f: FoldRows, d: Slot, a: Slot, len: usize },
    /// A piece of a longer reduction.
    Fold { a: Slot, fold: usize },
}

/// A fused loop, ready to run.
#[derive(Debug)]
pub(crate) struct Loop {
    /// Elements of the space.
    pub n: usize,
    /// Elements of a tile.
    pub tile: usize,
    /// Tiles do not cross multiples of this (0: no such bound).
    pub row: usize,
    /// Tasks begin at multiples of this, unless the space is cut by a reduction.
    pub grain: usize,
    /// Operands and where they are.
    pub slots: Vec<(Place, usize)>,
    /// Done once a task: (instruction, elements).
    pub once: Vec<(Instr, usize)>,
    /// Done for each tile.
    pub body: Vec<Instr>,
    /// Reductions that need more than one tile.
    pub folds: Vec<Fold>,
    /// How such reductions cut the space.
    pub shape: Option<FoldShape>,
    /// Tasks of each phase.
    pub phases: Vec<usize>,
    /// Bytes of scratch memory a thread needs: the table of pointers, then its tiles.
    pub scratch: usize,
    /// Estimated nanoseconds on one thread.
    pub cost: usize,
    pub name: String,
}

impl Step for Loop {
    fn phases(&self) -> &[usize] {
        &self.phases
    }

    fn scratch(&self) -> usize {
        self.scratch
    }

    fn cost(&self) -> usize {
        self.cost
    }

    fn name(&self) -> &str {
        &self.name
    }

    unsafe fn run(&self, phase: usize, task: usize, bases: Bases<'_>, scratch: *mut u8) {
        // SAFETY: the plan gave every operand its memory; scratch memory is this thread's own and
        // as long as asked for.
        unsafe {
            if phase > 0 {
                return self.folds.iter().for_each(|f| f.combine(self.shape.as_ref(), bases));
            }
            let mut pass = Pass { program: self, bases, scratch, slots: scratch.cast() };
            pass.begin();
            match &self.shape {
                None => {
                    let grains = part(self.n.div_ceil(self.grain), self.phases[0], task);
                    let end = (grains.end * self.grain).min(self.n);
                    pass.range(grains.start * self.grain, end);
                }
                Some(shape) => {
                    for unit in part(shape.units(), self.phases[0], task) {
                        let range = shape.range(unit);
                        self.folds.iter().for_each(|f| f.begin(shape, unit, bases, scratch));
                        pass.range(range.start, range.end);
                        self.folds.iter().for_each(|f| f.end(shape, unit, bases, scratch));
                    }
                }
            }
        }
    }
}

/// One task of a loop while it runs.
struct Pass<'a> {
    program: &'a Loop,
    bases: Bases<'a>,
    scratch: *mut u8,
    slots: *mut *mut u8,
}

impl Pass<'_> {
    /// Fills the table of pointers and does what is done once.
    #[inline(always)]
    unsafe fn begin(&mut self) {
        // SAFETY: the table has a place for each slot; instructions name existing slots.
        unsafe {
            self.place(0, true);
            for (instr, n) in &self.program.once {
                self.execute(instr, 0, *n);
            }
        }
    }

    #[inline(always)]
    unsafe fn place(&mut self, s: usize, all: bool) {
        for (i, &(place, size)) in self.program.slots.iter().enumerate() {
            // SAFETY: as promised by the plan, element s (by its rule) lies in the value.
            unsafe {
                let p = match place {
                    Place::Flat(loc) => self.bases.at(loc).add(s * size),
                    Place::Row(loc, len) => self.bases.at(loc).add(s % len * size),
                    Place::Column(loc, len) => self.bases.at(loc).add(s / len * size),
                    Place::Fixed(loc) if all => self.bases.at(loc),
                    Place::Own(offset) if all => self.scratch.add(offset),
                    Place::Fixed(_) | Place::Own(_) => break, // these come last
                };
                *self.slots.add(i) = p;
            }
        }
    }

    #[inline(always)]
    unsafe fn range(&mut self, start: usize, end: usize) {
        let program = self.program;
        let mut s = start;
        while s < end {
            let mut n = program.tile.min(end - s);
            if program.row > 0 {
                n = n.min(program.row - s % program.row);
            }
            // SAFETY: the tile s .. s + n lies within the space.
            unsafe {
                if s > 0 {
                    self.place(s, false);
                }
                for instr in &program.body {
                    self.execute(instr, s, n);
                }
            }
            s += n;
        }
    }

    #[inline(always)]
    unsafe fn execute(&self, instr: &Instr, s: usize, n: usize) {
        // SAFETY: slots are within the table, and each points to n elements (or a scalar where
        // the kernel was chosen for one).
        unsafe {
            let at = |slot: Slot| *self.slots.add(usize::from(slot));
            match instr {
                Instr::Call { f, d, from: [a, b, c] } => {
                    f.call(at(*d), [at(*a), at(*b), at(*c)], n);
                }
                Instr::Walk { d, a, walk } => walk.run(at(*d), at(*a), s, n),
                Instr::Count { d, count } => count.run(at(*d), s, n),
                Instr::Draw { d, a, draw } => draw.run(at(*d), at(*a), s, n),
                Instr::Rows { f, d, a, len } => f(at(*d), at(*a), n / len, *len),
                Instr::Fold { a, fold } => {
                    if let (Some(fold), Some(shape)) =
                        (self.program.folds.get(*fold), &self.program.shape)
                    {
                        fold.tile(shape, at(*a), s, n, self.scratch);
                    }
                }
            }
        }
    }
}

impl Instr {
    /// Gives the operands new numbers.
    pub(crate) fn rename(&mut self, new: &[Slot]) {
        let to = |slot: &mut Slot| *slot = new[usize::from(*slot)];
        match self {
            Instr::Call { d, from, .. } => {
                to(d);
                from.iter_mut().for_each(to);
            }
            Instr::Walk { d, a, .. } | Instr::Draw { d, a, .. } | Instr::Rows { d, a, .. } => {
                to(d);
                to(a);
            }
            Instr::Count { d, .. } => to(d),
            Instr::Fold { a, .. } => to(a),
        }
    }
}
