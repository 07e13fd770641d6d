//! The networks of the MNIST tutorial.
use ferras::prelude::*;

/// The network of that name, which ends in the probabilities of ten digits.
pub fn mnist(name: &str) -> Sequential {
    let conv = |filters, size: usize| {
        let conv = Conv2D::new(filters, size).activation("relu");
        match name {
            "conv_net_l1" => conv.kernel_regularizer(l1(1e-4)),
            "conv_net_l2" => conv.kernel_regularizer(l2(1e-4)),
            _ => conv,
        }
    };
    let hidden = |units| {
        let dense = Dense::new(units).activation("relu");
        match name {
            "conv_net_l1" => dense.kernel_regularizer(l1(1e-4)),
            "conv_net_l2" => dense.kernel_regularizer(l2(1e-4)),
            _ => dense,
        }
    };
    let mut model = Sequential::new();
    match name {
        "mlp_one_layer" => model = model.add(Input::new([784])).add(hidden(512)),
        "mlp_two_layers" => model = model.add(Input::new([784])).add(hidden(512)).add(hidden(512)),
        "mlp_two_layers_dropout" => {
            model = model
                .add(Input::new([784]))
                .add(hidden(512))
                .add(Dropout::new(0.5))
                .add(hidden(512))
                .add(Dropout::new(0.5));
        }
        "le_net" => {
            model = model
                .add(Input::new([28, 28, 1]))
                .add(conv(20, 5).padding("same"))
                .add(MaxPooling2D::new())
                .add(conv(50, 5).padding("same"))
                .add(MaxPooling2D::new())
                .add(Flatten::new())
                .add(hidden(500));
        }
        _ => {
            model = model.add(Input::new([28, 28, 1])).add(conv(32, 3)).add(MaxPooling2D::new());
            model = match name {
                "conv_net_dropout" => model.add(Dropout::new(0.25)),
                "conv_net_batch_norm" => model.add(BatchNormalization::new()),
                _ => model,
            };
            model = model.add(conv(64, 3)).add(MaxPooling2D::new()).add(conv(64, 3));
            model = model.add(Flatten::new()).add(hidden(64));
            model = match name {
                "conv_net_dropout" => model.add(Dropout::new(0.5)),
                "conv_net_batch_norm" => model.add(BatchNormalization::new()),
                _ => model,
            };
        }
    }
    model.add(Dense::new(10).activation("softmax"))
}
