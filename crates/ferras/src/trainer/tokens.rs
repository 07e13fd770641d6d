//! Numbers that an embedding looks up, straight from a model's inputs: looked at before anything is
//! computed, so that an error can name the number and its row. In the graph such a row would be NaN.
use crate::array::Array;
use crate::layers::{Embedding, LayerRef, ReversibleEmbedding, describe};
use crate::models::{Nested, Network};
use crate::{Error, Result, console};
use ferras_graph::{Element, Elements, Tensor};

/// A table that the numbers of an input are looked up in.
struct LookUp<'a> {
    /// The input's place among the network's.
    input: usize,
    name: String,
    layer: &'a LayerRef,
    rows: usize,
}

/// The tables that a network's inputs reach as they are.
fn look_ups(network: &Network) -> Vec<LookUp<'_>> {
    let mut found = Vec::new();
    for call in &network.calls {
        let entry = &network.layers[call.layer];
        let input = |place: usize| {
            let (from, _) = call.positional().get(place)?;
            network.inputs.iter().position(|own| own == from)
        };
        let is_reversed = call.arguments.flags.iter().any(|(name, on)| name == "reverse" && *on);
        if let Some(rows) = rows(&entry.layer).filter(|_| !is_reversed) {
            let look_up =
                |input| LookUp { input, name: entry.name.clone(), layer: &entry.layer, rows };
            found.extend(input(0).map(look_up));
        } else if let Some(nested) = entry.layer.downcast::<Nested>() {
            let inside = look_ups(&nested.network).into_iter();
            found.extend(inside.filter_map(|own| {
                let name = format!("{}/{}", entry.name, own.name);
                Some(LookUp { input: input(own.input)?, name, ..own })
            }));
        }
    }
    found
}

/// How many rows the table of a layer has, where it has one.
fn rows(layer: &LayerRef) -> Option<usize> {
    let plain = layer.downcast::<Embedding>().map(Embedding::rows);
    plain.or_else(|| layer.downcast::<ReversibleEmbedding>().map(ReversibleEmbedding::rows))
}

/// An error that names the first number for which a table has no row. As in Keras, negative ones count
/// from the end.
pub(super) fn check(network: &Network, x: &[Array]) -> Result<()> {
    for LookUp { input, name, layer, rows } in look_ups(network) {
        let Some(Array::Numbers(tensor)) = x.get(input) else { continue };
        let Some((row, value)) = unknown(tensor, rows) else { continue };
        let input = network.input_names().get(input).copied().unwrap_or_default();
        return Err(Error::Data(format!(
            "{}: input {input:?} has {value} in row {row}, but its table has the numbers 0 to {}; \
             input_dim must be larger than each of them",
            describe(&name, &*layer.0.layer),
            rows.saturating_sub(1)
        )));
    }
    Ok(())
}

/// Warns of numbers that are no whole ones: as in Keras they are cut off.
pub(super) fn warn_of_fractions(network: &Network, x: &[Array]) {
    for LookUp { input, name, layer, .. } in look_ups(network) {
        let Some(Array::Numbers(tensor)) = x.get(input) else { continue };
        let Some((row, value)) = real(tensor, |v| v.fract() != 0.0) else { continue };
        console::warn(&format!(
            "{} looks whole numbers up, and its input has {value} in row {row}: what is behind the \
             point is cut off",
            describe(&name, &*layer.0.layer)
        ));
    }
}

/// The first number that a table of so many rows does not have, with the row it stands in.
fn unknown(tensor: &Tensor, rows: usize) -> Option<(usize, f64)> {
    let end = i64::try_from(rows).unwrap_or(i64::MAX);
    let beyond = |v: f64| !(v.trunc() >= -(end as f64) && v.trunc() < end as f64);
    let found = match tensor.elements() {
        Elements::I32(v) => first(v, |v| !(-end..end).contains(&i64::from(v))),
        Elements::I64(v) => first(v, |v| !(-end..end).contains(&v)),
        Elements::U8(v) => first(v, |v| i64::from(v) >= end),
        Elements::Bool(v) => first(v, |v| i64::from(v) >= end),
        _ => return real(tensor, beyond),
    };
    found.map(|(place, value)| (row_of(tensor, place), value))
}

/// The first number of a floating type that is `wrong`, with the row it stands in.
fn real(tensor: &Tensor, wrong: impl Fn(f64) -> bool) -> Option<(usize, f64)> {
    let found = match tensor.elements() {
        Elements::F16(v) => first(v, |v| wrong(v.to_f64())),
        Elements::BF16(v) => first(v, |v| wrong(v.to_f64())),
        Elements::F32(v) => first(v, |v| wrong(v.to_f64())),
        Elements::F64(v) => first(v, wrong),
        _ => None,
    };
    found.map(|(place, value)| (row_of(tensor, place), value))
}

fn row_of(tensor: &Tensor, place: usize) -> usize {
    place / tensor.shape().iter().skip(1).product::<usize>().max(1)
}

/// Numbers that are looked at together, which is many times faster than one by one.
const TOGETHER: usize = 1024;

/// The place of the first number that is `wrong`, and the number.
fn first<T: Element>(values: &[T], wrong: impl Fn(T) -> bool) -> Option<(usize, f64)> {
    let is_bad = |part: &[T]| part.iter().fold(false, |bad, &v| bad | wrong(v));
    let start = TOGETHER * values.chunks(TOGETHER).position(is_bad)?;
    let place = start + values[start..].iter().position(|&v| wrong(v))?;
    Some((place, values[place].to_f64()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::tests::captured;
    use crate::prelude::*;

    fn numbers(values: Vec<i32>) -> Tensor {
        Tensor::new([values.len() / 2, 2], values).unwrap()
    }

    #[test]
    fn a_number_without_a_row_is_named_before_anything_runs() {
        let mut model = Sequential::new()
            .add(Input::of([2], DType::I32))
            .add(Embedding::new(4, 3).name("words"))
            .add(Flatten::new())
            .add(Dense::new(1))
            .build()
            .unwrap();
        model.compile(Compile::new().optimizer("sgd").loss("mse")).unwrap();
        let y = [[0.0_f32], [1.0]];
        assert!(model.predict(numbers(vec![0, 3, -1, -4])).is_ok());
        let expected = "layer \"words\" (Embedding): input \"input_layer\" has 4 in row 1, but its \
                        table has the numbers 0 to 3; input_dim must be larger than each of them";
        let bad = || numbers(vec![0, 3, 1, 4]);
        assert_eq!(model.predict(bad()).unwrap_err().to_string(), expected);
        assert_eq!(model.evaluate(bad(), y).unwrap_err().to_string(), expected);
        assert_eq!(model.fit(bad(), y, Fit::new()).unwrap_err().to_string(), expected);
        assert_eq!(model.train_on_batch(bad(), y).unwrap_err().to_string(), expected);
        let error = model.predict(numbers(vec![-5, 0])).unwrap_err().to_string();
        assert!(error.contains("has -5 in row 0"), "{error}");
        for (values, found) in [([0.0, f32::NAN], "NaN"), ([4.25, 0.0], "4.25")] {
            let x = Tensor::new([1, 2], values.to_vec()).unwrap();
            let error = model.predict(x).unwrap_err().to_string();
            assert!(error.contains(&format!("has {found}")), "{error}");
        }
        let far = Tensor::new([1, 2], vec![1_i64 << 40, 0]).unwrap();
        assert!(model.predict(far).unwrap_err().to_string().contains("has 1099511627776 in row 0"));
    }

    #[test]
    fn cut_off_numbers_are_warned_of() {
        let model = Sequential::new().add(Input::new([2])).add(Embedding::new(4, 3).name("words"));
        let model = model.build().unwrap();
        let told = |values: [f32; 4]| {
            let x = Tensor::new([2, 2], values.to_vec()).unwrap();
            let (result, _, warned) = captured(|| model.predict(x));
            (result.unwrap(), warned)
        };
        let (whole, silence) = told([0.0, 1.0, 2.0, 3.0]);
        let (cut, warned) = told([0.0, 1.0, 2.5, 3.9]);
        assert_eq!((whole, silence.as_str()), (cut, ""));
        assert!(warned.contains("layer \"words\" (Embedding) looks whole numbers up"), "{warned}");
        assert!(warned.contains("has 2.5 in row 1"), "{warned}");
    }

    #[test]
    fn tables_of_models_inside_and_of_the_right_input() {
        let inner = Input::of([2], DType::I32);
        let inside = Model::new(&inner, Embedding::new(5, 2).name("deep").apply(&inner)).unwrap();
        let (plain, words) = (Input::named("plain", [2]), Input::named("words", [2]));
        let table = ReversibleEmbedding::new(3, 2).name("table").layer();
        let back = table.with("reverse", true).apply(&plain);
        let known = table.apply(&words);
        let deep = inside.layer().unwrap().name("inside").apply(&words);
        let model = Model::new([&plain, &words], [&back, &known, &deep]).unwrap();
        let predict = |plain: Vec<i32>, words: Vec<i32>| {
            let x = [("plain", numbers(plain)), ("words", numbers(words))];
            model.predict_with(x, Predict::new().verbose(0)).map_err(|e| e.to_string())
        };
        assert!(predict(vec![9, 9], vec![0, 2]).is_ok());
        let error = predict(vec![9, 9], vec![0, 4]).unwrap_err();
        assert!(error.starts_with("layer \"table\" (ReversibleEmbedding): input \"words\" has 4"));
        let places: Vec<_> =
            look_ups(model.network().unwrap()).iter().map(|l| (l.input, l.name.clone())).collect();
        assert!(places.contains(&(1, "inside/deep".into())), "{places:?}");
    }

    #[test]
    fn the_first_one_is_found_wherever_it_is() {
        for place in [0, 1, TOGETHER - 1, TOGETHER, 3 * TOGETHER + 7] {
            let mut values = vec![1_i32; 4 * TOGETHER];
            values[place] = 8;
            values[4 * TOGETHER - 1] = 9;
            assert_eq!(first(&values, |v| v > 7), Some((place, 8.0)));
        }
        assert_eq!(first(&[1_u8, 2], |v| v > 2), None);
    }
}
