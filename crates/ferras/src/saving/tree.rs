//! Putting a file's tree together by paths.
use crate::containers::hdf5::{Attribute, Member, Tree};
use ferras_graph::Tensor;

impl Tree {
    /// Fills the group at a path; groups that are missing are made.
    pub(super) fn group(&mut self, path: &str, fill: impl FnOnce(&mut Tree)) {
        let (name, rest) = path.split_once('/').unwrap_or((path, ""));
        if name.is_empty() {
            return fill(self);
        }
        let known = self.members.iter_mut().find_map(|(n, member)| match member {
            Member::Group(group) if n == name => Some(group),
            _ => None,
        });
        if let Some(group) = known {
            return group.group(rest, fill);
        }
        let mut group = Tree::default();
        group.group(rest, fill);
        self.members.push((name.into(), Member::Group(group)));
    }

    /// Puts an array at a path.
    pub(super) fn array(&mut self, path: &str, value: Tensor) {
        let (groups, name) = path.rsplit_once('/').unwrap_or(("", path));
        self.group(groups, |group| group.members.push((name.into(), Member::Array(value))));
    }

    /// Adds an attribute.
    pub(super) fn attribute(&mut self, name: &str, value: Attribute) {
        self.attributes.push((name.into(), value));
    }
}
