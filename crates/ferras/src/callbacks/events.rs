//! Event files: what TensorBoard reads. Records of protocol buffers, each with checksums.
use crate::{Error, Result};
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A message of protocol buffers as bytes.
#[derive(Clone, Debug, Default)]
struct Message(Vec<u8>);

impl Message {
    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    /// The head of a field: its number, and 0 for varints, 1 for eight bytes, 2 for bytes with a
    /// length, 5 for four.
    fn field(&mut self, number: u64, kind: u64) {
        self.varint(number << 3 | kind);
    }

    fn integer(mut self, number: u64, value: u64) -> Message {
        self.field(number, 0);
        self.varint(value);
        self
    }

    fn double(mut self, number: u64, value: f64) -> Message {
        self.field(number, 1);
        self.0.extend(value.to_le_bytes());
        self
    }

    fn bytes(mut self, number: u64, bytes: &[u8]) -> Message {
        self.field(number, 2);
        self.varint(bytes.len() as u64);
        self.0.extend(bytes);
        self
    }

    fn message(self, number: u64, inside: Message) -> Message {
        self.bytes(number, &inside.0)
    }
}

/// Element types of tensors, by the numbers of TensorFlow.
const FLOAT: u64 = 1;
const DOUBLE: u64 = 2;
const STRING: u64 = 7;

/// A `TensorProto` of these sizes; `content` is its elements' field.
fn tensor(dtype: u64, sizes: &[usize], number: u64, content: &[u8]) -> Message {
    let size =
        |shape: Message, &n: &usize| shape.message(2, Message::default().integer(1, n as u64));
    let shape = sizes.iter().fold(Message::default(), size);
    Message::default().integer(1, dtype).message(2, shape).bytes(number, content)
}

/// What a value is shown by: a plugin of TensorBoard, and the class of data (1 scalar, 2 tensor, 3
/// blob).
fn metadata(plugin: &str, content: &[u8], class: u64) -> Message {
    let data = Message::default().bytes(1, plugin.as_bytes());
    let data = if content.is_empty() { data } else { data.bytes(2, content) };
    let all = Message::default().message(1, data);
    if class == 0 { all } else { all.integer(4, class) }
}

fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |d| d.as_secs_f64())
}

/// Writes one event file.
#[derive(Debug)]
pub(super) struct EventWriter {
    file: BufWriter<File>,
    path: PathBuf,
}

impl EventWriter {
    /// A new file in a folder, which is made. `number` tells the files of one program apart.
    pub(super) fn new(folder: &Path, number: usize) -> Result<EventWriter> {
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let name = format!(
            "events.out.tfevents.{:010.0}.ferras.{}.{number}.v2",
            now(),
            std::process::id()
        );
        let path = folder.join(name);
        let file = File::create(&path).map_err(Error::io("write", &path))?;
        let mut writer = EventWriter { file: BufWriter::new(file), path };
        let event = Message::default().double(1, now()).bytes(3, b"brain.Event:2");
        writer.record(&event.0)?;
        writer.flush()?;
        Ok(writer)
    }

    /// A number at a step.
    pub(super) fn scalar(&mut self, tag: &str, value: f64, step: usize) -> Result<()> {
        let tensor = tensor(FLOAT, &[], 4, &(value as f32).to_le_bytes());
        self.summary(tag, tensor, metadata("scalars", b"", 1), step)
    }

    /// How numbers are distributed at a step.
    pub(super) fn histogram(&mut self, tag: &str, values: &[f64], step: usize) -> Result<()> {
        let buckets = buckets(values);
        let content: Vec<u8> = buckets.iter().flatten().flat_map(|v| v.to_le_bytes()).collect();
        let tensor = tensor(DOUBLE, &[buckets.len(), 3], 4, &content);
        self.summary(tag, tensor, metadata("histograms", b"", 2), step)
    }

    /// A model, as its JSON.
    pub(super) fn model(&mut self, tag: &str, json: &str, step: usize) -> Result<()> {
        let tensor = tensor(STRING, &[], 8, json.as_bytes());
        self.summary(tag, tensor, metadata("graph_keras_model", b"1", 0), step)
    }

    fn summary(
        &mut self,
        tag: &str,
        tensor: Message,
        metadata: Message,
        step: usize,
    ) -> Result<()> {
        let value =
            Message::default().bytes(1, tag.as_bytes()).message(8, tensor).message(9, metadata);
        let event = Message::default().double(1, now()).integer(2, step as u64);
        self.record(&event.message(5, Message::default().message(1, value)).0)
    }

    /// A record: length and bytes, each with its checksum.
    fn record(&mut self, bytes: &[u8]) -> Result<()> {
        let length = (bytes.len() as u64).to_le_bytes();
        let parts = [&length[..], &checksum(&length), bytes, &checksum(bytes)];
        let written = parts.iter().try_for_each(|part| self.file.write_all(part));
        written.map_err(Error::io("write", &self.path))
    }

    /// Hands what was written to the system, so that TensorBoard sees it.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::io("write", &self.path))
    }
}

/// CRC-32C, turned and shifted so that checksums of checksums are no special case.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(0xA282_EAD8).to_le_bytes()
}

/// Thirty stretches of equal length from the least number to the largest: from, to, how many. Where
/// all numbers are the same the stretches are empty, and the last has them all. What is not finite
/// does not count.
fn buckets(values: &[f64]) -> Vec<[f64; 3]> {
    const COUNT: usize = 30;
    let finite = || values.iter().copied().filter(|v| v.is_finite());
    let (low, high) =
        finite().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
    if low > high {
        return Vec::new();
    }
    let width = (high - low) / COUNT as f64;
    let edge = |i: usize| if i == COUNT { high } else { low + width * i as f64 };
    let mut buckets: Vec<[f64; 3]> = (0..COUNT).map(|i| [edge(i), edge(i + 1), 0.0]).collect();
    for value in finite() {
        let place = if width > 0.0 { ((value - low) / width) as usize } else { COUNT };
        if let Some(bucket) = buckets.get_mut(place.min(COUNT - 1)) {
            bucket[2] += 1.0;
        }
    }
    buckets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksums_are_those_of_the_format() {
        // The head of a record of 24 bytes in a file that TensorFlow wrote.
        assert_eq!(crc32c::crc32c(b"123456789"), 0xE306_9283);
        assert_eq!(checksum(&24_u64.to_le_bytes()), [0xA3, 0x7F, 0x4B, 0x22]);
    }

    #[test]
    fn buckets_hold_all_that_is_finite() {
        let values: Vec<f64> = (0..60).map(f64::from).chain([f64::NAN, f64::INFINITY]).collect();
        let found = buckets(&values);
        assert_eq!((found.len(), found[0][0], found[29][1]), (30, 0.0, 59.0));
        assert_eq!(found.iter().map(|b| b[2]).sum::<f64>(), 60.0);
        assert!(found.windows(2).all(|pair| pair[0][1] == pair[1][0]));
        assert_eq!(buckets(&[2.0; 3])[29], [2.0, 2.0, 3.0]);
        assert!(buckets(&[f64::NAN]).is_empty());
    }
}
