//! Reading all that a file holds and keeping nothing: what tests and fuzzing aim at.
use crate::containers::hdf5::{File, Group};
use crate::containers::limits::{Budget, Limits, Result};
use crate::containers::{archive, hdf5, json, safetensors};
use crate::datasets::npz;
use ferras_graph::Tensor;

fn budget(bytes: &[u8]) -> Result<Budget> {
    Limits::new().budget(bytes.len() as u64)
}

/// Reads all members of a zip archive, and files that lie in it.
pub fn zip(bytes: &[u8]) -> Result<()> {
    let budget = budget(bytes)?;
    let archive = archive::Archive::open(bytes, &budget)?;
    for name in archive.names() {
        let data = archive.read(name)?;
        if name.ends_with(".json") {
            json::parse(&data, &budget)?;
        }
        if hdf5::is_hdf5(&data) {
            group(&File::open(data, &budget)?.root())?;
        }
    }
    Ok(())
}

/// Reads all groups, arrays and attributes of an HDF5 file.
pub fn hdf5(bytes: &[u8]) -> Result<()> {
    group(&File::open(bytes, &budget(bytes)?)?.root())
}

/// What cannot be read must not keep the rest from being tried.
fn group(group: &Group) -> Result<()> {
    for name in group.attributes()? {
        let _ = group.attribute(name);
        let _ = group.texts(name);
    }
    for name in group.names()? {
        if let Ok(Some(array)) = group.array(name) {
            let _ = array.attribute("dtype");
            let _ = array.read_any().map(drop);
            let _ = array.read_texts();
        } else if let Some(inner) = group.group(name)? {
            self::group(&inner)?;
        }
    }
    Ok(())
}

/// Reads JSON.
pub fn json(bytes: &[u8]) -> Result<()> {
    json::parse(bytes, &budget(bytes)?).map(drop)
}

/// Reads safetensors.
pub fn safetensors(bytes: &[u8]) -> Result<()> {
    safetensors::read(bytes, &budget(bytes)?).map(drop)
}

/// Reads NumPy's arrays by name.
pub fn npz(bytes: &[u8]) -> Result<()> {
    npz::parse(bytes, &budget(bytes)?).map(drop)
}

/// All arrays of numbers in an HDF5 file with their paths, such as `outputs/dense_1`.
pub fn arrays(bytes: &[u8]) -> Result<Vec<(String, Tensor)>> {
    fn collect(group: &Group, prefix: &str, found: &mut Vec<(String, Tensor)>) -> Result<()> {
        for name in group.names()? {
            let path = format!("{prefix}{name}");
            if let Some(array) = group.array(name)? {
                found.push((path, array.read_any()?));
            } else if let Some(inner) = group.group(name)? {
                collect(&inner, &format!("{path}/"), found)?;
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    collect(&File::open(bytes, &budget(bytes)?)?.root(), "", &mut found)?;
    Ok(found)
}
