//! Windows as Keras makes them.
use super::{Timeseries, TimeseriesGenerator, timeseries_dataset_from_array};
use crate::data::{Batch, Dataset};
use crate::golden::{load, tensor};
use serde_json::Value as Json;

fn check(found: &mut dyn Dataset, case: &Json) {
    let expected = case["batches"].as_array().unwrap();
    assert_eq!(found.len(), Some(expected.len()), "{}", case["args"]);
    let found: Vec<Batch> = found.batches().collect::<Result<_, _>>().unwrap();
    assert_eq!(found.len(), expected.len(), "{}", case["args"]);
    for (batch, expected) in found.iter().zip(expected) {
        let both: Vec<_> =
            batch.x.iter().map(|x| x.numbers().unwrap()).chain(&batch.y).cloned().collect();
        let expected: Vec<_> = expected.as_array().unwrap().iter().map(tensor).collect();
        assert_eq!(both, expected, "{}", case["args"]);
    }
}

fn number(args: &Json, name: &str) -> Option<usize> {
    args[name].as_u64().map(|n| n as usize)
}

#[test]
fn windows_are_those_of_keras() {
    for case in load("timeseries")["datasets"].as_array().unwrap() {
        let args = &case["args"];
        let mut options = Timeseries::new()
            .sequence_stride(number(args, "sequence_stride").unwrap_or(1))
            .sampling_rate(number(args, "sampling_rate").unwrap_or(1))
            .start_index(number(args, "start_index"))
            .end_index(number(args, "end_index"));
        if args.get("batch_size").is_some() {
            options = options.batch_size(number(args, "batch_size"));
        }
        let (data, length) = (tensor(&case["data"]), number(args, "sequence_length").unwrap());
        let made = match case["targets"].is_null() {
            true => timeseries_dataset_from_array(data, (), length, options),
            false => timeseries_dataset_from_array(data, tensor(&case["targets"]), length, options),
        };
        check(&mut made.unwrap(), case);
    }
}

#[test]
fn generators_are_those_of_keras() {
    for case in load("timeseries")["generators"].as_array().unwrap() {
        let (args, data) = (&case["args"], tensor(&case["data"]));
        let made = TimeseriesGenerator::new(&data, &data, number(args, "length").unwrap());
        let mut made = made
            .unwrap()
            .sampling_rate(number(args, "sampling_rate").unwrap_or(1))
            .stride(number(args, "stride").unwrap_or(1))
            .start_index(number(args, "start_index").unwrap_or(0))
            .end_index(number(args, "end_index"))
            .reverse(args["reverse"].as_bool().unwrap_or(false))
            .batch_size(number(args, "batch_size").unwrap());
        check(&mut made, case);
    }
}

#[test]
fn random_orders_hold_every_window_once() {
    let series: Vec<f32> = (0..30).map(|i| i as f32).collect();
    let options = Timeseries::new().batch_size(4).shuffle(true).seed(5);
    let mut made = timeseries_dataset_from_array(&series[..], (), 3, options).unwrap();
    let mut pass = || -> Vec<f64> {
        let batches: Vec<Batch> = made.batches().collect::<Result<_, _>>().unwrap();
        batches.iter().flat_map(|b| b.x[0].numbers().unwrap().to_f64_vec()).step_by(3).collect()
    };
    let (first, mut second) = (pass(), pass());
    assert_ne!(first, second);
    assert!(first.windows(2).any(|w| w[0] > w[1]));
    second.sort_by(f64::total_cmp);
    assert_eq!(second, (0..28).map(f64::from).collect::<Vec<_>>());
}

#[test]
fn drawn_windows_follow_from_seed_and_pass() {
    let series: Vec<f32> = (0..50).map(|i| i as f32).collect();
    let made = || {
        crate::set_random_seed(3);
        let made = TimeseriesGenerator::new(&series[..], &series[..], 4).unwrap();
        made.batch_size(8).shuffle(true)
    };
    let targets = |made: &mut TimeseriesGenerator| -> Vec<f64> {
        let batches: Vec<Batch> = made.batches().collect::<Result<_, _>>().unwrap();
        for batch in &batches {
            let (x, y) = (batch.x[0].numbers().unwrap().to_f64_vec(), batch.y[0].to_f64_vec());
            assert!(x.chunks(4).zip(&y).all(|(window, y)| window[3] + 1.0 == *y));
        }
        batches.iter().flat_map(|b| b.y[0].to_f64_vec()).collect()
    };
    let (mut one, mut two) = (made(), made());
    let first = targets(&mut one);
    assert_eq!(first, targets(&mut two));
    assert_ne!(first, targets(&mut one));
}

#[test]
fn says_what_is_wrong() {
    let series: Vec<f32> = (0..10).map(|i| i as f32).collect();
    let error = |length, options| {
        let made = timeseries_dataset_from_array(&series[..], (), length, options);
        made.unwrap_err().to_string()
    };
    let new = Timeseries::new;
    assert!(error(0, new()).contains("\"sequence_length\" must be at least 1"));
    assert!(error(2, new().sampling_rate(0)).contains("\"sampling_rate\" must be at least 1"));
    assert!(error(2, new().sequence_stride(10)).contains("\"sequence_stride\" must be below"));
    assert!(error(2, new().start_index(10)).contains("\"start_index\" must be below"));
    assert!(error(2, new().start_index(5).end_index(5)).contains("above start_index, 5, got 5"));
    let options = new().start_index(8);
    let few = timeseries_dataset_from_array(&series[..], &series[..3], 1, options);
    assert!(few.unwrap_err().to_string().contains("begins at step 8, but there are 3 targets"));
    let made = TimeseriesGenerator::new(&series[..], &series[..], 10).unwrap();
    let error = made.get(0).unwrap_err().to_string();
    assert!(error.contains("at least start_index + length, 10, got 9"), "{error}");
    assert_eq!(made.len(), None);
    let error = TimeseriesGenerator::new(&series[..], &series[1..], 2).unwrap_err().to_string();
    assert!(error.contains("10 rows and 9 rows"), "{error}");
}
