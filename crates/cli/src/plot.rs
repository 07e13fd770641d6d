//! `plot`.
use crate::args::{Picture, Plot};
use crate::console::Console;
use crate::data::{self, Role};
use crate::failure::{Failure, Outcome, option};
use crate::load::{Compiled, load};
use crate::place::check_place;
use crate::predict::no_weights;
use ferras::Limits;
use ferras::models::Model;
use ferras::plot::{self, Figure, PlotModel};
use serde_json::{Value as Json, json};
use std::path::PathBuf;

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
    if matches!(args.kind, Picture::Filters | Picture::Maps) {
        layer(args)?;
    }
    if args.kind == Picture::Maps {
        data::files([input(args)?])?;
    }
    let loaded = load(&args.source, Compiled::Ignored, limits)?;
    if args.kind != Picture::Model {
        no_weights(loaded.initial, &args.source.path)?;
    }
    let figure = draw(args, &loaded.model, limits)?;
    figure.save(&output)?;
    console.note(format!("wrote {}", output.display()))?;
    Ok(json!({ "output": output.display().to_string() }))
}

/// The layer that a picture is of.
fn layer(args: &Plot) -> Outcome<&str> {
    let missing = "--layer: give the name of a convolution; ferras summary lists the layers";
    args.layer.as_deref().ok_or_else(|| Failure::Usage(missing.into()))
}

/// The array with the image that a picture is of.
fn input(args: &Plot) -> Outcome<&PathBuf> {
    let missing = || Failure::Usage("--input: give an array with an image".into());
    args.input.as_ref().ok_or_else(missing)
}

fn draw(args: &Plot, model: &Model, limits: &Limits) -> Outcome<Figure> {
    match args.kind {
        Picture::Model => {
            let options = PlotModel::new()
                .show_shapes(args.show_shapes)
                .show_dtype(args.show_dtype)
                .show_layer_names(args.show_layer_names)
                .show_layer_activations(args.show_layer_activations)
                .show_trainable(args.show_trainable)
                .expand_nested(args.expand_nested)
                .rankdir(args.rankdir.to_uppercase());
            plot::plot_model(model, options).map_err(option("--rankdir"))
        }
        Picture::Neurons => plot::neurons(model).map_err(option("MODEL")),
        Picture::Weights => plot::weight_histograms(model).map_err(option("MODEL")),
        Picture::Filters => plot::filters(model, layer(args)?).map_err(option("--layer")),
        Picture::Maps => {
            let images = data::read(input(args)?, Role::X, model, limits)?;
            let image = images.sample(args.index).map_err(option("--index"))?;
            plot::activation_maps(model, layer(args)?, image).map_err(option("--layer"))
        }
    }
}
