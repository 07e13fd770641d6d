//! The protocols that are spoken.
pub(crate) mod open_inference;
pub(crate) mod simple;
pub(crate) mod tensorflow;

use crate::failure::{Failure, Outcome};

/// What an address names: a model and perhaps its version.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Named<'a> {
    pub(crate) model: &'a str,
    pub(crate) version: Option<u64>,
    /// What follows them.
    pub(crate) rest: &'a str,
}

impl<'a> Named<'a> {
    /// `M`, `M/rest`, `M/versions/N` or `M/versions/N/rest`.
    pub(crate) fn parse(path: &'a str) -> Outcome<Named<'a>> {
        let (model, rest) = path.split_once('/').unwrap_or((path, ""));
        let Some(rest) = rest.strip_prefix("versions/") else {
            return Ok(Named { model, version: None, rest });
        };
        let (version, rest) = rest.split_once('/').unwrap_or((rest, ""));
        match version.parse() {
            Ok(version) => Ok(Named { model, version: Some(version), rest }),
            Err(_) => Err(Failure::not_found(format!("versions are numbers, not {version:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Named;

    #[test]
    fn addresses_name_models() {
        let named = |model, version, rest| Named { model, version, rest };
        assert_eq!(Named::parse("m"), Ok(named("m", None, "")));
        assert_eq!(Named::parse("m/metadata"), Ok(named("m", None, "metadata")));
        assert_eq!(Named::parse("m/versions/3"), Ok(named("m", Some(3), "")));
        assert_eq!(Named::parse("m/versions/3/infer"), Ok(named("m", Some(3), "infer")));
        assert_eq!(Named::parse("m/versions/x").unwrap_err().status, 404);
        assert_eq!(Named::parse("m/versions/-1").unwrap_err().status, 404);
    }
}
