//! What each protocol asks and answers, against a live service.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Answer, Folder, Live, colours, line, two, words};
use ferras::Tensor;
use ferras::datasets::npy;
use ferras_serve::{Options, Preprocess};
use serde_json::{Value as Json, json};

fn live(name: &str) -> (Folder, Live) {
    let folder = Folder::new(name);
    let models = [line(&folder), two(&folder), colours(&folder)];
    let models: Vec<&str> = models.iter().map(String::as_str).collect();
    let live = Live::new(&models, Options::new());
    (folder, live)
}

#[test]
fn tensorflow_serving_states_and_describes() {
    let (_folder, live) = live("tf-look");
    let fine = json!({"error_code": "OK", "error_message": ""});
    let version = json!({"version": "1", "state": "AVAILABLE", "status": fine});
    let expected = json!({ "model_version_status": [version] });
    assert_eq!(live.get("/v1/models/line").ok(), expected);
    assert_eq!(live.get("/v1/models/line/versions/1").ok(), expected);
    let told = live.get("/v1/models/two/metadata").ok();
    let spec = json!({"name": "two", "signature_name": "", "version": "1"});
    assert_eq!(told["model_spec"], spec);
    let signature = &told["metadata"]["signature_def"]["signature_def"]["serving_default"];
    assert_eq!(signature["method_name"], "tensorflow/serving/predict");
    let right = &signature["inputs"]["right"];
    assert_eq!(right["dtype"], "DT_FLOAT");
    let dims = json!([{"size": "-1", "name": ""}, {"size": "3", "name": ""}]);
    assert_eq!(right["tensor_shape"], json!({"dim": dims, "unknown_rank": false}));
    assert_eq!(signature["outputs"]["both"]["name"], "StatefulPartitionedCall:1");
    for (path, status) in [
        ("/v1/models/none", 404),
        ("/v1/models/line/versions/2", 404),
        ("/v1/models/line/versions/x", 404),
        ("/v1/models/line/nothing", 404),
        ("/v1/models/line:predict", 405),
        ("/v1/models/..%2f..%2fetc%2fpasswd", 404),
        ("/v1/other", 404),
    ] {
        assert!(!live.get(path).error(status).is_empty(), "{path}");
    }
}

#[test]
fn tensorflow_serving_predicts_by_row_and_by_array() {
    let (_folder, live) = live("tf-predict");
    let ask = |body: Json| live.post("/v1/models/line:predict", body.to_string());
    let rows = json!([[1, 0, 0], [0, 1.5, -1e0]]);
    let values = json!([[1.0, 10.5], [0.0, 0.5]]);
    assert_eq!(ask(json!({ "instances": rows })).ok(), json!({ "predictions": values }));
    assert_eq!(ask(json!({ "inputs": rows })).ok(), json!({ "outputs": values }));
    assert_eq!(ask(json!({"inputs": {"x": rows}})).ok(), json!({ "outputs": values }));
    let named = json!({"signature_name": "serving_default", "instances": [{"x": [1, 0, 0]}]});
    assert_eq!(ask(named).ok(), json!({"predictions": [[1.0, 10.5]]}));
    let versioned = live.post("/v1/models/line/versions/1:predict", r#"{"instances":[[0,0,0]]}"#);
    assert_eq!(versioned.ok(), json!({"predictions": [[0.0, 0.5]]}));

    let ask = |body: Json| live.post("/v1/models/two:predict", body.to_string());
    let rows = json!([{"left": [1, 2], "right": [3, 4, 5]}, {"right": [0, 0, 0], "left": [1, 1]}]);
    let first = json!({"sum": [15.0], "both": [1.0, 2.0, 3.0, 4.0, 5.0]});
    let second = json!({"sum": [2.0], "both": [1.0, 1.0, 0.0, 0.0, 0.0]});
    let answer = ask(json!({ "instances": rows })).ok();
    assert_eq!(answer, json!({"predictions": [first, second]}));
    let arrays = json!({"left": [[1, 2]], "right": [[3, 4, 5]]});
    let outputs = json!({"sum": [[15.0]], "both": [[1.0, 2.0, 3.0, 4.0, 5.0]]});
    assert_eq!(ask(json!({ "inputs": arrays })).ok(), json!({ "outputs": outputs }));
}

#[test]
fn tensorflow_serving_takes_and_gives_what_is_not_finite() {
    let (_folder, live) = live("tf-finite");
    let answer = live.post("/v1/models/line:predict", r#"{"instances": [[NaN, Infinity, 0]]}"#);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, br#"{"predictions":[[NaN,NaN]]}"#);
    let answer = live.post("/v1/models/line:predict", r#"{"inputs": [[0, -Infinity, 0]]}"#);
    assert_eq!(answer.body, br#"{"outputs":[[-Infinity,-Infinity]]}"#);
}

#[test]
fn tensorflow_serving_tells_what_is_wrong() {
    let (_folder, live) = live("tf-wrong");
    let wrong = |model: &str, body: &str, words: &str| {
        let error = live.post(&format!("/v1/models/{model}:predict"), body).error(400);
        assert!(error.contains(words), "{body}: {error}");
    };
    wrong("line", "", "not the JSON");
    wrong("line", "{", "not the JSON");
    wrong("line", "[]", "not the JSON");
    wrong("line", "{}", "neither instances nor inputs");
    wrong("line", r#"{"instances": []}"#, "empty");
    wrong("line", r#"{"instances": [[1,2,3]], "inputs": [[1,2,3]]}"#, "give one");
    wrong("line", r#"{"instances": [[1,2,3]], "more": 1}"#, "\"more\"");
    wrong("line", r#"{"instances": [[1,2]]}"#, "expected shape (None, 3), got (1, 2)");
    wrong("line", r#"{"instances": [1,2,3]}"#, "expected shape (None, 3), got (3,)");
    wrong("line", r#"{"instances": [[1,2,3],[1,2]]}"#, "side by side");
    wrong("line", r#"{"instances": [["a","b","c"]]}"#, "found a text");
    wrong("line", r#"{"instances": [[1,2,null]]}"#, "found null");
    wrong("line", r#"{"instances": [{"z": [1,2,3]}]}"#, "no input \"z\"");
    wrong("line", r#"{"signature_name": "other", "instances": [[1,2,3]]}"#, "\"other\"");
    wrong("two", r#"{"instances": [[1,2]]}"#, "2 inputs (left, right)");
    wrong("two", r#"{"instances": [{"left": [1,2]}]}"#, "instance 0 lacks the input \"right\"");
    wrong("two", r#"{"instances": [{"left": [1,2], "left": [1,2]}]}"#, "twice");
    wrong("two", r#"{"inputs": {"left": [[1,2]]}}"#, "lacks the input \"right\"");
    wrong("two", r#"{"inputs": {"left": [[1,2],[1,2]], "right": [[1,2,3]]}}"#, "lengths");
    let error = live.post("/v1/models/none:predict", "{}").error(404);
    assert!(error.contains("there are line, two, colours"), "{error}");
    assert!(live.post("/v1/models/line:classify", "{}").error(400).contains("use predict"));
    live.post("/v1/models/line:other", "{}").error(404);
    live.post("/v1/models/line", "{}").error(405);
}

#[test]
fn open_inference_states_and_describes() {
    let (_folder, live) = live("v2-look");
    let server = live.get("/v2").ok();
    assert_eq!(
        (&server["name"], &server["extensions"][0]),
        (&"ferras".into(), &"binary_tensor_data".into())
    );
    assert_eq!(live.get("/v2/health/live").ok()["live"], true);
    assert_eq!(live.get("/v2/health/ready").ok()["ready"], true);
    assert_eq!(live.get("/v2/models/line/ready").ok(), json!({"name": "line", "ready": true}));
    let tensor = |name, sizes| json!({"name": name, "datatype": "FP32", "shape": sizes});
    let expected = json!({
        "name": "line", "versions": ["1"], "platform": "ferras_keras",
        "inputs": [tensor("x", [-1, 3])], "outputs": [tensor("y", [-1, 2])],
    });
    assert_eq!(live.get("/v2/models/line").ok(), expected);
    assert_eq!(live.get("/v2/models/line/versions/1").ok(), expected);
    live.get("/v2/models/none").error(404);
    live.get("/v2/models/none/ready").error(404);
    assert_eq!(live.get("/v2/models/line/infer").status, 405);
}

#[test]
fn open_inference_infers_from_json() {
    let (_folder, live) = live("v2-infer");
    let ask =
        |model: &str, body: Json| live.post(&format!("/v2/models/{model}/infer"), body.to_string());
    let x = json!({"name": "x", "shape": [2, 3], "datatype": "FP32", "data": [1, 0, 0, 0, 1, 0]});
    let y =
        json!({"name": "y", "shape": [2, 2], "datatype": "FP32", "data": [1.0, 10.5, 2.0, 20.5]});
    let head = json!({"model_name": "line", "model_version": "1", "id": "42", "outputs": [y]});
    assert_eq!(ask("line", json!({"id": "42", "inputs": [x]})).ok(), head);
    // Nested, members in any order, another type.
    let body =
        r#"{"inputs": [{"data": [[1,0,0]], "datatype": "INT64", "name": "x", "shape": [1,3]}]}"#;
    let answer = live.post("/v2/models/line/versions/1/infer", body).ok();
    assert_eq!(answer["outputs"][0]["data"], json!([1.0, 10.5]));
    let tensor = |name, sizes: [usize; 2], data: Json| json!({"data": data, "name": name, "shape": sizes, "datatype": "FP32"});
    let (left, right) =
        (tensor("left", [1, 2], json!([1, 2])), tensor("right", [1, 3], json!([3, 4, 5])));
    let answer = ask("two", json!({"inputs": [right, left], "outputs": [{"name": "sum"}]})).ok();
    assert_eq!(
        answer["outputs"],
        json!([{"name": "sum", "shape": [1, 1], "datatype": "FP32", "data": [15.0]}])
    );
    let wrong = |body: Json, words: &str| {
        let error = ask("line", body.clone()).error(400);
        assert!(error.contains(words), "{body}: {error}");
    };
    let input = |key: &str, value: Json| {
        let mut input =
            json!({"name": "x", "shape": [1, 3], "datatype": "FP32", "data": [1, 2, 3]});
        input[key] = value;
        json!({ "inputs": [input] })
    };
    wrong(json!({}), "lacks the input \"x\"");
    wrong(input("name", json!("z")), "no input \"z\"");
    wrong(input("shape", json!([1, 4])), "3 numbers do not fill the shape (1, 4)");
    wrong(input("shape", json!([3])), "expected shape (None, 3), got (3,)");
    wrong(input("shape", json!([-1, 3])), "a list of sizes");
    wrong(input("datatype", json!("BYTES")), "\"BYTES\"");
    wrong(input("data", json!("abc")), "found a text");
    wrong(json!({"inputs": [{"name": "x", "shape": [1, 3], "datatype": "FP32"}]}), "no data");
    wrong(json!({"inputs": [], "outputs": [{"name": "z"}]}), "lacks");
    let nan =
        r#"{"inputs": [{"name": "x", "shape": [1,3], "datatype": "FP32", "data": [NaN,0,0]}]}"#;
    assert!(live.post("/v2/models/line/infer", nan).error(400).contains("JSON"));
}

#[test]
fn texts_are_taken_by_every_protocol() {
    let folder = Folder::new("words");
    let live = Live::new(&[&words(&folder)], Options::new());
    let input = live.get("/v2/models/words").ok()["inputs"][0].clone();
    assert_eq!((&input["datatype"], &input["shape"]), (&json!("BYTES"), &json!([-1, 2])));
    let name = input["name"].clone();
    let rows = json!([["good", "bad"], ["good", "good"]]);
    let counts = json!([[2.0], [1.0]]);
    let rest = |body: Json| live.post("/v1/models/words:predict", body.to_string());
    assert_eq!(rest(json!({ "instances": rows })).ok(), json!({ "predictions": counts }));
    assert_eq!(rest(json!({ "inputs": rows })).ok(), json!({ "outputs": counts }));
    assert!(rest(json!({"instances": [[1, 2]]})).error(400).contains("texts"));
    assert!(rest(json!({"instances": [["good"]]})).error(400).contains("shape"));
    let infer =
        |input: Json| live.post("/v2/models/words/infer", json!({ "inputs": [input] }).to_string());
    let asked = json!({"name": name, "shape": [2, 2], "datatype": "BYTES", "data": rows});
    assert_eq!(infer(asked.clone()).ok()["outputs"][0]["data"], json!([2.0, 1.0]));
    let mut wrong = asked;
    wrong["datatype"] = json!("FP32");
    assert!(infer(wrong).error(400).contains("takes texts"));

    let bytes = b"\x04\0\0\0good\x03\0\0\0bad";
    let parameters = json!({ "binary_data_size": bytes.len() });
    let input =
        json!({"name": name, "shape": [1, 2], "datatype": "BYTES", "parameters": parameters});
    let head = json!({ "inputs": [input] }).to_string();
    let length = head.len().to_string();
    let headers = [("inference-header-content-length", &length[..])];
    let body = [head.as_bytes(), bytes].concat();
    let answer = live.ask("POST", "/v2/models/words/infer", &headers, &body);
    assert_eq!(answer.ok()["outputs"][0]["data"], json!([2.0]));
    let answer = live.ask("POST", "/v2/models/words/infer", &headers, &body[..body.len() - 1]);
    assert!(answer.error(400).contains("bytes"));
}

fn split(answer: &Answer) -> (Json, Vec<f32>) {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    let length: usize = answer.header("inference-header-content-length").unwrap().parse().unwrap();
    let (head, rest) = answer.body.split_at(length);
    let numbers = rest.chunks(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect();
    (serde_json::from_slice(head).unwrap(), numbers)
}

#[test]
fn open_inference_takes_and_gives_bytes() {
    let (_folder, live) = live("v2-bytes");
    let bytes = |numbers: &[f32]| numbers.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>();
    let ask = |head: &Json, tail: &[u8]| {
        let head = head.to_string();
        let length = head.len().to_string();
        let headers = [("Inference-Header-Content-Length", &length[..])];
        live.ask("POST", "/v2/models/two/infer", &headers, &[head.as_bytes(), tail].concat())
    };
    let input = |name, sizes: [usize; 2], size: usize| json!({"name": name, "shape": sizes, "datatype": "FP32", "parameters": {"binary_data_size": size}});
    let mut head = json!({
        "inputs": [input("right", [1, 3], 12), input("left", [1, 2], 8)],
        "outputs": [{"name": "both", "parameters": {"binary_data": true}}, {"name": "sum"}],
    });
    let tail = bytes(&[3.0, 4.0, 5.0, 1.0, 2.0]);
    let (told, numbers) = split(&ask(&head, &tail));
    assert_eq!(numbers, [1.0, 2.0, 3.0, 4.0, 5.0]);
    let both = json!({"name": "both", "shape": [1, 5], "datatype": "FP32", "parameters": {"binary_data_size": 20}});
    let sum = json!({"name": "sum", "shape": [1, 1], "datatype": "FP32", "data": [15.0]});
    assert_eq!(told["outputs"], json!([both, sum]));
    head["outputs"] = json!([]);
    head["parameters"] = json!({"binary_data_output": true});
    assert_eq!(split(&ask(&head, &tail)).1, [15.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert!(ask(&head, &tail[1..]).error(400).contains("fewer bytes"));
    assert!(ask(&head, &[&tail[..], b"x"].concat()).error(400).contains("1 bytes behind"));
    head["inputs"][0]["parameters"]["binary_data_size"] = json!(11);
    assert!(ask(&head, &tail).error(400).contains("(1, 3)"));

    // Without any JSON.
    let raw = [("Inference-Header-Content-Length", "0")];
    let answer = live.ask(
        "POST",
        "/v2/models/line/infer",
        &raw,
        &bytes(&[1.0, 0.0, 0.0, f32::NAN, 0.0, 0.0]),
    );
    let (told, numbers) = split(&answer);
    assert_eq!(told["outputs"][0]["shape"], json!([2, 2]));
    assert!(numbers[..2] == [1.0, 10.5] && numbers[2].is_nan());
    let wrong = live.ask("POST", "/v2/models/line/infer", &raw, &[0; 13]);
    assert!(wrong.error(400).contains("no whole rows"));
    let wrong = live.ask(
        "POST",
        "/v2/models/line/infer",
        &[("Inference-Header-Content-Length", "99")],
        b"{}",
    );
    assert!(wrong.error(400).contains("length"));
}

/// A picture of one colour, as PNG.
fn picture(colour: [u8; 3], size: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(size, size, image::Rgb(colour));
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

fn form(files: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for file in files {
        body.extend(
            b"--frontier\r\nContent-Disposition: form-data; name=\"image\"; filename=\"a.png\"\r\n",
        );
        body.extend(b"Content-Type: image/png\r\n\r\n");
        body.extend(*file);
        body.extend(b"\r\n");
    }
    body.extend(b"--frontier--\r\n");
    body
}

const FORM: (&str, &str) = ("Content-Type", "multipart/form-data; boundary=frontier");

#[test]
fn pictures_become_labels() {
    let folder = Folder::new("pictures");
    let labels = ["red", "green", "blue"].map(String::from).to_vec();
    let live = Live::new(&[&colours(&folder)], Options::new().labels(labels));
    let green = picture([0, 255, 0], 9);
    let answer = live.ask("POST", "/predict", &[FORM], &form(&[&green])).ok();
    let e = std::f64::consts::E;
    let first = &answer["predictions"][0];
    assert_eq!((&answer["success"], &first["label"]), (&true.into(), &"green".into()));
    assert!((first["probability"].as_f64().unwrap() - e / (e + 2.0)).abs() < 1e-6);
    assert_eq!(live.post("/predict", &green).ok(), answer);
    assert_eq!(
        live.post("/predict?top=1", &green).ok()["predictions"].as_array().unwrap().len(),
        1
    );
    let both = form(&[&green, &picture([255, 0, 0], 4)]);
    let answer = live.ask("POST", "/predict", &[FORM], &both).ok();
    assert_eq!(answer["predictions"][1][0]["label"], "red");
    for (headers, body, words) in [
        (&[FORM][..], b"--frontier--\r\n".to_vec(), "no field image"),
        (&[FORM], b"nothing".to_vec(), "the form cannot be read"),
        (&[("Content-Type", "multipart/form-data")], green.clone(), "boundary"),
        (&[], green[..40].to_vec(), "cannot be read"),
        (&[], b"  ".to_vec(), "empty"),
        (&[], vec![0xff, 0xfe, 0x00], "no picture"),
    ] {
        let answer = live.ask("POST", "/predict", headers, &body);
        let error = answer.error(400);
        assert!(error.contains(words), "{words}: {error}");
        assert_eq!(answer.json()["success"], false);
    }
}

#[test]
fn pixels_are_prepared_as_keras_does() {
    let folder = Folder::new("pixels");
    let pixel = picture([10, 100, 250], 4);
    let expected = |preprocess: Preprocess| match preprocess {
        Preprocess::Imagenet => [250.0 - 103.939, 100.0 - 116.779, 10.0 - 123.68],
        Preprocess::Tf => [10.0, 100.0, 250.0].map(|v| v / 127.5 - 1.0),
        Preprocess::Torch => [(10.0, 0.485, 0.229), (100.0, 0.456, 0.224), (250.0, 0.406, 0.225)]
            .map(|(v, mean, deviation)| (v / 255.0 - mean) / deviation),
        _ => [10.0, 100.0, 250.0],
    };
    let x = ferras::prelude::Input::named("x", [4, 4, 3]);
    let y = ferras::prelude::LayerExt::apply(ferras::prelude::GlobalAveragePooling2D::new(), &x);
    let path = folder.join("mean.keras");
    ferras::models::Model::new(&x, &y).unwrap().save(&path).unwrap();
    for name in ["none", "imagenet", "tf", "torch"] {
        let preprocess: Preprocess = name.parse().unwrap();
        let live = Live::new(&[&path], Options::new().preprocess(preprocess));
        let told = live.post("/predict", &pixel).ok();
        for (i, expected) in expected(preprocess).into_iter().enumerate() {
            let value = told["predictions"][i]["value"].as_f64().unwrap();
            assert!((value - expected).abs() < 1e-4, "{name}: {told}");
        }
    }
}

#[test]
fn numbers_come_in_many_forms() {
    let (_folder, live) = live("numbers");
    let expected = json!({"success": true, "predictions": [
        [{"label": "y_0", "value": 1.0}, {"label": "y_1", "value": 10.5}],
        [{"label": "y_0", "value": 2.0}, {"label": "y_1", "value": 20.5}],
    ]});
    let array = Tensor::new([2, 3], vec![1_u8, 0, 0, 0, 1, 0]).unwrap();
    for body in [
        b"1,0,0\n0,1,0\n".to_vec(),
        b"a,b,c\r\n1;0;0\r\n\r\n0;1;0".to_vec(),
        b"1\t0\t0\n0 1 0".to_vec(),
        b"[[1,0,0],[0,1,0]]".to_vec(),
        br#"{"instances": [[1,0,0],[0,1,0]]}"#.to_vec(),
        br#"{"inputs": {"x": [[1,0,0],[0,1,0]]}}"#.to_vec(),
        npy::to_bytes(&array),
    ] {
        assert_eq!(live.post("/predict?model=line", &body).ok(), expected);
    }
    let one = npy::to_bytes(&Tensor::new([3], vec![1.0_f64, 0.0, 0.0]).unwrap());
    assert_eq!(
        live.post("/predict?model=line", &one).ok()["predictions"][0],
        expected["predictions"][0]
    );
    let headers = [("Accept", "application/x-npy")];
    let answer =
        live.ask("POST", "/predict?model=line&version=1", &headers, &npy::to_bytes(&array));
    assert_eq!(answer.header("content-type"), Some("application/x-npy"));
    let outputs = npy::from_bytes(&answer.body).unwrap();
    assert_eq!(outputs, Tensor::new([2, 2], vec![1.0_f32, 10.5, 2.0, 20.5]).unwrap());
    // A picture's numbers side by side.
    let row = vec!["0.5"; 48].join(",");
    let told = live.post("/predict?model=colours", row).ok();
    assert_eq!(told["predictions"][0].as_array().unwrap().len(), 3);
    let several = live
        .post("/predict?model=two", r#"{"inputs": {"left": [[1,2]], "right": [[3,4,5]]}}"#)
        .ok();
    assert_eq!(
        several["predictions"][0][0],
        json!({"label": "sum", "value": 15.0, "output": "sum"})
    );
    for (path, body, status, words) in [
        ("/predict", "1,2,3", 400, "3 models (line, two, colours)"),
        ("/predict?model=none", "1,2,3", 404, "\"none\""),
        ("/predict?model=line&version=x", "1,2,3", 400, "version is a number"),
        ("/predict?model=line&version=9", "1,2,3", 404, "no version 9"),
        ("/predict?model=line", "1,2", 400, "expected shape (None, 3), got (1, 2)"),
        ("/predict?model=line", "1,2,3\n1,2", 400, "line 2 has 2 numbers, not 3"),
        ("/predict?model=line", "1,2,3\n1,2,x", 400, "line 2: \"x\" is not a number"),
        ("/predict?model=line", "a,b,c", 400, "no line of numbers"),
        ("/predict?model=two", "1,2,3", 400, "2 inputs"),
    ] {
        let error = live.post(path, body).error(status);
        assert!(error.contains(words), "{path} {body}: {error}");
    }
    let picture = picture([0, 0, 0], 4);
    assert!(live.post("/predict?model=line", picture).error(400).contains("takes no pictures"));
    let nan = live.post("/predict?model=line", "nan,0,0").ok();
    assert_eq!(nan["predictions"][0][0], json!({"label": "y_0", "value": null}));
    live.get("/predict").error(405);
}

#[test]
fn what_there_is_is_described() {
    let (_folder, live) = live("described");
    let document = live.get("/openapi.json").ok();
    assert_eq!(document["openapi"], "3.1.0");
    for path in ["/predict", "/v1/models/two:predict", "/v2/models/line/infer", "/metrics"] {
        assert!(document["paths"][path].is_object(), "{path}");
    }
    let body = &document["paths"]["/v1/models/line:predict"]["post"]["requestBody"];
    let rows = &body["content"]["application/json"]["schema"]["properties"]["instances"];
    assert_eq!(rows["items"]["minItems"], 3);
    let models = live.get("/models").ok();
    assert_eq!(models["models"][2]["picture"]["channels"], 3);
    assert_eq!(models["models"][2]["outputs"][0]["meaning"], "classes");
    assert_eq!(models["models"][0]["parameters"], 8);
    live.post("/v1/models/line:predict", r#"{"instances":[[1,2,3],[1,2,3]]}"#).ok();
    let metrics = String::from_utf8(live.get("/metrics").body).unwrap();
    assert!(metrics.contains("ferras_rows_total{model=\"line\"} 2\n"), "{metrics}");
    assert!(metrics.contains("ferras_requests_total{protocol=\"tensorflow\",status=\"200\"} 1\n"));
    for path in ["/", "/page.css", "/page.js", "/icon.svg"] {
        let page = live.get(path);
        assert_eq!(page.status, 200);
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'"));
        let text = String::from_utf8(page.body).unwrap().replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("http://") && !text.contains("https://"),
            "{path} names another place"
        );
    }
    live.get("/nothing").error(404);
    live.post("/models", "").error(405);
    assert_eq!(live.post("/", "").header("allow"), Some("GET"));
}

#[test]
fn a_token_is_asked_for() {
    let folder = Folder::new("token");
    let live = Live::new(&[&line(&folder)], Options::new().token("s3cret"));
    for path in ["/", "/page.js", "/v2/health/live", "/v2/health/ready"] {
        assert_eq!(live.get(path).status, 200, "{path}");
    }
    for path in ["/models", "/metrics", "/openapi.json", "/v1/models/line", "/v2", "/nothing"] {
        assert!(live.get(path).error(401).contains("Bearer"), "{path}");
    }
    let body = br#"{"instances":[[1,2,3]]}"#;
    let ask = |value: &str| {
        live.ask("POST", "/v1/models/line:predict", &[("Authorization", value)], body)
    };
    ask("Bearer s3cret").ok();
    ask("bearer s3cret").ok();
    for wrong in ["Bearer s3cre", "Bearer s3cret2", "Basic s3cret", "s3cret", "Bearer "] {
        assert_eq!(ask(wrong).header("www-authenticate"), Some("Bearer"), "{wrong}");
    }
    let refused = live.ask("POST", "/predict", &[], b"1,2,3");
    assert_eq!((refused.status, &refused.json()["success"]), (401, &false.into()));
}
