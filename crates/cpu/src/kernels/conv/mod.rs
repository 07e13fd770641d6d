//! Convolutions over up to three spatial axes, channels last, without unfolding the image.
//!
//! Shapes: image `(batch, D, H, W, cin)`, kernel `(kD, kH, kW, cin / groups, cout)`, result
//! `(batch, oD, oH, oW, cout)`. Fewer spatial axes are written with leading ones. As in every
//! machine-learning library the kernel is not mirrored: with strides s and dilations d,
//! `y[p, o] = bias[o] + Σ_{t, i} x[p · s + t · d − lo, i] · w[t, i, o]`.
//!
//! Three plans: [`ConvForward`], [`ConvInputGrad`], [`ConvKernelGrad`], each of which goes by the definition or
//! by Winograd's tiles, whichever is shorter; and [`Depthwise`] for all three
//! where every channel is a group.

use super::pooled::Windows;
use chunks::{Chunks, Image};

mod chunks;
mod depthwise;
mod direct;
mod direct_kernel_grad;
mod forward;
mod input_grad;
mod kernel_grad;
mod narrow;
mod scatter;
mod winograd;

pub use depthwise::{Depthwise, DepthwiseArgs, DepthwiseKind};
pub use forward::{ConvForward, ConvForwardArgs};
pub use input_grad::{ConvInputGrad, ConvInputGradArgs};
pub use kernel_grad::{ConvKernelGrad, ConvKernelGradArgs};

/// The sizes of a convolution. Plain data; axes are in the order D, H, W.
///
/// `groups` divides `cin` and `cout`; strides and dilations are at least 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)] // the fields are told in the module's head
pub struct ConvSpec {
    pub batch: usize,
    pub input: [usize; 3],
    pub cin: usize,
    pub kernel: [usize; 3],
    pub cout: usize,
    pub strides: [usize; 3],
    pub dilations: [usize; 3],
    /// Zeros before and after the image, for each axis.
    pub padding: [(usize, usize); 3],
    pub groups: usize,
}

impl ConvSpec {
    /// A 2-D convolution with strides 1 and without padding.
    ///
    /// ```
    /// use ferras_cpu::kernels::conv::ConvSpec;
    /// let spec = ConvSpec::conv2d(256, [28, 28], 1, [3, 3], 32);
    /// assert_eq!(spec.output(), [1, 26, 26]);
    /// ```
    pub fn conv2d(
        batch: usize,
        input: [usize; 2],
        cin: usize,
        kernel: [usize; 2],
        cout: usize,
    ) -> ConvSpec {
        ConvSpec {
            batch,
            input: [1, input[0], input[1]],
            cin,
            kernel: [1, kernel[0], kernel[1]],
            cout,
            strides: [1; 3],
            dilations: [1; 3],
            padding: [(0, 0); 3],
            groups: 1,
        }
    }

    /// The spatial shape of the result; zero on an axis that the kernel does not fit into.
    pub fn output(&self) -> [usize; 3] {
        std::array::from_fn(|i| {
            let (lo, hi) = self.padding[i];
            let reach = (self.kernel[i].max(1) - 1) * self.dilations[i] + 1;
            match (self.input[i] + lo + hi).checked_sub(reach) {
                Some(room) => room / self.strides[i].max(1) + 1,
                None => 0,
            }
        })
    }

    /// The windows of a pooling of the result, where it can be done along with the convolution:
    /// images of two axes, windows that touch without overlap.
    pub(crate) fn windows(&self, size: [usize; 2]) -> Option<Windows> {
        let [planes, lines, columns] = self.output();
        let flat = planes == 1 && self.input[0] == 1 && self.padding[0] == (0, 0);
        Windows::new(size, [lines, columns], self.cout).filter(|_| flat && !self.empty())
    }

    fn flops(&self) -> usize {
        let pixels: usize = self.batch * self.output().iter().product::<usize>();
        2 * pixels * self.taps() * self.cin_group() * self.cout
    }
    fn taps(&self) -> usize {
        self.kernel.iter().product()
    }
    fn cin_group(&self) -> usize {
        self.cin / self.groups.max(1)
    }
    fn cout_group(&self) -> usize {
        self.cout / self.groups.max(1)
    }
    fn image_len(&self) -> usize {
        self.input.iter().product::<usize>() * self.cin
    }
    fn result_len(&self) -> usize {
        self.output().iter().product::<usize>() * self.cout
    }
    fn empty(&self) -> bool {
        self.batch * self.result_len() == 0
    }
}

#[cfg(test)]
mod tests;
