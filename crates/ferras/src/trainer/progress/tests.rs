//! Against what Keras prints under the same fake clock.
use super::*;
use crate::prelude::*;
use serde_json::Value as Json;
use std::cell::{Cell, RefCell};

fn golden(topic: &str) -> Json {
    let path = format!("{}/../../tests/golden/{topic}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn style(case: &Json) -> Style {
    match (case["verbose"].as_u64(), case["terminal"].as_bool()) {
        (Some(2), _) => Style::Line,
        (_, Some(true)) => Style::Bar,
        _ => Style::Plain,
    }
}

fn number(json: &Json) -> f64 {
    json.as_f64().unwrap_or_else(|| json.as_str().unwrap().parse().unwrap())
}

/// Plain lines are Ferras' own: the last line of Keras' bar, as `verbose=2` writes it.
fn without_codes(text: &str) -> String {
    let mut lines = String::new();
    for line in text.lines() {
        let last = line.rsplit('\r').next().unwrap();
        let mut plain = String::new();
        for part in last.split('\x1b') {
            plain.push_str(
                part.split_once('m').filter(|(c, _)| c.starts_with('[')).map_or(part, |p| p.1),
            );
        }
        let bar = format!(" {} ", "━".repeat(WIDTH));
        lines.push_str(&match plain.split_once(&bar) {
            None => plain,
            Some((steps, rest)) => format!("{steps} - {}", rest.replacen(' ', " - ", 1)),
        });
        lines.push('\n');
    }
    lines
}

#[test]
fn bars_are_those_of_keras() {
    let file = golden("output");
    for case in file["bars"].as_array().unwrap() {
        let style = style(case);
        let mut meter = Meter {
            target: case["target"].as_u64().map(|n| n as usize),
            started: 1000.0,
            ..Meter::default()
        };
        let (mut now, mut text, mut logs) = (1000.0, String::new(), Logs::default());
        for (i, step) in case["steps"].as_array().unwrap().iter().enumerate() {
            now += step["seconds"].as_f64().unwrap();
            let numbers = step["logs"].as_object().unwrap();
            logs = numbers.iter().map(|(k, v)| (k.clone(), number(v))).collect();
            meter.done = i + 1;
            if i == 0 && style != Style::Line {
                meter.first = Some(now);
            }
            if style == Style::Bar && meter.drawn.is_none_or(|t| now - t >= INTERVAL) {
                text.push_str(&meter.draw(now, &logs.iter().collect::<Vec<_>>(), false));
            }
        }
        let expected = case["text"].as_str().unwrap();
        if expected.ends_with('\n') {
            // The script says how many steps there are; not all of them are played.
            meter.done = meter.target.unwrap_or(meter.done);
            let clock = || now;
            let mut progress =
                Progress { meter, ..Progress::new(style, clock, |t: &str| text.push_str(t)) };
            progress.end(&logs);
        }
        let expected = match style {
            Style::Plain => without_codes(expected),
            _ => expected.to_string(),
        };
        assert_eq!(text, expected, "{case}");
    }
}

/// Lets a tenth of a second pass in each batch.
struct Ticking<'a>(&'a Cell<f64>);

impl Ticking<'_> {
    fn tick(&self) -> Result<()> {
        self.0.set(self.0.get() + 0.1);
        Ok(())
    }
}

impl Callback for Ticking<'_> {
    fn on_train_batch_begin(&mut self, _: usize, _: &mut Run) -> Result<()> {
        self.tick()
    }
    fn on_test_batch_begin(&mut self, _: usize, _: &mut Run) -> Result<()> {
        self.tick()
    }
    fn on_predict_batch_begin(&mut self, _: usize, _: &mut Run) -> Result<()> {
        self.tick()
    }
}

fn tensor(json: &Json) -> Tensor {
    let shape: Vec<usize> =
        json["shape"].as_array().unwrap().iter().map(|d| d.as_u64().unwrap() as usize).collect();
    let data: Vec<f32> =
        json["data"].as_array().unwrap().iter().map(|v| number(v) as f32).collect();
    Tensor::new(shape, data).unwrap()
}

#[test]
fn runs_print_what_keras_prints() {
    let (file, training) = (golden("output"), golden("training"));
    let (x, y) = (tensor(&file["x"]), tensor(&file["y"]));
    let start = &training["cases"][0]["initial_weights"];
    let start: Vec<Tensor> = start.as_array().unwrap().iter().map(tensor).collect();
    for case in file["runs"].as_array().unwrap() {
        let mut model = Sequential::new()
            .add(Dense::new(6).activation("relu").input_dim(4))
            .add(Dense::new(5).activation("relu"))
            .add(Dense::new(2))
            .build()
            .unwrap();
        let compile = Compile::new().optimizer(crate::optimizers::SGD::new().learning_rate(0.1));
        model.compile(compile.loss("mse").metrics(["mae"])).unwrap();
        model.set_weights(&start).unwrap();
        let (clock, text) = (Cell::new(1000.0), RefCell::new(String::new()));
        let silent = case["verbose"] == 0;
        let write = |t: &str| {
            if !silent {
                text.borrow_mut().push_str(t);
            }
        };
        let progress = Progress::new(style(case), || clock.get(), write);
        match case["method"].as_str().unwrap() {
            "fit" => {
                let epochs = case["epochs"].as_u64().unwrap() as usize;
                let split = case["arguments"]["validation_split"].as_f64().unwrap_or(0.0);
                let fit = Fit::new().epochs(epochs).batch_size(8).shuffle(false).verbose(0);
                let fit = fit.validation_split(split).callback(Ticking(&clock)).callback(progress);
                model.fit(&x, &y, fit).map(|_| ()).unwrap();
            }
            "evaluate" => {
                let options = Evaluate::new().batch_size(8).verbose(0);
                let options = options.callback(Ticking(&clock)).callback(progress);
                model.evaluate_with(&x, &y, options).map(|_| ()).unwrap();
            }
            _ => {
                let options = Predict::new().batch_size(8).verbose(0);
                let options = options.callback(Ticking(&clock)).callback(progress);
                model.predict_with(&x, options).map(|_| ()).unwrap();
            }
        }
        let expected = case["text"].as_str().unwrap();
        let expected = match style(case) {
            Style::Plain => without_codes(expected),
            _ => expected.to_string(),
        };
        assert_eq!(*text.borrow(), expected, "{case}");
    }
}

#[test]
fn a_step_that_is_not_drawn_looks_at_the_clock_only() {
    // Numbers are read and text is made only where something is drawn.
    let drawings = Cell::new(0);
    let now = Cell::new(0.0);
    let mut progress =
        Progress::new(Style::Bar, || now.get(), |_: &str| drawings.set(drawings.get() + 1));
    let model = Sequential::new().add(Dense::new(1).input_dim(1)).build().unwrap();
    let (params, mut course) = Default::default();
    let access = super::super::callback::Access::Read(&model);
    let mut run = Run { model: access, numbers: None, params: &params, course: &mut course };
    progress.on_epoch_begin(0, &mut run).unwrap();
    for batch in 0..1000 {
        now.set(batch as f64 * 1e-3);
        progress.on_train_batch_end(batch, &mut run).unwrap();
    }
    assert_eq!(drawings.get(), 20);
}
