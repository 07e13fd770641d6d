//! Networks that are only measured: random weights do.
use ferras::prelude::*;

/// Three layers for a yes or no, as of exclusive or and of customers who leave.
pub fn yes_or_no(features: usize, hidden: [usize; 2]) -> Sequential {
    Sequential::new()
        .add(Dense::new(hidden[0]).activation("relu").input_dim(features))
        .add(Dense::new(hidden[1]).activation("relu"))
        .add(Dense::new(1).activation("sigmoid"))
}

/// Two pairs of convolutions over small colour pictures.
pub fn cifar_net() -> Sequential {
    let conv = |filters| Conv2D::new(filters, 3).padding("same").activation("relu");
    Sequential::new()
        .add(Input::new([32, 32, 3]))
        .add(conv(32))
        .add(conv(32))
        .add(MaxPooling2D::new())
        .add(conv(64))
        .add(conv(64))
        .add(MaxPooling2D::new())
        .add(Flatten::new())
        .add(Dense::new(512).activation("relu"))
        .add(Dense::new(10).activation("softmax"))
}

/// Words that [`sentences`] knows.
pub const WORDS: usize = 10_000;

/// A recurrent layer of 32 units over embedded words: yes or no.
pub fn sentences(name: &str) -> Sequential {
    let embedded =
        Sequential::new().add(Input::of([80], DType::I32)).add(Embedding::new(WORDS, 32));
    let read = match name {
        "gru" => embedded.add(GRU::new(32)),
        _ => embedded.add(LSTM::new(32)),
    };
    read.add(Dense::new(1).activation("sigmoid"))
}

/// Eight heads of 64 numbers that look at all of 128 steps: yes or no.
pub fn attention() -> Result<Model> {
    let x = Input::new([128, 64]);
    let steps = Dense::new(64).apply(&x);
    let seen = MultiHeadAttention::new(8, 64).apply([&steps, &steps]);
    let seen = GlobalAveragePooling1D::new().apply(&seen);
    Model::new(&x, Dense::new(1).activation("sigmoid").apply(&seen))
}

/// Two convolutions along 128 steps of 64 channels: yes or no.
pub fn conv1d() -> Sequential {
    let conv = || Conv1D::new(64, 5).padding("same").activation("relu");
    Sequential::new()
        .add(Input::new([128, 64]))
        .add(conv())
        .add(conv())
        .add(GlobalMaxPooling1D::new())
        .add(Dense::new(1).activation("sigmoid"))
}

/// Two convolutions of each of 64 channels on its own, over small colour pictures.
pub fn depthwise() -> Sequential {
    Sequential::new()
        .add(Input::new([32, 32, 3]))
        .add(Conv2D::new(64, 1).activation("relu"))
        .add(DepthwiseConv2D::new(3).padding("same").activation("relu"))
        .add(DepthwiseConv2D::new(3).strides(2).padding("same").activation("relu"))
        .add(GlobalAveragePooling2D::new())
        .add(Dense::new(10).activation("softmax"))
}

/// ResNet50 as Keras' applications have it: He et al. 2015, table 1; biased convolutions, the stride
/// in the first one of a block.
pub fn resnet50() -> Result<Model> {
    let image = Input::new([224, 224, 3]);
    let x = ZeroPadding2D::new().padding(3).apply(&image);
    let x = ReLU::new().apply(norm(&Conv2D::new(64, 7).strides(2).apply(&x)));
    let x = ZeroPadding2D::new().padding(1).apply(&x);
    let mut x = MaxPooling2D::new().pool_size(3).strides(2).apply(&x);
    for (filters, blocks, stride) in [(64, 3, 1), (128, 4, 2), (256, 6, 2), (512, 3, 2)] {
        for block in 0..blocks {
            x = residual(&x, filters, if block == 0 { stride } else { 1 }, block == 0);
        }
    }
    let x = GlobalAveragePooling2D::new().apply(&x);
    Model::new(&image, Dense::new(1000).activation("softmax").apply(&x))
}

fn norm(x: &SymbolicTensor) -> SymbolicTensor {
    BatchNormalization::new().epsilon(1.001e-5).apply(x)
}

fn residual(x: &SymbolicTensor, filters: usize, stride: usize, project: bool) -> SymbolicTensor {
    let short = match project {
        true => norm(&Conv2D::new(4 * filters, 1).strides(stride).apply(x)),
        false => x.clone(),
    };
    let y = ReLU::new().apply(norm(&Conv2D::new(filters, 1).strides(stride).apply(x)));
    let y = ReLU::new().apply(norm(&Conv2D::new(filters, 3).padding("same").apply(&y)));
    let y = norm(&Conv2D::new(4 * filters, 1).apply(&y));
    ReLU::new().apply(Add::new().apply([&short, &y]))
}

/// MobileNet as Keras' applications have it: Howard et al. 2017, table 1, without dropout, which a
/// prediction leaves out.
pub fn mobilenet() -> Result<Model> {
    let relu6 =
        |x: &SymbolicTensor| ReLU::new().max_value(6.0).apply(BatchNormalization::new().apply(x));
    let corner = |x: &SymbolicTensor| ZeroPadding2D::new().padding(((0, 1), (0, 1))).apply(x);
    let image = Input::new([224, 224, 3]);
    let first = Conv2D::new(32, 3).strides(2).use_bias(false);
    let mut x = relu6(&first.apply(corner(&image)));
    let rest = std::iter::repeat_n((512, 1), 5);
    let blocks = [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)];
    for (filters, stride) in blocks.into_iter().chain(rest).chain([(1024, 2), (1024, 1)]) {
        let depthwise = DepthwiseConv2D::new(3).strides(stride).use_bias(false);
        x = match stride {
            1 => depthwise.padding("same").apply(&x),
            _ => depthwise.apply(corner(&x)),
        };
        x = relu6(&Conv2D::new(filters, 1).use_bias(false).apply(relu6(&x)));
    }
    let x = GlobalAveragePooling2D::new().keepdims(true).apply(&x);
    let x = Flatten::new().apply(Conv2D::new(1000, 1).apply(&x));
    Model::new(&image, Activation::new("softmax").apply(&x))
}
