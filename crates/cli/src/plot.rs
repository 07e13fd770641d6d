//! `plot`.
use crate::args::{Picture, Plot, check_place};
use crate::console::Console;
use crate::data::{self, Role};
use crate::failure::{Failure, Outcome, usage};
use crate::load::{Compiled, load};
use crate::predict::no_weights;
use ferras::models::Model;
use ferras::plot::{self, Figure, PlotModel};
use ferras::{Error, Limits};
use serde_json::{Value as Json, json};

pub(crate) fn run(args: &Plot, console: Console, limits: &Limits) -> Outcome<Json> {
    let output = args.output.clone().unwrap_or_else(|| args.source.path.with_extension("svg"));
    let ending = output.extension().map(|e| e.to_string_lossy().to_ascii_lowercase());
    if !matches!(ending.as_deref(), Some("svg" | "png")) {
        return Err(Failure::Usage(format!(
            "{}: is no name for a picture: it must end in .svg or .png",
            output.display()
        )));
    }
    check_place(&output, "--output")?;
    let loaded = load(&args.source, Compiled::Ignored, limits)?;
    if args.kind != Picture::Model {
        no_weights(loaded.initial, &args.source.path)?;
    }
    let figure = draw(args, &loaded.model, limits)?;
    figure.save(&output)?;
    console.note(format!("wrote {}", output.display()))?;
    Ok(json!({ "output": output.display().to_string() }))
}

fn draw(args: &Plot, model: &Model, limits: &Limits) -> Outcome<Figure> {
    let layer = || match &args.layer {
        Some(layer) => Ok(layer.as_str()),
        None => Err(Failure::Usage("--layer: give the name of a convolution".into())),
    };
    let figure = match args.kind {
        Picture::Model => {
            let options = PlotModel::new()
                .show_shapes(args.show_shapes)
                .show_dtype(args.show_dtype)
                .show_layer_names(args.show_layer_names)
                .show_layer_activations(args.show_layer_activations)
                .show_trainable(args.show_trainable)
                .expand_nested(args.expand_nested)
                .rankdir(args.rankdir.to_uppercase());
            plot::plot_model(model, options)
        }
        Picture::Neurons => plot::neurons(model),
        Picture::Weights => plot::weight_histograms(model),
        Picture::Filters => plot::filters(model, layer()?),
        Picture::Maps => {
            let input = args.input.as_deref();
            let path = input
                .ok_or_else(|| Failure::Usage("--input: give an array with an image".into()))?;
            let images = data::read(path, Role::X, model, limits)?;
            let image = images.sample(args.index).map_err(usage)?;
            plot::activation_maps(model, layer()?, image)
        }
    };
    figure.map_err(|error| match error {
        Error::Argument { .. } | Error::Unknown { .. } => usage(error),
        other => other.into(),
    })
}
