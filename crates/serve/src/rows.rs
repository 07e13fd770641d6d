//! Inputs in the forms of TensorFlow Serving: row by row, or array by array.
use crate::failure::{Failure, Outcome};
use crate::read::{Filling, Reader};
use crate::served::{Served, Slot};
use ferras::data::Array;
use jiter::Peek;

/// Inputs, and how the answer is to be written.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) inputs: Vec<Array>,
    pub(crate) by_row: bool,
}

/// The inputs in `{"instances": …}` or `{"inputs": …}`.
pub(crate) fn read(served: &Served, reader: &mut Reader<'_>) -> Outcome<Given> {
    let mut given: Option<Given> = None;
    let mut take = |new: Given| match given.replace(new) {
        None => Ok(()),
        Some(_) => Err(Failure::bad("the body has instances and inputs, or one twice: give one")),
    };
    reader.object(|name, reader| match name {
        "instances" => take(Given { inputs: instances(served, reader)?, by_row: true }),
        "inputs" => take(Given { inputs: inputs(served, reader)?, by_row: false }),
        "signature_name" => match &reader.text()?[..] {
            "" | "serving_default" => Ok(()),
            other => Err(Failure::bad(format!(
                "there is no signature {other:?}: a model has serving_default only"
            ))),
        },
        other => Err(Failure::bad(format!(
            "the body has an unknown member {other:?}: give instances or inputs"
        ))),
    })?;
    reader.end()?;
    given.ok_or_else(|| Failure::bad("the body has neither instances nor inputs"))
}

/// One array, or an array for each name.
fn inputs(served: &Served, reader: &mut Reader<'_>) -> Outcome<Vec<Array>> {
    if reader.peek()? != Peek::Object {
        return Ok(vec![array(served.only_input()?, reader)?]);
    }
    let mut arrays: Vec<Option<Array>> = vec![None; served.inputs.len()];
    reader.object(|name, reader| {
        let place = served.input(name)?;
        let (Some(slot), Some(array)) = (served.inputs.get(place), arrays.get_mut(place)) else {
            return Ok(());
        };
        *array = Some(self::array(slot, reader)?);
        Ok(())
    })?;
    all(served, arrays, "the body")
}

/// A whole array of one input.
pub(crate) fn array(slot: &Slot, reader: &mut Reader<'_>) -> Outcome<Array> {
    let mut filling = Filling::for_slot(slot);
    filling.read(reader, 0)?;
    filling.finish()
}

/// The arrays of all inputs; an error that names one that is missing.
pub(crate) fn all<T>(served: &Served, arrays: Vec<Option<T>>, what: &str) -> Outcome<Vec<T>> {
    let slots = served.inputs.iter().zip(arrays);
    let present = slots.map(|(slot, array)| {
        array.ok_or_else(|| Failure::bad(format!("{what} lacks the input {:?}", slot.name)))
    });
    present.collect()
}

/// A list with an entry for each row: the value of the only input, or an object with the values of
/// all of them.
fn instances(served: &Served, reader: &mut Reader<'_>) -> Outcome<Vec<Array>> {
    let mut fillings: Vec<Filling> = served.inputs.iter().map(Filling::for_slot).collect();
    let mut rows = 0;
    reader.list(|row, reader| {
        rows = row + 1;
        if reader.peek()? == Peek::Object {
            return instance(served, row, reader, &mut fillings);
        }
        served.only_input()?;
        fillings.iter_mut().try_for_each(|filling| filling.read(reader, 1))
    })?;
    if rows == 0 {
        return Err(Failure::bad("instances is empty: give at least one row"));
    }
    let finish = |mut filling: Filling| {
        filling.size(0, rows)?;
        filling.finish()
    };
    fillings.into_iter().map(finish).collect()
}

fn instance(
    served: &Served,
    row: usize,
    reader: &mut Reader<'_>,
    fillings: &mut [Filling],
) -> Outcome<()> {
    let mut read = vec![None; fillings.len()];
    reader.object(|name, reader| {
        let place = served.input(name)?;
        match (read.get_mut(place), fillings.get_mut(place)) {
            (Some(read @ None), Some(filling)) => {
                *read = Some(());
                filling.read(reader, 1)
            }
            _ => Err(Failure::bad(format!("instance {row} has the input {name:?} twice"))),
        }
    })?;
    all(served, read, &format!("instance {row}")).map(|_| ())
}
