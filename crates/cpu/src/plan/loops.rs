//! Fused loops from units: operands to slots, nodes to instructions, tiles and tasks from shapes.
use super::memory::Layout;
use super::roles::{Read, Roles};
use super::schedule::{Unit, space};
use super::view::View;
use crate::fused::{
    Count, Draw, Fold, FoldShape, Folds, Instr, Loop, Place, Slot, TILE, Walk, folds, ops,
};
use crate::memory::aligned;
use crate::steps::Loc;
use ferras_graph::{DType, Error, Op, Result, Unary};
use std::collections::HashMap;

/// Nanoseconds of work that a task is worth.
const TASK: usize = 8_000;
/// Most tasks of a loop.
const MOST_TASKS: usize = 32;

/// Bytes that the unit's reductions need between their phases, for each of them.
pub(crate) fn partials(roles: &Roles, unit: &Unit) -> Vec<usize> {
    let Some(shape) = unit.fold.filter(|f| !f.is_rows() && f.k > 1) else { return Vec::new() };
    let bytes = |&n: &usize| {
        let each = if shape.b == 1 { 8 } else { shape.b * roles.node(n).ty.dtype.size() };
        aligned(shape.units() * each)
    };
    unit.nodes.iter().filter(|&&n| is_fold(roles, n)).map(bytes).collect()
}

fn is_fold(roles: &Roles, i: usize) -> bool {
    matches!(roles.node(i).op, Op::Reduce(..)) && roles.source[i].is_none()
}

/// Where an operand is, and how it is read.
#[derive(Clone, Copy, Debug)]
struct Arg {
    slot: usize,
    /// One element serves the whole tile.
    scalar: bool,
    /// One element serves the whole loop.
    constant: bool,
}

/// How the space is cut into tiles.
struct Cut {
    tile: usize,
    row: usize,
    grain: usize,
    /// Length of rows that tiles hold whole, or of rows that tiles are parts of.
    length: usize,
}

struct Builder<'a> {
    roles: &'a Roles,
    layout: &'a Layout,
    unit: &'a Unit,
    temporary: Loc,
    n: usize,
    cut: Cut,
    slots: Vec<(Place, usize)>,
    once: Vec<(Instr, usize)>,
    body: Vec<Instr>,
    folds: Vec<Fold>,
    /// Results of the unit's nodes.
    values: HashMap<usize, Arg>,
    leaves: HashMap<(usize, View), Arg>,
    /// Own tiles: those that are free, as (bytes of an element, offset), and the bytes used so far.
    spare: Vec<(usize, usize)>,
    own: usize,
    /// The last instruction that reads each node of the unit.
    last: HashMap<usize, usize>,
    /// Picoseconds an element.
    cost: usize,
}

/// The loop of a unit whose partial results begin at `temporary`.
pub(crate) fn build(roles: &Roles, layout: &Layout, unit: &Unit, temporary: Loc) -> Result<Loop> {
    let n = unit.nodes.first().map_or(0, |&i| space(roles, i));
    let mut b = Builder {
        roles,
        layout,
        unit,
        temporary,
        n,
        cut: cut(roles, unit, n),
        slots: Vec::new(),
        once: Vec::new(),
        body: Vec::new(),
        folds: Vec::new(),
        values: HashMap::new(),
        leaves: HashMap::new(),
        spare: Vec::new(),
        own: 0,
        last: HashMap::new(),
        cost: 0,
    };
    for &i in &unit.nodes {
        for read in roles.reads(i) {
            b.last.insert(read.root, i);
        }
    }
    for &i in &unit.nodes {
        b.node(i)?;
    }
    Ok(b.finish())
}

fn cut(roles: &Roles, unit: &Unit, n: usize) -> Cut {
    let plain = Cut { tile: TILE, row: 0, grain: TILE, length: 0 };
    let whole_rows = |c: usize| {
        let tile = TILE / c * c;
        Cut { tile, row: 0, grain: tile, length: c }
    };
    let parts = |c: usize| Cut { tile: TILE, row: c, grain: 64, length: c };
    let length = match unit.fold {
        Some(f) if f.is_rows() => return whole_rows(f.r.max(1)),
        Some(f) if f.b > 1 => f.b,
        _ => row_length(roles, unit, n),
    };
    match (length, unit.fold) {
        (0, _) => plain,
        (c, _) if c > TILE => parts(c),
        // Units of a long reduction do not begin at rows.
        (_, Some(f)) if f.b == 1 => plain,
        (c, _) => whole_rows(c),
    }
}

/// The length of the rows that an operand is repeated along or by; 0 if there is none.
fn row_length(roles: &Roles, unit: &Unit, n: usize) -> usize {
    let reads = unit.nodes.iter().flat_map(|&i| roles.reads(i));
    let mut found = 0;
    for read in reads.filter(|r| !r.direct && r.view.elements() == n) {
        let flat = read.view.collapsed();
        match (&flat.strides[..], &flat.dims[..]) {
            ([0, 1], [_, c]) => return *c,
            ([1, 0], [_, c]) if found == 0 => found = *c,
            _ => {}
        }
    }
    found
}

impl Builder<'_> {
    fn slot(&mut self, place: Place, size: usize) -> usize {
        self.slots.push((place, size));
        self.slots.len() - 1
    }

    /// A tile of the thread's own.
    fn own_tile(&mut self, size: usize) -> usize {
        // Of the same element size: then it may be an operand of the instruction that fills it.
        let at = self.spare.iter().position(|s| s.0 == size);
        match at.map(|i| self.spare.swap_remove(i)) {
            Some((_, offset)) => self.slot(Place::Own(offset), size),
            None => self.kept_tile(size, self.tile_elements()),
        }
    }

    /// A tile that nothing else is ever put into: for what is made once and read by every tile.
    fn kept_tile(&mut self, size: usize, elements: usize) -> usize {
        let offset = self.own;
        self.own += aligned(size * elements);
        self.slot(Place::Own(offset), size)
    }

    fn tile_elements(&self) -> usize {
        self.cut.tile.min(self.n)
    }

    fn loc(&self, root: usize) -> Result<Loc> {
        let missing = || Error::Internal(format!("node %{root} has no memory"));
        self.layout.loc[root].ok_or_else(missing)
    }

    /// The operand that a read stands for.
    fn operand(&mut self, read: &Read) -> Result<Arg> {
        if let (true, Some(&arg)) = (read.direct, self.values.get(&read.root)) {
            return Ok(arg);
        }
        let key = (read.root, read.view.collapsed());
        if let Some(&arg) = self.leaves.get(&key) {
            return Ok(arg);
        }
        let arg = self.leaf(read.root, &key.1)?;
        self.leaves.insert(key, arg);
        Ok(arg)
    }

    fn leaf(&mut self, root: usize, flat: &View) -> Result<Arg> {
        let size = self.roles.node(root).ty.dtype.size();
        let mut loc = self.loc(root)?;
        loc.offset += flat.offset as usize * size;
        let vector = |slot| Arg { slot, scalar: false, constant: false };
        self.cost += size * 40;
        if self.n == 1 || flat.is_run() {
            return Ok(vector(self.slot(Place::Flat(loc), size)));
        }
        if flat.is_scalar() {
            let slot = self.slot(Place::Fixed(loc), size);
            return Ok(Arg { slot, scalar: true, constant: true });
        }
        let c = self.cut.length;
        let along = c > 0 && flat.dims.len() == 2 && flat.dims[1] == c;
        let parts = along && self.cut.row == c;
        match flat.strides[..] {
            [0, 1] if parts => Ok(vector(self.slot(Place::Row(loc, c), size))),
            [1, 0] if parts => {
                let slot = self.slot(Place::Column(loc, c), size);
                Ok(Arg { slot, scalar: true, constant: false })
            }
            [0, 1] if along => {
                let elements = self.tile_elements();
                let d = self.kept_tile(size, elements);
                let walk = self.walk(d, loc, flat, size);
                self.once.push((walk, elements));
                Ok(vector(d))
            }
            _ => {
                let d = self.own_tile(size);
                let walk = self.walk(d, loc, flat, size);
                self.body.push(walk);
                self.cost += 300;
                Ok(vector(d))
            }
        }
    }

    fn walk(&mut self, d: usize, loc: Loc, flat: &View, size: usize) -> Instr {
        let a = self.slot(Place::Fixed(loc), size) as Slot;
        Instr::Walk { d: d as Slot, a, walk: Box::new(Walk::new(flat, size)) }
    }

    /// The instructions of a node.
    fn node(&mut self, i: usize) -> Result<()> {
        if is_fold(self.roles, i) {
            return self.fold(i);
        }
        let node = self.roles.node(i);
        let reads = self.roles.reads(i);
        if self.roles.source[i].is_some() {
            return self.copy(i, &reads[0].clone());
        }
        match &node.op {
            Op::Iota { dtype, shape, axis } => {
                let count = Count {
                    dtype: *dtype,
                    n: shape[*axis],
                    inner: shape[axis + 1..].iter().product(),
                };
                let d = self.result(i)?;
                self.cost += 500;
                self.body.push(Instr::Count { d: d as Slot, count });
            }
            Op::Random { stream, .. } => {
                let mut key = self.loc(reads[0].root)?;
                key.offset += reads[0].view.offset as usize * 8;
                let a = self.slot(Place::Fixed(key), 8) as Slot;
                let draw = Draw { level: self.roles.level, stream: *stream };
                let d = self.result(i)? as Slot;
                self.cost += 2000;
                self.body.push(Instr::Draw { d, a, draw });
            }
            _ => self.call(i)?,
        }
        Ok(())
    }

    /// The place of a node's result: its memory, or a tile of the thread's own. Operands that end
    /// with this node are let go first: instructions may work in place.
    fn result(&mut self, i: usize) -> Result<usize> {
        let size = self.roles.node(i).ty.dtype.size();
        for read in self.roles.reads(i) {
            let ended = self.last.get(&read.root) == Some(&i);
            if let (true, Some(arg)) = (ended && read.direct, self.values.get(&read.root))
                && let (Place::Own(offset), of) = self.slots[arg.slot]
                && !arg.scalar
                && !self.spare.contains(&(of, offset))
            {
                self.spare.push((of, offset));
            }
        }
        let slot = match self.layout.loc[i] {
            Some(loc) => {
                self.cost += size * 60;
                self.slot(Place::Flat(loc), size)
            }
            None => self.own_tile(size),
        };
        self.values.insert(i, Arg { slot, scalar: false, constant: false });
        Ok(slot)
    }

    /// A view brought into memory.
    fn copy(&mut self, i: usize, read: &Read) -> Result<()> {
        let size = self.roles.node(i).ty.dtype.size();
        let flat = read.view.collapsed();
        let inside = read.direct && self.values.contains_key(&read.root);
        if self.n == 1 || inside || flat.is_run() || flat.is_scalar() {
            let a = self.operand(read)?;
            let d = self.result(i)?;
            let from = [a.slot as Slot; 3];
            self.body.push(Instr::Call { f: ops::copy(size, a.scalar), d: d as Slot, from });
            self.cost += 100;
            return Ok(());
        }
        let mut loc = self.loc(read.root)?;
        loc.offset += flat.offset as usize * size;
        let d = self.result(i)?;
        let walk = self.walk(d, loc, &flat, size);
        self.body.push(walk);
        self.cost += 500;
        Ok(())
    }

    /// An elementwise function.
    fn call(&mut self, i: usize) -> Result<()> {
        let reads = self.roles.reads(i).to_vec();
        let mut args = reads.iter().map(|r| self.operand(r)).collect::<Result<Vec<Arg>>>()?;
        let hoisted = args.iter().all(|a| a.constant);
        if !hoisted && args.iter().all(|a| a.scalar) {
            args[0] = self.spread(&reads[0], args[0]);
        }
        let function = self.function(i, &args)?;
        let mut from = [args[0].slot as Slot; 3];
        from.iter_mut().zip(&args).for_each(|(f, a)| *f = a.slot as Slot);
        if !hoisted {
            let d = self.result(i)? as Slot;
            self.body.push(Instr::Call { f: function, d, from });
            return Ok(());
        }
        // One element, once; repeated only where the value needs memory.
        let size = self.roles.node(i).ty.dtype.size();
        let slot = self.kept_tile(size, 1);
        self.once.push((Instr::Call { f: function, d: slot as Slot, from }, 1));
        if self.layout.loc[i].is_some() {
            let d = self.result(i)? as Slot;
            let from = [slot as Slot; 3];
            self.body.push(Instr::Call { f: ops::copy(size, true), d, from });
        }
        self.values.insert(i, Arg { slot, scalar: true, constant: true });
        Ok(())
    }

    /// A scalar that changes from tile to tile, repeated over the tile.
    fn spread(&mut self, read: &Read, arg: Arg) -> Arg {
        let size = self.roles.node(read.root).ty.dtype.size();
        let d = self.own_tile(size);
        let from = [arg.slot as Slot; 3];
        self.body.push(Instr::Call { f: ops::copy(size, true), d: d as Slot, from });
        Arg { slot: d, scalar: false, constant: false }
    }

    fn function(&mut self, i: usize, args: &[Arg]) -> Result<ops::Function> {
        let node = self.roles.node(i);
        let level = self.roles.level;
        let dtype = self.roles.node(node.inputs[0].index()).ty.dtype;
        let scalar = |k: usize| args.get(k).is_some_and(|a| a.scalar);
        self.cost += price(&node.op, dtype);
        let found = match &node.op {
            Op::Unary(u) => ops::unary(level, *u, dtype),
            Op::Binary(b) => ops::binary(level, *b, dtype, [scalar(0), scalar(1)]),
            Op::Compare(c) => ops::compare(level, *c, dtype, [scalar(0), scalar(1)]),
            Op::Select => {
                Some(ops::select(level, node.ty.dtype, [scalar(0), scalar(1), scalar(2)]))
            }
            Op::Cast(to) if *to == dtype => Some(ops::copy(dtype.size(), false)),
            Op::Cast(to) => Some(ops::cast(dtype, *to)),
            _ => None,
        };
        found.ok_or_else(|| Error::Internal(format!("no instruction for {}", node.op.name())))
    }

    fn fold(&mut self, i: usize) -> Result<()> {
        let node = self.roles.node(i);
        let (Op::Reduce(kind, _), Some(shape)) = (&node.op, self.unit.fold) else {
            return Err(Error::Internal("a reduction outside its loop".into()));
        };
        let read = self.roles.reads(i)[0].clone();
        let arg = self.operand(&read)?;
        let arg = if arg.scalar { self.spread(&read, arg) } else { arg };
        let functions = folds(self.roles.level, *kind, node.ty.dtype)
            .ok_or_else(|| Error::Internal("no such reduction".into()))?;
        let out = self.loc(i)?;
        let a = arg.slot as Slot;
        self.cost += 100;
        if shape.is_rows() {
            let d = self.slot(Place::Column(out, shape.r.max(1)), functions.size) as Slot;
            self.body.push(Instr::Rows { f: functions.rows, d, a, len: shape.r });
            return Ok(());
        }
        self.body.push(Instr::Fold { a, fold: self.folds.len() });
        let fold = self.long_fold(shape, functions, out);
        self.folds.push(fold);
        Ok(())
    }

    fn long_fold(&mut self, shape: FoldShape, functions: Folds, out: Loc) -> Fold {
        let own = self.own;
        self.own += aligned(8);
        let each = if shape.b == 1 { 8 } else { shape.b * functions.size };
        let partial = (shape.k > 1).then_some(self.temporary);
        self.temporary.offset += aligned(shape.units() * each);
        Fold { functions, out, partial, own }
    }

    fn finish(mut self) -> Loop {
        // Moving places first, as `Pass::place` wants them.
        let moving = |p: &Place| !matches!(p, Place::Fixed(_) | Place::Own(_));
        let mut order: Vec<usize> = (0..self.slots.len()).collect();
        order.sort_by_key(|&i| !moving(&self.slots[i].0));
        let mut renamed = vec![0; order.len()];
        order.iter().enumerate().for_each(|(new, &old)| renamed[old] = new as Slot);
        let all = self.body.iter_mut().chain(self.once.iter_mut().map(|(instr, _)| instr));
        all.for_each(|instr| instr.rename(&renamed));
        let table = aligned(self.slots.len() * size_of::<*mut u8>());
        self.folds.iter_mut().for_each(|f| f.own += table);
        let shifted = |&(place, size): &(Place, usize)| match place {
            Place::Own(offset) => (Place::Own(offset + table), size),
            other => (other, size),
        };
        let slots = order.iter().map(|&i| shifted(&self.slots[i])).collect();
        let cost = self.n * self.cost / 1000 + 40;
        let shape = self.unit.fold.filter(|f| !f.is_rows());
        let pieces = shape.map_or(self.n.div_ceil(self.cut.grain), |s| s.units());
        let mut phases = vec![(cost / TASK).clamp(1, MOST_TASKS).min(pieces.max(1))];
        if self.folds.iter().any(|f| f.partial.is_some()) {
            phases.push(1);
        }
        Loop {
            n: self.n,
            tile: self.cut.tile,
            row: self.cut.row,
            grain: self.cut.grain,
            slots,
            once: self.once,
            body: self.body,
            folds: self.folds,
            shape,
            phases,
            scratch: table + self.own,
            cost,
            name: name(self.roles, self.unit, self.n),
        }
    }
}

/// Picoseconds that an instruction takes for an element, about.
fn price(op: &Op, dtype: DType) -> usize {
    let simple = match op {
        Op::Unary(u) => {
            matches!(u, Unary::Neg | Unary::Abs | Unary::Sign | Unary::Not | Unary::IsFinite)
        }
        _ => true,
    };
    match (simple, dtype) {
        (true, DType::F32 | DType::Bool) => 50,
        (true, _) => 300,
        (false, DType::F32) => 700,
        (false, _) => 8000,
    }
}

fn name(roles: &Roles, unit: &Unit, n: usize) -> String {
    let ops: Vec<String> = unit.nodes.iter().map(|&i| roles.node(i).op.name()).collect();
    format!("loop of {n}: {}", ops.join(" "))
}
