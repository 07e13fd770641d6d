//! What layers say about inputs and arguments that do not fit.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
use ferras::prelude::*;

/// The error of a model that is this layer on inputs of these shapes.
fn error<const N: usize>(layer: impl Into<LayerRef>, samples: [&[usize]; N]) -> String {
    let inputs: Vec<SymbolicTensor> = samples.iter().map(|s| Input::new(*s)).collect();
    let output = layer.into().apply(inputs.clone());
    Model::new(inputs, &output).unwrap_err().to_string()
}

#[test]
fn unknown_names_surface_when_the_model_is_made() {
    let expected = "layer \"dense\" (Dense): unknown activation \"rleu\" (did you mean \"relu\"?); \
                    known: linear, relu, softmax, ";
    let found = error(Dense::new(2).activation("rleu"), [&[3]]);
    assert!(found.starts_with(expected), "{found}");
    let found = error(Dense::new(2).kernel_initializer("he_nromal"), [&[3]]);
    let expected = "layer \"dense\" (Dense): unknown initializer \"he_nromal\" (did you mean \
                    \"he_normal\"?)";
    assert!(found.starts_with(expected), "{found}");
    let found = error(Dense::new(2).bias_regularizer("l3"), [&[3]]);
    assert!(found.starts_with("layer \"dense\" (Dense): unknown regularizer \"l3\""), "{found}");
    let found = error(Dense::new(2).activity_regularizer("l3"), [&[3]]);
    let expected = "layer \"dense\" (Dense): activity_regularizer: unknown regularizer \"l3\"";
    assert!(found.starts_with(expected), "{found}");
    let found = error(Dense::new(2).kernel_constraint("nonneg"), [&[3]]);
    assert!(found.contains("unknown constraint \"nonneg\" (did you mean \"non_neg\"?)"), "{found}");
    let found = error(Conv2D::new(2, 3).padding("smae"), [&[5, 5, 1]]);
    let expected = "layer \"conv2d\" (Conv2D): unknown padding \"smae\" (did you mean \"same\"?); \
                    known: valid, same, causal";
    assert_eq!(found, expected);
    let found = error(MaxPooling2D::new().data_format("channels_lst"), [&[5, 5, 1]]);
    assert!(found.contains("did you mean \"channels_last\"?"), "{found}");
    let found = error(Activation::new("softmx"), [&[5]]);
    assert!(found.starts_with("layer \"activation\" (Activation): unknown activation"), "{found}");
}

#[test]
fn wrong_ranks_and_sizes_are_named() {
    assert_eq!(
        error(Conv2D::new(2, 3), [&[28, 28]]),
        "layer \"conv2d\" (Conv2D): expected an input of rank 4, got rank 3: (None, 28, 28)"
    );
    assert_eq!(
        error(Conv2D::new(0, 3), [&[28, 28, 1]]),
        "layer \"conv2d\" (Conv2D): filters must be at least 1, got 0"
    );
    assert_eq!(
        error(Conv2D::new(2, (3, 0)), [&[28, 28, 1]]),
        "layer \"conv2d\" (Conv2D): kernel_size must be at least 1, got [3, 0]"
    );
    assert_eq!(
        error(MaxPooling2D::new().strides(0), [&[28, 28, 1]]),
        "layer \"max_pooling2d\" (MaxPooling2D): strides must be at least 1, got [0, 0]"
    );
    assert_eq!(
        error(Dense::new(0), [&[3]]),
        "layer \"dense\" (Dense): units must be at least 1, got 0"
    );
    let x = Input::new([None, None]);
    let found = Model::new(&x, Dense::new(2).apply(&x)).unwrap_err().to_string();
    assert!(found.contains("the size of axis -1 of its input must be known"), "{found}");
    let found = error(GlobalMaxPooling2D::new(), [&[3]]);
    assert!(found.contains("expected an input of rank 4, got rank 2"), "{found}");
}

#[test]
fn windows_larger_than_the_input_are_refused_with_the_way_out() {
    assert_eq!(
        error(Conv2D::new(2, 5), [&[28, 4, 1]]),
        "layer \"conv2d\" (Conv2D): the output would be empty: expected at least 5 places along \
         axis 2 for kernel_size [5, 5], got an input of shape (None, 28, 4, 1); use \
         padding=\"same\" or a smaller kernel_size"
    );
    let found = error(Conv2D::new(2, 3).dilation_rate(3), [&[6, 6, 1]]);
    assert!(found.contains("expected at least 7 places along axis 1"), "{found}");
    let found = error(AveragePooling2D::new(3), [&[2, 2, 1]]);
    assert!(found.contains("padding=\"same\" or a smaller pool_size"), "{found}");
    let found = error(Conv2D::new(2, 3).dilation_rate(2).strides(2), [&[9, 9, 1]]);
    assert!(found.contains("strides [2, 2] and dilation_rate [2, 2] cannot both"), "{found}");
    let found = error(Conv2D::new(4, 3).groups(2), [&[9, 9, 3]]);
    assert!(found.contains("groups 2 must divide the channels of its input, of which are 3"));
    assert!(error(Cropping2D::new().cropping(2), [&[4, 9, 1]]).contains("would be empty"));
}

#[test]
fn shapes_that_do_not_meet_are_refused() {
    assert_eq!(
        error(Add::new(), [&[2, 3], &[2, 4]]),
        "layer \"add\" (Add): expected inputs of shapes that broadcast (equal sizes, or 1), got \
         (None, 2, 3) and (None, 2, 4)"
    );
    assert_eq!(
        error(Subtract::new(), [&[2]]),
        "layer \"subtract\" (Subtract): expected exactly 2 inputs, got 1"
    );
    assert_eq!(
        error(Concatenate::new().axis(1), [&[2, 3], &[2, 4]]),
        "layer \"concatenate\" (Concatenate): expected inputs of equal shape but for axis 1, got \
         (None, 2, 3) and (None, 2, 4)"
    );
    assert!(error(Concatenate::new().axis(5), [&[2, 3]]).contains("has no axis 5"));
    assert_eq!(
        error(Reshape::new([3, 4]), [&[10]]),
        "layer \"reshape\" (Reshape): a sample of 10 elements does not fit target_shape [3, 4], \
         which takes 12 (its input is (None, 10))"
    );
    assert!(error(BatchNormalization::new().axis(0), [&[3]]).contains("axis 0 is the batch"));
    assert!(error(BatchNormalization::new().axis(4), [&[3]]).contains("has no axis 4"));
    assert!(error(Dense::new(1), [&[3], &[3]]).contains("expected one input, got 2"));
    assert!(error(Permute::new([1, 1]), [&[3, 4]]).contains("once each, got [1, 1]"));
}

#[test]
fn shares_outside_their_range_are_refused() {
    let expected = "layer \"dropout\" (Dropout): rate must be a share of at least 0 and at most 1, \
                    got 25; 25 % is 0.25";
    assert_eq!(error(Dropout::new(25.0), [&[3]]), expected);
    for rate in [-0.1, 1.5, f64::NAN] {
        assert!(error(Dropout::new(rate), [&[3]]).contains("rate must be"));
    }
    let found = error(Dropout::new(0.5).noise_shape([1]), [&[3]]);
    assert!(found.contains("noise_shape must have as many axes"), "{found}");
    assert!(error(GaussianNoise::new(-1.0), [&[3]]).contains("stddev must be at least 0, got -1"));
}

#[test]
fn the_sudoku_network_has_keras_number_of_parameters() {
    let same =
        |filters: usize, size: usize| Conv2D::new(filters, size).padding("same").activation("relu");
    let model = Sequential::new()
        .add(Input::new([9, 9, 1]))
        .add(same(64, 3))
        .add(BatchNormalization::new())
        .add(same(64, 3))
        .add(BatchNormalization::new())
        .add(same(128, 1))
        .add(Flatten::new())
        .add(Dense::new(729))
        .add(Reshape::new([-1, 9]))
        .add(Activation::new("softmax"))
        .build()
        .unwrap();
    assert_eq!(model.count_params(), 7_605_401);
    let frozen = model.weights().iter().filter(|w| !w.is_trainable());
    assert_eq!(frozen.map(|w| w.ty().shape.elements()).sum::<usize>(), 256);
}

#[test]
fn a_fitted_batch_normalization_follows_the_statistics_of_its_data() {
    let x = Input::new([1]);
    let normal = BatchNormalization::new().momentum(0.5);
    let mut model = Model::new(&x, normal.apply(&x)).unwrap();
    model.compile(Compile::new().optimizer("sgd").loss("mean_squared_error")).unwrap();
    let data = Tensor::new([4, 1], vec![1.0_f32, 3.0, 5.0, 7.0]).unwrap();
    model.fit(&data, &data, Fit::new().epochs(1).batch_size(4).verbose(0)).unwrap();
    // Half the way from 0 and 1 to mean 4 and variance 5.
    let weights = model.get_weights().unwrap();
    assert_eq!(weights[2].to_f64_vec(), [2.0]);
    assert_eq!(weights[3].to_f64_vec(), [3.0]);
}
