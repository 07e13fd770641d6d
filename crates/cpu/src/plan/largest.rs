//! Convolutions that are pooled at once: of their result only the largest elements of windows are
//! kept, with their places. The gradient of such a pooling needs nothing else, and where it goes to
//! convolutions alone they make it themselves, line by line.
use super::epilogue::Epilogue;
use super::heavy::conv_spec;
use super::roles::{Role, Roles};
use crate::kernels::conv::{ConvForward, ConvInputGrad, Depthwise, DepthwiseKind};
use crate::kernels::pooled::Windows;
use ferras_graph::{DType, NodeId, Op, Shape, TensorType, Window};

impl Roles {
    pub(super) fn find_pooled(&mut self) {
        let uses = self.graph.use_counts();
        for pool in 0..self.graph.nodes.len() {
            let Some((conv, windows)) = self.pooled_conv(pool, &uses) else { continue };
            let shape = self.node(pool).ty.shape.clone();
            // What the convolution itself leaves are the places.
            let ty = TensorType { dtype: DType::U8, shape };
            self.become_type(conv, ty);
            self.role[pool] = Role::Result;
            self.windows[conv] = Some(windows);
            let gradients: Vec<usize> = self.users(conv).filter(|&u| u != pool).collect();
            for gradient in gradients {
                self.hand_on(gradient, windows, &uses);
            }
        }
    }

    /// The convolution before a pooling, if nothing but the pooling and its gradients reads it.
    fn pooled_conv(&self, pool: usize, uses: &[usize]) -> Option<(usize, Windows)> {
        let node = self.node(pool);
        let Op::MaxPool(window) = &node.op else { return None };
        let conv = node.inputs.first()?.index();
        let base = self.epilogue[conv].map_or(conv, |e| e.base);
        let Op::Conv(dims) = &self.node(base).op else { return None };
        let heavy = self.role[pool] == Role::Heavy && self.role[conv] == Role::Heavy;
        let plain = self.epilogue[conv].is_none_or(|e| e.residual.is_none() && e.mask.is_none());
        if !heavy || !plain || self.windows[conv].is_some() || !touch(window) {
            return None;
        }
        let id = NodeId(conv as u32);
        let gradient = |u: usize| {
            let user = self.node(u);
            user.op == Op::MaxPoolGrad(window.clone()) && user.inputs.first() == Some(&id)
        };
        let users = self.users(conv).filter(|&u| u == pool || gradient(u)).count();
        let dtypes = [conv, pool].iter().all(|&i| self.node(i).ty.dtype == DType::F32);
        if users != uses[conv] || !dtypes {
            return None;
        }
        let shape = |id: NodeId| -> &Shape { &self.node(id.index()).ty.shape };
        let [x, w] = self.node(base).inputs[..] else { return None };
        let spec = conv_spec(dims, shape(x), shape(w))?;
        let windows = spec.windows([window.size[0], window.size[1]])?;
        let own = Depthwise::new(DepthwiseKind::Forward, spec).is_none();
        let made = own.then(|| ConvForward::pooled(self.level, spec, windows)).flatten();
        made.map(|_| (conv, windows))
    }

    /// A gradient of a pooling that convolutions make themselves, if all its readers can.
    fn hand_on(&mut self, gradient: usize, windows: Windows, uses: &[usize]) {
        self.windows[gradient] = Some(windows);
        let readers: Vec<usize> = self.users(gradient).collect();
        let all = readers.len() == uses[gradient];
        if !all || readers.is_empty() || !readers.iter().all(|&r| self.takes_places(r, gradient)) {
            return;
        }
        let [places, dy] = self.node(gradient).inputs[..] else { return };
        self.role[gradient] = Role::Absorbed;
        for reader in readers {
            let step = self.step_of(reader);
            self.windows[step] = Some(windows);
            let inputs = &mut self.graph.nodes[reader].inputs;
            let id = NodeId(gradient as u32);
            inputs.iter_mut().filter(|x| **x == id).for_each(|x| *x = dy);
            inputs.push(places);
        }
    }

    /// The step that does an op, with what it does besides.
    fn step_of(&self, op: usize) -> usize {
        let ends = |e: &Option<Epilogue>| e.is_some_and(|e| e.base == op);
        self.epilogue.iter().position(ends).unwrap_or(op)
    }

    /// Whether a step can read a gradient as that of windows.
    fn takes_places(&self, reader: usize, gradient: usize) -> bool {
        let node = self.node(reader);
        let [a, b] = node.inputs[..] else { return false };
        let shape = |id: NodeId| -> &Shape { &self.node(id.index()).ty.shape };
        let Some(windows) = self.windows[gradient] else { return false };
        let step = self.step_of(reader);
        if self.role[step] != Role::Heavy || self.windows[step].is_some() || a == b {
            return false;
        }
        match &node.op {
            Op::ConvKernelGrad(dims, kernel) => {
                b.index() == gradient
                    && conv_spec(dims, shape(a), kernel).is_some_and(|spec| {
                        Depthwise::new(DepthwiseKind::KernelGrad, spec).is_none()
                    })
            }
            Op::ConvInputGrad(dims, input) => {
                a.index() == gradient
                    && conv_spec(dims, input, shape(b)).is_some_and(|spec| {
                        Depthwise::new(DepthwiseKind::InputGrad, spec).is_none()
                            && ConvInputGrad::pooled(self.level, spec, windows).is_some()
                    })
            }
            _ => false,
        }
    }
}

/// Whether windows over two axes lie side by side, none in padding.
fn touch(w: &Window) -> bool {
    w.size.len() == 2 && w.strides == w.size && w.padding.iter().all(|&p| p == (0, 0))
}
