//! Batch renormalization: Ioffe 2017.
use super::widen;
use crate::config::{ConfigValue, Map, Scope, mismatch};
use crate::initializers::{Initializer, InitializerFn};
use crate::layers::prelude::*;
use crate::random::Generator;
use ferras_graph::{Tensor, TensorType};
use serde_json::Value as Json;

/// Bounds of the correction by batch renormalization: `rmin` and `rmax` of the factor r, `dmax` of the
/// size of the shift d. What is not named has no bound.
///
/// ```
/// use ferras::layers::{BatchNormalization, RenormClipping};
/// let clipping = RenormClipping::from([("rmax", 3.0), ("dmax", 5.0)]);
/// let layer = BatchNormalization::new().renorm(true).renorm_clipping(clipping);
/// # let _ = layer;
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RenormClipping(Vec<(String, f64)>);

impl<const N: usize> From<[(&str, f64); N]> for RenormClipping {
    fn from(bounds: [(&str, f64); N]) -> RenormClipping {
        RenormClipping(bounds.map(|(name, bound)| (name.to_string(), bound)).to_vec())
    }
}

impl RenormClipping {
    fn bound(&self, name: &str) -> Option<f64> {
        self.0.iter().find(|(own, _)| own == name).map(|(_, bound)| *bound)
    }

    /// What is wrong with the bounds, if anything.
    fn problem(&self) -> Option<String> {
        let unknown = |(name, _): &&(String, f64)| !matches!(&name[..], "rmin" | "rmax" | "dmax");
        if let Some((name, _)) = self.0.iter().find(unknown) {
            return Some(format!("renorm_clipping knows rmin, rmax and dmax, got {name:?}"));
        }
        match (self.bound("rmin"), self.bound("rmax"), self.bound("dmax")) {
            (Some(min), Some(max), _) if min > max => {
                Some(format!("rmin of renorm_clipping must not exceed rmax, got {min} and {max}"))
            }
            (_, _, Some(max)) if max < 0.0 => {
                Some(format!("dmax of renorm_clipping must be at least 0, got {max}"))
            }
            _ => None,
        }
    }
}

impl ConfigValue for RenormClipping {
    fn to_json(&self) -> Json {
        self.0.iter().map(|(name, bound)| (name.clone(), Json::from(*bound))).collect::<Map>().into()
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        let map = json.as_object().ok_or_else(|| mismatch("an object of bounds", json))?;
        let given = map.iter().filter(|(_, bound)| !bound.is_null());
        let bound = |(name, bound): (&String, &Json)| Ok((name.clone(), f64::from_json(bound, scope)?));
        given.map(bound).collect::<Result<_, String>>().map(RenormClipping)
    }
}

/// How a batch's statistics are brought near to those that last.
pub(super) struct Renorm<'a> {
    pub(super) clipping: Option<&'a RenormClipping>,
    /// Of the statistics that the batch's are brought near to.
    pub(super) renorm_momentum: f64,
    /// Of the moving statistics.
    pub(super) momentum: f64,
    pub(super) epsilon: f64,
}

/// What the normalized values are put through: x · factor + shift.
pub(super) struct Correction {
    pub(super) factor: Value,
    pub(super) shift: Value,
}

impl Renorm<'_> {
    /// Checks the bounds and asks for the weights that are there for renormalization alone.
    pub(super) fn build(
        &self,
        cx: &mut Build,
        size: usize,
        mean: &Initializer,
        variance: &Initializer,
    ) -> Result<()> {
        if let Some(problem) = self.clipping.and_then(RenormClipping::problem) {
            return Err(cx.error(problem));
        }
        let deviation = Initializer::from(Root::new(variance));
        cx.weight("moving_stddev", [size]).initializer(&deviation).frozen().uncast();
        cx.weight("renorm_mean", [size]).initializer(mean).frozen().uncast();
        cx.weight("renorm_stddev", [size]).initializer(&deviation).frozen().uncast();
        Ok(())
    }

    /// The correction for a batch of these statistics, by which no gradient goes; the statistics that
    /// last follow.
    pub(super) fn correct(&self, cx: &mut Call, mean: &Value, variance: &Value) -> Correction {
        let deviation = (variance + self.epsilon).sqrt();
        let [lasting, spread] = ["renorm_mean", "renorm_stddev"].map(|w| widen(&cx.weight(w)));
        let divisor = spread.maximum(self.epsilon.sqrt());
        let bound = |name| self.clipping.and_then(|clipping| clipping.bound(name));
        let mut factor = &deviation / &divisor;
        if let Some(least) = bound("rmin") {
            factor = factor.maximum(least);
        }
        if let Some(most) = bound("rmax") {
            factor = factor.minimum(most);
        }
        let shift = (mean - &lasting) / divisor;
        let shift = bound("dmax").map_or(shift.clone(), |most| shift.clip(-most, most));
        self.update(cx, "renorm_mean", self.renorm_momentum, mean);
        self.update(cx, "renorm_stddev", self.renorm_momentum, &deviation);
        self.update(cx, "moving_mean", self.momentum, mean);
        let moving = self.update(cx, "moving_stddev", self.momentum, &deviation);
        let variance = (moving.square() - self.epsilon).relu();
        cx.update("moving_variance", variance);
        Correction { factor: factor.stop_gradient(), shift: shift.stop_gradient() }
    }

    fn update(&self, cx: &mut Call, name: &str, momentum: f64, batch: &Value) -> Value {
        let old = cx.weight(name);
        let new = widen(&old) * momentum + batch * (1.0 - momentum);
        cx.update(name, new.clone());
        new
    }
}

/// The square root of another initializer's numbers.
#[derive(Clone, Debug, Config)]
struct Root {
    of: Initializer,
}

impl InitializerFn for Root {
    fn call(&self, ty: &TensorType, random: &mut Generator) -> Result<Tensor> {
        let value = self.of.get()?.call(ty, random)?;
        let roots = value.to_f64_vec().into_iter().map(f64::sqrt).collect();
        Ok(Tensor::new(ty.shape.clone(), roots)?.cast(ty.dtype))
    }
}
