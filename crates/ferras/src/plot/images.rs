//! Pictures in rows: reconstructions, filters, what a layer makes of an image.
use super::drawing::{Anchor, Drawing, Paint, Shape, Text, Weight};
use super::figure::{Figure, Panel, Sketch};
use super::font;
use super::picture::Picture;
use crate::data::Data;
use crate::models::Model;
use crate::trainer::Predict;
use crate::{Error, Result, Tensor};
use ndarray::{Array3, Array4, Ix4};

/// The side of a picture on the page.
const SIDE: f64 = 64.0;
const GAP: f64 = 6.0;
const LABEL: f64 = 13.0;
/// The most that a row's name takes.
const NAME: f64 = 160.0;
/// Pictures a row where a list is broken into rows.
const ACROSS: usize = 12;
/// Filters and maps shown; a layer may have thousands.
const MOST: usize = 96;
/// Input channels of a filter shown.
const CHANNELS: usize = 8;

/// Pictures in rows, each row with a name before it (which may be empty). Pictures keep their
/// proportions.
///
/// Errors: no picture.
///
/// ```
/// use ferras::plot::{Picture, images};
/// let picture = Picture::new(&ndarray::Array3::from_shape_fn((8, 8, 1), |(y, x, _)| (x * y) as f32))?;
/// let figure = images("Digits", [("given", vec![picture.clone()]), ("made", vec![picture])])?;
/// assert!(figure.to_svg().contains("data:image/png"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn images(
    title: impl Into<String>,
    rows: impl IntoIterator<Item = (impl Into<String>, Vec<Picture>)>,
) -> Result<Figure> {
    let rows: Vec<(String, Vec<Picture>)> =
        rows.into_iter().map(|(name, pictures)| (name.into(), pictures)).collect();
    if rows.iter().all(|(_, pictures)| pictures.is_empty()) {
        return Err(Error::argument("rows", "must hold at least one picture"));
    }
    let names = rows.iter().map(|(n, _)| font::width(n, LABEL, Weight::Regular));
    let beside = match names.fold(0.0, f64::max) {
        0.0 => 0.0,
        widest => widest.min(NAME) + 14.0,
    };
    let (mut page, mut y, mut right) = (Drawing::empty(), 0.0, 0.0_f64);
    for (name, pictures) in rows {
        let tallest = pictures.iter().map(|p| extent(p).1).fold(0.0, f64::max);
        let name = font::fit(&name, LABEL, Weight::Regular, NAME);
        let at = (beside - 14.0, y + tallest / 2.0 + LABEL * 0.36);
        page.text(Text::new(at, &name, LABEL).anchor(Anchor::End).paint(Paint::Ink));
        let mut x = beside;
        for picture in pictures {
            let (width, height) = extent(&picture);
            page.shapes.push(Shape::Image { x, y, width, height, picture });
            x += width + GAP;
        }
        right = right.max(x - GAP);
        y += tallest + GAP;
    }
    let sketch = Sketch { width: right, height: y - GAP, shapes: page.shapes };
    Ok(Figure::new(title).panel(Panel::sketch(sketch)))
}

/// Width and height on the page.
fn extent(picture: &Picture) -> (f64, f64) {
    let (width, height) = picture.size();
    let (width, height) = (width as f64, height as f64);
    let scale = SIDE / width.max(height);
    ((width * scale).max(4.0), (height * scale).max(4.0))
}

/// The filters of a convolution over two axes, each grey from its least to its greatest number: one
/// picture for filters of one or three channels, else a row for each of the first eight channels. The
/// first 96 filters are shown, of those with a row for each channel the first 24.
///
/// Errors: no such layer, one whose kernel is not (rows, columns, channels, filters).
///
/// ```
/// use ferras::prelude::*;
/// let model = Sequential::new().add(Conv2D::new(4, 3).input_shape([8, 8, 1])).build()?;
/// let figure = ferras::plot::filters(&model, "conv2d")?;
/// assert_eq!(figure.to_svg().matches("<image").count(), 4);
///
/// let deep = Sequential::new().add(Conv2D::new(30, 3).input_shape([8, 8, 16])).build()?;
/// let figure = ferras::plot::filters(&deep, "conv2d")?.to_svg();
/// assert!(figure.contains("Filters of conv2d (the first 24 of 30, 8 of 16 channels)"));
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn filters(model: &Model, layer: &str) -> Result<Figure> {
    model.get_layer(layer)?;
    let kernel = ["kernel", "depthwise_kernel"].into_iter().find_map(|name| {
        let path = format!("{layer}/{name}");
        model.weights().iter().find(|v| v.path() == path && v.ty().shape.rank() == 4)
    });
    let Some(kernel) = kernel else {
        let problem = format!("layer {layer:?} has no kernel over two axes; choose a Conv2D");
        return Err(Error::argument("layer", problem));
    };
    let kernel = four_axes(&kernel.value()?)?;
    let (.., channels, count) = kernel.dim();
    let filter = |f: usize| kernel.slice(ndarray::s![.., .., .., f]);
    if matches!(channels, 1 | 3) {
        let shown = count.min(MOST);
        let title = format!("Filters of {layer}{}", of_all(shown, count));
        let pictures = (0..shown).map(|f| Picture::new(&filter(f))).collect::<Result<Vec<_>>>()?;
        return images(title, broken(pictures));
    }
    let (deep, shown) = (channels.min(CHANNELS), count.min(2 * ACROSS));
    let rows = (0..deep).map(|c| {
        let pictures = (0..shown).map(|f| Picture::of_channel(filter(f), c));
        Ok((format!("channel {c}"), pictures.collect::<Result<Vec<_>>>()?))
    });
    let part = match (deep < channels, shown < count) {
        (false, false) => String::new(),
        (true, false) => format!(" (the first {deep} of {channels} channels)"),
        (false, true) => of_all(shown, count),
        (true, true) => format!(" (the first {shown} of {count}, {deep} of {channels} channels)"),
    };
    let title = format!("Filters of {layer}{part}");
    images(title, rows.collect::<Result<Vec<_>>>()?)
}

/// What a layer with a two-dimensional output makes of an image, one grey picture a channel, after
/// the image itself; the first 96 channels are shown. `image` is what the model takes, with or
/// without a batch axis of 1.
///
/// Errors: no such layer, an output that is not (batch, rows, columns, channels), an image that does
/// not fit the model, a model of several inputs.
///
/// ```
/// use ferras::prelude::*;
/// let model = Sequential::new().add(Conv2D::new(4, 3).input_shape([8, 8, 1])).build()?;
/// let image = ndarray::Array3::<f32>::ones((8, 8, 1));
/// let figure = ferras::plot::activation_maps(&model, "conv2d", &image)?;
/// assert_eq!(figure.to_svg().matches("<image").count(), 5);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn activation_maps(model: &Model, layer: &str, image: impl Into<Data>) -> Result<Figure> {
    let image = image.into().first("image")?.map(|a| a.numbers().cloned()).transpose()?;
    let image = image.ok_or_else(|| Error::argument("image", "must be an array, got nothing"))?;
    let image = match image.shape().rank() {
        3 => image.reshape([&[1], &image.shape()[..]].concat())?,
        _ => image,
    };
    let output = model.up_to([layer])?.predict_with(&image, Predict::new().verbose(0))?;
    let output = output.into_iter().next().ok_or(Error::Internal("no output".into()))?;
    if output.shape().rank() != 4 {
        let problem = format!(
            "layer {layer:?} gives {}; choose one that gives (batch, rows, columns, channels)",
            output.shape()
        );
        return Err(Error::argument("layer", problem));
    }
    let maps = first(&four_axes(&output)?)?;
    let channels = maps.dim().2;
    let shown = channels.min(MOST);
    let pictures =
        (0..shown).map(|c| Picture::of_channel(maps.view(), c)).collect::<Result<Vec<_>>>()?;
    let seen = first(&four_axes(&image)?)?;
    let seen = if matches!(seen.dim().2, 1 | 3) { vec![Picture::new(&seen)?] } else { Vec::new() };
    let mut rows = vec![("image".to_string(), seen)];
    rows.extend(broken(pictures));
    images(format!("What {layer} sees{}", of_all(shown, channels)), rows)
}

fn of_all(shown: usize, count: usize) -> String {
    if shown < count { format!(" (the first {shown} of {count})") } else { String::new() }
}

/// Rows of a dozen, without names.
fn broken(pictures: Vec<Picture>) -> Vec<(String, Vec<Picture>)> {
    pictures.chunks(ACROSS).map(|row| (String::new(), row.to_vec())).collect()
}

fn four_axes(tensor: &Tensor) -> Result<Array4<f32>> {
    let all: Vec<f32> = tensor.to_f64_vec().into_iter().map(|v| v as f32).collect();
    ndarray::ArrayD::from_shape_vec(tensor.shape().to_vec(), all)
        .and_then(|array| array.into_dimensionality::<Ix4>())
        .map_err(|_| Error::Data(format!("expected an array of rank 4, got {}", tensor.shape())))
}

/// The only sample.
fn first(batch: &Array4<f32>) -> Result<Array3<f32>> {
    match batch.outer_iter().next() {
        Some(sample) => Ok(sample.to_owned()),
        None => Err(Error::Data("expected an image, got an empty batch".into())),
    }
}
