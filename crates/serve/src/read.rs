//! JSON as tensors: numbers go straight from the text into the batch.
use crate::failure::{Failure, Outcome};
use crate::served::Slot;
use ferras::config::ElementType;
use ferras::data::{Array, Texts};
use ferras::{DType, Tensor};
use jiter::{Jiter, JiterError, JiterErrorType, Peek};

/// Lists may lie this deep: far more axes than any model has, and far less than the stack takes.
const DEEPEST: usize = 32;

/// A text of JSON, read once from its beginning to its end.
pub(crate) struct Reader<'t> {
    jiter: Jiter<'t>,
}

impl<'t> Reader<'t> {
    /// `words` allows `NaN`, `Infinity` and `-Infinity`, which are no JSON, as TensorFlow Serving does.
    pub(crate) fn new(text: &'t [u8], words: bool) -> Reader<'t> {
        let jiter = Jiter::new(text);
        Reader { jiter: if words { jiter.with_allow_inf_nan() } else { jiter } }
    }

    /// What is wrong at this place.
    fn broken(&self, error: &JiterError) -> Failure {
        let place = error.get_position(&self.jiter);
        let what = match &error.error_type {
            JiterErrorType::JsonError(error) => error.to_string(),
            JiterErrorType::WrongType { expected, actual } => {
                format!("expected {expected}, found {actual}")
            }
        };
        Failure::bad(format!("the body is not the JSON that is expected: {what}, at {place}"))
    }

    pub(crate) fn peek(&mut self) -> Outcome<Peek> {
        self.jiter.peek().map_err(|e| self.broken(&e))
    }

    /// Calls `member` with each name of an object, and the reader before its value.
    pub(crate) fn object(
        &mut self,
        mut member: impl FnMut(&str, &mut Reader<'t>) -> Outcome<()>,
    ) -> Outcome<()> {
        let mut key = match self.jiter.next_object() {
            Ok(key) => key.map(str::to_string),
            Err(e) => return Err(self.broken(&e)),
        };
        while let Some(name) = key {
            member(&name, self)?;
            key = match self.jiter.next_key() {
                Ok(key) => key.map(str::to_string),
                Err(e) => return Err(self.broken(&e)),
            };
        }
        Ok(())
    }

    /// Calls `item` before each value of a list, with its number.
    pub(crate) fn list(
        &mut self,
        mut item: impl FnMut(usize, &mut Reader<'t>) -> Outcome<()>,
    ) -> Outcome<()> {
        let mut more = self.jiter.next_array().map_err(|e| self.broken(&e))?.is_some();
        for i in 0.. {
            if !more {
                break;
            }
            item(i, self)?;
            more = self.jiter.array_step().map_err(|e| self.broken(&e))?.is_some();
        }
        Ok(())
    }

    pub(crate) fn text(&mut self) -> Outcome<String> {
        match self.jiter.next_str() {
            Ok(text) => Ok(text.to_string()),
            Err(e) => Err(self.broken(&e)),
        }
    }

    /// Any value, as it stands.
    pub(crate) fn value(&mut self) -> Outcome<serde_json::Value> {
        self.peek()?;
        let start = self.jiter.current_index();
        self.skip()?;
        serde_json::from_slice(self.jiter.slice_to_current(start))
            .map_err(|e| Failure::bad(format!("the body is not the JSON that is expected: {e}")))
    }

    pub(crate) fn skip(&mut self) -> Outcome<()> {
        self.jiter.next_skip().map_err(|e| self.broken(&e))
    }

    /// The text of this name that follows within the object whose value comes next.
    pub(crate) fn member_ahead(&self, name: &str) -> Option<String> {
        let mut ahead = self.jiter.clone();
        loop {
            ahead.next_skip().ok()?;
            if ahead.next_key().ok()?? == name {
                return ahead.next_str().ok().map(String::from);
            }
        }
    }

    /// An error unless nothing follows.
    pub(crate) fn end(&mut self) -> Outcome<()> {
        self.jiter.finish().map_err(|e| self.broken(&e))
    }
}

/// Numbers, or texts, of one input while they are read. Floats of at most 32 bits are kept as float32, all
/// others as float64, which holds every integer up to 2⁵³.
enum Numbers {
    Narrow(Vec<f32>),
    Wide(Vec<f64>),
    /// No numbers: an input of texts.
    Texts(Vec<String>),
}

/// An input while it is read: numbers, and the size of each axis as far as it is known.
pub(crate) struct Filling {
    dtype: ElementType,
    numbers: Numbers,
    sizes: Vec<Option<usize>>,
    /// How deep numbers lie.
    rank: Option<usize>,
}

impl Filling {
    /// Nothing yet, for an input of this type; `room` is the likely number of numbers.
    fn new(dtype: ElementType, room: usize) -> Filling {
        let numbers = match dtype.number() {
            Some(DType::F32 | DType::F16 | DType::BF16) => {
                Numbers::Narrow(Vec::with_capacity(room))
            }
            Some(_) => Numbers::Wide(Vec::with_capacity(room)),
            None => Numbers::Texts(Vec::with_capacity(room)),
        };
        Filling { dtype, numbers, sizes: Vec::new(), rank: None }
    }

    /// Nothing yet, with room for one row.
    pub(crate) fn for_slot(slot: &Slot) -> Filling {
        Filling::new(slot.spec.dtype, slot.width().unwrap_or(0).min(1 << 20))
    }

    fn len(&self) -> usize {
        match &self.numbers {
            Numbers::Narrow(v) => v.len(),
            Numbers::Wide(v) => v.len(),
            Numbers::Texts(v) => v.len(),
        }
    }

    fn push(&mut self, value: f64) {
        match &mut self.numbers {
            Numbers::Narrow(v) => v.push(value as f32),
            Numbers::Wide(v) => v.push(value),
            // Texts alone come here for an input of texts.
            Numbers::Texts(_) => {}
        }
    }

    /// Reads a text of an input of texts, or says what else it is.
    fn text(&mut self, reader: &mut Reader<'_>, peek: Peek, depth: usize) -> Outcome<()> {
        if peek != Peek::String {
            reader.skip()?;
            return Err(Failure::bad("expected texts in lists, found something else"));
        }
        let text = reader.text()?;
        self.lies(depth)?;
        if let Numbers::Texts(texts) = &mut self.numbers {
            texts.push(text);
        }
        Ok(())
    }

    /// Reads a number, or lists in lists of numbers, that lies `depth` lists down.
    pub(crate) fn read(&mut self, reader: &mut Reader<'_>, depth: usize) -> Outcome<()> {
        let peek = reader.peek()?;
        self.known(reader, peek, depth)
    }

    fn known(&mut self, reader: &mut Reader<'_>, peek: Peek, depth: usize) -> Outcome<()> {
        match peek {
            Peek::Array => self.list(reader, depth),
            _ if self.dtype == ElementType::Text => self.text(reader, peek, depth),
            Peek::True | Peek::False if self.dtype == DType::Bool => {
                let truth = reader.jiter.known_bool(peek).map_err(|e| reader.broken(&e))?;
                self.leaf(f64::from(u8::from(truth)), depth)
            }
            _ if peek.is_num() => {
                let number = reader.jiter.known_float(peek).map_err(|e| reader.broken(&e))?;
                self.leaf(number, depth)
            }
            _ => {
                let found = match peek {
                    Peek::String => "a text",
                    Peek::Null => "null",
                    Peek::Object => "an object",
                    Peek::True | Peek::False => "true or false",
                    // Told with its place.
                    _ => return reader.skip().and(Err(Failure::bad("expected numbers"))),
                };
                Err(Failure::bad(format!("expected numbers in lists, found {found}")))
            }
        }
    }

    fn leaf(&mut self, number: f64, depth: usize) -> Outcome<()> {
        self.lies(depth)?;
        self.push(number);
        Ok(())
    }

    /// Notes that an entry lies so deep, as every other must.
    fn lies(&mut self, depth: usize) -> Outcome<()> {
        match self.rank {
            Some(rank) if rank != depth => Err(Failure::bad(format!(
                "numbers lie {depth} lists deep and {rank} lists deep; an array has them all at \
                 one depth"
            ))),
            _ => {
                self.rank = Some(depth);
                Ok(())
            }
        }
    }

    fn list(&mut self, reader: &mut Reader<'_>, depth: usize) -> Outcome<()> {
        if depth >= DEEPEST {
            return Err(Failure::bad(format!("lists lie more than {DEEPEST} deep")));
        }
        let mut count = 0;
        let mut next = reader.jiter.known_array().map_err(|e| reader.broken(&e))?;
        while let Some(peek) = next {
            self.known(reader, peek, depth + 1)?;
            count += 1;
            next = reader.jiter.array_step().map_err(|e| reader.broken(&e))?;
        }
        self.size(depth, count)
    }

    /// Notes that a list at this depth has so many entries, as every other there must.
    pub(crate) fn size(&mut self, depth: usize, count: usize) -> Outcome<()> {
        if self.sizes.len() <= depth {
            self.sizes.resize(depth + 1, None);
        }
        match self.sizes.get_mut(depth) {
            Some(Some(size)) if *size != count => Err(Failure::bad(format!(
                "lists of {size} and of {count} entries lie side by side; an array has lists of \
                 one length at each depth"
            ))),
            Some(place) => {
                *place = Some(count);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The array of the lists that were read.
    pub(crate) fn finish(self) -> Outcome<Array> {
        let sizes = self.sizes.iter().map(|size| size.unwrap_or(0)).collect::<Vec<_>>();
        self.shaped(sizes)
    }

    /// The array of this shape, however deep its entries lay.
    pub(crate) fn shaped(self, sizes: Vec<usize>) -> Outcome<Array> {
        let count = self.len();
        let places = sizes.iter().try_fold(1_usize, |n, &d| n.checked_mul(d));
        if places != Some(count) {
            let shape = ferras::Shape::from(sizes);
            return Err(Failure::bad(format!("{count} numbers do not fill the shape {shape}")));
        }
        let internal = |e: String| Failure::internal(e);
        let dtype = match (self.dtype, &self.numbers) {
            (ElementType::Number(dtype), _) => dtype,
            (ElementType::Text, Numbers::Texts(texts)) => {
                let texts = Texts::new(sizes, texts.iter().map(String::as_str).collect());
                return texts.map(Array::from).map_err(|e| internal(e.to_string()));
            }
            (ElementType::Text, _) => return Err(internal("texts that are numbers".into())),
        };
        let tensor = match self.numbers {
            Numbers::Narrow(numbers) => Tensor::new(sizes, numbers),
            Numbers::Wide(numbers) => {
                whole(&numbers, dtype)?;
                Tensor::new(sizes, numbers)
            }
            Numbers::Texts(_) => return Err(internal("numbers that are texts".into())),
        };
        let tensor = tensor.map_err(|e| internal(e.to_string()))?;
        Ok(tensor.cast(dtype).into())
    }
}

/// An error for numbers that an input of integers does not take.
fn whole(numbers: &[f64], dtype: DType) -> Outcome<()> {
    let (least, most) = match dtype {
        DType::U8 => (0.0, 255.0),
        DType::I32 => (f64::from(i32::MIN), f64::from(i32::MAX)),
        DType::I64 => (-(2_f64.powi(53)), 2_f64.powi(53)),
        DType::Bool => (0.0, 1.0),
        _ => return Ok(()),
    };
    match numbers.iter().find(|v| !(v.fract() == 0.0 && (least..=most).contains(*v))) {
        None => Ok(()),
        Some(odd) => Err(Failure::bad(format!(
            "the input is of type {dtype}: it takes whole numbers from {least} to {most}, not {odd}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, dtype: DType) -> Outcome<Tensor> {
        let mut reader = Reader::new(text.as_bytes(), true);
        let mut filling = Filling::new(dtype.into(), 0);
        filling.read(&mut reader, 0)?;
        reader.end()?;
        Ok(filling.finish()?.numbers().unwrap().clone())
    }

    #[test]
    fn texts_lie_in_lists_too() {
        let read = |text: &str| {
            let mut filling = Filling::new(ElementType::Text, 0);
            filling.read(&mut Reader::new(text.as_bytes(), true), 0)?;
            filling.finish()
        };
        assert_eq!(
            read(r#"[["a"],["gr\u00f6\u00dfe"]]"#).unwrap(),
            Array::from([["a"], ["größe"]])
        );
        for odd in ["[1]", "[null]", "[{}]", r#"["a",["b"]]"#, r#"["a""#, "[true]"] {
            assert!(read(odd).is_err(), "{odd}");
        }
    }

    fn refused(text: &str, dtype: DType) -> String {
        read(text, dtype).unwrap_err().message
    }

    #[test]
    fn lists_become_tensors() {
        let t = read(" [[1, 2.5,-3e2],\n[0.1,0,7]] ", DType::F32).unwrap();
        assert_eq!(t, Tensor::new([2, 3], vec![1.0_f32, 2.5, -300.0, 0.1, 0.0, 7.0]).unwrap());
        assert_eq!(read("5", DType::I32).unwrap(), Tensor::scalar(5_i32));
        assert_eq!(read("[true,false]", DType::Bool).unwrap().as_slice(), Some(&[true, false][..]));
        assert_eq!(
            read("[9007199254740992]", DType::I64).unwrap().as_slice(),
            Some(&[1_i64 << 53][..])
        );
        assert_eq!(read("[[],[]]", DType::F32).unwrap().shape()[..], [2, 0]);
        let odd = read("[NaN,Infinity,-Infinity]", DType::F32).unwrap();
        assert!(odd.as_slice::<f32>().unwrap()[0].is_nan());
    }

    #[test]
    fn what_is_no_array_is_refused() {
        assert!(refused("[[1,2],[3]]", DType::F32).contains("lists of 2 and of 1 entries"));
        assert!(refused("[1,[2]]", DType::F32).contains("2 lists deep and 1 lists deep"));
        assert!(refused("[[1],2]", DType::F32).contains("one depth"));
        assert!(refused("[\"a\"]", DType::F32).contains("found a text"));
        assert!(refused("[null]", DType::F32).contains("found null"));
        assert!(refused("[true]", DType::F32).contains("found true or false"));
        assert!(refused("[1.5]", DType::I32).contains("whole numbers"));
        assert!(refused("[NaN]", DType::I32).contains("whole numbers"));
        assert!(refused("[300]", DType::U8).contains("0 to 255, not 300"));
        for broken in ["", "[", "[1", "[1,", "[1,]", "[01]", "[1] 2", "[1e]", "[--1]", "[nan]", "{"]
        {
            read(broken, DType::F32).unwrap_err();
        }
        let deep = "[".repeat(50_000);
        assert!(refused(&deep, DType::F32).contains("more than 32 deep"));
    }

    #[test]
    fn words_are_refused_where_they_are_no_json() {
        let mut reader = Reader::new(b"[NaN]", false);
        assert!(Filling::new(DType::F32.into(), 0).read(&mut reader, 0).is_err());
    }
}
