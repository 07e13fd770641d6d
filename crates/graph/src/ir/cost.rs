//! What a graph costs, counted on its ops.
use super::{Graph, Node, Op};
use crate::Shape;

impl Graph {
    /// Multiply-adds of all matrix products and convolutions of one run, as their formulas say:
    /// padding is multiplied too. Everything else of a network is small beside them.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType, TensorType};
    /// let b = Builder::new();
    /// let x = b.feed("x", TensorType::new(DType::F32, [256, 784]));
    /// let kernel = b.state("kernel", TensorType::new(DType::F32, [784, 512]));
    /// let graph = b.finish(&[x.matmul(&kernel).relu()], &[])?;
    /// assert_eq!(graph.multiply_adds(), 256 * 784 * 512);
    /// # Ok::<(), ferras_graph::Error>(())
    /// ```
    pub fn multiply_adds(&self) -> u64 {
        self.nodes.iter().map(|node| self.cost(node)).sum()
    }

    fn cost(&self, node: &Node) -> u64 {
        let operand = |i: usize| {
            let id = node.inputs.get(i);
            id.map_or(&node.ty.shape, |&id| &self.node(id).ty.shape)
        };
        // Of a convolution and its gradients: every place of the output, or of its gradient, meets
        // every number of its filter.
        let convolution = |places: &Shape, kernel: &Shape| {
            let filters = kernel.last().copied().unwrap_or(1).max(1);
            count(places) * (count(kernel) / filters as u64)
        };
        match &node.op {
            Op::Dot(dims) => {
                let size = |&axis: &usize| operand(0).get(axis).copied().unwrap_or(1) as u64;
                count(&node.ty.shape) * dims.lhs_contract.iter().map(size).product::<u64>()
            }
            Op::Conv(_) => convolution(&node.ty.shape, operand(1)),
            Op::ConvInputGrad(..) => convolution(operand(0), operand(1)),
            Op::ConvKernelGrad(..) => convolution(operand(1), &node.ty.shape),
            _ => 0,
        }
    }
}

fn count(shape: &Shape) -> u64 {
    shape.iter().map(|&size| size as u64).product()
}

#[cfg(test)]
mod tests {
    use crate::{Builder, ConvDims, DType, TensorType, gradients};

    #[test]
    fn a_convolution_and_both_its_gradients_cost_the_same() {
        let cost = |with_gradients: bool| {
            let b = Builder::new();
            let x = b.feed("x", TensorType::new(DType::F32, [2, 9, 9, 4]));
            let kernel = b.state("kernel", TensorType::new(DType::F32, [3, 3, 2, 6]));
            let dims = ConvDims {
                strides: vec![2, 2],
                padding: vec![(0, 0); 2],
                dilation: vec![1, 1],
                groups: 2,
            };
            let y = x.conv(&kernel, dims);
            if !with_gradients {
                return b.finish(&[y], &[]).unwrap().multiply_adds();
            }
            let loss = (&y * &y).sum(&[], false);
            let mut all = gradients(&loss, &[x, kernel]);
            all.push(loss);
            b.finish(&all, &[]).unwrap().multiply_adds()
        };
        let forward = 2 * 4 * 4 * 6 * (3 * 3 * 2);
        assert_eq!(cost(false), forward);
        assert_eq!(cost(true), 3 * forward);
    }
}
