//! Labels: texts and numbers that name a class.
use crate::{Error, Result};
use std::cmp::Ordering;
use std::fmt::Display;

/// An owned label: it can be ordered, shown and kept.
pub trait Class: Clone + Display {
    /// Order among labels: alphabetical (by code point) or numerical.
    fn order(&self, other: &Self) -> Ordering;
    /// Whether it stands for "not known": NaN.
    fn is_missing(&self) -> bool {
        false
    }
    /// How it is shown in a table: floats with their point (`1.0`).
    fn name(&self) -> String {
        self.to_string()
    }
    /// How it is shown in an error: texts in quotes.
    fn shown(&self) -> String {
        self.name()
    }
}

/// Anything that names a class: a text, an integer, a float, a truth value, or a reference to one.
///
/// ```
/// use ferras::preprocessing::Label;
/// assert_eq!("cat".class(), String::from("cat"));
/// assert_eq!(7_u8.class(), 7);
/// ```
pub trait Label {
    /// What is kept of it.
    type Class: Class;
    /// The label to keep.
    fn class(&self) -> Self::Class;
}

impl Class for String {
    fn order(&self, other: &Self) -> Ordering {
        self.cmp(other)
    }
    fn shown(&self) -> String {
        format!("{self:?}")
    }
}

impl Label for String {
    type Class = String;
    fn class(&self) -> String {
        self.clone()
    }
}

impl Label for str {
    type Class = String;
    fn class(&self) -> String {
        self.to_string()
    }
}

impl<L: Label + ?Sized> Label for &L {
    type Class = L::Class;
    fn class(&self) -> L::Class {
        (**self).class()
    }
}

macro_rules! labels {
    ($($ty:ty)*; $($float:ty)*) => {
        $(impl Class for $ty {
            fn order(&self, other: &Self) -> Ordering {
                self.cmp(other)
            }
        })*
        $(impl Class for $float {
            fn order(&self, other: &Self) -> Ordering {
                // Zero has two signs but is one label.
                self.partial_cmp(other).unwrap_or_else(|| self.total_cmp(other))
            }
            fn is_missing(&self) -> bool {
                self.is_nan()
            }
            fn name(&self) -> String {
                format!("{self:?}")
            }
        })*
        $(labels!(@ $ty);)*
        $(labels!(@ $float);)*
    };
    (@ $ty:ty) => {
        impl Label for $ty {
            type Class = $ty;
            fn class(&self) -> $ty {
                *self
            }
        }
    };
}

labels!(bool char u8 u16 u32 u64 usize i8 i16 i32 i64 isize; f32 f64);

/// The labels as owned values, at least one; `what` names them in errors.
pub(super) fn collect<'a, L: Label + ?Sized + 'a>(
    what: &str,
    labels: impl IntoIterator<Item = &'a L>,
) -> Result<Vec<L::Class>> {
    let owned: Vec<L::Class> = labels.into_iter().map(Label::class).collect();
    if owned.is_empty() {
        return Err(Error::Data(format!("{what} holds no labels: at least one is needed")));
    }
    match owned.iter().position(Class::is_missing) {
        Some(place) => Err(Error::Data(format!(
            "{what} is NaN at place {place}: drop such rows or fill them in first"
        ))),
        None => Ok(owned),
    }
}

/// The different labels in order.
pub(super) fn distinct<C: Class>(labels: &[C]) -> Vec<C> {
    let mut classes: Vec<&C> = labels.iter().collect();
    classes.sort_by(|a, b| a.order(b));
    classes.dedup_by(|a, b| a.order(b).is_eq());
    classes.into_iter().cloned().collect()
}

/// The place of a label among ordered classes.
pub(super) fn find<C: Class>(classes: &[C], label: &C) -> Option<usize> {
    classes.binary_search_by(|c| c.order(label)).ok()
}

/// `"a", "b", "c", …`: classes for an error.
pub(super) fn list<C: Class>(classes: &[C]) -> String {
    let mut shown: Vec<String> = classes.iter().take(10).map(Class::shown).collect();
    if classes.len() > 10 {
        shown.push("…".to_string());
    }
    shown.join(", ")
}

pub(super) fn not_fitted(class: &str) -> Error {
    Error::Model(format!("this {class} has not seen data yet: call fit or fit_transform first"))
}
