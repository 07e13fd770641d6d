//! `Rearrange`: axes by names, as in einops.
use super::Argument;
use super::arguments::Given;
use super::table::{Outcome, operations};
use ferras_graph::Value;

type Result<T> = std::result::Result<T, String>;

operations! {
    "ops.einops" {
        Rearrange(tensor, pattern) => |g| {
            let Some(Argument::Constant(pattern)) = g.find("pattern") else {
                return Err("expected a pattern as \"b h w -> b (h w)\"".into());
            };
            let pattern = pattern.as_str().ok_or("the pattern must be a text")?;
            rearranged(g, pattern)
        };
    }
}

fn rearranged(g: &Given<'_>, pattern: &str) -> Outcome {
    let size = |name: &str| match g.find(name) {
        Some(Argument::Constant(size)) => size.as_u64().map(|n| n as usize),
        _ => None,
    };
    Ok(vec![rearrange(&g.value("tensor")?, pattern, &size)?])
}

/// One side of a pattern: names, those in one pair of brackets together.
fn side(text: &str) -> Result<Vec<Vec<String>>> {
    let mut axes: Vec<Vec<String>> = Vec::new();
    let mut open = false;
    let spaced = text.replace('(', " ( ").replace(')', " ) ");
    for word in spaced.split_whitespace() {
        match word {
            "(" if !open => {
                open = true;
                axes.push(Vec::new());
            }
            ")" if open => open = false,
            "(" | ")" => return Err(format!("the brackets of {text:?} do not close")),
            name if name.chars().all(|c| c.is_alphanumeric() || c == '_') => {
                match axes.last_mut() {
                    Some(group) if open => group.push(name.into()),
                    _ => axes.push(vec![name.into()]),
                }
            }
            other => return Err(format!("{other:?} is no name of an axis")),
        }
    }
    if open {
        return Err(format!("the brackets of {text:?} do not close"));
    }
    Ok(axes)
}

/// The sizes of the named parts of an axis of `n` places, of which one may be unknown.
fn parts(names: &[String], n: usize, size: &dyn Fn(&str) -> Option<usize>) -> Result<Vec<usize>> {
    if let [_] = names {
        return Ok(vec![n]);
    }
    let known: Vec<Option<usize>> = names.iter().map(|name| size(name)).collect();
    let product = known.iter().flatten().try_fold(1_usize, |all, &k| all.checked_mul(k));
    let open = known.iter().filter(|k| k.is_none()).count();
    match product.filter(|p| *p > 0) {
        Some(product) if open == 1 && n.is_multiple_of(product) => {
            Ok(known.iter().map(|k| k.unwrap_or(n / product)).collect())
        }
        Some(product) if open == 0 && product == n => Ok(known.into_iter().flatten().collect()),
        _ => Err(format!(
            "an axis of {n} places has no parts ({}): give their sizes",
            names.join(" ")
        )),
    }
}

/// The axes of a tensor taken apart, in another order, and put together, as the pattern says.
pub(crate) fn rearrange(
    x: &Value,
    pattern: &str,
    size: &dyn Fn(&str) -> Option<usize>,
) -> Result<Value> {
    let (before, after) = pattern
        .split_once("->")
        .ok_or_else(|| format!("expected a pattern as \"b h w -> b (h w)\", got {pattern:?}"))?;
    let (before, after) = (side(before)?, side(after)?);
    let shape = x.shape();
    if before.len() != shape.rank() {
        return Err(format!(
            "{pattern:?} names {} axes, the tensor has shape {shape}",
            before.len()
        ));
    }
    let mut sizes = Vec::new();
    for (names, &n) in before.iter().zip(shape.iter()) {
        sizes.extend(parts(names, n, size)?);
    }
    let names: Vec<&String> = before.iter().flatten().collect();
    let place = |name: &String| names.iter().position(|own| *own == name);
    let order: Option<Vec<usize>> = after.iter().flatten().map(place).collect();
    let order = order.ok_or_else(|| format!("{pattern:?} makes axes of nothing"))?;
    let mut used = order.clone();
    used.sort_unstable();
    if used != (0..names.len()).collect::<Vec<_>>() {
        return Err(format!("{pattern:?} must have each axis once on both sides"));
    }
    let size_of = |name: &String| place(name).map_or(1, |i| sizes[i]);
    let last = after.iter().map(|group| group.iter().map(size_of).product::<usize>());
    let last: Vec<usize> = last.collect();
    Ok(x.reshape(sizes.clone()).transpose(&order).reshape(last))
}

#[cfg(test)]
mod tests {
    use crate::ops;
    use ferras_graph::{Builder, DType};

    #[test]
    fn axes_go_where_the_pattern_says() {
        let b = Builder::new();
        let x = b.iota(DType::I32, [24], 0).reshape([2, 3, 4]);
        for (pattern, shape) in [
            ("a b c -> c b a", "(4, 3, 2)"),
            ("a b c -> a (b c)", "(2, 12)"),
            ("a b (c d) -> (a d) b c", "(4, 3, 2)"),
            ("a b (d c) -> c a d b", "(2, 2, 2, 3)"),
            ("a b c -> () a b c", "(1, 2, 3, 4)"),
        ] {
            let y = ops::rearrange(&x, pattern, &[("d", 2)]);
            assert_eq!(y.shape().to_string(), shape, "{pattern}");
        }
        let error = |pattern: &str| {
            let b = Builder::new();
            let y = ops::rearrange(&b.full(DType::F32, [2, 6], 1.0), pattern, &[("h", 4)]);
            b.finish(&[y], &[]).unwrap_err().to_string()
        };
        assert!(error("a b").contains("expected a pattern"));
        assert!(error("a b c -> a b c").contains("names 3 axes, the tensor has shape (2, 6)"));
        assert!(error("a (h w) -> a h w").contains("no parts (h w)"));
        assert!(error("a b -> a").contains("each axis once"));
        assert!(error("a b -> a c").contains("makes axes of nothing"));
        assert!(error("a (b -> a b").contains("do not close"));
    }
}
