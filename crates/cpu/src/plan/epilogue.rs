//! What products and convolutions do besides: bias, scale and shift of each column, the addition of
//! another value, bounds. Chains of such ops behind a product become part of its step.
use super::roles::{Role, Roles};
use super::view::View;
use crate::kernels::epilogue::Clamp;
use ferras_graph::{Binary, Compare, DType, NodeId, Op};

/// A product or convolution with what it does besides. Operands are the roots of values.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epilogue {
    /// The product or convolution.
    pub base: usize,
    pub bias: Option<usize>,
    pub scale: Option<usize>,
    pub shift: Option<usize>,
    /// A value of the result's shape.
    pub residual: Option<usize>,
    pub clamp: Clamp,
    /// A value of the result's shape: the result is 0 where it is not above 0.
    pub mask: Option<usize>,
}

impl Epilogue {
    fn new(base: usize) -> Epilogue {
        let clamp = Clamp::None;
        let [bias, scale, shift, residual, mask] = [None; 5];
        Epilogue { base, bias, scale, shift, residual, clamp, mask }
    }

    /// Operands besides those of the product, in the order in which steps list them.
    pub(crate) fn operands(&self) -> [Option<usize>; 5] {
        [self.bias, self.scale, self.shift, self.residual, self.mask]
    }
}

impl Roles {
    pub(super) fn find_epilogues(&mut self) {
        let uses = self.graph.use_counts();
        for i in 0..self.graph.nodes.len() {
            if !self.takes_epilogue(i) {
                continue;
            }
            let (mut e, mut end) = (Epilogue::new(i), i);
            let forward = !matches!(self.node(i).op, Op::ConvInputGrad(..));
            if forward {
                end = self.take_forward(i, &mut e, &uses);
            }
            if let (Clamp::None, Some((choice, test, root))) = (e.clamp, self.mask_of(end, &uses)) {
                self.role[test] = Role::Absorbed;
                (e.mask, end) = (Some(root), self.absorb(end, choice));
            }
            if end != i {
                self.role[end] = Role::Heavy;
                self.epilogue[end] = Some(e);
            }
        }
    }

    /// Takes over what a layer does to its product, and gives the last op of it.
    fn take_forward(&mut self, i: usize, e: &mut Epilogue, uses: &[usize]) -> usize {
        let mut end = i;
        for op in [Binary::Add, Binary::Mul, Binary::Add] {
            let Some((next, root)) = self.column_op(i, end, op, uses) else { continue };
            match (op, e.scale) {
                (Binary::Mul, _) => e.scale = Some(root),
                (_, Some(_)) => e.shift = Some(root),
                (_, None) if e.bias.is_none() => e.bias = Some(root),
                // A second addition without a factor in between: left to a loop.
                _ => continue,
            }
            end = self.absorb(end, next);
        }
        if let Some((next, root)) = self.residual_of(end, uses) {
            e.residual = Some(root);
            end = self.absorb(end, next);
        }
        if let Some((relu, test)) = self.relu_of(end, uses) {
            test.into_iter().for_each(|t| self.role[t] = Role::Absorbed);
            (e.clamp, end) = (Clamp::Relu, self.absorb(end, relu));
            if let Some((bounded, test)) = self.six_of(end, uses) {
                self.role[test] = Role::Absorbed;
                (e.clamp, end) = (Clamp::Relu6, self.absorb(end, bounded));
            }
        }
        end
    }

    /// As `heavy::kernel`: what the reference does instead ends with the product itself.
    fn takes_epilogue(&self, i: usize) -> bool {
        let node = self.node(i);
        let full = node.inputs.iter().all(|id| self.elements(id.index()) > 0);
        let kernel = match &node.op {
            Op::Dot(_) => full,
            Op::Conv(dims) => full && dims.strides.len() <= 3,
            Op::ConvInputGrad(dims, _) => full && dims.strides.len() <= 3 && dims.groups == 1,
            _ => false,
        };
        kernel && self.role[i] == Role::Heavy && node.ty.dtype == DType::F32
    }

    fn absorb(&mut self, from: usize, into: usize) -> usize {
        self.role[from] = Role::Absorbed;
        into
    }

    pub(super) fn users(&self, i: usize) -> impl Iterator<Item = usize> + '_ {
        let id = NodeId(i as u32);
        // Users stand close behind; a graph is read from here on.
        (i + 1..self.graph.nodes.len()).filter(move |&u| self.node(u).inputs.contains(&id))
    }

    /// The only user of a node, if it is an instruction that no step has taken over yet.
    fn only_user(&self, i: usize, uses: &[usize]) -> Option<usize> {
        let user = if uses[i] == 1 { self.users(i).next()? } else { return None };
        (self.role[user] == Role::Loop).then_some(user)
    }

    /// The only user of `end`, if it combines the columns of the product `i` with a vector:
    /// (result, root of the vector).
    fn column_op(
        &self,
        i: usize,
        end: usize,
        op: Binary,
        uses: &[usize],
    ) -> Option<(usize, usize)> {
        let user = self.only_user(end, uses)?;
        let node = self.node(user);
        if node.op != Op::Binary(op) {
            return None;
        }
        let other = node.inputs.iter().find(|id| id.index() != end)?.index();
        let (root, view) = &self.place[other];
        let columns = match &self.node(i).op {
            Op::Dot(dims) => {
                let right = self.node(self.node(i).inputs[1].index()).ty.shape.clone();
                let taken = [&dims.rhs_batch[..], &dims.rhs_contract].concat();
                (0..right.rank()).filter(|a| !taken.contains(a)).map(|a| right[a]).product()
            }
            _ => *node.ty.shape.last()?,
        };
        let flat = view.collapsed();
        let row = flat.strides == [1] && flat.dims == [columns] && columns == self.elements(i);
        let rows = flat.strides == [0, 1] && flat.dims[1] == columns;
        let one = flat.strides.is_empty() && columns == 1;
        (flat.offset == 0 && (row || rows || one) && self.elements(*root) == columns)
            .then_some((user, *root))
    }

    /// The only user of a node, if it adds another value of its shape: (sum, root of that value).
    fn residual_of(&self, end: usize, uses: &[usize]) -> Option<(usize, usize)> {
        let user = self.only_user(end, uses)?;
        let node = self.node(user);
        if node.op != Op::Binary(Binary::Add) {
            return None;
        }
        let other = node.inputs.iter().find(|id| id.index() != end)?.index();
        let (root, view) = &self.place[other];
        let whole = view.is_plain() && self.elements(*root) == self.elements(end);
        whole.then_some((user, *root))
    }

    /// The only user of a node, if it is the gradient of a relu: (result, comparison of the relu's value
    /// with zero, root of that value).
    fn mask_of(&self, end: usize, uses: &[usize]) -> Option<(usize, usize, usize)> {
        let user = self.only_user(end, uses)?;
        let node = self.node(user);
        let [condition, zero, kept] = node.inputs[..] else { return None };
        if node.op != Op::Select || kept.index() != end || !self.is_number(zero, 0.0) {
            return None;
        }
        let test = condition.index();
        let alone = self.role[test] == Role::Loop && uses[test] == 1;
        let [y, bound] = self.node(test).inputs[..] else { return None };
        let compares = self.node(test).op == Op::Compare(Compare::Le);
        if !alone || !compares || !self.is_number(bound, 0.0) {
            return None;
        }
        let (root, view) = &self.place[y.index()];
        let whole = view.is_plain() && self.elements(*root) == self.elements(end);
        let float = self.node(*root).ty.dtype == DType::F32;
        (whole && float).then_some((user, test, *root))
    }

    /// The relu of a node that nothing else uses: (result, comparison with zero, if it has one).
    fn relu_of(&self, i: usize, uses: &[usize]) -> Option<(usize, Option<usize>)> {
        let id = NodeId(i as u32);
        let mut users = self.users(i);
        let first = users.next()?;
        let node = self.node(first);
        if uses[i] == 1 {
            let other = node.inputs.iter().find(|&&x| x != id)?;
            let max = node.op == Op::Binary(Binary::Max) && self.is_number(*other, 0.0);
            return max.then_some((first, None));
        }
        let second = users.next()?;
        self.choice_of(i, [first, second], Compare::Le, 0.0, uses).map(|s| (s, Some(first)))
    }

    /// The bound of a node by 6: (result, comparison).
    fn six_of(&self, i: usize, uses: &[usize]) -> Option<(usize, usize)> {
        let mut users = self.users(i);
        let (first, second) = (users.next()?, users.next()?);
        self.choice_of(i, [first, second], Compare::Ge, 6.0, uses).map(|s| (s, first))
    }

    /// The choice between a number and a node by comparing the node with the number, where
    /// nothing else uses node and comparison.
    fn choice_of(
        &self,
        i: usize,
        [first, second]: [usize; 2],
        compare: Compare,
        number: f64,
        uses: &[usize],
    ) -> Option<usize> {
        let id = NodeId(i as u32);
        let (test, choice) = (self.node(first), self.node(second));
        let compares = test.op == Op::Compare(compare) && test.inputs[0] == id;
        let selects = choice.op == Op::Select
            && choice.inputs[0].index() == first
            && choice.inputs[2] == id
            && self.is_number(choice.inputs[1], number);
        let alone = uses[i] == 2 && uses[first] == 1;
        (compares && selects && alone && self.is_number(test.inputs[1], number)).then_some(second)
    }

    fn is_number(&self, id: NodeId, number: f64) -> bool {
        let (root, view) = &self.place[id.index()];
        match &self.node(*root).op {
            Op::Constant(t) => {
                let first = t.as_slice::<f32>().and_then(|x| x.first());
                view.is_scalar() && first.is_some_and(|&x| f64::from(x) == number)
            }
            _ => false,
        }
    }

    /// The whole of a value that a product reads besides its factors.
    pub(super) fn whole(&self, root: usize) -> (usize, View) {
        (root, View::whole(&self.node(root).ty.shape))
    }
}
