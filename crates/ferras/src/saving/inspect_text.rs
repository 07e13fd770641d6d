//! What a file holds, as text and as JSON.
use super::inspect::{InspectedLayer, Inspection, StoredArray};
use crate::utils::printable;
use serde_json::{Value as Json, json};
use std::fmt;

impl fmt::Display for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}, {} bytes", self.path.display(), self.format, self.bytes)?;
        for (name, value) in &self.versions {
            writeln!(f, "{:<15} {}", name.replace('_', " "), printable(value))?;
        }
        if !self.compiled.is_null() {
            writeln!(f, "{:<15} {}", "compiled with", printable(&self.compiled_words()))?;
        }
        if let Some(model) = &self.model {
            let layers = model.layers.len();
            writeln!(
                f,
                "{:<15} {:?} ({}), {layers} layers",
                "model",
                model.name,
                printable(&model.class)
            )?;
            for InspectedLayer { depth, class, name, problem } in &model.layers {
                let indent = " ".repeat(2 * (depth + 1));
                let mark = if problem.is_some() { "  ← cannot be honoured" } else { "" };
                writeln!(f, "{indent}{} ({}){mark}", printable(name), printable(class))?;
            }
        }
        let title = if self.format.starts_with("data") { "arrays" } else { "weights" };
        for (title, arrays) in [(title, &self.weights), ("optimizer", &self.optimizer)] {
            write_arrays(f, title, arrays)?;
        }
        if self.is_honoured() {
            return match self.model.is_some() {
                true => write!(f, "all of it can be honoured: {}", self.checked),
                false => f.write_str(self.checked),
            };
        }
        f.write_str("cannot be honoured")?;
        for layer in self.refused_layers() {
            let problem = layer.problem.as_deref().unwrap_or_default();
            let (class, problem) = (printable(&layer.class), printable(problem));
            write!(f, "\n  layer {:?} ({class}): {problem}", layer.name)?;
        }
        self.problems.iter().try_for_each(|problem| write!(f, "\n  {}", printable(problem)))?;
        let checked = if self.model.is_some() { self.checked } else { "" };
        if checked.is_empty() { Ok(()) } else { write!(f, "\nlooked at: {checked}") }
    }
}

fn write_arrays(f: &mut fmt::Formatter<'_>, title: &str, arrays: &[StoredArray]) -> fmt::Result {
    if arrays.is_empty() {
        return Ok(());
    }
    let numbers = arrays.iter().map(StoredArray::elements).fold(0, usize::saturating_add);
    writeln!(f, "{title:<15} {} arrays, {numbers} numbers", arrays.len())?;
    let width =
        |text: fn(&StoredArray) -> usize| arrays.iter().map(text).max().unwrap_or(0).min(60);
    let (paths, types) = (width(|a| a.path.chars().count()), width(|a| a.dtype.len()));
    for array in arrays {
        let layer = array.layer.iter().map(|name| format!("  {name:?}")).collect::<String>();
        let StoredArray { path, dtype, shape, .. } = array;
        let path = printable(path);
        writeln!(f, "  {path:<paths$}  {dtype:<types$}  {shape}{layer}")?;
    }
    Ok(())
}

impl Inspection {
    /// What the model was compiled with, in a few words: `adam, loss mse, metrics mae`.
    fn compiled_words(&self) -> String {
        let optimizer = ["optimizer", "optimizer_config"].iter().find_map(|k| self.compiled.get(k));
        let mut words = vec![optimizer.map_or("the default optimizer".into(), name_of)];
        for key in ["loss", "metrics"] {
            let value = self.compiled.get(key).map(name_of).filter(|text| !text.is_empty());
            words.extend(value.map(|text| format!("{key} {text}")));
        }
        words.join(", ")
    }

    /// All of it as one JSON object, for programs.
    ///
    /// ```
    /// use ferras::prelude::*;
    /// let path = std::env::temp_dir().join(format!("ferras-doc-json-{}.h5", std::process::id()));
    /// Sequential::new().add(Dense::new(3).input_dim(2)).build()?.save(&path)?;
    /// let json = ferras::inspect(&path)?.to_json();
    /// assert_eq!(json["model"]["layers"][1]["class"], "Dense");
    /// assert_eq!(json["weights"][1]["shape"], serde_json::json!([2, 3])); // after the bias
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn to_json(&self) -> Json {
        let arrays = |list: &[StoredArray]| -> Json {
            let object = |a: &StoredArray| {
                json!({
                    "path": a.path,
                    "layer": a.layer,
                    "shape": a.shape.iter().collect::<Vec<_>>(),
                    "dtype": a.dtype,
                })
            };
            list.iter().map(object).collect()
        };
        let layer = |l: &InspectedLayer| json!({"name": l.name, "class": l.class, "depth": l.depth, "problem": l.problem});
        let model = self.model.as_ref().map(|model| {
            let layers: Json = model.layers.iter().map(layer).collect();
            json!({"name": model.name, "class": model.class, "layers": layers})
        });
        let versions: serde_json::Map<String, Json> =
            self.versions.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        json!({
            "path": self.path.display().to_string(),
            "bytes": self.bytes,
            "format": self.format,
            "versions": versions,
            "model": model,
            "compiled": self.compiled,
            "weights": arrays(&self.weights),
            "optimizer": arrays(&self.optimizer),
            "problems": self.problems,
            "honoured": self.is_honoured(),
            "checked": self.checked,
        })
    }
}

/// The names in a configuration: of a text itself, of an object its class, of lists all of them.
fn name_of(json: &Json) -> String {
    let all = |parts: Vec<String>| {
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    };
    match json {
        Json::String(text) => text.chars().take(80).collect(),
        Json::Array(list) => all(list.iter().map(name_of).collect()),
        Json::Object(map) => match map.get("class_name") {
            Some(Json::String(class)) if class == "function" => map.get("config").map(name_of),
            Some(class) => Some(name_of(class)),
            None => Some(all(map.values().map(name_of).collect())),
        }
        .unwrap_or_default(),
        _ => String::new(),
    }
}
