//! Operations against the numbers of Keras.
use super::*;
use crate::golden::{assert_close, load, run, tensor};
use ferras_graph::{Builder, DType, Tensor, Value, gradients};
use serde_json::Value as Json;

fn whole(json: &Json) -> Vec<usize> {
    json.as_array().unwrap().iter().map(|n| n.as_u64().unwrap() as usize).collect()
}

#[test]
fn ctc_losses_and_their_gradients_are_those_of_keras() {
    for case in load("ctc")["plain"].as_array().unwrap() {
        let b = Builder::new();
        let [target, output] = ["target", "output"].map(|key| b.constant(tensor(&case[key])));
        let lengths = |key: &str| {
            let lengths: Vec<i32> = whole(&case[key]).into_iter().map(|n| n as i32).collect();
            b.constant(Tensor::new([lengths.len()], lengths).unwrap())
        };
        let blank = case["mask_index"].as_u64().unwrap() as usize;
        let [labels, steps] = ["target_length", "output_length"].map(lengths);
        let loss = ctc_loss(&target, &output, &labels, &steps, blank);
        let weights = b.iota(DType::F32, loss.shape(), 0) + 1.0;
        let gradient = gradients(&(&loss * weights).sum(&[], false), &[output]).remove(0);
        let found = run(b, &[loss, gradient]).unwrap();
        assert_close(&found[0], &case["value"], 1e-5, "value");
        assert_close(&found[1], &case["gradient"], 1e-5, "gradient");
    }
}

#[test]
fn sequences_are_decoded_as_in_keras() {
    let file = load("ctc");
    let cases = file["decoding"].as_array().unwrap();
    assert!(cases.len() > 10);
    for case in cases {
        let mut options = CtcDecode::new();
        for (name, value) in case["args"].as_object().unwrap() {
            let number = || value.as_u64().unwrap() as usize;
            options = match name.as_str() {
                "strategy" => options.strategy(value.as_str().unwrap()),
                "beam_width" => options.beam_width(number()),
                "top_paths" => options.top_paths(number()),
                "merge_repeated" => options.merge_repeated(value.as_bool().unwrap()),
                "mask_index" => options.mask_index(value.as_u64().map(|n| n as usize)),
                other => panic!("{other}"),
            };
        }
        let inputs = tensor(&case["inputs"]);
        let (labels, scores) = ctc_decode(&inputs, &whole(&case["lengths"]), options).unwrap();
        assert_eq!(labels, tensor(&case["labels"]), "{}", case["args"]);
        assert_close(&scores, &case["scores"], 1e-5, &case["args"].to_string());
    }
}

#[test]
fn what_cannot_be_decoded_is_told() {
    let x = Tensor::new([1, 2, 3], vec![0.0_f32; 6]).unwrap();
    let error =
        |lengths: &[usize], options| ctc_decode(&x, lengths, options).unwrap_err().to_string();
    let found = error(&[2], CtcDecode::new().strategy("bream_search"));
    assert!(found.contains("\"greedy\" or \"beam_search\", got \"bream_search\""), "{found}");
    assert!(error(&[2, 2], CtcDecode::new()).contains("one for each of 1 sequences"));
    assert!(error(&[2], CtcDecode::new().mask_index(3)).contains("one of 3 classes, got 3"));
    assert!(error(&[2], CtcDecode::new().beam_width(0)).contains("beam_width"));
    let flat = Tensor::new([2, 3], vec![0.0_f32; 6]).unwrap();
    let found = ctc_decode(&flat, &[2], CtcDecode::new()).unwrap_err().to_string();
    assert!(found.contains("(batch, steps, classes), got (2, 3)"), "{found}");
    let b = Builder::new();
    let (y, x) = (b.full(DType::I32, [2], 0.0), b.full(DType::F32, [2, 3, 4], 0.0));
    ctc_loss(&y, &x, &y, &y, 0);
    assert!(b.first_error().unwrap().to_string().contains("expected target (batch, labels)"));
}

/// What the function of this name gives.
fn computed(name: &str, values: &[Value], settings: &[Json]) -> Vec<Value> {
    let pair = || [values[0].clone(), values[1].clone()];
    let number = |i: usize| settings[i].as_u64().unwrap() as usize;
    let flag = |i: usize| settings[i].as_bool().unwrap();
    match (name, settings) {
        ("where_", _) => vec![where_(&values[0], &values[1], &values[2])],
        ("split", [parts, axis]) => split(&values[0], parts.clone(), axis.clone()),
        ("unstack", [num, axis]) => unstack(&values[0], num.clone(), axis.clone()),
        ("moments", [axes, keep]) => moments(&values[0], axes.clone(), keep.clone()),
        ("top_k", [k, sorted]) => top_k(&values[0], k.clone(), sorted.clone()),
        ("histogram", [bins, range]) => histogram(&values[0], bins.clone(), range.clone()),
        ("dstack", _) => vec![dstack(values)],
        ("meshgrid", [indexing]) => meshgrid(values, indexing.clone()),
        ("select", _) => {
            let half = values.len() / 2;
            vec![select(&values[..half], &values[half..2 * half], &values[2 * half])]
        }
        ("array_split", [parts, axis]) => array_split(&values[0], parts.clone(), axis.clone()),
        ("hsplit", [parts]) => hsplit(&values[0], parts.clone()),
        ("vsplit", [parts]) => vsplit(&values[0], parts.clone()),
        ("dsplit", [parts]) => dsplit(&values[0], parts.clone()),
        ("unravel_index", [shape]) => unravel_index(&values[0], shape.clone()),
        ("vander", [n, _]) => vec![vander(&values[0], n.clone(), flag(1))],
        ("slogdet", _) => slogdet(&values[0]),
        ("lu_factor", _) => lu_factor(&values[0]),
        ("qr", [mode]) => qr(&values[0], mode.clone()),
        ("fft", _) => fft(&pair()),
        ("fft2", _) => fft2(&pair()),
        ("ifft2", _) => ifft2(&pair()),
        ("rfft", [length]) => rfft(&values[0], length.clone()),
        ("irfft", [length]) => vec![irfft(&pair(), length.clone())],
        ("stft", [_, _, _, window, _]) => {
            stft(&values[0], number(0), number(1), number(2), window.clone(), flag(4))
        }
        ("istft", [_, _, _, length, window, _]) => {
            let (length, window) = (length.clone(), window.clone());
            vec![istft(&pair(), number(0), number(1), number(2), length, window, flag(5))]
        }
        ("dot_product_attention", [scale, _, cap]) => {
            let [q, k, v] = [0, 1, 2].map(|i| &values[i]);
            let (bias, mask) = (values.get(3), values.get(4));
            let (scale, cap) = (scale.clone(), cap.clone());
            vec![dot_product_attention(q, k, v, bias, mask, scale, flag(1), cap)]
        }
        ("layer_normalization", [axis, epsilon]) => {
            let (gamma, beta) = (values.get(1), values.get(2));
            vec![layer_normalization(&values[0], gamma, beta, axis.clone(), epsilon.clone())]
        }
        ("rms_normalization", [axis, epsilon]) => {
            vec![rms_normalization(&values[0], values.get(1), axis.clone(), epsilon.clone())]
        }
        ("batch_normalization", [axis, epsilon]) => {
            let [x, mean, variance] = [0, 1, 2].map(|i| &values[i]);
            let axis = axis.as_i64().unwrap() as isize;
            let (offset, scale) = (values.get(3), values.get(4));
            let epsilon = epsilon.as_f64().unwrap();
            vec![batch_normalization(x, mean, variance, axis, offset, scale, epsilon)]
        }
        _ => {
            let families = [
                functions::by_name,
                elementwise::by_name,
                order::by_name,
                pieces::by_name,
                linalg::by_name,
                nn::by_name,
            ];
            let found = families.iter().find_map(|find| find(name, values, settings));
            vec![found.expect(name)]
        }
    }
}

fn functions_of(topic: &str) {
    let file = load(topic);
    let cases = file["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let (name, settings) =
            (case["name"].as_str().unwrap(), case["settings"].as_array().unwrap());
        let b = Builder::new();
        let values = case["values"].as_array().unwrap().iter().map(|v| b.constant(tensor(v)));
        let values: Vec<_> = values.collect();
        let found = computed(name, &values, settings);
        let what = format!("{name} {settings:?}");
        let results = match run(b, &found) {
            Ok(results) => results,
            Err(e) => {
                wrong.push(format!("{what}: {e}"));
                continue;
            }
        };
        let expected = case["outputs"].as_array().unwrap();
        assert_eq!(results.len(), expected.len(), "{what}");
        for (found, expected) in results.iter().zip(expected) {
            let same = std::panic::catch_unwind(|| assert_close(found, expected, 1e-5, &what));
            wrong.extend(same.is_err().then(|| what.clone()));
        }
    }
    assert!(cases.len() > 200, "{}", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn functions_give_keras_numbers() {
    functions_of("ops");
}

#[test]
fn all_other_functions_give_keras_numbers() {
    functions_of("array_ops");
}

#[test]
fn values_made_of_numbers_alone_are_those_of_keras() {
    for case in load("array_ops")["made"].as_array().unwrap() {
        let b = Builder::new();
        let args: Vec<f64> =
            case["args"].as_array().unwrap().iter().map(|a| a.as_f64().unwrap_or(1.0)).collect();
        let ends = case["args"].get(3).and_then(Json::as_bool).unwrap_or(true);
        let size = |i: usize| args[i] as usize;
        let dtype = DType::F32;
        let name = case["name"].as_str().unwrap();
        let found = match name {
            "arange" => arange(&b, args[0], args[1], args[2], dtype),
            "linspace" => linspace(&b, args[0], args[1], size(2), ends, dtype),
            "logspace" => logspace(&b, args[0], args[1], size(2), ends, args[4], dtype),
            "geomspace" => geomspace(&b, args[0], args[1], size(2), ends, dtype),
            "eye" => eye(&b, size(0), size(1), args[2] as isize, dtype),
            "identity" => identity(&b, size(0), dtype),
            "tri" => tri(&b, size(0), size(1), args[2] as isize, dtype),
            "bartlett" => bartlett(&b, size(0)),
            "blackman" => blackman(&b, size(0)),
            "hamming" => hamming(&b, size(0)),
            "hanning" => hanning(&b, size(0)),
            "kaiser" => kaiser(&b, size(0), args[1]),
            other => panic!("{other}"),
        };
        let found = run(b, &[found]).unwrap().remove(0);
        assert_close(&found, &case["output"], 1e-5, &format!("{name} {args:?}"));
    }
}

#[test]
fn loops_and_choices_do_what_they_say() {
    let b = Builder::new();
    let x = b.constant(Tensor::new([4, 2], (1..=8).map(f64::from).collect()).unwrap());
    let sums = |reverse: bool, axis: isize| {
        let add = |a: &[Value], b: &[Value]| vec![&a[0] + &b[0]];
        associative_scan(add, std::slice::from_ref(&x), reverse, axis).remove(0)
    };
    let halved =
        while_loop(9, &[x.sum(&[], false)], |v| v[0].greater(3.0), |v| vec![&v[0] / 2.0]).remove(0);
    let twice = |v: &[Value]| vec![&v[0] * 2.0];
    let squared = |v: &[Value]| vec![v[0].square()];
    let one = b.scalar(DType::I32, 1.0);
    let made = [
        sums(false, 0),
        sums(true, 1),
        map(std::slice::from_ref(&x), |row| vec![row[0].max(&[], false)]).remove(0),
        fori_loop(2, 5, &[x.max(&[], false)], |i, v| vec![&v[0] + i.cast(DType::F64)]).remove(0),
        halved,
        cond(&one.greater(0.0), || vec![x.min(&[], false)], || vec![x.max(&[], false)]).remove(0),
        switch(&one, &[&twice, &squared], &[x.max(&[], false)]).remove(0),
    ];
    let found = run(b, &made).unwrap();
    let numbers: Vec<Vec<f64>> = found.iter().map(Tensor::to_f64_vec).collect();
    assert_eq!(numbers[0], [1.0, 2.0, 4.0, 6.0, 9.0, 12.0, 16.0, 20.0]);
    assert_eq!(numbers[1], [3.0, 2.0, 7.0, 4.0, 11.0, 6.0, 15.0, 8.0]);
    assert_eq!(numbers[2], [2.0, 4.0, 6.0, 8.0]);
    assert_eq!(numbers[3..], [vec![17.0], vec![2.25], vec![1.0], vec![64.0]]);
}

#[test]
fn gradients_go_through_linear_algebra() {
    let b = Builder::new();
    let numbers = vec![4.0_f64, 1.0, 0.5, 1.0, 5.0, 1.5, 0.5, 1.5, 6.0];
    let x = b.constant(Tensor::new([3, 3], numbers).unwrap());
    // d log det x = x⁻¹, and d Σ x⁻¹ = −(x⁻¹ 1 1ᵀ x⁻¹)ᵀ.
    let inverse = inv(&x);
    let of_sum = gradients(&inverse.sum(&[], false), std::slice::from_ref(&x)).remove(0);
    let side = |axis: isize| inverse.sum(&[axis], true);
    let expected = side(0).transpose(&[1, 0]).matmul(&side(1).transpose(&[1, 0])).negative();
    let of_log = gradients(&logdet(&x), std::slice::from_ref(&x)).remove(0);
    let factor = cholesky(&x, false);
    let back = &factor.matmul(&factor.transpose(&[1, 0])) - &x;
    let made = [
        (of_sum - expected).abs().max(&[], false),
        (of_log - inverse.transpose(&[1, 0])).abs().max(&[], false),
        back.abs().max(&[], false),
    ];
    for found in run(b, &made).unwrap() {
        assert!(found.to_f64_vec()[0] < 1e-12, "{:?}", found.to_f64_vec());
    }
}

#[test]
fn changes_go_forwards_as_gradients_go_back() {
    let b = Builder::new();
    let x = b.constant(Tensor::new([2, 2], vec![1.0_f64, 2.0, -1.0, 3.0]).unwrap());
    let t = b.constant(Tensor::new([2, 2], vec![0.5_f64, -1.0, 2.0, 1.0]).unwrap());
    let f = |x: &[Value]| vec![x[0].matmul(&x[0]), x[0].tanh().sum(&[0], false)];
    let (_, changes) = jvp(f, std::slice::from_ref(&x), std::slice::from_ref(&t));
    let slope = 1.0 - x.tanh().square();
    let expected = [t.matmul(&x) + x.matmul(&t), (slope * &t).sum(&[0], false)];
    let apart = changes.iter().zip(&expected).map(|(a, e)| (a - e).abs().max(&[], false));
    for found in run(b.clone(), &apart.collect::<Vec<_>>()).unwrap() {
        assert!(found.to_f64_vec()[0] < 1e-12, "{found:?}");
    }
}

#[test]
fn heads_in_groups_share_keys_and_values() {
    let b = Builder::new();
    let numbers = |shape: [usize; 4], seed: u64| {
        let ty = ferras_graph::TensorType::new(DType::F32, shape);
        b.constant(crate::random::Generator::new(seed).uniform(&ty, -2.0, 2.0))
    };
    let (query, key, value) =
        (numbers([2, 3, 6, 4], 1), numbers([2, 5, 2, 4], 2), numbers([2, 5, 2, 4], 3));
    let grouped = dot_product_attention(&query, &key, &value, None, None, (), false, ());
    let (key, value) = (repeat(&key, 3, 2), repeat(&value, 3, 2));
    let apart = dot_product_attention(&query, &key, &value, None, None, (), false, ()) - grouped;
    let found = run(b.clone(), &[apart.abs().max(&[], false)]).unwrap();
    assert!(found[0].to_f64_vec()[0] < 1e-6, "{found:?}");
}

/// The largest number of a value.
fn largest(x: &Value) -> Value {
    x.abs().max(&[], false).cast(DType::F64)
}

#[test]
fn decompositions_have_the_values_of_keras_and_give_back_what_they_are_of() {
    let file = load("decompositions");
    let cases = file["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let (note, b) = (case["note"].as_str().unwrap(), Builder::new());
        let x = b.constant(tensor(&case["x"]));
        let made = [
            svd(&x, true, false).remove(0),
            pinv(&x, ()),
            matrix_rank(&x, ()),
            pinv(&x, 0.5),
            matrix_rank(&x, 0.5),
        ];
        let found = run(b, &made).unwrap();
        for (found, key) in found.iter().zip(["s", "pinv", "rank", "pinv_half", "rank_half"]) {
            assert_close(found, &case[key], 2e-5, &format!("{note}: {key}"));
        }
        let b = Builder::new();
        let x = b.constant(tensor(&case["x"]));
        let turned = |x: &Value| swapaxes(x, -1, -2);
        let apart = |x: &Value| {
            let one = eye(x.builder(), x.dim(-1), x.dim(-1), 0, DType::F32);
            largest(&(turned(x).matmul(x) - one))
        };
        let mut small = Vec::new();
        for full in [true, false] {
            let parts = svd(&x, full, true);
            let short = parts[1].dim(-1);
            let left = parts[0].slice_axis(-1, 0, short) * parts[1].expand_dims(-2);
            small.push(largest(&(left.matmul(&parts[2].slice_axis(-2, 0, short)) - &x)));
            small.extend([apart(&parts[0]), apart(&turned(&parts[2]))]);
        }
        if let Some(symmetric) = case.get("symmetric") {
            let symmetric = b.constant(tensor(symmetric));
            let parts = eigh(&symmetric);
            let back = (&parts[1] * parts[0].expand_dims(-2)).matmul(&turned(&parts[1]));
            small.extend([largest(&(back - symmetric)), apart(&parts[1])]);
        }
        for (i, found) in run(b, &small).unwrap().iter().enumerate() {
            assert!(found.to_f64_vec()[0] < 1e-5, "{note}, {i}: {found:?}");
        }
        for (key, of) in [("eigenvalues", "symmetric"), ("lstsq", "x"), ("lstsq_half", "x")] {
            let Some(expected) = case.get(key) else { continue };
            let b = Builder::new();
            let x = b.constant(tensor(&case[of]));
            let target = case.get("b").map(|json| b.constant(tensor(json)));
            let y = match (key, target) {
                ("lstsq", Some(target)) => lstsq(&x, &target, ()),
                ("lstsq_half", Some(target)) => {
                    lstsq(&x, target.slice_axis(1, 0, 1).squeeze(1), 0.3)
                }
                _ => eigh(&x).remove(0),
            };
            assert_close(&run(b, &[y]).unwrap()[0], expected, 2e-5, &format!("{note}: {key}"));
        }
    }
}

#[test]
fn gradients_go_through_decompositions() {
    let b = Builder::new();
    let numbers = vec![4.0_f64, 1.0, 0.5, 1.0, 5.0, 1.5, 0.5, 1.5, 6.0];
    let x = b.constant(Tensor::new([3, 3], numbers).unwrap());
    let of = |y: Value| gradients(&y, std::slice::from_ref(&x)).remove(0);
    // The derivative of the largest eigenvalue is the product of its vector with itself, and of a
    // positive matrix the singular values are the eigenvalues.
    let parts = eigh(&x);
    let vector = parts[1].slice_axis(1, 2, 3);
    let expected = vector.matmul(&vector.transpose(&[1, 0]));
    let values = svd(&x, true, false).remove(0);
    let made = [
        largest(&(of(parts[0].slice_axis(0, 2, 3).sum(&[], false)) - &expected)),
        largest(&(of(values.slice_axis(0, 0, 1).sum(&[], false)) - &expected)),
        // Σ s² = Σ x².
        largest(&(of(values.square().sum(&[], false)) - &x * 2.0)),
    ];
    for found in run(b, &made).unwrap() {
        assert!(found.to_f64_vec()[0] < 1e-9, "{found:?}");
    }
}

#[test]
fn values_are_put_together_and_mistakes_are_told() {
    let b = Builder::new();
    let x = b.constant(Tensor::new([2, 2], vec![1.0_f32, 2.0, 3.0, 4.0]).unwrap());
    let v = b.constant(Tensor::new([2], vec![5_i32, 6]).unwrap());
    let both = [x.clone(), x.clone()];
    let made = [
        concatenate(&both, -1),
        stack(&both, 0),
        hstack(&[v.clone(), v.clone()]),
        vstack(&[x.clone(), v.clone()]),
        einsum("ij,kj->ki", &both),
        pad(&v, [[1, 2]], "constant", 9),
        pad(&v, 1, "edge", ()),
        full_like(&x, 7.0),
        add(&x, 0.5),
        where_(&x.greater(2.0), &x, 0.0),
    ];
    let found = run(b, &made).unwrap();
    let numbers: Vec<Vec<f64>> = found.iter().map(Tensor::to_f64_vec).collect();
    assert_eq!(numbers[0], [1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0]);
    assert_eq!(found[1].shape().to_string(), "(2, 2, 2)");
    assert_eq!(numbers[2], [5.0, 6.0, 5.0, 6.0]);
    assert_eq!(numbers[3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(numbers[4], [5.0, 11.0, 11.0, 25.0]);
    assert_eq!(numbers[5], [9.0, 5.0, 6.0, 9.0, 9.0]);
    assert_eq!(numbers[6], [5.0, 5.0, 6.0, 6.0]);
    assert_eq!((&numbers[7][..2], &numbers[8][..2]), (&[7.0, 7.0][..], &[1.5, 2.5][..]));
    assert_eq!(numbers[9], [0.0, 0.0, 3.0, 4.0]);
    let b = Builder::new();
    let x = b.full(DType::F32, [2, 3], 1.0);
    sum(&x, "last", false);
    let error = b.first_error().unwrap().to_string();
    assert!(error.contains("axis must be a whole number, got \"last\""), "{error}");
    assert!(concatenate(&[], 0).is_poisoned());
}
