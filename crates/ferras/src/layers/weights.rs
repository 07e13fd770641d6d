//! How a weight starts, is penalised and is constrained: three arguments that come together.
use super::{Build, WeightSpec};
use crate::constraints::Constraint;
use crate::initializers::Initializer;
use crate::regularizers::Regularizer;
use ferras_graph::Shape;

/// The arguments of one weight.
pub(crate) struct WeightRule<'a>(
    pub(crate) &'a Initializer,
    pub(crate) &'a Option<Regularizer>,
    pub(crate) &'a Option<Constraint>,
);

impl WeightRule<'_> {
    /// Asks for the weight.
    pub(crate) fn add<'a>(
        &self,
        cx: &'a mut Build,
        name: &str,
        shape: impl Into<Shape>,
    ) -> &'a mut WeightSpec {
        cx.weight(name, shape).initializer(self.0).regularizer(self.1).constraint(self.2)
    }
}
