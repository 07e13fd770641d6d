//! Preprocessing against scikit-learn and Keras themselves: `tests/golden/preprocessing.json`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // helpers of tests are tests too
use ferras::preprocessing::{
    Class, Label, LabelEncoder, OneHotEncoder, Split, StandardScaler, classification_report,
    confusion_matrix, precision_recall_curve, roc_curve, train_test_split,
};
use ferras::utils::to_categorical;
use ndarray::{Array2, ArrayD, IxDyn};
use serde_json::Value as Json;

fn golden(topic: &str) -> Vec<Json> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/preprocessing.json");
    let json: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = json[topic].as_array().unwrap().clone();
    assert!(!cases.is_empty());
    cases
}

fn list(json: &Json) -> &[Json] {
    json.as_array().unwrap()
}

fn numbers(json: &Json) -> Vec<f64> {
    list(json).iter().map(|v| v.as_f64().unwrap()).collect()
}

fn rows(json: &Json) -> Vec<usize> {
    list(json).iter().map(|v| v.as_u64().unwrap() as usize).collect()
}

/// Texts stay texts; numbers become texts too.
fn texts(json: &Json) -> Vec<String> {
    list(json).iter().map(|v| v.as_str().map_or(v.to_string(), String::from)).collect()
}

fn array(json: &Json) -> ArrayD<f64> {
    ArrayD::from_shape_vec(IxDyn(&rows(&json["shape"])), numbers(&json["data"])).unwrap()
}

fn matrix(json: &Json) -> Array2<f64> {
    array(json).into_dimensionality().unwrap()
}

fn close(a: &[f64], b: &[f64]) {
    assert_eq!(a.len(), b.len());
    for (a, b) in a.iter().zip(b) {
        assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} {b}");
    }
}

#[test]
fn label_encoder() {
    fn check<L: Label>(values: &[L], codes: &[i64], classes: &[L::Class])
    where
        L::Class: PartialEq + std::fmt::Debug,
    {
        let mut encoder = LabelEncoder::<L::Class>::new();
        assert_eq!(encoder.fit_transform(values).unwrap().to_vec(), codes);
        assert_eq!(encoder.transform(values).unwrap().to_vec(), codes);
        assert_eq!(encoder.classes(), classes);
        let back = encoder.inverse_transform(codes).unwrap();
        assert!(back.iter().zip(values).all(|(b, v)| b.order(&v.class()).is_eq()));
    }
    for case in golden("label_encoder") {
        let codes: Vec<i64> = list(&case["codes"]).iter().map(|v| v.as_i64().unwrap()).collect();
        let (values, classes) = (&case["values"], &case["classes"]);
        match values[0].is_string() {
            true => check(&texts(values), &codes, &texts(classes)),
            false => check(&numbers(values), &codes, &numbers(classes)),
        }
    }
}

#[test]
fn one_hot_encoder() {
    let table = |json: &Json| {
        let cells: Vec<String> = list(json).iter().flat_map(texts).collect();
        Array2::from_shape_vec((list(json).len(), list(&json[0]).len()), cells).unwrap()
    };
    for case in golden("one_hot_encoder") {
        let x = table(&case["rows"]);
        let unknown = case["handle_unknown"].as_str().unwrap_or("error");
        let mut encoder = OneHotEncoder::new().drop(case["drop"].as_str()).handle_unknown(unknown);
        encoder.fit(&x).unwrap();
        let given = case.get("transformed").map_or(x.clone(), table);
        let output = encoder.transform(&given).unwrap();
        assert_eq!(output, matrix(&case["output"]));
        if case.get("names").is_none() {
            continue;
        }
        let features: Vec<String> = (0..x.ncols()).map(|i| format!("x{i}")).collect();
        let features: Vec<&str> = features.iter().map(String::as_str).collect();
        assert_eq!(encoder.feature_names_out(&features).unwrap(), texts(&case["names"]));
        assert_eq!(encoder.inverse_transform(&output).unwrap(), x);
    }
}

#[test]
fn standard_scaler() {
    for case in golden("standard_scaler") {
        let on = |name| case["args"][name].as_bool().unwrap_or(true);
        let mut scaler = StandardScaler::new().with_mean(on("with_mean")).with_std(on("with_std"));
        let x = matrix(&case["rows"]);
        let output = scaler.fit_transform(&x).unwrap();
        close(&output.iter().copied().collect::<Vec<_>>(), &numbers(&case["output"]["data"]));
        let learned = [("mean", scaler.mean()), ("var", scaler.var()), ("scale", scaler.scale())];
        for (name, learned) in learned.into_iter().filter(|(name, _)| !case[*name].is_null()) {
            close(learned, &numbers(&case[name]["data"]));
        }
        let back = scaler.inverse_transform(&output).unwrap();
        close(&back.into_iter().collect::<Vec<_>>(), &x.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn splits() {
    for case in golden("train_test_split") {
        let args = case["args"].as_object().unwrap();
        let mut split = Split::new();
        for (name, value) in args {
            split = match (name.as_str(), value.as_u64()) {
                ("test_size", Some(rows)) => split.test_size(rows as usize),
                ("test_size", None) => split.test_size(value.as_f64().unwrap()),
                ("train_size", None) => split.train_size(value.as_f64().unwrap()),
                ("random_state", Some(seed)) => split.random_state(seed as u32),
                ("shuffle", _) => split.shuffle(value.as_bool().unwrap()),
                ("stratify", _) => split.stratify(&rows(&case["labels"])),
                other => panic!("{other:?}"),
            };
        }
        let all: Vec<usize> = (0..case["rows"].as_u64().unwrap() as usize).collect();
        let (train, test) = train_test_split((&all,), split).unwrap();
        if case.get("train").is_some() {
            assert_eq!((train, test), (rows(&case["train"]), rows(&case["test"])), "{args:?}");
        } else {
            assert_eq!(vec![train.len(), test.len()], rows(&case["sizes"]));
            assert!(train.starts_with(&rows(&case["train_starts"])));
            assert!(test.starts_with(&rows(&case["test_starts"])));
        }
    }
}

#[test]
fn categorical() {
    fn given(json: &Json) -> ArrayD<f64> {
        let flat =
            |v: &Json| v.as_array().map_or_else(|| vec![v.as_f64().unwrap()], |_| numbers(v));
        let mut shape = vec![list(json).len()];
        shape.extend(json[0].as_array().map(Vec::len));
        let data = list(json).iter().flat_map(flat).collect();
        ArrayD::from_shape_vec(IxDyn(&shape), data).unwrap()
    }
    for case in golden("to_categorical") {
        let (x, count) = (given(&case["x"]), case["num_classes"].as_u64().map(|n| n as usize));
        let y = to_categorical(&x, count);
        // Keras takes -1 for the last class; a label below 0 is a mistake here.
        if case.get("error").is_some() || x.iter().any(|v| *v < 0.0) {
            assert!(y.is_err());
        } else {
            assert_eq!(y.unwrap().mapv(f64::from), array(&case["output"]));
        }
    }
}

#[test]
fn reports() {
    fn check<L: Label>(case: &Json, y_true: &[L], y_pred: &[L], text: &str) {
        let mut report = classification_report(y_true, y_pred).unwrap();
        if let Some(names) = case["args"].get("target_names") {
            report = report.target_names(&texts(names)).unwrap();
        }
        if let Some(digits) = case["args"]["digits"].as_u64() {
            report = report.digits(digits as usize);
        }
        assert_eq!(report.to_string().trim_end(), text.trim_end());
        let counts = confusion_matrix(y_true, y_pred).unwrap();
        let expected: Vec<usize> = list(&case["confusion_matrix"]).iter().flat_map(rows).collect();
        assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    }
    // A choice of labels is not offered.
    for case in golden("reports").iter().filter(|c| c["args"].get("labels").is_none()) {
        let text = texts(&case["report"]).join("\n");
        match case["y_true"][0].is_string() {
            true => check(case, &texts(&case["y_true"]), &texts(&case["y_pred"]), &text),
            false => check(case, &rows(&case["y_true"]), &rows(&case["y_pred"]), &text),
        }
    }
}

#[test]
fn curves_of_scores() {
    for case in golden("curves") {
        let labels: Vec<i64> = list(&case["y"]).iter().map(|v| v.as_i64().unwrap()).collect();
        let scores = numbers(&case["score"]);
        let roc = roc_curve(&labels, &scores).unwrap();
        close(&roc.fpr, &numbers(&case["fpr"]));
        close(&roc.tpr, &numbers(&case["tpr"]));
        close(&roc.thresholds[1..], &numbers(&case["thresholds"]));
        close(&[roc.auc()], &[case["auc"].as_f64().unwrap()]);
        let curve = precision_recall_curve(&labels, &scores).unwrap();
        close(&curve.precision, &numbers(&case["precision"]));
        close(&curve.recall, &numbers(&case["recall"]));
        close(&curve.thresholds, &numbers(&case["steps"]));
        let average = case["average_precision"].as_f64().unwrap();
        close(&[curve.average_precision()], &[average]);
    }
}
