//! What a file may cost its reader.
use crate::Error;
use std::cell::Cell;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::rc::Rc;

/// What is wrong with a file, in words that go on from its name.
pub(crate) type Result<T, E = String> = std::result::Result<T, E>;

/// What reading a file may cost: a file beyond it is refused before memory or time are spent.
///
/// The defaults are for files of unknown origin. Nothing that Keras or Ferras writes comes near
/// them: only data packed to less than a sixteenth of their size need more room.
///
/// ```
/// use ferras::Limits;
/// let limits = Limits::new().decoded_bytes(8 << 30).objects(10_000_000);
/// assert_eq!(limits, Limits::default().objects(10_000_000).decoded_bytes(8 << 30));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    file: u64,
    decoded: Option<u64>,
    objects: usize,
    depth: usize,
    initial: u64,
    values: u64,
}

/// What any file may unpack to, however small: configurations and weights of small models.
const DECODED_FLOOR: u64 = 16 << 20;
/// What a file may unpack to, as a multiple of its size. Trained float32 weights pack to no less
/// than 80 % of their size, JSON in memory takes about ten times its text, and each array is
/// counted once more as a part of a member of an archive.
const DECODED_RATIO: u64 = 16;
/// Bytes of structures that are looked at in any file, and those for each of its bytes: an honest
/// reader passes each a few times.
const WORK_FLOOR: u64 = 64 << 20;
const WORK_RATIO: u64 = 32;
/// Initial weights: twice those of the largest of Keras' applications.
const INITIAL: u64 = 2 << 30;
/// Values of all layers for one sample: those of VGG16 take 60 MB.
const VALUES: u64 = 4 << 30;

/// What is said of a file without content, whatever it should be.
pub(crate) const EMPTY: &str = "is empty: it has 0 bytes";

impl Default for Limits {
    fn default() -> Limits {
        let (initial, values) = (INITIAL, VALUES);
        Limits { file: 64 << 30, decoded: None, objects: 1_000_000, depth: 100, initial, values }
    }
}

impl Limits {
    /// How many bytes are read of what has no length of its own, as a pipe or a device: 256 MiB.
    pub const STREAM_BYTES: u64 = 256 << 20;

    /// The defaults: a file of 64 GiB, 16 MiB and 16 times the file in memory, a million objects, 100
    /// levels, 2 GiB of initial weights, 4 GiB of values for a sample.
    pub fn new() -> Limits {
        Limits::default()
    }

    /// The largest file, in bytes.
    pub fn file_bytes(mut self, bytes: u64) -> Limits {
        self.file = bytes;
        self
    }

    /// How many bytes may be taken for all that is read out of a file, in place of the default of
    /// 16 MiB and 16 times the size of the file.
    pub fn decoded_bytes(mut self, bytes: u64) -> Limits {
        self.decoded = Some(bytes);
        self
    }

    /// How many members, groups, arrays and attributes may be looked at.
    pub fn objects(mut self, count: usize) -> Limits {
        self.objects = count;
        self
    }

    /// How deep groups may lie in groups, and lists in lists.
    pub fn depth(mut self, levels: usize) -> Limits {
        self.depth = levels;
        self
    }

    /// How many bytes of weights an architecture may ask for that comes without their values. Reading it
    /// takes none of them: a weight is drawn when it is first used, or loaded.
    pub fn initial_bytes(mut self, bytes: u64) -> Limits {
        self.initial = bytes;
        self
    }

    /// How many bytes all layers together may give for one sample, where they are called with one: no
    /// more than a few characters of a file decide it.
    pub fn value_bytes(mut self, bytes: u64) -> Limits {
        self.values = bytes;
        self
    }

    /// An error if the values of so many bytes are more than a sample may take.
    pub(crate) fn check_values(&self, bytes: u64) -> Result<()> {
        match bytes <= self.values {
            true => Ok(()),
            false => Err(format!(
                "describes layers that give {bytes} bytes for one sample, more than the limit of {}; raise \
                 Limits::value_bytes if it can be trusted",
                self.values
            )),
        }
    }

    /// An error if weights of so many bytes are more than an architecture may ask for.
    pub(crate) fn check_initial(&self, bytes: u64) -> Result<()> {
        match bytes <= self.initial {
            true => Ok(()),
            false => Err(format!(
                "asks for {bytes} bytes of weights that no file backs, more than the limit of {}; \
                 raise Limits::initial_bytes if it can be trusted",
                self.initial
            )),
        }
    }

    /// The bytes of a file and what they may cost.
    pub(crate) fn read(&self, path: &Path) -> crate::Result<(Vec<u8>, Budget)> {
        let bytes = self.read_bytes(path)?;
        let problem = |problem| Error::file(path, problem);
        if bytes.is_empty() {
            return Err(problem(EMPTY.into()));
        }
        let budget = self.budget(bytes.len() as u64).map_err(problem)?;
        Ok((bytes, budget))
    }

    /// The bytes of a file, for programs that read formats of their own.
    ///
    /// - **Errors** a file that cannot be read; one larger than the limit; of what is no regular file,
    ///   as a pipe or a device, more than [`Limits::STREAM_BYTES`].
    ///
    /// ```
    /// use ferras::Limits;
    /// let path = std::env::temp_dir().join(format!("ferras-doc-bytes-{}", std::process::id()));
    /// std::fs::write(&path, "text").unwrap();
    /// assert_eq!(Limits::new().read_bytes(&path)?, b"text");
    /// assert!(Limits::new().file_bytes(3).read_bytes(&path).is_err());
    /// # std::fs::remove_file(&path).unwrap();
    /// # Ok::<(), ferras::Error>(())
    /// ```
    pub fn read_bytes(&self, path: impl AsRef<Path>) -> crate::Result<Vec<u8>> {
        let path = path.as_ref();
        let io = || Error::io("read", path);
        let file = File::open(path).map_err(io())?;
        let about = file.metadata().map_err(io())?;
        let length = about.len();
        let problem = |problem| Error::file(path, problem);
        self.check_length(length).map_err(problem)?;
        let mut bytes = Vec::new();
        let room = bytes.try_reserve_exact(usize::try_from(length).unwrap_or(usize::MAX));
        room.map_err(|_| problem(format!("has {length} bytes, more than there is memory for")))?;
        // Devices have no length and may never end; files may grow meanwhile.
        let most = if about.is_file() { self.file } else { self.file.min(Limits::STREAM_BYTES) };
        file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(io())?;
        match bytes.len() as u64 <= most {
            true => Ok(bytes),
            false if about.is_file() => Err(problem(format!("grows beyond {most} bytes"))),
            false => Err(problem(format!(
                "is no regular file and gives more than {most} bytes: save them as a file"
            ))),
        }
    }

    /// An error if a file of `length` bytes is too large.
    fn check_length(&self, length: u64) -> Result<()> {
        match length <= self.file {
            true => Ok(()),
            false => Err(format!(
                "has {length} bytes, more than the limit of {}; raise Limits::file_bytes if it \
                 can be trusted",
                self.file
            )),
        }
    }

    /// How many bytes may be taken for what is read out of a file of `length` bytes.
    fn decoded(&self, length: u64) -> u64 {
        let default = DECODED_FLOOR.saturating_add(length.saturating_mul(DECODED_RATIO));
        self.decoded.unwrap_or(default)
    }

    /// What a file of `length` bytes may cost.
    pub(crate) fn budget(&self, length: u64) -> Result<Budget> {
        self.check_length(length)?;
        Ok(Budget(Rc::new(Left {
            bytes: Cell::new(self.decoded(length)),
            work: Cell::new(WORK_FLOOR.saturating_add(length.saturating_mul(WORK_RATIO))),
            objects: Cell::new(self.objects),
            depth: self.depth,
        })))
    }
}

/// What is left for the rest of a file: one budget for all that lies in it, at any depth.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Rc<Left>);

#[derive(Debug)]
struct Left {
    bytes: Cell<u64>,
    work: Cell<u64>,
    objects: Cell<usize>,
    depth: usize,
}

impl Budget {
    /// Takes `bytes` for `what`; to be called before they are allocated.
    pub(crate) fn take(&self, bytes: u64, what: impl FnOnce() -> String) -> Result<()> {
        let left = self.0.bytes.get();
        match left.checked_sub(bytes) {
            Some(rest) => {
                self.0.bytes.set(rest);
                Ok(())
            }
            None => Err(format!(
                "holds {}, which takes {bytes} bytes, more than the {left} left of what a file of \
                 this size may unpack to; raise Limits::decoded_bytes if it can be trusted",
                what()
            )),
        }
    }

    /// Counts bytes that are looked at, perhaps once more: structures that point at one another may
    /// ask for the same ones without end.
    pub(crate) fn work(&self, bytes: usize) -> Result<()> {
        let rest = self.0.work.get().checked_sub(bytes as u64);
        self.0.work.set(rest.unwrap_or(0));
        rest.map(|_| ()).ok_or_else(|| {
            "is damaged or made to keep its reader busy: its structures are read again and again"
                .to_string()
        })
    }

    /// Counts `n` objects.
    pub(crate) fn count(&self, n: usize) -> Result<()> {
        match self.0.objects.get().checked_sub(n) {
            Some(rest) => {
                self.0.objects.set(rest);
                Ok(())
            }
            None => Err("holds more objects than are read; raise Limits::objects if it can be \
                         trusted"
                .to_string()),
        }
    }

    /// An error for what lies `depth` levels down, if that is too deep.
    pub(crate) fn level(&self, depth: usize) -> Result<()> {
        match depth > self.0.depth {
            true => Err(format!("is nested more than {} levels deep", self.0.depth)),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_out() {
        let budget = Limits::new().decoded_bytes(10).objects(2).depth(3).budget(5).unwrap();
        let same = budget.clone();
        budget.take(6, || unreachable!()).unwrap();
        let error = same.take(5, || "array \"a\"".into()).unwrap_err();
        assert!(error.starts_with("holds array \"a\", which takes 5 bytes, more than the 4 left"));
        same.take(4, || unreachable!()).unwrap();
        budget.count(2).unwrap();
        assert!(same.count(1).unwrap_err().contains("Limits::objects"));
        assert!(budget.level(3).is_ok() && budget.level(4).is_err());
        let error = Limits::new().file_bytes(9).budget(10).unwrap_err();
        assert!(error.contains("more than the limit of 9"), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn devices_without_end() {
        let zero = Path::new("/dev/zero");
        let error = Limits::new().read_bytes(zero).unwrap_err().to_string();
        let expected = "/dev/zero: is no regular file and gives more than 268435456 bytes: save them \
                        as a file";
        assert_eq!(error, expected);
        let error = Limits::new().file_bytes(9).read(zero).unwrap_err().to_string();
        assert!(error.contains("gives more than 9 bytes"), "{error}");
        let error = Limits::new().read(Path::new("/dev/null")).unwrap_err().to_string();
        assert_eq!(error, "/dev/null: is empty: it has 0 bytes");
    }
}
