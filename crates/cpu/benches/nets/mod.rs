//! The networks that are timed, as graphs: the ops that the layers of the same names make.
use super::common::{adam, f32s};
use ferras_graph::{
    Builder, ConvDims, DType, Graph, Result, TensorType, Value, Window, same_padding,
};

/// A network while it is built.
pub struct Net {
    b: Builder,
    weights: Vec<Value>,
    training: bool,
    /// The value that the next layer takes.
    pub h: Value,
}

/// The sides of kernel and stride of a convolution, and whether its output is as large as its input.
#[derive(Clone, Copy)]
pub struct Kernel(pub usize, pub usize, pub bool);

const VALID: Kernel = Kernel(3, 1, false);
const SAME: Kernel = Kernel(3, 1, true);
const POINT: Kernel = Kernel(1, 1, false);

impl Net {
    pub fn new(training: bool, shape: &[usize]) -> Net {
        let b = Builder::new();
        let h = b.feed("x", TensorType::new(DType::F32, shape));
        Net { b, weights: Vec::new(), training, h }
    }

    fn weight(&mut self, shape: &[usize]) -> Value {
        let ty = TensorType::new(DType::F32, shape);
        let weight = self.b.state(format!("w{}", self.weights.len()), ty);
        self.weights.push(weight.clone());
        weight
    }

    fn convolve(mut self, filters: usize, kernel: Kernel, groups: usize, bias: bool) -> Net {
        let Kernel(size, stride, same) = kernel;
        let channels = self.h.dim(-1);
        let filter = self.weight(&[size, size, channels / groups, filters]);
        let pad = |axis| match same {
            true => same_padding(self.h.dim(axis), size, stride, 1),
            false => (0, 0),
        };
        let padding = vec![pad(1), pad(2)];
        let dims = ConvDims { strides: vec![stride; 2], padding, dilation: vec![1; 2], groups };
        self.h = self.h.conv(&filter, dims);
        if bias {
            let bias = self.weight(&[filters]);
            self.h = &self.h + bias;
        }
        self
    }

    pub fn conv(self, filters: usize, kernel: Kernel) -> Net {
        self.convolve(filters, kernel, 1, true)
    }

    pub fn relu(mut self) -> Net {
        self.h = self.h.relu();
        self
    }

    pub fn relu6(mut self) -> Net {
        self.h = self.h.relu6();
        self
    }

    pub fn pool(mut self, size: usize, stride: usize) -> Net {
        let (size, strides, padding) = (vec![size; 2], vec![stride; 2], vec![(0, 0); 2]);
        self.h = self.h.max_pool(Window { size, strides, padding });
        self
    }

    pub fn pad(mut self, low: usize, high: usize) -> Net {
        self.h = self.h.pad(&[0, low, low, 0], &[0, high, high, 0], 0.0);
        self
    }

    pub fn flatten(mut self) -> Net {
        let batch = self.h.dim(0);
        self.h = self.h.reshape([batch, self.h.shape().elements() / batch]);
        self
    }

    pub fn dense(mut self, units: usize) -> Net {
        let kernel = self.weight(&[self.h.dim(-1), units]);
        let bias = self.weight(&[units]);
        self.h = self.h.matmul(&kernel) + bias;
        self
    }

    pub fn batch_norm(mut self) -> Net {
        let channels = self.h.dim(-1);
        let (gamma, beta) = (self.weight(&[channels]), self.weight(&[channels]));
        let axes: Vec<isize> = (0..self.h.rank() as isize - 1).collect();
        let mut along = vec![1; self.h.rank()];
        along[self.h.rank() - 1] = channels;
        let (mean, variance) = match self.training {
            true => self.h.moments(&axes, false),
            false => (self.weight(&[channels]), self.weight(&[channels]).abs()),
        };
        let factor = (variance + 1e-3).rsqrt() * gamma;
        let along = |v: &Value| v.reshape(along.clone());
        self.h = (&self.h - along(&mean)) * along(&factor) + along(&beta);
        self
    }

    pub fn dropout(mut self, rate: f64, stream: u32) -> Net {
        let name = format!("key{stream}");
        let key = self.b.state(name, TensorType::new(DType::I64, [2]));
        self.h = self.h.dropout(rate, &key, stream, self.h.shape());
        self
    }

    /// The training step of a classifier whose logits these are.
    pub fn step(self) -> Result<Graph> {
        let y = self.b.feed("y", f32s([self.h.dim(0), self.h.dim(1)]));
        let p = self.h.softmax(&[-1]).maximum(1e-7).minimum(1.0 - 1e-7);
        let loss = -(y * p.log()).sum(&[-1], false).mean(&[], false);
        Ok(adam(&self.b, loss, &self.weights))
    }

    /// Probabilities.
    pub fn predict(self) -> Result<Graph> {
        let p = self.h.softmax(&[-1]);
        self.b.finish(&[p], &[])
    }
}

pub fn mlp(hidden: usize, dropout: bool) -> Net {
    let mut net = Net::new(true, &[256, 784]);
    for i in 0..hidden {
        net = net.dense(512).relu();
        if dropout {
            net = net.dropout(0.5, i as u32);
        }
    }
    net.dense(10)
}

pub fn conv_net(training: bool, batch: usize, batch_norm: bool) -> Net {
    let norm = |net: Net| if batch_norm { net.batch_norm() } else { net };
    let net = Net::new(training, &[batch, 28, 28, 1]).conv(32, VALID).relu().pool(2, 2);
    let net = norm(net).conv(64, VALID).relu().pool(2, 2).conv(64, VALID).relu();
    norm(net.flatten().dense(64).relu()).dense(10)
}

pub fn le_net(batch: usize) -> Net {
    let net = Net::new(true, &[batch, 28, 28, 1]);
    let net = net.conv(20, Kernel(5, 1, true)).relu().pool(2, 2);
    let net = net.conv(50, Kernel(5, 1, true)).relu().pool(2, 2);
    net.flatten().dense(500).relu().dense(10)
}

pub fn cifar(batch: usize) -> Net {
    let net = Net::new(true, &[batch, 32, 32, 3]);
    let net = net.conv(32, SAME).relu().conv(32, SAME).relu().pool(2, 2);
    let net = net.conv(64, SAME).relu().conv(64, SAME).relu().pool(2, 2);
    net.flatten().dense(512).relu().dense(10)
}

/// A residual block of ResNet50.
fn bottleneck(net: Net, filters: usize, stride: usize, project: bool) -> Net {
    let x = net.h.clone();
    let mut net = net;
    let shortcut = match project {
        true => {
            net = net.conv(4 * filters, Kernel(1, stride, false)).batch_norm();
            net.h.clone()
        }
        false => x.clone(),
    };
    net.h = x;
    let net = net.conv(filters, Kernel(1, stride, false)).batch_norm().relu();
    let net = net.conv(filters, SAME).batch_norm().relu();
    let mut net = net.conv(4 * filters, POINT).batch_norm();
    net.h = shortcut + &net.h;
    net.relu()
}

pub fn resnet50(batch: usize) -> Net {
    let net = Net::new(false, &[batch, 224, 224, 3]).pad(3, 3);
    let net = net.conv(64, Kernel(7, 2, false)).batch_norm().relu();
    let mut net = net.pad(1, 1).pool(3, 2);
    for (filters, stride, blocks) in [(64, 1, 3), (128, 2, 4), (256, 2, 6), (512, 2, 3)] {
        net = bottleneck(net, filters, stride, true);
        for _ in 1..blocks {
            net = bottleneck(net, filters, 1, false);
        }
    }
    net.h = net.h.mean(&[1, 2], false);
    net.dense(1000)
}

pub fn mobilenet(batch: usize) -> Net {
    let net = Net::new(false, &[batch, 224, 224, 3]);
    let mut net = net.convolve(32, Kernel(3, 2, true), 1, false).batch_norm().relu6();
    let blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)];
    let later = [(512, 1); 5].into_iter().chain([(1024, 2), (1024, 1)]);
    for (filters, stride) in blocks.into_iter().chain(later) {
        let channels = net.h.dim(-1);
        let kernel = match stride {
            1 => SAME,
            _ => {
                net = net.pad(0, 1);
                Kernel(3, stride, false)
            }
        };
        net = net.convolve(channels, kernel, channels, false).batch_norm().relu6();
        net = net.convolve(filters, POINT, 1, false).batch_norm().relu6();
    }
    net.h = net.h.mean(&[1, 2], true);
    net.conv(1000, POINT).flatten()
}
