//! What `compile` is told of several outputs: one thing for all, one for each, or some by name.
use crate::{Error, Result};

/// Something for each output of a model.
#[derive(Clone, Debug, Default)]
pub(crate) enum PerOutput<T> {
    #[default]
    Unset,
    One(T),
    List(Vec<T>),
    Named(Vec<(String, T)>),
}

impl<T: Clone> PerOutput<T> {
    /// Gives the output of this name another value.
    pub(super) fn set(&mut self, name: String, value: T) {
        match self {
            PerOutput::Named(list) => match list.iter_mut().find(|(n, _)| *n == name) {
                Some((_, own)) => *own = value,
                None => list.push((name, value)),
            },
            _ => *self = PerOutput::Named(vec![(name, value)]),
        }
    }

    /// Leaves the output of this name without any.
    pub(super) fn remove(&mut self, name: &str) {
        let PerOutput::Named(list) = self else { return };
        list.retain(|(n, _)| n != name);
        if list.is_empty() {
            *self = PerOutput::Unset;
        }
    }

    /// All that there are.
    pub(super) fn values(&self) -> Vec<&T> {
        match self {
            PerOutput::Unset => Vec::new(),
            PerOutput::One(value) => vec![value],
            PerOutput::List(values) => values.iter().collect(),
            PerOutput::Named(values) => values.iter().map(|(_, value)| value).collect(),
        }
    }

    /// The same by the outputs' names.
    pub(super) fn by_name(&self, names: &[&str], what: &str) -> Result<PerOutput<T>> {
        let values = self.resolve(names, what)?;
        let named = names.iter().zip(values).filter_map(|(name, v)| Some((name.to_string(), v?)));
        Ok(match named.collect::<Vec<_>>() {
            none if none.is_empty() => PerOutput::Unset,
            list => PerOutput::Named(list),
        })
    }

    /// One value for each output. `what` is the argument, for errors.
    pub(super) fn resolve(&self, names: &[&str], what: &str) -> Result<Vec<Option<T>>> {
        let outputs = names.len();
        match self {
            PerOutput::Unset => Ok(vec![None; outputs]),
            PerOutput::One(value) => Ok(vec![Some(value.clone()); outputs]),
            PerOutput::List(list) if list.len() == outputs => {
                Ok(list.iter().cloned().map(Some).collect())
            }
            PerOutput::List(list) => Err(Error::argument(
                what,
                format!("must have one entry for each of {outputs} outputs, got {}", list.len()),
            )),
            PerOutput::Named(list) => {
                if let Some((name, _)) = list.iter().find(|(n, _)| !names.contains(&n.as_str())) {
                    let hint = crate::config::suggest(name, names);
                    let kind = "output";
                    return Err(Error::Unknown { kind, name: name.clone(), hint });
                }
                let find = |name: &&str| list.iter().find(|(n, _)| n == name);
                Ok(names.iter().map(|n| find(n).map(|(_, value)| value.clone())).collect())
            }
        }
    }
}

impl<T> PerOutput<Vec<T>> {
    /// Adds to what every output has.
    pub(super) fn extend(&mut self, more: impl Iterator<Item = T>) {
        match self {
            PerOutput::One(list) => list.extend(more),
            _ => *self = PerOutput::One(more.collect()),
        }
    }
}
