//! Python's pickles, as far as data sets are kept in them: numbers, texts, lists of either, lists of
//! lists of numbers, NumPy's arrays of them, and dictionaries of all these.
//!
//! A pickle is a program. This reader runs none of it: it knows the few instructions that build
//! plain data, the three names that NumPy's arrays need, and refuses everything else. Nothing nests
//! without end, as there is no value for it.
use super::limits::Budget;
use std::borrow::Cow;
use std::collections::HashMap;

use super::limits::Result;

/// What a pickle may hold.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value<'a> {
    None,
    Bool(bool),
    Int(i64),
    /// A text or bytes: Python 2 knows no difference.
    Text(Cow<'a, [u8]>),
    List(List<'a>),
    /// A tuple of numbers.
    Ints(Vec<i64>),
    /// Another tuple; none of its members is one.
    Tuple(Vec<Value<'a>>),
    /// Entries in order; none of its values is one.
    Dict(Vec<(Cow<'a, [u8]>, Value<'a>)>),
    Array(Box<Array<'a>>),
    /// A function or class by name.
    Global(Global),
    /// An element type of NumPy.
    Dtype(Cow<'a, [u8]>),
}

/// A list, by what is in it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum List<'a> {
    Empty,
    Ints(Vec<i64>),
    Texts(Vec<Cow<'a, [u8]>>),
    Lists(Vec<Vec<i64>>),
}

/// An array of NumPy.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Array<'a> {
    pub(crate) shape: Vec<usize>,
    /// NumPy's name of the element type, without the order of bytes: `u1`, `O8`.
    pub(crate) dtype: Cow<'a, [u8]>,
    /// Whether columns come first.
    pub(crate) fortran: bool,
    /// Bytes, or the list of objects.
    pub(crate) data: Option<Data<'a>>,
}

/// The elements of an array.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data<'a> {
    Bytes(Cow<'a, [u8]>),
    Objects(List<'a>),
}

/// The names that arrays are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    /// Makes an array without elements.
    Reconstruct,
    /// The class of arrays.
    Ndarray,
    /// The class of element types.
    Dtype,
    /// Bytes from a text, as Python 3 writes them for Python 2.
    Encode,
}

/// The value of a pickle.
pub(crate) fn parse<'a>(bytes: &'a [u8], budget: &Budget) -> Result<Value<'a>> {
    let mut machine = Machine {
        rest: bytes,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: HashMap::new(),
        next: 0,
        budget,
    };
    while machine.step()? {}
    match (machine.stack.pop(), machine.stack.is_empty(), machine.rest.is_empty()) {
        (Some(value), true, true) => Ok(value),
        _ => Err("is no pickle of one value".to_string()),
    }
}

struct Machine<'a, 'b> {
    rest: &'a [u8],
    stack: Vec<Value<'a>>,
    /// Where the stack was when lists and tuples began.
    marks: Vec<usize>,
    /// Values to be used again; `None` for those that may not.
    memo: HashMap<usize, Option<Value<'a>>>,
    /// The next free number of the memo.
    next: usize,
    budget: &'b Budget,
}

impl<'a> Machine<'a, '_> {
    /// Runs an instruction; false at the end.
    fn step(&mut self) -> Result<bool> {
        let op = self.byte()?;
        match op {
            b'.' => return Ok(false),
            0x80 => drop(self.byte()?),
            // A frame, whose length only helps buffers.
            0x95 => drop(self.number::<8>()?),
            b'(' => self.marks.push(self.stack.len()),
            b'N' => self.push(Value::None)?,
            0x88 | 0x89 => self.push(Value::Bool(op == 0x88))?,
            b'K' => self.integer::<1>(false)?,
            b'M' => self.integer::<2>(false)?,
            b'J' => self.integer::<4>(true)?,
            0x8a => self.long()?,
            b'U' | b'C' | 0x8c => self.text::<1>()?,
            b'T' | b'B' | b'X' => self.text::<4>()?,
            b'}' => self.push(Value::Dict(Vec::new()))?,
            b']' => self.push(Value::List(List::Empty))?,
            b')' => self.push(Value::Ints(Vec::new()))?,
            0x85..=0x87 => self.tuple(usize::from(op - 0x84))?,
            b't' => {
                let count = self.since_mark()?;
                self.tuple(count)?;
            }
            b'a' => self.append(1)?,
            b'e' => {
                let count = self.since_mark()?;
                self.append(count)?;
            }
            b's' => self.set_items(2)?,
            b'u' => {
                let count = self.since_mark()?;
                self.set_items(count)?;
            }
            b'c' => self.global()?,
            0x93 => self.stack_global()?,
            b'R' => self.reduce()?,
            b'b' => self.build()?,
            b'q' => {
                let place = self.number::<1>()?;
                self.remember(place);
            }
            b'r' => {
                let place = self.number::<4>()?;
                self.remember(place);
            }
            0x94 => self.remember(self.next),
            b'h' => {
                let place = self.number::<1>()?;
                self.recall(place)?;
            }
            b'j' => {
                let place = self.number::<4>()?;
                self.recall(place)?;
            }
            other => return Err(refused(&format!("the instruction {:?}", char::from(other)))),
        }
        Ok(true)
    }

    fn byte(&mut self) -> Result<u8> {
        let (byte, rest) = self.rest.split_first().ok_or_else(ended)?;
        self.rest = rest;
        Ok(*byte)
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (part, rest) = self.rest.split_at_checked(count).ok_or_else(ended)?;
        self.rest = rest;
        Ok(part)
    }

    /// A number of so many bytes, low ones first.
    fn number<const BYTES: usize>(&mut self) -> Result<usize> {
        let bytes = self.take(BYTES)?.iter().rev();
        Ok(bytes.fold(0, |n, byte| n << 8 | usize::from(*byte)))
    }

    fn integer<const BYTES: usize>(&mut self, signed: bool) -> Result<()> {
        let number = self.number::<BYTES>()?;
        let value = if signed { i64::from(number as u32 as i32) } else { number as i64 };
        self.push(Value::Int(value))
    }

    /// An integer of up to 8 bytes, as Python's `long`.
    fn long(&mut self) -> Result<()> {
        let count = self.number::<1>()?;
        let bytes = self.take(count)?;
        if count > 8 {
            return Err(refused("an integer of more than 64 bits"));
        }
        let sign = if bytes.last().is_some_and(|b| *b >= 128) { -1 } else { 0 };
        self.push(Value::Int(bytes.iter().rev().fold(sign, |n, b| n << 8 | i64::from(*b))))
    }

    fn text<const BYTES: usize>(&mut self) -> Result<()> {
        let count = self.number::<BYTES>()?;
        let text = self.take(count)?;
        self.push(Value::Text(Cow::Borrowed(text)))
    }

    fn push(&mut self, value: Value<'a>) -> Result<()> {
        // What a value takes on the stack or in a list, whatever the instruction's size.
        self.budget.take(size_of::<i64>() as u64, || "a value of a pickle".into())?;
        self.stack.push(value);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value<'a>> {
        // Nothing below a mark belongs to what is built above it.
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len() > floor {
            true => self.stack.pop().ok_or_else(ended),
            false => Err(broken()),
        }
    }

    fn top(&mut self) -> Result<&mut Value<'a>> {
        self.stack.last_mut().ok_or_else(broken)
    }

    /// How many values lie above the last mark, which is taken away.
    fn since_mark(&mut self) -> Result<usize> {
        let mark = self.marks.pop().ok_or_else(broken)?;
        self.stack.len().checked_sub(mark).ok_or_else(broken)
    }

    fn tail(&mut self, count: usize) -> Result<Vec<Value<'a>>> {
        let start = self.stack.len().checked_sub(count).ok_or_else(broken)?;
        Ok(self.stack.split_off(start))
    }

    fn tuple(&mut self, count: usize) -> Result<()> {
        let members = self.tail(count)?;
        let numbers: Option<Vec<i64>> = members.iter().map(Value::int).collect();
        let value = match numbers {
            Some(numbers) => Value::Ints(numbers),
            None if members.iter().any(|m| matches!(m, Value::Tuple(_) | Value::Dict(_))) => {
                return Err(refused("a tuple in a tuple"));
            }
            None => Value::Tuple(members),
        };
        self.push(value)
    }

    fn append(&mut self, count: usize) -> Result<()> {
        let items = self.tail(count)?;
        let Value::List(list) = self.top()? else { return Err(broken()) };
        items.into_iter().try_for_each(|item| list.append(item))
    }

    fn set_items(&mut self, count: usize) -> Result<()> {
        let items = self.tail(count)?;
        let Value::Dict(entries) = self.top()? else { return Err(broken()) };
        let mut items = items.into_iter();
        while let (Some(key), Some(value)) = (items.next(), items.next()) {
            match (key, value) {
                (_, Value::Dict(_)) => return Err(refused("a dictionary in a dictionary")),
                (Value::Text(key), value) => entries.push((key, value)),
                _ => return Err(refused("a dictionary whose keys are no texts")),
            }
        }
        Ok(())
    }

    /// `module` and `name`, a line each.
    fn global(&mut self) -> Result<()> {
        let mut line = || {
            let end = self.rest.iter().position(|b| *b == b'\n').ok_or_else(ended)?;
            let (line, rest) = self.rest.split_at(end);
            self.rest = rest.get(1..).unwrap_or_default();
            Ok::<&[u8], String>(line)
        };
        let (module, name) = (line()?, line()?);
        self.push(Value::Global(Global::named(module, name)?))
    }

    fn stack_global(&mut self) -> Result<()> {
        let (name, module) = (self.pop()?, self.pop()?);
        match (module, name) {
            (Value::Text(module), Value::Text(name)) => {
                self.push(Value::Global(Global::named(&module, &name)?))
            }
            _ => Err(broken()),
        }
    }

    /// A call: only of what makes arrays, element types and bytes.
    fn reduce(&mut self) -> Result<()> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let value = match (function, arguments) {
            (Value::Global(Global::Reconstruct), Value::Tuple(arguments)) => {
                match arguments.first() {
                    Some(Value::Global(Global::Ndarray)) => Value::Array(Box::default()),
                    _ => return Err(refused("an array of an unknown class")),
                }
            }
            (Value::Global(Global::Dtype), Value::Tuple(arguments)) => {
                match arguments.into_iter().next() {
                    Some(Value::Text(name)) => Value::Dtype(name),
                    _ => return Err(refused("an array of records")),
                }
            }
            (Value::Global(Global::Encode), Value::Tuple(arguments)) => match &arguments[..] {
                [Value::Text(text), Value::Text(code)] if **code == b"latin1"[..] => {
                    self.latin1(text)?
                }
                _ => return Err(refused("bytes in an unknown form")),
            },
            _ => return Err(refused("a call")),
        };
        self.push(value)
    }

    fn latin1(&self, text: &[u8]) -> Result<Value<'a>> {
        self.budget.take(text.len() as u64, || "bytes".into())?;
        let text = std::str::from_utf8(text).map_err(|_| refused("a text that is not UTF-8"))?;
        let bytes: Option<Vec<u8>> = text.chars().map(|c| u8::try_from(c).ok()).collect();
        bytes.map(|b| Value::Text(b.into())).ok_or_else(|| refused("bytes above 255"))
    }

    /// Fills in what a call has made: an element type's order of bytes, an array's elements.
    fn build(&mut self) -> Result<()> {
        let state = self.pop()?;
        match (self.top()?, state) {
            (Value::Dtype(_), Value::Tuple(state)) => match state.get(1) {
                Some(Value::Text(order)) if matches!(&order[..], b"|" | b"<") => Ok(()),
                _ => Err(refused("numbers whose high bytes come first")),
            },
            (Value::Array(array), Value::Tuple(state)) => array.fill(state),
            _ => Err(refused("the state of an object")),
        }
    }

    /// Gives the last value a number. What may grow or is large is not given out again.
    fn remember(&mut self, place: usize) {
        let kept = self.stack.last().filter(|v| match v {
            Value::Text(text) => text.len() < 100,
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Global(_) | Value::Dtype(_) => {
                true
            }
            _ => false,
        });
        self.memo.insert(place, kept.cloned());
        self.next = place.saturating_add(1);
    }

    fn recall(&mut self, place: usize) -> Result<()> {
        match self.memo.get(&place) {
            Some(Some(value)) => self.push(value.clone()),
            Some(None) => Err(refused("one list in two places")),
            None => Err(broken()),
        }
    }
}

impl Value<'_> {
    fn int(&self) -> Option<i64> {
        match self {
            Value::Int(n) => Some(*n),
            _ => None,
        }
    }
}

impl<'a> List<'a> {
    fn append(&mut self, item: Value<'a>) -> Result<()> {
        if *self == List::Empty {
            *self = match &item {
                Value::Int(_) => List::Ints(Vec::new()),
                Value::Text(_) => List::Texts(Vec::new()),
                Value::List(_) => List::Lists(Vec::new()),
                _ => return Err(refused("a list of neither numbers, texts nor lists")),
            };
        }
        match (self, item) {
            (List::Ints(list), Value::Int(n)) => list.push(n),
            (List::Texts(list), Value::Text(text)) => list.push(text),
            (List::Lists(list), Value::List(List::Empty)) => list.push(Vec::new()),
            (List::Lists(list), Value::List(List::Ints(mut numbers))) => {
                numbers.shrink_to_fit();
                list.push(numbers);
            }
            _ => return Err(refused("a list of different things, or lists three deep")),
        }
        Ok(())
    }
}

impl Global {
    fn named(module: &[u8], name: &[u8]) -> Result<Global> {
        match (module, name) {
            (b"numpy.core.multiarray" | b"numpy._core.multiarray", b"_reconstruct") => {
                Ok(Global::Reconstruct)
            }
            (b"numpy", b"ndarray") => Ok(Global::Ndarray),
            (b"numpy", b"dtype") => Ok(Global::Dtype),
            (b"_codecs", b"encode") => Ok(Global::Encode),
            _ => {
                let text = |bytes: &[u8]| {
                    String::from_utf8_lossy(bytes.get(..40).unwrap_or(bytes)).into_owned()
                };
                Err(refused(&format!("the name {:?} of {:?}", text(name), text(module))))
            }
        }
    }
}

impl<'a> Array<'a> {
    /// Takes in (1, shape, element type, columns first?, elements).
    fn fill(&mut self, state: Vec<Value<'a>>) -> Result<()> {
        let mut state = state.into_iter().skip(1);
        let mut next = || state.next().unwrap_or(Value::None);
        let (shape, dtype, fortran, data) = (next(), next(), next(), next());
        let (Value::Ints(shape), Value::Dtype(dtype)) = (shape, dtype) else {
            return Err(refused("an array without shape or element type"));
        };
        let sizes: Result<Vec<usize>, _> = shape.into_iter().map(usize::try_from).collect();
        self.shape = sizes.map_err(|_| refused("an array of a negative size"))?;
        self.dtype = dtype;
        self.fortran = !matches!(fortran, Value::Bool(false) | Value::Int(0));
        self.data = match data {
            Value::Text(bytes) => Some(Data::Bytes(bytes)),
            Value::List(list) => Some(Data::Objects(list)),
            _ => return Err(refused("an array without elements")),
        };
        Ok(())
    }
}

fn refused(what: &str) -> String {
    format!(
        "holds {what} in a pickle; only numbers, texts, lists and arrays of them are read, as \
         anything else could mean running code from the file"
    )
}

fn ended() -> String {
    "ends within a pickle; it is truncated or damaged".to_string()
}

fn broken() -> String {
    "holds a damaged pickle".to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::containers::limits::Limits;

    fn parsed(bytes: &[u8]) -> Result<Value<'_>> {
        parse(bytes, &Limits::new().budget(bytes.len() as u64)?)
    }

    fn text(text: &str) -> Cow<'_, [u8]> {
        Cow::Borrowed(text.as_bytes())
    }

    #[test]
    fn plain_data() {
        // pickle.dumps({"a": [1, 300, -2, 70000, 2**40], "b": [], "c": "x"}, 2), Python 3
        let bytes = b"\x80\x02}q\x00(X\x01\x00\x00\x00aq\x01]q\x02(K\x01M,\x01J\xfe\xff\xff\xff\
                      J\x70\x11\x01\x00\x8a\x06\x00\x00\x00\x00\x00\x01eX\x01\x00\x00\x00b\
                      q\x03]q\x04X\x01\x00\x00\x00cq\x05X\x01\x00\x00\x00xq\x06u.";
        let ints = vec![1, 300, -2, 70_000, 1 << 40];
        let entries = vec![
            (text("a"), Value::List(List::Ints(ints))),
            (text("b"), Value::List(List::Empty)),
            (text("c"), Value::Text(text("x"))),
        ];
        assert_eq!(parsed(bytes).unwrap(), Value::Dict(entries));
        // pickle.dumps([[1, 2], [], [3]], 4)
        let bytes = b"\x80\x04\x95\x11\0\0\0\0\0\0\0]\x94(]\x94(K\x01K\x02e]\x94]\x94K\x03ae.";
        let lists = List::Lists(vec![vec![1, 2], vec![], vec![3]]);
        assert_eq!(parsed(bytes).unwrap(), Value::List(lists));
        assert_eq!(parsed(b"\x80\x02\x8a\x01\xff.").unwrap(), Value::Int(-1));
    }

    #[test]
    fn refuses_what_could_run() {
        let error = |bytes: &[u8]| parsed(bytes).unwrap_err();
        assert!(error(b"cos\nsystem\n(X\x02\0\0\0lstR.").contains("the name \"system\" of \"os\""));
        let four = b"\x80\x04\x8c\x08builtins\x94\x8c\x04eval\x94\x93.";
        assert!(error(four).contains("the name \"eval\" of \"builtins\""));
        assert!(error(b"cnumpy\nndarray\n(K\x01tR.").contains("holds a call in a pickle"));
        for op in [b"i", b"o", b"\x81", b"\x92", b"P", b"Q", b"\x82", b"I", b"G", b"l", b"d"] {
            let error = error(op);
            assert!(error.contains("the instruction"), "{error}");
        }
    }

    #[test]
    fn refuses_what_grows_without_end() {
        let error = |bytes: &[u8]| parsed(bytes).unwrap_err();
        let nested = [&vec![b']'; 100_000][..], &vec![b'a'; 99_999], b"."].concat();
        assert!(error(&nested).contains("three deep"));
        let tuples = [b"N".to_vec(), b"\x85".repeat(100_000), b".".to_vec()].concat();
        assert!(error(&tuples).contains("a tuple in a tuple"));
        assert!(error(b"]q\x00h\x00a.").contains("one list in two places"));
        assert!(error(b"}U\x01a}s.").contains("a dictionary in a dictionary"));
        // A list of itself, and stacks that are emptied.
        for bytes in
            [&b"a."[..], b"(a.", b"]a.", b"e.", b"t.", b"R.", b"b.", b"s.", b"h\x07.", b"."]
        {
            let found = parsed(bytes).unwrap_err();
            assert!(found.contains("pickle"), "{bytes:?}: {found}");
        }
        let budget = Limits::new().decoded_bytes(80).budget(1).unwrap();
        assert!(parse(&[b'N'; 11], &budget).unwrap_err().contains("a value of a pickle"));
    }

    #[test]
    fn damage_is_survived() {
        let good = b"\x80\x02}q\x00(U\x01aq\x01cnumpy.core.multiarray\n_reconstruct\nq\x02cnumpy\n\
                     ndarray\nq\x03K\x00\x85q\x04U\x01b\x87q\x05Rq\x06(K\x01K\x02\x85cnumpy\ndtype\n\
                     U\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\
                     \x89U\x02xytbu.";
        let Value::Dict(entries) = parsed(good).unwrap() else { panic!("no dictionary") };
        let Value::Array(array) = &entries[0].1 else { panic!("no array") };
        assert_eq!(
            (&array.shape[..], &array.dtype[..], array.fortran),
            (&[2][..], &b"u1"[..], false)
        );
        assert_eq!(array.data, Some(Data::Bytes(text("xy"))));
        for n in 0..good.len() {
            assert!(parsed(&good[..n]).is_err());
        }
        for place in 0..good.len() {
            for value in [0, 1, b'(', b'R', b'b', b'e', b't', 0x80, 255] {
                let mut bad = good.to_vec();
                bad[place] = value;
                let _ = parsed(&bad);
            }
        }
    }
}
