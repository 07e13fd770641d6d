//! What the networks are drawn with: layers that carry the size of the picture along.
use crate::Result;
use crate::initializers::Initializer;
use crate::layers::operation::Operation;
use crate::layers::*;
use crate::models::{SymbolicTensor, snake_case};
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

/// How many layers of each class have no name of their own yet: Keras counts them as they are made.
#[derive(Debug, Default)]
struct Names(RefCell<HashMap<String, usize>>);

impl Names {
    /// The name for a layer of this class: `dense`, `dense_1`, …, unless it has one.
    fn name(&self, class: &str, name: &str) -> String {
        if !name.is_empty() {
            return name.into();
        }
        let class = snake_case(class);
        let mut counts = self.0.borrow_mut();
        let count = counts.entry(class.clone()).or_insert(0);
        *count += 1;
        match *count - 1 {
            0 => class,
            n => format!("{class}_{n}"),
        }
    }
}

/// A picture on its way through a network.
///
/// Each method puts a layer behind it; an empty name stands for the one that Keras would count up to.
#[derive(Clone, Debug)]
pub struct Picture {
    tensor: SymbolicTensor,
    /// Rows and columns, where they are known.
    pub size: [Option<usize>; 2],
    pub channels: usize,
    order: ChannelsOrder,
    names: Rc<Names>,
}

/// What a convolution does.
#[derive(Clone, Debug)]
pub struct Conv {
    filters: usize,
    size: [usize; 2],
    strides: usize,
    groups: usize,
    same: bool,
    bias: bool,
    activation: &'static str,
    initializer: Option<Initializer>,
}

impl Conv {
    /// So many filters, with a bias, at every place where they fit.
    pub fn new(filters: usize, size: usize) -> Conv {
        let (strides, groups, activation) = (1, 1, "linear");
        let size = [size; 2];
        Conv {
            filters,
            size,
            strides,
            groups,
            same: false,
            bias: true,
            activation,
            initializer: None,
        }
    }

    /// Filters of other rows than columns.
    pub fn oblong(filters: usize, size: [usize; 2]) -> Conv {
        Conv { size, ..Conv::new(filters, 1) }
    }

    pub fn strides(self, strides: usize) -> Conv {
        Conv { strides, ..self }
    }

    pub fn groups(self, groups: usize) -> Conv {
        Conv { groups, ..self }
    }

    /// At every place, with zeros around the picture.
    pub fn same(self) -> Conv {
        Conv { same: true, ..self }
    }

    /// Padded so if `same`, else not at all.
    pub fn padded(self, same: bool) -> Conv {
        Conv { same, ..self }
    }

    pub fn no_bias(self) -> Conv {
        Conv { bias: false, ..self }
    }

    pub fn activation(self, activation: &'static str) -> Conv {
        Conv { activation, ..self }
    }

    pub fn initializer(self, initializer: &Initializer) -> Conv {
        Conv { initializer: Some(initializer.clone()), ..self }
    }

    fn padding(&self) -> &'static str {
        if self.same { "same" } else { "valid" }
    }

    fn size(&self) -> (usize, usize) {
        (self.size[0], self.size[1])
    }
}

/// What a batch normalization does.
#[derive(Clone, Copy, Debug)]
pub struct Norm {
    pub momentum: f64,
    pub epsilon: f64,
    pub scale: bool,
}

impl Default for Norm {
    fn default() -> Norm {
        Norm { momentum: 0.99, epsilon: 1e-3, scale: true }
    }
}

/// How many windows of a size fit along an axis.
fn windows(places: usize, size: usize, strides: usize, same: bool) -> usize {
    match same {
        true => places.div_ceil(strides),
        false => (places + strides).saturating_sub(size) / strides,
    }
}

impl Picture {
    /// A picture as it comes in.
    pub fn new(tensor: &SymbolicTensor, size: [Option<usize>; 2], channels: usize) -> Picture {
        let order = DataFormat::configured().get().unwrap_or(ChannelsOrder::Last);
        Picture { tensor: tensor.clone(), size, channels, order, names: Rc::default() }
    }

    pub fn tensor(&self) -> &SymbolicTensor {
        &self.tensor
    }

    /// A layer behind it that keeps the size.
    pub fn then(&self, layer: impl Into<LayerRef>, name: &str) -> Picture {
        self.resized(layer, name, self.size, self.channels)
    }

    fn resized(
        &self,
        layer: impl Into<LayerRef>,
        name: &str,
        size: [Option<usize>; 2],
        channels: usize,
    ) -> Picture {
        let layer = layer.into();
        let name = self.names.name(layer.0.layer.class_name(), name);
        Picture { tensor: layer.name(name).apply(&self.tensor), size, channels, ..self.clone() }
    }

    fn windowed(&self, size: [usize; 2], strides: usize, same: bool) -> [Option<usize>; 2] {
        [0, 1].map(|axis| self.size[axis].map(|n| windows(n, size[axis], strides, same)))
    }

    pub fn conv(&self, conv: Conv, name: &str) -> Picture {
        let mut layer = Conv2D::new(conv.filters, conv.size())
            .strides(conv.strides)
            .padding(conv.padding())
            .groups(conv.groups)
            .use_bias(conv.bias)
            .activation(conv.activation);
        if let Some(initializer) = &conv.initializer {
            layer = layer.kernel_initializer(initializer.clone());
        }
        let size = self.windowed(conv.size, conv.strides, conv.same);
        self.resized(layer, name, size, conv.filters)
    }

    /// One filter a channel and multiplier, without bias. The filters of `conv` are the multiplier.
    pub fn depthwise(&self, conv: Conv, name: &str) -> Picture {
        let mut layer = DepthwiseConv2D::new(conv.size())
            .depth_multiplier(conv.filters)
            .strides(conv.strides)
            .padding(conv.padding())
            .use_bias(false);
        if let Some(initializer) = &conv.initializer {
            layer = layer.depthwise_initializer(initializer.clone());
        }
        let size = self.windowed(conv.size, conv.strides, conv.same);
        self.resized(layer, name, size, self.channels * conv.filters)
    }

    /// One filter a channel, then one place's product, without bias.
    pub fn separable(&self, conv: Conv, name: &str) -> Picture {
        let layer = SeparableConv2D::new(conv.filters, conv.size())
            .strides(conv.strides)
            .padding(conv.padding())
            .use_bias(false);
        let size = self.windowed(conv.size, conv.strides, conv.same);
        self.resized(layer, name, size, conv.filters)
    }

    pub fn norm(&self, norm: Norm, name: &str) -> Picture {
        let layer = BatchNormalization::new()
            .axis(self.order.channels())
            .momentum(norm.momentum)
            .epsilon(norm.epsilon)
            .scale(norm.scale);
        self.then(layer, name)
    }

    /// Normalized, then relu.
    pub fn norm_relu(&self, norm: Norm, norm_name: &str, relu_name: &str) -> Picture {
        self.norm(norm, norm_name).activation("relu", relu_name)
    }

    pub fn activation(&self, activation: &str, name: &str) -> Picture {
        self.then(Activation::new(activation), name)
    }

    /// max(0, min(x, 6)).
    pub fn relu6(&self, name: &str) -> Picture {
        self.then(ReLU::new().max_value(6.0), name)
    }

    /// Zeros around it, so many before and after the rows and the columns.
    pub fn pad(&self, sides: [(usize, usize); 2], name: &str) -> Picture {
        let size = [0, 1].map(|axis| self.size[axis].map(|n| n + sides[axis].0 + sides[axis].1));
        let layer = ZeroPadding2D::new().padding(Borders(sides));
        self.resized(layer, name, size, self.channels)
    }

    /// Zeros for windows with strides of 2 that shall lie as those of "same" do.
    pub fn pad_for(&self, size: usize, name: &str) -> Picture {
        let half = size / 2;
        // Of an open size, that it is odd.
        let even = |n: Option<usize>| n.map_or(1, |n| 1 - n % 2);
        self.pad(self.size.map(|n| (half.saturating_sub(even(n)), half)), name)
    }

    pub fn max_pool(&self, size: usize, strides: usize, same: bool, name: &str) -> Picture {
        let padding = if same { "same" } else { "valid" };
        let layer = MaxPooling2D::new().pool_size(size).strides(strides).padding(padding);
        let size = self.windowed([size; 2], strides, same);
        self.resized(layer, name, size, self.channels)
    }

    pub fn average_pool(&self, size: usize, strides: usize, same: bool, name: &str) -> Picture {
        let padding = if same { "same" } else { "valid" };
        let layer = AveragePooling2D::new(size).strides(strides).padding(padding);
        let size = self.windowed([size; 2], strides, same);
        self.resized(layer, name, size, self.channels)
    }

    /// Without these many rows and columns at the top and the left.
    pub fn crop(&self, from: usize, name: &str) -> Picture {
        let size = self.size.map(|n| n.map(|n| n.saturating_sub(from)));
        let layer = Cropping2D::new().cropping(Borders([(from, 0); 2]));
        self.resized(layer, name, size, self.channels)
    }

    /// The mean of each channel, one place each.
    pub fn squeeze(&self, name: &str) -> Picture {
        let layer = GlobalAveragePooling2D::new().keepdims(true);
        self.resized(layer, name, [Some(1); 2], self.channels)
    }

    /// The mean of each channel, without places.
    pub fn global_average(&self, name: &str) -> Picture {
        self.then(GlobalAveragePooling2D::new(), name)
    }

    /// One place with all channels, of the numbers of [`Picture::global_average`].
    pub fn one_place(&self, name: &str) -> Picture {
        let shape = match self.order {
            ChannelsOrder::Last => [1, 1, self.channels as i64],
            ChannelsOrder::First => [self.channels as i64, 1, 1],
        };
        self.resized(Reshape::new(shape), name, [Some(1); 2], self.channels)
    }

    pub fn global_max(&self, name: &str) -> Picture {
        self.then(GlobalMaxPooling2D::new(), name)
    }

    /// A layer that makes one of this and others.
    pub fn merge(&self, layer: impl Into<LayerRef>, others: &[&Picture], name: &str) -> Picture {
        let layer = layer.into();
        let name = self.names.name(layer.0.layer.class_name(), name);
        let tensors = [self].into_iter().chain(others.iter().copied()).map(|p| p.tensor.clone());
        let tensor = layer.name(name).apply(tensors.collect::<Vec<_>>());
        Picture { tensor, ..self.clone() }
    }

    pub fn add(&self, other: &Picture, name: &str) -> Picture {
        self.merge(Add::new(), &[other], name)
    }

    pub fn multiply(&self, other: &Picture, name: &str) -> Picture {
        self.merge(Multiply::new(), &[other], name)
    }

    /// This and another, as Keras' `x + y`.
    pub fn sum(&self, other: &Picture) -> Result<Picture> {
        Ok(self.merge(Operation::of_two("Add", None)?, &[other], ""))
    }

    /// A number more, as Keras' `x + 3.0`.
    pub fn plus(&self, number: f64) -> Result<Picture> {
        Ok(self.then(Operation::of_two("Add", Some(number))?, ""))
    }

    /// A multiple, as Keras' `x * 3.0`.
    pub fn times(&self, number: f64) -> Result<Picture> {
        Ok(self.then(Operation::of_two("Multiply", Some(number))?, ""))
    }

    /// Each channel normalized with numbers known before.
    pub fn normalized(&self, layer: Normalization, name: &str) -> Picture {
        self.then(layer.axis(self.order.channels()), name)
    }

    /// The channels of this and others behind each other.
    pub fn concatenate(&self, others: &[&Picture], name: &str) -> Picture {
        let channels = others.iter().map(|p| p.channels).sum::<usize>() + self.channels;
        let layer = Concatenate::new().axis(self.order.channels());
        Picture { channels, ..self.merge(layer, others, name) }
    }

    /// A stack of layers as one, which gives so many channels with these strides.
    pub fn stack(&self, stack: LayerRef, name: &str, strides: usize, channels: usize) -> Picture {
        self.resized(stack, name, self.windowed([strides; 2], strides, false), channels)
    }
}
