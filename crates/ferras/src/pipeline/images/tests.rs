//! Flows and folders compared with Keras: `tests/golden/pictures.json`, `tests/golden/image_folders.json`.
use super::*;
use crate::config::{FromConfig, Map, Scope};
use crate::datasets::Table;
use crate::files::tests::Folder;
use crate::golden::{assert_close, load, tensor};
use crate::preprocessing::image::{ImageDataGenerator, SaveImg, save_img};
use crate::trainer::dataset::{Batch, Dataset};
use base64::Engine;
use ferras_graph::Tensor;
use serde_json::Value as Json;

fn of<T: FromConfig>(args: &Json) -> T {
    let args: Map = args.as_object().unwrap().clone();
    T::from_config(&args, &Scope::default()).unwrap()
}

fn all(data: &mut dyn Dataset) -> Vec<Batch> {
    data.batches().collect::<crate::Result<_>>().unwrap()
}

#[test]
fn flows_are_kerass_for_a_seed() {
    for case in load("pictures")["flows"].as_array().unwrap() {
        let generator: ImageDataGenerator = of(&case["args"]);
        for workers in [0, 1, 3] {
            let options: Flow = of(&case["options"]);
            let (x, y) = (tensor(&case["x"]), tensor(&case["y"]));
            let mut flow = generator.flow(x, y, options.workers(workers)).unwrap();
            let mut found = all(&mut flow);
            found.extend(all(&mut flow));
            let expected = case["batches"].as_array().unwrap();
            assert_eq!(found.len(), expected.len());
            for (i, (batch, pair)) in found.iter().zip(expected).enumerate() {
                let what = format!("{} batch {i}", case["options"]);
                assert_close(batch.x[0].numbers().unwrap(), &pair[0], 1e-5, &what);
                assert_close(&batch.y[0], &pair[1], 0.0, &what);
            }
        }
    }
}

/// A folder of two classes with three pictures each, of one colour.
fn pets(name: &str) -> Folder {
    let folder = Folder::new(name);
    for (class, first) in [("cat", 10_u8), ("dog", 110)] {
        std::fs::create_dir_all(folder.join(class).join("inner")).unwrap();
        for i in 0..3 {
            let x = Tensor::new([2, 3, 3], vec![first + 10 * i; 18]).unwrap();
            let file = if i == 1 { "inner/1.png".into() } else { format!("{i}.png") };
            save_img(folder.join(class).join(file), &x, SaveImg::new().scale(false)).unwrap();
        }
        std::fs::write(folder.join(class).join("notes.txt"), "no picture").unwrap();
    }
    folder
}

fn first_pixels(batches: &[Batch]) -> Vec<f64> {
    let pixels = |b: &Batch| {
        let size: usize = b.x[0].shape().iter().skip(1).product();
        b.x[0].numbers().unwrap().to_f64_vec().into_iter().step_by(size).collect::<Vec<_>>()
    };
    batches.iter().flat_map(pixels).collect()
}

#[test]
fn flows_of_folders() {
    let folder = pets("flow");
    let generator = ImageDataGenerator::new().rescale(0.1).validation_split(0.4);
    let options = FlowFromDirectory::new().target_size((2, 2)).batch_size(4).shuffle(false);
    let mut flow = generator.flow_from_directory(&folder.0, options.clone()).unwrap();
    assert_eq!((flow.samples(), flow.class_names()), (6, &["cat".to_string(), "dog".into()][..]));
    assert_eq!(flow.filenames()[1], "cat/2.png");
    assert_eq!(flow.classes(), [0, 0, 0, 1, 1, 1]);
    let batches = all(&mut flow);
    for (found, expected) in first_pixels(&batches).iter().zip([1.0, 3.0, 2.0, 11.0, 13.0, 12.0]) {
        assert!((found - expected).abs() < 1e-6);
    }
    assert_eq!(batches[0].y[0].to_f64_vec(), [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]);
    let part = |subset, options: FlowFromDirectory| {
        generator.flow_from_directory(&folder.0, options.subset(subset)).unwrap()
    };
    assert_eq!(part("validation", options.clone()).filenames(), ["cat/0.png", "dog/0.png"]);
    let dogs = options.clone().classes(["dog"]).class_mode("sparse");
    assert_eq!(part("training", dogs).filenames(), ["dog/2.png", "dog/inner/1.png"]);
    let mut same = generator.flow_from_directory(&folder.0, options.class_mode("input")).unwrap();
    let batch = &all(&mut same)[0];
    assert_eq!(batch.x[0].numbers().unwrap().to_f64_vec(), batch.y[0].to_f64_vec());
}

#[test]
fn flows_of_tables() {
    let folder = pets("table");
    let table =
        "filename,class,age,weight\ncat/0.png,cat,3,1\ndog/2.png,dog,5,2\ncat/9.png,cat,7,1\n";
    let table = Table::parse(table).unwrap();
    let generator = ImageDataGenerator::new();
    let options = FlowFromTable::new().directory(folder.0.to_string_lossy()).target_size((2, 2));
    let options = options.shuffle(false).weight_col("weight");
    let batches = all(&mut generator.flow_from_table(&table, options.clone()).unwrap());
    assert_eq!(first_pixels(&batches), [10.0, 130.0]);
    assert_eq!(batches[0].y[0].to_f64_vec(), [1.0, 0.0, 0.0, 1.0]);
    assert_eq!(batches[0].sample_weight[0].to_f64_vec(), [1.0, 2.0]);
    let both = options.clone().y_col(["age", "weight"]).class_mode("raw");
    let batches = all(&mut generator.flow_from_table(&table, both).unwrap());
    assert_eq!(batches[0].y[0].to_f64_vec(), [3.0, 1.0, 5.0, 2.0]);
    let apart = options.clone().y_col(["age", "weight"]).class_mode("multi_output");
    assert_eq!(all(&mut generator.flow_from_table(&table, apart).unwrap())[0].y.len(), 2);
    let missing = options.clone().validate_filenames(false);
    let mut flow = generator.flow_from_table(&table, missing).unwrap();
    assert!(flow.batches().any(|b| b.is_err_and(|e| e.to_string().contains("9.png"))));
    let one = options.classes(["cat"]).class_mode("binary");
    let error = generator.flow_from_table(&table, one).unwrap_err().to_string();
    assert!(error.contains("exactly 2 classes"), "{error}");
}

#[test]
fn changed_pictures_are_kept() {
    let folder = pets("kept");
    let out = folder.join("out");
    std::fs::create_dir(&out).unwrap();
    let options = FlowFromDirectory::new().classes(["cat"]).save_to_dir(out.to_string_lossy());
    let options = options.save_prefix("cat").target_size((4, 4)).save_format("jpeg");
    let mut flow = ImageDataGenerator::new().flow_from_directory(&folder.0, options).unwrap();
    all(&mut flow);
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 3);
}

#[test]
fn folders_are_kerass() {
    let golden = load("image_folders");
    let folder = Folder::new("image-folders");
    let engine = base64::engine::general_purpose::STANDARD;
    for (name, text) in golden["files"].as_object().unwrap() {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, engine.decode(text.as_str().unwrap()).unwrap()).unwrap();
    }
    for case in golden["cases"].as_array().unwrap() {
        let options = || of::<ImageDatasetFromDirectory>(&case["args"]).verbose(false);
        let mut data = match case["args"]["subset"] == "both" {
            true => {
                let (a, b) = image_datasets_from_directory(&folder.0, options()).unwrap();
                vec![a, b]
            }
            false => vec![image_dataset_from_directory(&folder.0, options()).unwrap()],
        };
        for (data, expected) in data.iter_mut().zip(case["sets"].as_array().unwrap()) {
            let what = case["args"].to_string();
            let inside = |p: &std::path::PathBuf| {
                p.strip_prefix(&folder.0).unwrap().to_string_lossy().into_owned()
            };
            let files: Vec<String> = data.file_paths().iter().map(inside).collect();
            assert_eq!(serde_json::json!(files), expected["files"], "{what}");
            let names = expected["class_names"].as_array().cloned().unwrap_or_default();
            assert_eq!(serde_json::json!(data.class_names()), Json::Array(names), "{what}");
            // The order within passes is ours.
            let Some(batches) = expected["batches"].as_array() else { continue };
            for (batch, pair) in all(data).iter().zip(batches) {
                assert_close(batch.x[0].numbers().unwrap(), &pair[0], 1e-5, &what);
                assert_eq!(
                    batch.x[0].numbers().unwrap().dtype(),
                    tensor(&pair[0]).dtype(),
                    "{what}"
                );
                match batch.y.first() {
                    Some(y) => {
                        assert_close(y, &pair[1], 0.0, &what);
                        assert_eq!(y.dtype(), tensor(&pair[1]).dtype(), "{what}");
                    }
                    None => assert!(pair[1].is_null(), "{what}"),
                }
            }
        }
    }
}

#[test]
fn folders_are_the_same_for_any_number_of_threads() {
    let folder = pets("threads");
    let mut runs = [0, 1, 3].map(|workers| {
        let options = ImageDatasetFromDirectory::new().image_size((2, 2)).batch_size(2).seed(3);
        let options = options.workers(workers).verbose(false);
        let mut data = image_dataset_from_directory(&folder.0, options).unwrap();
        [first_pixels(&all(&mut data)), first_pixels(&all(&mut data))]
    });
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0], runs[2]);
    assert_ne!(runs[0][0], runs[0][1], "passes have the same order");
    runs[0][0].sort_by(f64::total_cmp);
    assert_eq!(runs[0][0], [10.0, 20.0, 30.0, 110.0, 120.0, 130.0]);
}

#[test]
fn what_folders_cannot_be() {
    let folder = pets("wrong");
    let wrong = |options: ImageDatasetFromDirectory| {
        image_dataset_from_directory(&folder.0, options.verbose(false)).unwrap_err().to_string()
    };
    let new = ImageDatasetFromDirectory::new;
    assert!(wrong(new().labels("infered")).contains("must be \"inferred\""));
    assert!(wrong(new().labels(vec![1, 2])).contains("each of the 6 files"));
    assert!(wrong(new().class_names(["cat", "cow"])).contains("\"cow\""));
    assert!(wrong(new().labels(None).class_names(["cat"])).contains("class_names"));
    assert!(wrong(new().class_names(["cat"]).label_mode("binary")).contains("exactly 2 classes"));
    assert!(wrong(new().validation_split(0.2)).contains("subset"));
    assert!(wrong(new().subset("training")).contains("validation_split"));
    assert!(wrong(new().validation_split(1.2).subset("training")).contains("between 0 and 1"));
    assert!(wrong(new().validation_split(0.2).subset("training")).contains("\"seed\""));
    let little = new().validation_split(0.01).subset("training").seed(1);
    assert!(wrong(little).contains("none of 6 files"));
    assert!(wrong(new().validation_split(0.2).subset("both").seed(1)).contains("image_datasets"));
    assert!(wrong(new().crop_to_aspect_ratio(true).pad_to_aspect_ratio(true)).contains("exclude"));
    assert!(wrong(new().image_size(0)).contains("at least 1"));
    assert!(wrong(new().interpolation("cubic")).contains("bicubic"));
    let nowhere = image_dataset_from_directory("/no/such/folder", new()).unwrap_err();
    assert!(nowhere.to_string().starts_with("cannot read "));
    std::fs::write(folder.join("cat").join("5.png"), "no picture").unwrap();
    let mut data = image_dataset_from_directory(&folder.0, new().verbose(false)).unwrap();
    assert!(data.batches().any(|b| b.is_err_and(|e| e.to_string().contains("5.png"))));
}
