//! Writing a file as a whole or not at all.
use crate::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Puts `bytes` into the file at `path`: after a crash, a full disk or a missing permission it
/// holds either all of them or what it held before.
///
/// The bytes go into a temporary file of the same folder, which then takes the name over. A link
/// is followed and stays; a device (`/dev/null`) is written into, not replaced. An [`Error::Io`]
/// names the file.
pub fn write_atomic(path: impl AsRef<Path>, bytes: &[u8]) -> Result<()> {
    let path = path.as_ref();
    replace(path, bytes).map_err(Error::io("write", path))
}

/// An error unless [`write_atomic`] may put a file there: better told before hours of work than after
/// them. Nothing of what is there changes.
///
/// ```
/// let error = ferras::check_writable("no/such/folder/net.keras").unwrap_err();
/// assert!(error.to_string().starts_with("cannot write no/such/folder/net.keras: "));
/// ```
pub fn check_writable(path: impl AsRef<Path>) -> Result<()> {
    let path = path.as_ref();
    let tried = || match Place::of(path)? {
        // Opening it would wait for a reader, and closing it would tell that one that all was written.
        Place::Device if is_pipe(path) => Ok(()),
        Place::Device => OpenOptions::new().write(true).open(path).map(drop),
        Place::File { target, .. } => {
            beside(&target).and_then(|(temporary, _)| fs::remove_file(temporary))
        }
    };
    tried().map_err(Error::io("write", path))
}

/// What stands at a path, or will.
enum Place {
    /// No file: it is written into as it is.
    Device,
    /// The file behind all links, so that these survive, and what it is before.
    File { target: PathBuf, before: Option<fs::Metadata> },
}

impl Place {
    fn of(path: &Path) -> io::Result<Place> {
        if path.to_string_lossy().ends_with(std::path::is_separator) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it names a folder"));
        }
        let before = fs::metadata(path).ok();
        if before.as_ref().is_some_and(|m| m.is_dir()) {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a folder"));
        }
        if before.as_ref().is_some_and(|m| !m.is_file()) {
            return Ok(Place::Device);
        }
        // A new file under the old name must not get around the old one's write protection.
        if before.as_ref().is_some_and(|m| m.permissions().readonly()) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, "it is write-protected"));
        }
        Ok(Place::File { target: followed(path)?, before })
    }
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt;
    fs::metadata(path).is_ok_and(|m| m.file_type().is_fifo())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// How many links may lead to each other, as on Linux.
const MOST_LINKS: usize = 40;

/// The file behind links, whether it is there or not.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut target = path.to_path_buf();
    for _ in 0..=MOST_LINKS {
        match fs::read_link(&target) {
            // Relative to the folder in which the link is.
            Ok(next) => target = target.parent().unwrap_or(Path::new("")).join(next),
            // No link, or not there.
            Err(_) => return Ok(target),
        }
    }
    Err(io::Error::other("its links lead to each other without end"))
}

fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let (target, before) = match Place::of(path)? {
        Place::Device => return OpenOptions::new().write(true).open(path)?.write_all(bytes),
        Place::File { target, before } => (target, before),
    };
    let (temporary, mut file) = beside(&target)?;
    let written = fill(&mut file, bytes)
        .and_then(|()| before.map_or(Ok(()), |m| fs::set_permissions(&temporary, m.permissions())));
    drop(file);
    let done = written.and_then(|()| fs::rename(&temporary, &target));
    match done {
        Ok(()) => remove_leftovers(&target, NOBODY_WRITES),
        // The first error is the one to report, not one of tidying up.
        Err(_) => drop(fs::remove_file(&temporary)),
    }
    done
}

fn fill(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.sync_all()
}

/// A new file with a free name in the folder of `target`.
fn beside(target: &Path) -> io::Result<(PathBuf, File)> {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let Some(name) = target.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it names no file"));
    };
    loop {
        let mut temporary = std::ffi::OsString::from(".");
        temporary.push(name);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        temporary.push(format!(".{}-{count}.tmp", std::process::id()));
        let path = target.with_file_name(temporary);
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            // Left over by a process of the same number that was killed: try the next name.
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => continue,
            opened => return opened.map(|file| (path, file)),
        }
    }
}

/// How long a temporary file was not written to that nobody writes any more.
const NOBODY_WRITES: Duration = Duration::from_secs(3600);

/// Removes what processes left beside `target` that were killed while they wrote it, if it is as old as
/// that; nobody may write what is younger.
pub(crate) fn remove_leftovers(target: &Path, age: Duration) {
    let (Some(name), Some(folder)) = (target.file_name(), target.parent()) else { return };
    let start = format!(".{}.", name.to_string_lossy());
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let found = entry.file_name();
        let found = found.to_string_lossy();
        let changed = || entry.metadata().and_then(|m| m.modified()).ok();
        let old =
            || age.is_zero() || changed().and_then(|t| t.elapsed().ok()).is_some_and(|a| a > age);
        if found.starts_with(&start) && found.ends_with(".tmp") && old() {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// A folder for one test, removed at its end.
#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) struct Folder(pub PathBuf);

    impl Folder {
        pub(crate) fn new(name: &str) -> Folder {
            let name = format!("ferras-{name}-{}", std::process::id());
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        pub(crate) fn join(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn writes_and_replaces() {
        let folder = Folder::new("files");
        let path = folder.join("a.txt");
        write_atomic(&path, b"one").unwrap();
        write_atomic(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 1, "a temporary file is left");
    }

    #[test]
    fn says_which_file_and_leaves_nothing() {
        let folder = Folder::new("files-refused");
        let path = folder.join("missing/a.txt");
        let error = write_atomic(&path, b"one").unwrap_err();
        assert!(matches!(error, Error::Io { action: "write", .. }));
        assert!(error.to_string().starts_with(&format!("cannot write {}", path.display())));
        let error = write_atomic(&folder.0, b"one").unwrap_err();
        assert!(error.to_string().ends_with("it is a folder"), "{error}");
        check_writable(folder.join("a.txt")).unwrap();
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn only_old_leftovers_of_the_same_name_go() {
        let folder = Folder::new("files-leftovers");
        let old = std::time::SystemTime::now() - 2 * NOBODY_WRITES;
        for name in [".a.txt.1-0.tmp", ".b.txt.1-0.tmp", ".a.txt.2-0.tmp"] {
            let file = File::create(folder.join(name)).unwrap();
            if !name.contains("2-0") {
                file.set_modified(old).unwrap();
            }
        }
        write_atomic(folder.join("a.txt"), b"one").unwrap();
        assert!(!folder.join(".a.txt.1-0.tmp").exists());
        assert!(folder.join(".b.txt.1-0.tmp").exists() && folder.join(".a.txt.2-0.tmp").exists());
    }

    #[test]
    fn a_name_with_a_slash_at_its_end_is_refused_before_any_work() {
        let error = check_writable("a.keras/").unwrap_err().to_string();
        assert!(error.ends_with("it names a folder"), "{error}");
    }

    #[test]
    #[cfg(unix)]
    fn a_pipe_gets_all_at_its_one_opening() {
        let folder = Folder::new("files-pipe");
        let pipe = folder.join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        // Nobody reads yet: it must not wait.
        check_writable(&pipe).unwrap();
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        write_atomic(&pipe, b"all").unwrap();
        assert_eq!(reader.join().unwrap(), b"all");
    }

    #[test]
    #[cfg(unix)]
    fn keeps_links_modes_and_protection() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = Folder::new("files-unix");
        let (path, link) = (folder.join("a.txt"), folder.join("link"));
        fs::write(&path, "one").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        symlink(&path, &link).unwrap();
        write_atomic(&link, b"two").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "a temporary file is left");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o440)).unwrap();
        let error = write_atomic(&path, b"three").unwrap_err();
        assert!(error.to_string().ends_with("it is write-protected"), "{error}");
        assert_eq!(check_writable(&path).unwrap_err().to_string(), error.to_string());
        assert_eq!(fs::read(&path).unwrap(), b"two");
    }

    #[test]
    #[cfg(unix)]
    fn a_link_to_no_file_makes_that_file() {
        use std::os::unix::fs::symlink;
        let folder = Folder::new("files-dangling");
        fs::create_dir(folder.join("far")).unwrap();
        // Over a second link in another folder, both relative to where they are.
        symlink("far/second", folder.join("first")).unwrap();
        symlink("../new.txt", folder.join("far/second")).unwrap();
        check_writable(folder.join("first")).unwrap();
        assert!(!folder.join("new.txt").exists());
        write_atomic(folder.join("first"), b"one").unwrap();
        write_atomic(folder.join("first"), b"two").unwrap();
        for link in ["first", "far/second"] {
            assert!(fs::symlink_metadata(folder.join(link)).unwrap().is_symlink(), "{link}");
        }
        assert_eq!(fs::read(folder.join("new.txt")).unwrap(), b"two");
        symlink("no/such.txt", folder.join("lost")).unwrap();
        let error = write_atomic(folder.join("lost"), b"one").unwrap_err().to_string();
        assert!(error.contains("lost: No such file"), "{error}");
        assert_eq!(check_writable(folder.join("lost")).unwrap_err().to_string(), error);
        symlink("round", folder.join("round")).unwrap();
        let error = write_atomic(folder.join("round"), b"one").unwrap_err().to_string();
        assert!(error.ends_with("its links lead to each other without end"), "{error}");
        assert!(fs::symlink_metadata(folder.join("round")).unwrap().is_symlink());
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn devices_stay_devices() {
        let error = write_atomic("/dev/full", b"one").unwrap_err();
        assert!(error.to_string().contains("No space left"), "{error}");
        write_atomic("/dev/null", b"one").unwrap();
        check_writable("/dev/null").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
