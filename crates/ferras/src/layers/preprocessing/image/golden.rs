//! What Keras' layers make of pictures, with the same numbers drawn.
use super::cut_mix::Cut;
use super::random_elastic_transform::Distortion;
use super::random_erasing::Hole;
use super::random_gaussian_blur::Blur;
use super::random_perspective::View;
use super::region::Region;
use super::*;
use crate::config::{FromConfig, Map, Scope};
use crate::golden::{load, run, tensor};
use crate::layers::LayerRef;
use crate::layers::testing::Run;
use ferras_graph::{Builder, DType, Tensor};
use serde_json::Value as Json;

/// One case of the file, in a graph of its own.
struct Case<'a> {
    json: &'a Json,
    images: &'a Tensor,
    builder: Builder,
}

impl Case<'_> {
    fn layer<L: FromConfig>(&self) -> L {
        let args: Map = self.json["args"].as_object().unwrap().clone();
        L::from_config(&args, &Scope::default()).unwrap()
    }

    fn drawn(&self, name: &str) -> Value {
        self.builder.constant(tensor(&self.json["drawn"][name]))
    }

    fn region(&self) -> Region {
        let edge = |name| self.drawn(name);
        Region { x: [edge("x0"), edge("x1")], y: [edge("y0"), edge("y1")] }
    }

    fn finish(self, output: &Value) -> Tensor {
        run(self.builder, std::slice::from_ref(output)).unwrap().remove(0)
    }

    /// What an augmentation makes of the pictures.
    fn augment<A: Augmentation + FromConfig>(
        self,
        drawn: impl FnOnce(&Self) -> A::Drawn,
    ) -> Tensor {
        let layer: A = self.layer();
        let images = self.builder.constant(self.images.clone());
        let drawn = drawn(&self);
        let change = |x: &Value| layer.transform(x, &drawn);
        let output = on_pictures(&images, layer.data_format(), change);
        self.finish(&output)
    }

    /// What a layer that draws nothing makes of them in training.
    fn call<L: Layer + FromConfig>(self) -> Tensor {
        let layer = LayerRef::new(self.layer::<L>());
        let inputs = [self.images.clone()];
        let run = Run { layer: &layer, inputs: &inputs, weights: &[], training: true, cotangent: None };
        run.go().unwrap().output
    }

    fn output(self) -> Tensor {
        match self.json["layer"].as_str().unwrap() {
            "RandomFlip" => self.augment::<RandomFlip>(|c| {
                let flips = c.drawn("flips");
                flips.not_equal(0.0)
            }),
            "RandomRotation" => self.augment::<RandomRotation>(|c| c.drawn("degrees")),
            "RandomTranslation" => {
                self.augment::<RandomTranslation>(|c| [c.drawn("down"), c.drawn("right")])
            }
            "RandomZoom" => self.augment::<RandomZoom>(|c| [c.drawn("height"), c.drawn("width")]),
            "RandomShear" => self.augment::<RandomShear>(|c| [c.drawn("x"), c.drawn("y")]),
            "RandomBrightness" => self.augment::<RandomBrightness>(|c| c.drawn("added")),
            "RandomContrast" => self.augment::<RandomContrast>(|c| c.drawn("contrast")),
            "RandomHue" => self.augment::<RandomHue>(|c| c.drawn("turn")),
            "RandomSaturation" => self.augment::<RandomSaturation>(|c| c.drawn("factor")),
            "RandomColorDegeneration" => {
                self.augment::<RandomColorDegeneration>(|c| c.drawn("factor"))
            }
            "RandomGrayscale" => {
                self.augment::<RandomGrayscale>(|c| c.drawn("chosen").not_equal(0.0))
            }
            "RandomInvert" => self.augment::<RandomInvert>(|c| c.drawn("chosen").not_equal(0.0)),
            "RandomPosterization" => self.augment::<RandomPosterization>(|c| c.drawn("dropped")),
            "Solarization" => {
                self.augment::<Solarization>(|c| [c.drawn("added"), c.drawn("threshold")])
            }
            "RandomSharpness" => self.augment::<RandomSharpness>(|c| c.drawn("factor")),
            "RandomGaussianBlur" => self.augment::<RandomGaussianBlur>(|c| {
                let sigma = c.drawn("sigma");
                let sigma = [0, 1].map(|i| sigma.slice_axis(0, i, i + 1).reshape([]));
                Blur { chosen: c.drawn("chosen").not_equal(0.0), sigma }
            }),
            "RandomErasing" => self.augment::<RandomErasing>(|c| {
                let (chosen, region) = (c.drawn("chosen").not_equal(0.0), c.region());
                let fill = &c.json["args"]["fill_value"];
                let fill: Vec<f64> = match fill.as_f64() {
                    Some(value) => vec![value],
                    None => fill.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect(),
                };
                let fill = Tensor::new([fill.len()], fill).unwrap().cast(DType::F32);
                let fill = super::color::hold(&c.builder.constant(fill), (0, 255).into());
                Hole { chosen, region, fill }
            }),
            "RandomElasticTransform" => self.augment::<RandomElasticTransform>(|c| Distortion {
                chosen: c.drawn("chosen").not_equal(0.0),
                strength: c.drawn("strength"),
                noise: c.drawn("noise"),
            }),
            "RandomPerspective" => self.augment::<RandomPerspective>(|c| View {
                chosen: c.drawn("chosen").not_equal(0.0),
                corners: c.drawn("corners"),
            }),
            "CutMix" => {
                let images = self.builder.constant(self.images.clone());
                let cut = Cut { order: self.drawn("order"), region: self.region() };
                self.finish(&CutMix::cut(&images, &cut))
            }
            "MixUp" => {
                let images = self.builder.constant(self.images.clone());
                let drawn = [self.drawn("order"), self.drawn("share")];
                self.finish(&MixUp::mix(&images, &drawn))
            }
            "AutoContrast" => self.call::<AutoContrast>(),
            "Equalization" => self.call::<Equalization>(),
            "ContrastLimitedAdaptiveHistogramEqualization" => {
                self.call::<ContrastLimitedAdaptiveHistogramEqualization>()
            }
            other => panic!("{other} is not compared"),
        }
    }
}

/// The first difference of more than 1e-5 of the largest number.
fn difference(found: &Tensor, expected: &Json) -> Option<String> {
    let expected = tensor(expected);
    if found.shape() != expected.shape() {
        return Some(format!("shape {} for {}", found.shape(), expected.shape()));
    }
    let (found, expected) = (found.to_f64_vec(), expected.to_f64_vec());
    let largest = expected.iter().fold(1e-6_f64, |m, v| m.max(v.abs()));
    let far = |(a, b): (&f64, &f64)| (a - b).abs() > 1e-5 * largest || a.is_nan() != b.is_nan();
    let all = found.iter().zip(&expected);
    let count = all.clone().filter(|(a, b)| far((*a, *b))).count();
    let (i, (a, b)) = all.enumerate().find(|(_, pair)| far(*pair))?;
    Some(format!("{count} of {} differ, first {i}: {a} for {b}", found.len()))
}

#[test]
fn pictures_become_those_of_keras() {
    let file = load("images");
    let cases = file["cases"].as_array().unwrap();
    let mut failed = Vec::new();
    for case in cases {
        let name = case["images"].as_str().unwrap();
        let images = tensor(&file["images"][name]);
        let found = Case { json: case, images: &images, builder: Builder::new() }.output();
        let what = || format!("{} {} of {name}", case["layer"], case["args"]);
        failed.extend(difference(&found, &case["output"]).map(|d| format!("{}: {d}", what())));
    }
    assert!(cases.len() > 120, "{}", cases.len());
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn labels_are_mixed_as_in_keras() {
    let file = load("images");
    let images = tensor(&file["images"]["color"]);
    let mut checked = 0;
    for case in file["cases"].as_array().unwrap().iter().filter(|c| c["labels"].is_object()) {
        let given = Case { json: case, images: &images, builder: Builder::new() };
        let labels = given.builder.constant(tensor(&case["labels"]));
        let mixed = match case["layer"].as_str().unwrap() {
            "MixUp" => MixUp::mix(&labels, &[given.drawn("order"), given.drawn("share")]),
            _ => {
                let pictures = given.builder.constant(images.clone());
                let cut = Cut { order: given.drawn("order"), region: given.region() };
                CutMix::mix(&pictures, &labels, &cut)
            }
        };
        assert_eq!(difference(&given.finish(&mixed), &case["mixed"]), None, "{}", case["layer"]);
        checked += 1;
    }
    assert_eq!(checked, 2);
}
