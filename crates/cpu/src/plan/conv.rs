//! Convolutions in the terms of the kernels: padding that stands before them becomes their own,
//! and those of one place are products.
use super::legal::Rewriter;
use ferras_graph::{ConvDims, DType, DotDims, Node, NodeId, Op, Shape, TensorType};

impl Rewriter {
    /// A convolution whose image was padded with zeros, as one with more padding.
    pub(super) fn take_padding(&self, mut node: Node) -> Node {
        let (Op::Conv(dims) | Op::ConvKernelGrad(dims, _)) = &mut node.op else { return node };
        let image = self.node(node.inputs[0]);
        let Op::Pad { low, high, interior, value } = &image.op else { return node };
        let spatial = 1..low.len() - 1;
        let others = [0, low.len() - 1].iter().all(|&a| low[a] + high[a] == 0);
        if *value != 0.0 || !others || interior.iter().any(|&i| i != 0) {
            return node;
        }
        for (pad, axis) in dims.padding.iter_mut().zip(spatial) {
            *pad = (pad.0 + low[axis], pad.1 + high[axis]);
        }
        node.inputs[0] = image.inputs[0];
        node
    }

    /// A convolution of one place as a product over the channels.
    pub(super) fn point_product(&mut self, node: &Node) -> Option<NodeId> {
        let (Op::Conv(dims) | Op::ConvInputGrad(dims, _) | Op::ConvKernelGrad(dims, _)) = &node.op
        else {
            return None;
        };
        let dims = dims.clone();
        let [a, b] = node.inputs[..] else { return None };
        let filled = [a, b].iter().all(|&id| self.ty(id).shape.elements() > 0);
        if node.ty.dtype != DType::F32 || !filled || !is_point(&dims) {
            return None;
        }
        let spatial = dims.strides.len();
        let alone = dims.strides.iter().all(|&s| s == 1);
        match &node.op {
            Op::Conv(_) if has_one_place(&self.ty(b).shape) => {
                let x = self.every(a, &dims, node);
                let kernel = self.matrix(b, node);
                let product = contract(vec![spatial + 1], vec![0]);
                Some(self.push(Node { op: product, inputs: vec![x, kernel], ..node.clone() }))
            }
            Op::ConvInputGrad(..) if alone && has_one_place(&self.ty(b).shape) => {
                let kernel = self.matrix(b, node);
                let product = contract(vec![spatial + 1], vec![1]);
                Some(self.push(Node { op: product, inputs: vec![a, kernel], ..node.clone() }))
            }
            Op::ConvKernelGrad(_, kernel) if has_one_place(kernel) => {
                let x = self.every(a, &dims, node);
                let over: Vec<usize> = (0..=spatial).collect();
                let shape = Shape::from(&kernel[spatial..]);
                let ty = TensorType { dtype: DType::F32, shape };
                let op = contract(over.clone(), over);
                let made = self.push(Node { op, inputs: vec![x, b], ty, ..node.clone() });
                let op = Op::Reshape(node.ty.shape.clone());
                Some(self.push(Node { op, inputs: vec![made], ..node.clone() }))
            }
            _ => None,
        }
    }

    /// The places of an image that a convolution with strides visits.
    fn every(&mut self, x: NodeId, dims: &ConvDims, like: &Node) -> NodeId {
        if dims.strides.iter().all(|&s| s == 1) {
            return x;
        }
        let shape = self.ty(x).shape.clone();
        let stride: Vec<usize> = [&[1], &dims.strides[..], &[1]].concat();
        let ty = TensorType {
            dtype: DType::F32,
            shape: shape.iter().zip(&stride).map(|(n, s)| n.div_ceil(*s)).collect(),
        };
        let op = Op::Slice { start: vec![0; shape.rank()], limit: shape.to_vec(), stride };
        // Both branches of a residual block begin with the same places.
        let same = |n: &Node| n.op == op && n.inputs == [x];
        if let Some(at) = self.position(same) {
            return at;
        }
        self.push(Node { op, inputs: vec![x], ty, ..like.clone() })
    }

    /// A kernel of one place as a matrix.
    fn matrix(&mut self, kernel: NodeId, like: &Node) -> NodeId {
        let shape = &self.ty(kernel).shape;
        let shape = Shape::from(&shape[shape.rank() - 2..]);
        let ty = TensorType { dtype: DType::F32, shape: shape.clone() };
        self.push(Node { op: Op::Reshape(shape), inputs: vec![kernel], ty, ..like.clone() })
    }
}

fn is_point(dims: &ConvDims) -> bool {
    dims.groups == 1 && dims.padding.iter().all(|&p| p == (0, 0))
}

/// Whether the spatial axes of a kernel are 1.
fn has_one_place(kernel: &Shape) -> bool {
    kernel[..kernel.rank() - 2].iter().all(|&n| n == 1)
}

fn contract(lhs_contract: Vec<usize>, rhs_contract: Vec<usize>) -> Op {
    Op::Dot(DotDims { lhs_batch: Vec::new(), rhs_batch: Vec::new(), lhs_contract, rhs_contract })
}
