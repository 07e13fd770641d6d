//! What convolutions and pools share: order of axes, padding, windows.
use super::prelude::*;
pub use crate::config::{ChannelsOrder, DataFormat};
use crate::config::{Choice, Vocabulary};
use ferras_graph::same_padding;

/// What surrounds the input of a convolution or a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaddingMode {
    /// Nothing: windows lie within the input.
    Valid,
    /// As many zeros that the output has ⌈size / stride⌉ places, the odd one after.
    Same,
    /// Zeros before the input alone: no output sees what comes later. For [`Conv1D`](super::Conv1D).
    Causal,
}

/// `"valid"`, `"same"` or `"causal"`.
pub type Padding = Choice<PaddingMode>;

impl Vocabulary for PaddingMode {
    const KIND: &'static str = "padding";
    const WORDS: &'static [(&'static str, Self)] = &[
        ("valid", PaddingMode::Valid),
        ("same", PaddingMode::Same),
        ("causal", PaddingMode::Causal),
    ];
}

impl ChannelsOrder {
    /// The places of the spatial axes in a tensor of this rank.
    pub(crate) fn spatial(self, rank: usize) -> std::ops::Range<usize> {
        match self {
            ChannelsOrder::Last => 1..rank.saturating_sub(1).max(1),
            ChannelsOrder::First => 2..rank.max(2),
        }
    }

    /// The same places as the methods of values take them.
    pub(crate) fn spatial_axes(self, rank: usize) -> Vec<isize> {
        self.spatial(rank).map(|axis| axis as isize).collect()
    }

    /// The place of the channels, counted from the front or the back.
    pub(crate) fn channels(self) -> isize {
        match self {
            ChannelsOrder::Last => -1,
            ChannelsOrder::First => 1,
        }
    }

    /// The value of this order with its channels last.
    pub(crate) fn to_last(self, x: &Value) -> Value {
        let rank = x.rank();
        if self == ChannelsOrder::Last || rank < 3 {
            return x.clone();
        }
        let order: Vec<usize> = [0].into_iter().chain(2..rank).chain([1]).collect();
        x.transpose(&order)
    }

    /// A value whose channels are last in this order.
    pub(crate) fn of_last(self, y: &Value) -> Value {
        let rank = y.rank();
        if self == ChannelsOrder::Last || rank < 3 {
            return y.clone();
        }
        let order: Vec<usize> = [0, rank - 1].into_iter().chain(1..rank - 1).collect();
        y.transpose(&order)
    }
}

/// Windows that slide over the spatial axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Windows<'a> {
    /// The argument that says the size, for messages: `kernel_size`, `pool_size`.
    pub(crate) argument: &'static str,
    pub(crate) size: &'a [usize],
    pub(crate) strides: &'a [usize],
    pub(crate) dilation: &'a [usize],
    pub(crate) padding: &'a Padding,
    /// Whether the padding may be causal.
    pub(crate) in_time: bool,
    pub(crate) format: &'a DataFormat,
}

impl Windows<'_> {
    /// Checks the arguments that do not depend on the input's shape.
    pub(crate) fn check_arguments(&self, cx: &Build) -> Result<()> {
        self.format.get()?;
        let arguments = [
            (self.argument, self.size),
            ("strides", self.strides),
            ("dilation_rate", self.dilation),
        ];
        for (argument, sizes) in arguments {
            if sizes.contains(&0) {
                return Err(cx.error(format!("{argument} must be at least 1, got {sizes:?}")));
            }
        }
        if self.padding.get()? == PaddingMode::Causal && !self.in_time {
            return Err(
                cx.error("padding \"causal\" is for Conv1D; expected \"valid\" or \"same\"")
            );
        }
        let (strides, dilation) = (self.strides, self.dilation);
        if strides.iter().any(|&s| s > 1) && dilation.iter().any(|&d| d > 1) {
            return Err(cx.error(format!(
                "strides {strides:?} and dilation_rate {dilation:?} cannot both be above 1; set one \
                 of them to 1"
            )));
        }
        Ok(())
    }

    /// Checks the arguments and that each window finds a place; gives the number of channels.
    pub(crate) fn check(&self, cx: &Build) -> Result<usize> {
        self.check_arguments(cx)?;
        let (padding, order) = (self.padding.get()?, self.format.get()?);
        let rank = self.size.len() + 2;
        let shape = cx.input()?.rank(rank)?.shape();
        let places = order.spatial(rank).zip(self.size.iter().zip(self.dilation));
        for (axis, (&size, &dilation)) in places {
            let extent = (size - 1).saturating_mul(dilation).saturating_add(1);
            let room = shape.get(axis).copied().flatten();
            if room == Some(0) {
                return Err(
                    cx.error(format!("its input of shape {shape} is empty along axis {axis}"))
                );
            }
            if let (PaddingMode::Valid, Some(n)) = (padding, room)
                && extent > n
            {
                return Err(cx.error(format!(
                    "the output would be empty: expected at least {extent} places along axis \
                     {axis} for {} {:?}, got an input of shape {shape}; use padding=\"same\" or a \
                     smaller {}",
                    self.argument, self.size, self.argument
                )));
            }
        }
        cx.input()?.known(order.channels())
    }

    /// Places to add before and after each spatial axis of a channels-last input.
    pub(crate) fn padding(&self, x: &Value) -> Vec<(usize, usize)> {
        let shape = x.shape();
        let axes = self.size.iter().zip(self.strides).zip(self.dilation).enumerate();
        let place = |(i, ((&size, &stride), &dilation)): (usize, _)| match self.padding.get() {
            Ok(PaddingMode::Same) => {
                same_padding(shape.get(i + 1).copied().unwrap_or(1), size, stride, dilation)
            }
            Ok(PaddingMode::Causal) => (size.saturating_sub(1).saturating_mul(dilation), 0),
            _ => (0, 0),
        };
        axes.map(place).collect()
    }

    /// The order of the input's axes; the usual one if the word was refused at build.
    pub(crate) fn order(&self) -> ChannelsOrder {
        self.format.get().unwrap_or(ChannelsOrder::Last)
    }
}
