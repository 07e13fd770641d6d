//! Compared with Keras, Pillow and scipy: `tests/golden/pictures.json`.
use super::*;
use crate::config::{FromConfig, Map, Scope};
use crate::files::tests::Folder;
use crate::golden::{assert_close, load, tensor};
use base64::Engine;
use serde_json::Value as Json;

fn of<T: FromConfig>(args: &Json) -> T {
    let args: Map = args.as_object().unwrap().clone();
    T::from_config(&args, &Scope::default()).unwrap()
}

/// The options that a case names, less what is no option here.
fn options<T: FromConfig>(args: &Json, without: &str) -> T {
    let mut args = args.clone();
    args.as_object_mut().unwrap().shift_remove(without);
    of(&args)
}

#[test]
fn files_give_pillows_pixels() {
    let golden = load("pictures");
    let folder = Folder::new("pictures");
    let engine = base64::engine::general_purpose::STANDARD;
    for (name, text) in golden["files"].as_object().unwrap() {
        std::fs::write(folder.join(name), engine.decode(text.as_str().unwrap()).unwrap()).unwrap();
    }
    for case in golden["loads"].as_array().unwrap() {
        let name = case["file"].as_str().unwrap();
        let img = load_img(folder.join(name), of(&case["args"])).unwrap();
        let found = img_to_array(&img, ImgToArray::new()).unwrap();
        let what = format!("{name} {}", case["args"]);
        if !name.ends_with(".jpg") {
            assert_close(&found, &case["array"], 0.0, &what);
            continue;
        }
        let (found, expected) = (found.to_f64_vec(), tensor(&case["array"]).to_f64_vec());
        assert_eq!(found.len(), expected.len(), "{what}");
        let off: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| (a - b).abs()).collect();
        let mean = off.iter().sum::<f64>() / off.len() as f64;
        let most = off.iter().copied().fold(0.0, f64::max);
        assert!(mean < 0.5 && most <= 8.0, "{what}: {mean}, at most {most}");
    }
}

#[test]
fn arrays_there_and_back() {
    for case in load("pictures")["arrays"].as_array().unwrap() {
        let format = if case["name"] == "first" { "channels_first" } else { "channels_last" };
        let options = ArrayToImg::new().data_format(format).scale(case["scale"].as_bool().unwrap());
        let img = array_to_img(&tensor(&case["x"]), options).unwrap();
        let back = img_to_array(&img, ImgToArray::new().data_format(format)).unwrap();
        assert_close(&back, &case["array"], 0.0, &format!("{} {}", case["name"], case["scale"]));
    }
}

#[test]
fn smart_resize_is_keras() {
    for case in load("pictures")["smart_resize"].as_array().unwrap() {
        let size: Vec<usize> = serde_json::from_value(case["args"]["size"].clone()).unwrap();
        let options = options(&case["args"], "size");
        let y = smart_resize(&tensor(&case["x"]), (size[0], size[1]), options).unwrap();
        assert_close(&y, &case["y"], 1e-5, &case["args"].to_string());
    }
}

fn transform(json: &Json) -> Transform {
    let number = |name: &str| json[name].as_f64();
    let flip =
        |name: &str| json[name].as_bool().or(number(name).map(|v| v != 0.0)).unwrap_or(false);
    Transform {
        theta: number("theta").unwrap_or(0.0),
        tx: number("tx").unwrap_or(0.0),
        ty: number("ty").unwrap_or(0.0),
        shear: number("shear").unwrap_or(0.0),
        zx: number("zx").unwrap_or(1.0),
        zy: number("zy").unwrap_or(1.0),
        flip_horizontal: flip("flip_horizontal"),
        flip_vertical: flip("flip_vertical"),
        channel_shift_intensity: number("channel_shift_intensity"),
        brightness: number("brightness"),
    }
}

#[test]
fn changes_give_scipys_pixels() {
    for case in load("pictures")["changes"].as_array().unwrap() {
        let generator: ImageDataGenerator = of(&case["args"]);
        let change = transform(&case["change"]);
        let y = generator.apply_transform(&tensor(&case["x"]), &change).unwrap();
        assert_close(&y, &case["y"], 1e-5, &format!("{} {}", case["args"], case["change"]));
    }
}

#[test]
fn draws_are_numpys() {
    for case in load("pictures")["draws"].as_array().unwrap() {
        let generator: ImageDataGenerator = of(&case["args"]);
        let drawn = generator.get_random_transform([10, 20, 3], case["seed"].as_u64()).unwrap();
        let expected = transform(&case["drawn"]);
        let numbers = |t: &Transform| {
            let [shift, light] =
                [t.channel_shift_intensity, t.brightness].map(|v| v.unwrap_or(1e9));
            [t.theta, t.tx, t.ty, t.shear, t.zx, t.zy, shift, light]
        };
        for (a, b) in numbers(&drawn).iter().zip(numbers(&expected)) {
            // JSON is read to the last bit but one.
            assert!(
                (a - b).abs() <= 1e-15 * b.abs(),
                "{} {}: {drawn:?}",
                case["args"],
                case["seed"]
            );
        }
        let flips = |t: &Transform| (t.flip_horizontal, t.flip_vertical);
        assert_eq!(flips(&drawn), flips(&expected), "{} {}", case["args"], case["seed"]);
    }
}

#[test]
fn statistics_are_kerass() {
    for case in load("pictures")["scales"].as_array().unwrap() {
        let mut generator: ImageDataGenerator = of(&case["args"]);
        let options = case.get("options").map_or_else(FitImages::new, of);
        generator.fit(&tensor(&case["fit"]), options).unwrap();
        let y = generator.standardize(&tensor(&case["x"])).unwrap();
        let tolerance = if case["args"]["zca_whitening"] == true { 2e-4 } else { 1e-5 };
        assert_close(&y, &case["y"], tolerance, &case["args"].to_string());
    }
}

#[test]
fn what_cannot_be() {
    let folder = Folder::new("no-pictures");
    std::fs::write(folder.join("text.png"), "no picture").unwrap();
    std::fs::write(folder.join("short.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    let message = |name: &str, options: LoadImg| {
        load_img(folder.join(name), options).unwrap_err().to_string()
    };
    assert!(message("none.png", LoadImg::new()).starts_with("cannot read "));
    assert!(message("text.png", LoadImg::new()).contains("no picture of a format"));
    assert!(message("short.png", LoadImg::new()).contains("cannot be read as a picture"));
    let x = crate::Tensor::new([1, 2, 3], vec![1_u8; 6]).unwrap();
    save_img(folder.join("x.png"), &x, SaveImg::new()).unwrap();
    assert!(message("x.png", LoadImg::new().target_size((0, 3))).contains("at least 1 by 1"));
    assert!(message("x.png", LoadImg::new().color_mode("rbg")).contains("did you mean \"rgb\""));
    let unknown = LoadImg::new().target_size(3).interpolation("cubic");
    assert!(message("x.png", unknown).contains("bicubic"));
    let saved = save_img(folder.join("x.xyz"), &x, SaveImg::new()).unwrap_err().to_string();
    assert!(saved.contains("must be png, jpeg"), "{saved}");
    let two = crate::Tensor::new([1, 3, 2], vec![1_u8; 6]).unwrap();
    let error = array_to_img(&two, ArrayToImg::new()).unwrap_err().to_string();
    assert!(error.contains("1, 3 or 4 channels"), "{error}");
    let wrong = ImageDataGenerator::new().interpolation_order(6);
    let error = wrong.random_transform(&x, Some(1)).unwrap_err().to_string();
    assert!(error.contains("interpolation_order"), "{error}");
    let wrong = ImageDataGenerator::new().rotation_range(f64::NAN);
    assert!(wrong.get_random_transform([1, 1, 1], None).is_err());
    assert!(ImageDataGenerator::new().fit(&x, FitImages::new()).is_err());
}

/// What is written is read again, in every format; of JPEG nearly.
#[test]
fn written_and_read() {
    let folder = Folder::new("written");
    let x = crate::Tensor::new([3, 4, 3], (0..36_u8).map(|v| 7 * v).collect()).unwrap();
    for name in ["a.png", "a.bmp", "a.tiff", "a.ppm", "a.webp", "a.jpg", "a.gif"] {
        save_img(folder.join(name), &x, SaveImg::new().scale(false)).unwrap();
        let img = load_img(folder.join(name), LoadImg::new()).unwrap();
        let back = img_to_array(&img, ImgToArray::new()).unwrap();
        let off = back.to_f64_vec().into_iter().zip(x.to_f64_vec()).map(|(a, b)| (a - b).abs());
        let most = match name {
            "a.jpg" => 60.0,
            "a.gif" => 40.0,
            _ => 0.0,
        };
        assert!(off.fold(0.0, f64::max) <= most, "{name}");
    }
}
