//! How much to add or take at each side of each axis.
use crate::config::{ConfigValue, Scope, Sizes};
use serde_json::{Value as Json, json};

/// How much to add or take before and after each of `N` axes.
///
/// One number stands for all sides, one an axis for both of its sides.
///
/// ```
/// use ferras::layers::Borders;
/// assert_eq!(Borders::<2>::from(1), Borders::from(((1, 1), (1, 1))));
/// assert_eq!(Borders::<2>::from((1, 2)), Borders::from(((1, 1), (2, 2))));
/// assert_eq!(Borders::<1>::from((1, 2)), Borders([(1, 2)]));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Borders<const N: usize>(pub [(usize, usize); N]);

impl<const N: usize> From<usize> for Borders<N> {
    fn from(size: usize) -> Borders<N> {
        Borders([(size, size); N])
    }
}

impl From<(usize, usize)> for Borders<1> {
    fn from(sides: (usize, usize)) -> Borders<1> {
        Borders([sides])
    }
}

impl From<(usize, usize)> for Borders<2> {
    fn from((rows, columns): (usize, usize)) -> Borders<2> {
        Borders([(rows, rows), (columns, columns)])
    }
}

impl From<((usize, usize), (usize, usize))> for Borders<2> {
    fn from((rows, columns): ((usize, usize), (usize, usize))) -> Borders<2> {
        Borders([rows, columns])
    }
}

impl From<(usize, usize, usize)> for Borders<3> {
    fn from((depth, rows, columns): (usize, usize, usize)) -> Borders<3> {
        Borders([(depth, depth), (rows, rows), (columns, columns)])
    }
}

impl From<[(usize, usize); 3]> for Borders<3> {
    fn from(axes: [(usize, usize); 3]) -> Borders<3> {
        Borders(axes)
    }
}

impl<const N: usize> ConfigValue for Borders<N> {
    fn to_json(&self) -> Json {
        match &self.0[..] {
            [(before, after)] => json!([before, after]),
            axes => json!(axes),
        }
    }

    fn from_json(json: &Json, scope: &Scope) -> Result<Self, String> {
        if let Ok(size) = usize::from_json(json, scope) {
            return Ok(size.into());
        }
        if N == 1 {
            return <[usize; 2]>::from_json(json, scope).map(|[a, b]| Borders([(a, b); N]));
        }
        if let Ok(Sizes(sizes)) = Sizes::<N>::from_json(json, scope) {
            return Ok(Borders(sizes.map(|n| (n, n))));
        }
        <[[usize; 2]; N]>::from_json(json, scope).map(|axes| Borders(axes.map(|[a, b]| (a, b))))
    }
}
