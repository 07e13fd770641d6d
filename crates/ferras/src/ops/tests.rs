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
