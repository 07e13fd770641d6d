//! `data_format`: where the channels of pictures are.
use super::{Choice, Vocabulary, image_data_format};

/// Where the channels of images are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelsOrder {
    /// (batch, spatial…, channels)
    Last,
    /// (batch, channels, spatial…)
    First,
}

/// `"channels_last"` or `"channels_first"`.
///
/// ```
/// use ferras::layers::DataFormat;
/// assert_eq!(DataFormat::configured(), DataFormat::from("channels_last"));
/// ```
pub type DataFormat = Choice<ChannelsOrder>;

impl Vocabulary for ChannelsOrder {
    const KIND: &'static str = "data_format";
    const WORDS: &'static [(&'static str, Self)] =
        &[("channels_last", ChannelsOrder::Last), ("channels_first", ChannelsOrder::First)];
    fn unset() -> Option<Self> {
        DataFormat::configured().get().ok()
    }
}

impl DataFormat {
    /// That of the program's settings.
    pub fn configured() -> DataFormat {
        image_data_format().into()
    }
}
