//! Operations against the numbers of Keras.
use super::*;
use crate::golden::{assert_close, load, run, tensor};
use ferras_graph::{Builder, DType, Tensor, gradients};
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

#[test]
fn functions_give_keras_numbers() {
    let file = load("ops");
    let cases = file["cases"].as_array().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let (name, settings) =
            (case["name"].as_str().unwrap(), case["settings"].as_array().unwrap());
        let b = Builder::new();
        let values = case["values"].as_array().unwrap().iter().map(|v| b.constant(tensor(v)));
        let values: Vec<_> = values.collect();
        let found = match (name, &settings[..]) {
            ("where_", _) => vec![where_(&values[0], &values[1], &values[2])],
            ("split", [parts, axis]) => split(&values[0], parts.clone(), axis.clone()),
            ("unstack", [num, axis]) => unstack(&values[0], num.clone(), axis.clone()),
            ("moments", [axes, keep]) => moments(&values[0], axes.clone(), keep.clone()),
            ("top_k", [k, sorted]) => top_k(&values[0], k.clone(), sorted.clone()),
            _ => vec![functions::by_name(name, &values, settings).expect(name)],
        };
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
