//! Spectrograms as they begin, and what is refused.
use super::{MelSpectrogram, STFTSpectrogram};
use crate::config::{FromConfig, Scope};
use crate::golden::{assert_close, load, tensor};
use crate::layers::LayerExt;
use crate::models::{Input, Model};

#[test]
fn kernels_begin_as_those_of_keras() {
    let file = load("spectrograms");
    let cases = file["initial"].as_array().unwrap();
    assert_eq!(cases.len(), 5);
    for case in cases {
        let args = case["args"].as_object().unwrap();
        let layer = STFTSpectrogram::from_config(args, &Scope::default()).unwrap();
        let x = tensor(&case["input"]);
        let input = Input::new([50, 3]);
        let model = Model::new(&input, layer.apply(&input)).unwrap();
        let y = model.predict(&x).unwrap();
        assert_close(&y, &case["output"], 1e-5, &case["args"].to_string());
    }
}

#[test]
fn says_what_does_not_fit() {
    let x = Input::new([50, 3]);
    let error = |layer: STFTSpectrogram| {
        Model::new(&x, layer.apply(&x)).unwrap_err().to_string()
    };
    let made = || STFTSpectrogram::new().frame_length(8);
    assert!(error(made().frame_step(9)).contains("got 9, 8 and 8"));
    assert!(error(made().fft_length(7)).contains("got 4, 8 and 7"));
    assert!(error(made().padding("causal")).contains("padding \"causal\" is for Conv1D"));
    assert!(error(made().mode("decibels")).contains("unknown mode \"decibels\""));
    assert!(error(made().window(vec![1.0; 7])).contains("has 7 numbers, the frame has 8 samples"));
    assert!(error(made().frame_length(64)).contains("the output would be empty"));
    let sound = Input::new([500]);
    let error = |layer: MelSpectrogram| {
        Model::new(&sound, layer.apply(&sound)).unwrap_err().to_string()
    };
    let made = || MelSpectrogram::new().fft_length(64);
    assert!(error(made().sequence_length(65)).contains("65 must not be above fft_length 64"));
    assert!(error(made().min_freq(9e3)).contains("min_freq 9000 must be from 0 to below"));
    assert!(error(made().window("blackman")).contains("\"hann\" or \"hamming\""));
    assert!(error(MelSpectrogram::new()).contains("expected more than 1024 places"));
}
