//! What an operation is called with: tensors, numbers, and its own arguments.
use super::Operation;
use super::table::Outcome;
use crate::config::{ConfigValue, Scope};
use ferras_graph::{Builder, DType, Tensor, Value};
use serde_json::Value as Json;

/// Something that an operation is called with.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Argument {
    /// One of the symbolic inputs.
    Input(usize),
    /// A list with a symbolic input in it.
    List(Vec<Argument>),
    /// Anything else.
    Constant(Json),
}

impl Argument {
    /// Reads Keras' form; `inputs` counts the tensors so far.
    pub(super) fn read(json: &Json, inputs: &mut usize) -> Result<Argument, String> {
        let before = *inputs;
        match json {
            Json::Array(list) => {
                let list = list.iter().map(|json| Argument::read(json, inputs));
                let list = list.collect::<Result<Vec<_>, _>>()?;
                Ok(match *inputs == before {
                    true => Argument::Constant(json.clone()),
                    false => Argument::List(list),
                })
            }
            Json::Object(_) => match json.get("class_name").and_then(Json::as_str) {
                Some("__keras_tensor__") => {
                    *inputs += 1;
                    Ok(Argument::Input(before))
                }
                Some("__numpy__" | "__tensor__" | "__slice__" | "__ellipsis__") => {
                    Ok(Argument::Constant(json.clone()))
                }
                other => Err(format!("it is called with an object {}", other.unwrap_or("{}"))),
            },
            _ => Ok(Argument::Constant(json.clone())),
        }
    }

    /// Keras' form, with these tensors.
    pub(super) fn write(&self, tensors: &[Json]) -> Json {
        match self {
            Argument::Input(place) => tensors.get(*place).cloned().unwrap_or_default(),
            Argument::List(list) => list.iter().map(|a| a.write(tensors)).collect(),
            Argument::Constant(json) => json.clone(),
        }
    }
}

/// What is given to one use of an operation.
pub(super) struct Given<'a> {
    operation: &'a Operation,
    inputs: &'a [Value],
    pub(super) builder: &'a Builder,
}

impl<'a> Given<'a> {
    pub(super) fn new(op: &'a Operation, inputs: &'a [Value], builder: &'a Builder) -> Given<'a> {
        Given { operation: op, inputs, builder }
    }

    /// The argument of this name, unless it is left out.
    pub(super) fn find(&self, name: &str) -> Option<&'a Argument> {
        let place = self.operation.row.call.iter().position(|own| *own == name);
        let by_place = place.and_then(|place| self.operation.args.get(place));
        let by_name = || self.operation.kwargs.iter().find(|(key, _)| key == name).map(|(_, a)| a);
        by_place.or_else(by_name).filter(|a| **a != Argument::Constant(Json::Null))
    }

    /// All that is given by position.
    pub(super) fn all(&self) -> Result<Vec<Value>, String> {
        self.operation.args.iter().map(|a| self.to_value(a, None)).collect()
    }

    /// The argument of this name as a value.
    pub(super) fn value(&self, name: &str) -> Result<Value, String> {
        self.optional(name, None)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// The same unless it is left out; a plain number gets the element type that arithmetic with
    /// `like` asks for.
    pub(super) fn optional(
        &self,
        name: &str,
        like: Option<&Value>,
    ) -> Result<Option<Value>, String> {
        self.find(name).map(|argument| self.to_value(argument, like)).transpose()
    }

    /// Two arguments, of which one may be a number.
    pub(super) fn pair(&self, first: &str, second: &str) -> Result<(Value, Value), String> {
        let missing = |name: &str| format!("{name} is missing");
        if let Some(Argument::Constant(_)) = self.find(first) {
            let y = self.value(second)?;
            let x = self.optional(first, Some(&y))?;
            return Ok((x.ok_or_else(|| missing(first))?, y));
        }
        let x = self.value(first)?;
        let y = self.optional(second, Some(&x))?;
        Ok((x, y.ok_or_else(|| missing(second))?))
    }

    /// A list of values.
    pub(super) fn list(&self, name: &str) -> Result<Vec<Value>, String> {
        match self.find(name) {
            Some(Argument::List(list)) => list.iter().map(|a| self.to_value(a, None)).collect(),
            Some(argument) => Ok(vec![self.to_value(argument, None)?]),
            None => Err(format!("{name} is missing")),
        }
    }

    fn to_value(&self, argument: &Argument, like: Option<&Value>) -> Result<Value, String> {
        match argument {
            Argument::Input(place) => {
                self.inputs.get(*place).cloned().ok_or_else(|| "an input is missing".into())
            }
            Argument::List(list) => {
                let values = list.iter().map(|a| self.to_value(a, like));
                Ok(self.builder.stack(&promoted(values.collect::<Result<Vec<_>, _>>()?), 0))
            }
            Argument::Constant(json) => self.constant(json, like),
        }
    }

    fn constant(&self, json: &Json, like: Option<&Value>) -> Result<Value, String> {
        let like = like.map(Value::dtype);
        let dtype = match (json, like) {
            (Json::Bool(_), Some(like)) => like,
            (Json::Bool(_), None) => DType::Bool,
            (Json::Number(n), like) if n.is_f64() => {
                like.filter(|d| d.is_float()).unwrap_or(DType::F32)
            }
            (Json::Number(_), like) => like.filter(|d| *d != DType::Bool).unwrap_or(DType::I32),
            _ => return self.array(json),
        };
        let number = json.as_f64().or(json.as_bool().map(f64::from)).unwrap_or_default();
        Ok(self.builder.scalar(dtype, number))
    }

    /// An array of a file: nested lists, alone or with their element type.
    fn array(&self, json: &Json) -> Result<Value, String> {
        let (list, dtype) = match json.pointer("/config/value") {
            Some(list) => (list, self.dtype_of(json.pointer("/config/dtype"))?),
            None => (json, None),
        };
        let (mut shape, mut level) = (Vec::new(), list);
        while let Json::Array(items) = level {
            shape.push(items.len());
            level = items.first().unwrap_or(&Json::Null);
        }
        let mut numbers = Vec::new();
        let mut whole = true;
        flatten(list, &mut numbers, &mut whole)?;
        let dtype = dtype.unwrap_or(if whole { DType::I32 } else { DType::F32 });
        // Keras on jax has no float64 unless asked for.
        let dtype = if dtype == DType::F64 { DType::F32 } else { dtype };
        let array = Tensor::new(shape, numbers).map_err(|e| e.to_string())?;
        Ok(self.builder.constant(array.cast(dtype)))
    }

    /// The operation's own argument.
    pub(super) fn own(&self, name: &str) -> &'a Json {
        self.operation.config.get(name).unwrap_or(&Json::Null)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.own(name) == &Json::Bool(true)
    }

    pub(super) fn number(&self, name: &str) -> Result<f64, String> {
        let json = self.own(name);
        json.as_f64().ok_or_else(|| format!("{name} must be a number, got {json}"))
    }

    /// The same where null and infinities, for which JSON has no number, set no bound.
    pub(super) fn bound(&self, name: &str) -> Result<Option<f64>, String> {
        match self.own(name) {
            Json::Null => Ok(None),
            Json::String(word) if word.ends_with("Infinity") => Ok(None),
            _ => self.number(name).map(Some),
        }
    }

    pub(super) fn int(&self, name: &str) -> Result<isize, String> {
        whole(name, self.own(name))
    }

    /// One integer or several; none for null.
    pub(super) fn ints(&self, name: &str) -> Result<Option<Vec<isize>>, String> {
        match self.own(name) {
            Json::Null => Ok(None),
            Json::Array(list) => {
                list.iter().map(|json| whole(name, json)).collect::<Result<_, _>>().map(Some)
            }
            json => Ok(Some(vec![whole(name, json)?])),
        }
    }

    /// The element type named by an argument; none for null.
    pub(super) fn dtype(&self) -> Result<Option<DType>, String> {
        self.dtype_of(Some(self.own("dtype")))
    }

    fn dtype_of(&self, json: Option<&Json>) -> Result<Option<DType>, String> {
        let json = json.filter(|json| !json.is_null());
        json.map(|json| DType::from_json(json, &Scope::default())).transpose()
    }

    /// A function of one value.
    pub(super) fn unary(&self, f: impl Fn(Value) -> Value) -> Outcome {
        let name = self.operation.row.call.first().copied().unwrap_or("x");
        Ok(vec![f(self.value(name)?)])
    }

    /// A function of one value, which is computed as a float.
    pub(super) fn float(&self, f: impl Fn(Value) -> Value) -> Outcome {
        self.unary(|x| f(floated(x)))
    }

    /// A function of two values.
    pub(super) fn binary(&self, f: impl Fn(Value, Value) -> Value) -> Outcome {
        let (x, y) = match self.operation.row.call {
            [first, second, ..] => self.pair(first, second)?,
            _ => return Err("takes two values".into()),
        };
        Ok(vec![f(x, y)])
    }

    /// A function of one value that takes axes away, with `axis` and `keepdims`.
    pub(super) fn reduction(&self, f: impl Fn(&Value, &[isize], bool) -> Value) -> Outcome {
        let x = self.value("x")?;
        let axes = self.ints("axis")?;
        Ok(vec![match axes {
            Some(axes) if axes.is_empty() => x,
            axes => f(&x, &axes.unwrap_or_default(), self.flag("keepdims")),
        }])
    }
}

fn whole(name: &str, json: &Json) -> Result<isize, String> {
    let number = json.as_i64().and_then(|n| isize::try_from(n).ok());
    number.ok_or_else(|| format!("{name} must be a whole number, got {json}"))
}

/// The numbers of nested lists; `whole` stays only if all are whole ones.
fn flatten(json: &Json, numbers: &mut Vec<f64>, whole: &mut bool) -> Result<(), String> {
    match json {
        Json::Array(list) => list.iter().try_for_each(|json| flatten(json, numbers, whole)),
        Json::Bool(value) => {
            numbers.push(f64::from(*value));
            Ok(())
        }
        Json::Number(number) => {
            *whole &= !number.is_f64();
            numbers.push(number.as_f64().unwrap_or(f64::NAN));
            Ok(())
        }
        // What JSON has no number for.
        Json::String(word) if matches!(&word[..], "NaN" | "Infinity" | "-Infinity") => {
            *whole = false;
            numbers.push(match &word[..] {
                "NaN" => f64::NAN,
                "Infinity" => f64::INFINITY,
                _ => f64::NEG_INFINITY,
            });
            Ok(())
        }
        other => Err(format!("expected an array of numbers, got {other}")),
    }
}

/// As a float, which it stays if it is one.
pub(super) fn floated(x: Value) -> Value {
    if x.dtype().is_float() { x } else { x.cast(DType::F32) }
}

/// Values of one element type.
pub(super) fn promoted(values: Vec<Value>) -> Vec<Value> {
    let dtype = values.iter().map(Value::dtype).reduce(DType::promote);
    values.into_iter().map(|v| v.cast(dtype.unwrap_or(v.dtype()))).collect()
}
