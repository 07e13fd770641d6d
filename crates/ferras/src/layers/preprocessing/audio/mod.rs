//! Layers that make pictures of sounds.
#[cfg(test)]
mod golden;
mod mel_spectrogram;
mod stft_spectrogram;

pub use mel_spectrogram::MelSpectrogram;
pub use stft_spectrogram::{STFTSpectrogram, SpectrogramMode};
