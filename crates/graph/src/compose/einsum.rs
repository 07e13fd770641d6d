//! Sums of products over named axes.
use crate::{Builder, DotDims, Shape, Value};

/// First of the letters that stand for the axes of `...`.
const ELLIPSIS: u32 = 0xE000;

/// A value and the name of each of its axes.
struct Named {
    value: Value,
    axes: Vec<char>,
}

impl Builder {
    /// The sum of products that an equation of NumPy's `einsum` describes: `"bij,bjk->bik"` is the
    /// batched matrix product. Axes that are not in the result are summed over; `...` stands for
    /// any further axes, which broadcast; without `->` the result has the names that occur once,
    /// in alphabetical order. A name may not occur twice in one operand.
    ///
    /// ```
    /// use ferras_graph::{Builder, DType};
    /// let b = Builder::new();
    /// let x = b.full(DType::F32, [5, 7, 3], 1.0);
    /// let w = b.full(DType::F32, [3, 4, 2], 1.0);
    /// let y = b.einsum("...c,chd->...hd", &[x, w]);
    /// assert_eq!(y.shape().to_string(), "(5, 7, 4, 2)");
    /// ```
    #[track_caller]
    pub fn einsum(&self, equation: &str, operands: &[Value]) -> Value {
        let told = |problem: String| self.error("einsum", format!("{equation:?}: {problem}"));
        let (named, output) = match parse(equation, operands) {
            Ok(parsed) => parsed,
            Err(problem) => return told(problem),
        };
        let names: Vec<Vec<char>> = named.iter().map(|n| n.axes.clone()).collect();
        let mut rest = named.into_iter();
        let Some(mut product) = rest.next() else { return told("expected operands".into()) };
        for (i, next) in rest.enumerate() {
            let later = names.iter().skip(i + 2).flatten().chain(&output);
            let needed: Vec<char> = later.copied().collect();
            product = match times(product, next, &needed) {
                Ok(product) => product,
                Err(problem) => return told(problem),
            };
        }
        let product = summed(product, &output);
        let place = |c: &char| product.axes.iter().position(|a| a == c);
        match output.iter().map(place).collect::<Option<Vec<usize>>>() {
            Some(perm) if perm.is_sorted() => product.value,
            Some(perm) => product.value.transpose(&perm),
            None => told("a name of the result is in no operand".into()),
        }
    }
}

/// The operands with their names, and the names of the result.
fn parse(equation: &str, operands: &[Value]) -> Result<(Vec<Named>, Vec<char>), String> {
    let text: String = equation.chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match text.split_once("->") {
        Some((left, right)) => (left, Some(right)),
        None => (&text[..], None),
    };
    let terms: Vec<&str> = left.split(',').collect();
    if terms.len() != operands.len() {
        return Err(format!("names {} operands, got {}", terms.len(), operands.len()));
    }
    let mut further = 0;
    let mut named = Vec::new();
    for (term, value) in terms.iter().zip(operands) {
        let written = term.replace("...", "").chars().count();
        let open = value.rank().saturating_sub(written);
        if written + open != value.rank() || open > 0 && !term.contains("...") {
            return Err(format!("{term:?} does not name the axes of {}", value.shape()));
        }
        further = further.max(open);
        named.push(Named { value: value.clone(), axes: letters(term, open)? });
    }
    let output = match right {
        Some(right) => letters(right, if right.contains("...") { further } else { 0 })?,
        None => {
            let all: Vec<char> = named.iter().flat_map(|n| n.axes.clone()).collect();
            let once = |c: &&char| all.iter().filter(|a| a == c).count() == 1;
            let mut plain: Vec<char> =
                all.iter().filter(|c| c.is_ascii()).filter(once).copied().collect();
            plain.sort_unstable();
            [letters("...", further)?, plain].concat()
        }
    };
    Ok((named, output))
}

/// The name of each axis of a term whose `...` stands for `open` axes, counted from the last.
fn letters(term: &str, open: usize) -> Result<Vec<char>, String> {
    let hidden = (0..open as u32).rev().filter_map(|i| char::from_u32(ELLIPSIS + i));
    let axes: Vec<char> = match term.split_once("...") {
        Some((before, after)) => before.chars().chain(hidden).chain(after.chars()).collect(),
        None => term.chars().collect(),
    };
    for (i, c) in axes.iter().enumerate() {
        if axes[..i].contains(c) {
            return Err(format!("{term:?} names an axis twice; sum over a mask instead"));
        }
        if c.is_ascii() && !c.is_ascii_alphabetic() {
            return Err(format!("{c:?} in {term:?} is no letter"));
        }
    }
    Ok(axes)
}

/// Without the axes that are not needed.
fn summed(x: Named, needed: &[char]) -> Named {
    let gone = |(_, c): &(usize, &char)| !needed.contains(c);
    let axes: Vec<isize> =
        x.axes.iter().enumerate().filter(gone).map(|(i, _)| i as isize).collect();
    if axes.is_empty() {
        return x;
    }
    let value = x.value.sum(&axes, false);
    Named { value, axes: x.axes.into_iter().filter(|c| needed.contains(c)).collect() }
}

/// The product of two values, summed over the shared axes that nothing further needs.
fn times(a: Named, b: Named, needed: &[char]) -> Result<Named, String> {
    let (a_needs, b_needs) = ([&b.axes, needed].concat(), [&a.axes, needed].concat());
    let (a, b) = (summed(a, &a_needs), summed(b, &b_needs));
    let (a, b) = (grown(&a, &b), grown(&b, &a));
    let mut dims = DotDims::default();
    let (mut batch, mut free) = (Vec::new(), Vec::new());
    for (i, c) in a.axes.iter().enumerate() {
        let Some(j) = b.axes.iter().position(|other| other == c) else {
            free.push(*c);
            continue;
        };
        let (m, n) = (a.value.shape()[i], b.value.shape()[j]);
        if m != n {
            let name = if c.is_ascii() { c.to_string() } else { "...".into() };
            return Err(format!("axis {name:?} has size {m} and size {n}"));
        }
        if needed.contains(c) {
            dims.lhs_batch.push(i);
            dims.rhs_batch.push(j);
            batch.push(*c);
        } else {
            dims.lhs_contract.push(i);
            dims.rhs_contract.push(j);
        }
    }
    free.extend(b.axes.iter().filter(|c| !a.axes.contains(c)));
    let dtype = a.value.dtype().promote(b.value.dtype());
    let value = a.value.cast(dtype).dot_general(&b.value.cast(dtype), dims);
    Ok(Named { value, axes: [batch, free].concat() })
}

/// Axes of size 1 repeated to the size that the other operand has there.
fn grown(x: &Named, like: &Named) -> Named {
    let (own, other) = (x.value.shape(), like.value.shape());
    let size = |(i, c): (usize, &char)| match like.axes.iter().position(|o| o == c) {
        Some(j) if own[i] == 1 => other[j],
        _ => own[i],
    };
    let shape: Shape = x.axes.iter().enumerate().map(size).collect();
    Named { value: x.value.broadcast_to(shape), axes: x.axes.clone() }
}
