//! Views: how the elements of a value, in row order, lie in the memory of another.
use ferras_graph::Op;

/// A walk over memory: one element for each index of `dims`, `strides` elements apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    pub offset: isize,
    pub dims: Vec<usize>,
    pub strides: Vec<isize>,
}

impl View {
    /// All elements of a shape as they lie.
    pub(crate) fn whole(dims: &[usize]) -> View {
        let strides = ferras_graph::Shape::from(dims).strides();
        View {
            offset: 0,
            dims: dims.to_vec(),
            strides: strides.iter().map(|&s| s as isize).collect(),
        }
    }

    /// Number of elements walked over.
    pub(crate) fn elements(&self) -> usize {
        self.dims.iter().product()
    }

    /// Whether the walk is over neighbours from the first element on.
    pub(crate) fn is_plain(&self) -> bool {
        self.offset == 0 && self.is_run()
    }

    /// Whether the walk is over neighbours, wherever it begins.
    pub(crate) fn is_run(&self) -> bool {
        // As in `collapsed`, without making it.
        let mut step = 1;
        for (&d, &s) in self.dims.iter().zip(&self.strides).rev() {
            if d != 1 && s != step {
                return self.elements() == 0;
            }
            step *= d as isize;
        }
        true
    }

    /// Whether all elements are one.
    pub(crate) fn is_scalar(&self) -> bool {
        self.strides.iter().zip(&self.dims).all(|(&s, &d)| s == 0 || d == 1)
    }

    /// The same walk in as few axes as possible, none of size 1.
    pub(crate) fn collapsed(&self) -> View {
        let mut flat = View { offset: self.offset, dims: Vec::new(), strides: Vec::new() };
        for (&d, &s) in self.dims.iter().zip(&self.strides) {
            if d == 1 {
                continue;
            }
            match (flat.dims.last_mut(), flat.strides.last_mut()) {
                (Some(last), Some(stride)) if *stride == s * d as isize => {
                    *last *= d;
                    *stride = s;
                }
                _ => {
                    flat.dims.push(d);
                    flat.strides.push(s);
                }
            }
        }
        flat
    }

    /// The view that a shape-changing op makes of this one, if a view can say it.
    pub(crate) fn through(&self, op: &Op) -> Option<View> {
        match op {
            Op::Reshape(to) => self.reshaped(to),
            Op::Broadcast(to) => {
                let stretched = |(i, &d): (usize, &usize)| {
                    if self.dims[i] == d { self.strides[i] } else { 0 }
                };
                let strides = to.iter().enumerate().map(stretched).collect();
                Some(View { offset: self.offset, dims: to.to_vec(), strides })
            }
            Op::Transpose(perm) => Some(View {
                offset: self.offset,
                dims: perm.iter().map(|&p| self.dims[p]).collect(),
                strides: perm.iter().map(|&p| self.strides[p]).collect(),
            }),
            Op::Slice { start, limit, stride } => {
                let first = start.iter().zip(&self.strides).map(|(&i, s)| i as isize * s);
                let axes = (0..start.len()).map(|i| (limit[i] - start[i]).div_ceil(stride[i]));
                let steps = stride.iter().zip(&self.strides).map(|(&n, s)| n as isize * s);
                Some(View {
                    offset: self.offset + first.sum::<isize>(),
                    dims: axes.collect(),
                    strides: steps.collect(),
                })
            }
            Op::Reverse(axes) => {
                let mut view = self.clone();
                for &a in axes {
                    view.offset += self.strides[a] * (self.dims[a] as isize - 1).max(0);
                    view.strides[a] = -self.strides[a];
                }
                Some(view)
            }
            _ => None,
        }
    }

    /// The same elements in the same order under other axes.
    fn reshaped(&self, to: &[usize]) -> Option<View> {
        if self.elements() == 0 {
            return Some(View { offset: 0, dims: to.to_vec(), strides: vec![0; to.len()] });
        }
        let flat = self.collapsed();
        let mut strides = vec![0; to.len()];
        // From the last axis inwards: each new axis must lie within one collapsed axis.
        let (mut axis, mut room, mut step) = (flat.dims.len(), 1, 0);
        for (i, &d) in to.iter().enumerate().rev() {
            if d == 1 {
                continue;
            }
            if room == 1 {
                axis = axis.checked_sub(1)?;
                (room, step) = (flat.dims[axis], flat.strides[axis]);
            }
            if room % d != 0 {
                return None;
            }
            strides[i] = step;
            room /= d;
            step *= d as isize;
        }
        Some(View { offset: flat.offset, dims: to.to_vec(), strides })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_collapse_and_compose() {
        let x = View::whole(&[2, 3, 4]);
        assert!(x.is_plain());
        let t = x.through(&Op::Transpose(vec![2, 0, 1])).unwrap();
        assert_eq!((t.dims.clone(), t.strides.clone()), (vec![4, 2, 3], vec![1, 12, 4]));
        assert_eq!(t.collapsed().dims, [4, 6]);
        let row = View::whole(&[3]).through(&Op::Reshape([1, 3].into())).unwrap();
        let rows = row.through(&Op::Broadcast([5, 3].into())).unwrap();
        assert_eq!(rows.collapsed(), View { offset: 0, dims: vec![5, 3], strides: vec![0, 1] });
        assert_eq!(rows.through(&Op::Reshape([15].into())), None);
        let last = x.through(&Op::Reverse(vec![2])).unwrap();
        assert_eq!((last.offset, last.strides[2]), (3, -1));
        let slice = Op::Slice { start: vec![1, 0, 1], limit: vec![2, 3, 4], stride: vec![1, 2, 2] };
        let s = x.through(&slice).unwrap();
        assert_eq!((s.offset, s.dims, s.strides), (13, vec![1, 2, 2], vec![12, 8, 2]));
    }

    #[test]
    fn a_broadcast_in_blocks_can_be_reshaped() {
        let x = View { offset: 0, dims: vec![2, 3], strides: vec![0, 1] };
        let y = x.through(&Op::Reshape([2, 3, 1].into())).unwrap();
        assert_eq!(y.strides[..2], [0, 1]);
        assert!(View { offset: 0, dims: vec![4, 1], strides: vec![0, 9] }.is_scalar());
    }
}
