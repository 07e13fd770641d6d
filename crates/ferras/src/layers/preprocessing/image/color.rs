//! Colours: grey, and hue, saturation and value, of pictures whose channels are last.
use super::arguments::Range;
use crate::Result;
use crate::layers::Build;
use crate::layers::spatial::DataFormat;
use ferras_graph::Value;

/// An error unless pictures have three channels, or one of the `allowed` numbers.
pub(super) fn check_channels(cx: &Build, format: &DataFormat, allowed: &[usize]) -> Result<()> {
    let found = cx.input()?.rank(4)?.known(format.get()?.channels())?;
    match allowed.contains(&found) {
        true => Ok(()),
        false => {
            let wanted: Vec<String> = allowed.iter().map(usize::to_string).collect();
            Err(cx.error(format!("pictures must have {} channels, got {found}", wanted.join(" or "))))
        }
    }
}

/// Values of one range brought to another.
pub(super) fn change_range(images: &Value, from: (f64, f64), to: (f64, f64)) -> Value {
    if from == to {
        return images.clone();
    }
    (images - from.0) / (from.1 - from.0) * (to.1 - to.0) + to.0
}

/// Values held within the range.
pub(super) fn hold(images: &Value, range: Range) -> Value {
    let (low, high) = range.bounds();
    images.clip(low, high)
}

/// How bright each pixel is: 0.2989·red + 0.587·green + 0.114·blue, with one channel. Grey pictures
/// stay as they are.
pub(super) fn grayscale(images: &Value) -> Value {
    if images.dim(-1) == 1 {
        return images.clone();
    }
    let [red, green, blue] = planes(images);
    (red * 0.2989 + green * 0.587 + blue * 0.114).expand_dims(-1)
}

/// Hue, saturation and value, each `(batch, rows, columns)`, of colours from 0 to 1.
pub(super) fn to_hsv(images: &Value) -> [Value; 3] {
    let zero = images.full_like(0.0);
    let images = images.abs().less(f64::from(f32::EPSILON)).select(&zero, images);
    let [red, green, blue] = planes(&images);
    let value = red.maximum(&green).maximum(&blue);
    let range = &value - red.minimum(&green).minimum(&blue);
    let zero = value.full_like(0.0);
    let one = value.full_like(1.0);
    let colored = range.greater(0.0);
    let lit = value.greater(0.0);
    let saturation = lit.select(&(&range / lit.select(&value, &one)), &zero);
    // A sixth of the circle for each step from one pure colour to the next.
    let sixth = 1.0 / (colored.select(&range, &one) * 6.0);
    let from_green = &sixth * (&blue - &red) + 2.0 / 6.0;
    let from_blue = &sixth * (&red - &green) + 4.0 / 6.0;
    let hue = value.equal(&green).select(&from_green, &from_blue);
    let hue = value.equal(&red).select(&(&sixth * (&green - &blue)), hue);
    let turn = hue.less(0.0).select(&one, &zero);
    [colored.select(&hue, &zero) + turn, saturation, value]
}

/// The colours of hue, saturation and value.
pub(super) fn from_hsv([hue, saturation, value]: &[Value; 3]) -> Value {
    let place = (hue - hue.floor()) * 6.0;
    let rest = 1.0 - saturation;
    let shares = [
        (&place - 3.0).abs() - 1.0,
        2.0 - (&place - 2.0).abs(),
        2.0 - (&place - 4.0).abs(),
    ];
    let colors = shares.map(|share| value * (&rest + saturation * share.clip(0.0, 1.0)));
    hue.builder().stack(&colors, -1)
}

fn planes(images: &Value) -> [Value; 3] {
    [0, 1, 2].map(|i| images.slice_axis(-1, i, i + 1).squeeze(-1))
}
