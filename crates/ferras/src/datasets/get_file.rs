//! `GetFile`: a file from the web, fetched once and kept.
use crate::{Error, Result, config};
use md5::Md5;
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

/// A file of the web that is kept in a folder of this machine: Keras' `utils.get_file`.
///
/// It goes to `cache_dir/cache_subdir/fname`, by default `~/.ferras/datasets/fname`
/// ([`config::home`]). A file that is there, with the right checksum if one is given, is not
/// fetched again. It comes under the name `fname.part` first and takes the real one over when it
/// is complete; a download that broke off goes on where it stopped (if a checksum can tell that
/// the parts fit). Several processes may ask for the same file at once: one fetches it.
///
/// - **Errors**: no connection, a server that says no, a wrong checksum, no permission or space.
/// - **Source** Keras `utils.get_file`, less `untar` and `extract`.
///
/// The example is compiled but not run, as it needs the network:
///
/// ```no_run
/// use ferras::datasets::GetFile;
/// let url = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/boston_housing.npz";
/// let path = GetFile::new("boston_housing.npz", url)
///     .file_hash("f553886a1f8d56431e820c5b82552d9d95cfcb96d1e678153f8839538947dff5")
///     .get()?;
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct GetFile {
    fname: String,
    origin: String,
    file_hash: Option<String>,
    cache_dir: Option<PathBuf>,
    cache_subdir: String,
    force_download: bool,
}

impl GetFile {
    /// The file at the address `origin`, to be kept under the name `fname`.
    pub fn new(fname: impl Into<String>, origin: impl Into<String>) -> GetFile {
        GetFile {
            fname: fname.into(),
            origin: origin.into(),
            file_hash: None,
            cache_dir: None,
            cache_subdir: "datasets".to_string(),
            force_download: false,
        }
    }

    /// The checksum that the file must have, SHA-256 or, of 32 digits, MD5, in hexadecimal. MD5 finds
    /// damage, not malice; it is what Keras knows of its older files.
    pub fn file_hash(mut self, file_hash: impl Into<String>) -> Self {
        self.file_hash = Some(file_hash.into());
        self
    }

    /// The folder to keep files in; [`config::home`] by default.
    pub fn cache_dir(mut self, cache_dir: impl Into<PathBuf>) -> Self {
        self.cache_dir = Some(cache_dir.into());
        self
    }

    /// The folder in it; `"datasets"` by default, `""` for none.
    pub fn cache_subdir(mut self, cache_subdir: impl Into<String>) -> Self {
        self.cache_subdir = cache_subdir.into();
        self
    }

    /// Whether to fetch the file even if it is there.
    pub fn force_download(mut self, force_download: bool) -> Self {
        self.force_download = force_download;
        self
    }

    /// The path of the file, which is fetched if need be.
    pub fn get(&self) -> Result<PathBuf> {
        let hash = self.hash()?;
        let path = self.path()?;
        let is_there = |path: &Path| match &hash {
            _ if !path.is_file() => Ok(false),
            Some(hash) => hash.of(path).map(|found| found == hash.hex),
            None => Ok(true),
        };
        if !self.force_download && is_there(&path)? {
            return Ok(path);
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
        let part = path.with_file_name(format!("{}.part", self.fname));
        let mut file = open_alone(&part).map_err(Error::io("write", &part))?;
        // Another process may have fetched it while this one waited.
        if !self.force_download && is_there(&path)? {
            let _ = fs::remove_file(&part);
            return Ok(path);
        }
        self.fetch(&mut file, &part, hash.as_ref(), &path)?;
        fs::rename(&part, &path).map_err(Error::io("write", &path))?;
        Ok(path)
    }

    /// Fetches all of the file into `part` and checks it.
    fn fetch(
        &self,
        file: &mut File,
        part: &Path,
        hash: Option<&Checksum>,
        path: &Path,
    ) -> Result<()> {
        let length = |f: &File| f.metadata().map(|m| m.len()).map_err(Error::io("read", part));
        let empty = |f: &File| f.set_len(0).map_err(Error::io("write", part));
        // Without a checksum nothing could tell whether old and new parts fit.
        if hash.is_none() || self.force_download {
            empty(file)?;
        }
        let old = length(file)?;
        download(&self.origin, file, part, path)?;
        let Some(expected) = hash else { return Ok(()) };
        let mut found = expected.of(part)?;
        if found != expected.hex && old > 0 {
            // The part left by an earlier try was of another file; now from the beginning.
            empty(file)?;
            download(&self.origin, file, part, path)?;
            found = expected.of(part)?;
        }
        if found == expected.hex {
            return Ok(());
        }
        let size = length(file)?;
        let _ = fs::remove_file(part);
        Err(Error::file(
            path,
            format!(
                "was not kept: what {} sent ({size} bytes) has the {} checksum {found}, expected \
                 {}; try again, or see whether the file has changed there",
                self.origin, expected.kind, expected.hex
            ),
        ))
    }

    fn hash(&self) -> Result<Option<Checksum>> {
        let Some(hash) = &self.file_hash else { return Ok(None) };
        let kind = match hash.len() {
            32 => "MD5",
            64 => "SHA-256",
            _ => "",
        };
        if kind.is_empty() || !hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            let problem = format!(
                "must be a SHA-256 checksum, 64 hexadecimal digits, or an MD5 one, 32, got {hash:?}"
            );
            return Err(Error::argument("file_hash", problem));
        }
        Ok(Some(Checksum { kind, hex: hash.to_ascii_lowercase() }))
    }

    fn path(&self) -> Result<PathBuf> {
        let plain = |text: &str| {
            let inside = |c: Component| matches!(c, Component::Normal(_));
            Path::new(text).components().all(inside)
        };
        if !plain(&self.fname) || Path::new(&self.fname).components().count() != 1 {
            let problem = format!("must be a plain file name, got {:?}", self.fname);
            return Err(Error::argument("fname", problem));
        }
        if !plain(&self.cache_subdir) {
            let problem =
                format!("must name a folder inside cache_dir, got {:?}", self.cache_subdir);
            return Err(Error::argument("cache_subdir", problem));
        }
        let folder = self.cache_dir.clone().unwrap_or_else(config::home);
        Ok(folder.join(&self.cache_subdir).join(&self.fname))
    }
}

/// Opens the file for this process alone, waiting for others to be done with it.
fn open_alone(part: &Path) -> io::Result<File> {
    loop {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(part)?;
        // Some network file systems know no locks; there, one process at a time is the rule.
        let _ = file.lock();
        // Whoever had it first may have given it its real name.
        if part.exists() {
            return Ok(file);
        }
    }
}

#[cfg(feature = "download")]
fn download(origin: &str, file: &mut File, part: &Path, path: &Path) -> Result<()> {
    use super::http::{Failure, fetch};
    eprintln!("Downloading data from {origin} to {}", path.display());
    let way_out = "check the connection, or put the file there by hand";
    fetch(origin, file).map_err(|failure| match failure {
        Failure::Disk(source) => Error::io("write", part)(source),
        Failure::Broken(problem) | Failure::Refused(problem) => {
            Error::file(path, format!("cannot be fetched from {origin}: {problem}; {way_out}"))
        }
    })
}

#[cfg(not(feature = "download"))]
fn download(origin: &str, _file: &mut File, _part: &Path, path: &Path) -> Result<()> {
    let problem = format!(
        "is not there, and this build of Ferras cannot fetch it (its feature \"download\" is off); \
         put the file there by hand from {origin}"
    );
    Err(Error::file(path, problem))
}

/// A checksum that a file must have.
struct Checksum {
    /// `"MD5"` or `"SHA-256"`.
    kind: &'static str,
    /// In lower case.
    hex: String,
}

impl Checksum {
    /// That of a file.
    fn of(&self, path: &Path) -> Result<String> {
        match self.kind {
            "MD5" => digest::<Md5>(path),
            _ => digest::<Sha256>(path),
        }
    }
}

/// A checksum of a file, in hexadecimal.
fn digest<D: Digest>(path: &Path) -> Result<String> {
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    let (mut state, mut buffer) = (D::new(), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => state.update(buffer.get(..n).unwrap_or_default()),
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(Error::io("read", path)(e)),
        }
    }
    Ok(state.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
#[cfg(feature = "download")]
mod tests {
    use super::*;
    use crate::files::tests::Folder;
    use std::io::{BufRead, BufReader, Write};
    use std::net::{TcpListener, TcpStream};
    use std::sync::mpsc::{Receiver, channel};

    const BODY: &[u8] = b"the file's bytes";
    /// `sha256sum` of [`BODY`].
    fn hash() -> String {
        let hex = Sha256::digest(BODY);
        hex.iter().map(|b| format!("{b:02x}")).collect()
    }

    /// A server that gives each connection one of these answers; the head lines of the requests
    /// come out of the channel.
    fn serve(answers: Vec<Vec<u8>>) -> (String, Receiver<String>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let origin = format!("http://{}/file.bin", listener.local_addr().unwrap());
        let (send, requests) = channel();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().unwrap();
                send.send(request(&stream)).unwrap();
                stream.write_all(&answer).unwrap();
            }
        });
        (origin, requests)
    }

    fn request(stream: &TcpStream) -> String {
        let lines = BufReader::new(stream).lines().map_while(|l| l.ok().filter(|l| !l.is_empty()));
        lines.collect::<Vec<_>>().join("\n").to_lowercase()
    }

    fn reply(status: &str, headers: &str, length: usize, body: &[u8]) -> Vec<u8> {
        let head =
            format!("HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n");
        [head.as_bytes(), headers.as_bytes(), b"\r\n", body].concat()
    }

    fn good() -> Vec<u8> {
        reply("200 OK", "", BODY.len(), BODY)
    }

    fn files(folder: &Folder) -> Vec<String> {
        let entries = fs::read_dir(folder.join("datasets")).unwrap();
        let mut names: Vec<String> =
            entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn fetches_once() {
        let folder = Folder::new("get-once");
        let (origin, requests) = serve(vec![good()]);
        let file = GetFile::new("file.bin", origin).cache_dir(&folder.0).file_hash(hash());
        let path = file.get().unwrap();
        assert_eq!(fs::read(&path).unwrap(), BODY);
        assert_eq!(file.get().unwrap(), folder.join("datasets/file.bin"));
        assert_eq!(requests.iter().count(), 1);
        assert_eq!(files(&folder), ["file.bin"]);
    }

    #[test]
    fn fetches_again_what_is_damaged_or_forced() {
        let folder = Folder::new("get-again");
        let (origin, requests) = serve(vec![good(), good()]);
        fs::create_dir(folder.join("datasets")).unwrap();
        fs::write(folder.join("datasets/file.bin"), "damaged").unwrap();
        let file = GetFile::new("file.bin", origin).cache_dir(&folder.0).file_hash(hash());
        assert_eq!(fs::read(file.get().unwrap()).unwrap(), BODY);
        file.force_download(true).get().unwrap();
        assert_eq!(requests.iter().count(), 2);
    }

    #[test]
    fn a_wrong_checksum_keeps_nothing() {
        let folder = Folder::new("get-wrong");
        let (origin, _requests) = serve(vec![good()]);
        let file = GetFile::new("file.bin", &origin).cache_dir(&folder.0);
        let error = file.file_hash("0".repeat(64)).get().unwrap_err().to_string();
        let (path, found) = (folder.join("datasets/file.bin"), hash());
        let expected = format!(
            "{}: was not kept: what {origin} sent (16 bytes) has the SHA-256 checksum {found}, \
             expected {}; try again, or see whether the file has changed there",
            path.display(),
            "0".repeat(64)
        );
        assert_eq!(error, expected);
        assert!(files(&folder).is_empty());
    }

    #[test]
    fn old_checksums_are_known() {
        let folder = Folder::new("get-md5");
        let (origin, requests) = serve(vec![good(), good()]);
        let file = GetFile::new("file.bin", &origin).cache_dir(&folder.0);
        // `printf "the file's bytes" | md5sum`
        let path = file.clone().file_hash("eed7e4aff4c79b7ef0134f294d931412").get().unwrap();
        assert_eq!(fs::read(path).unwrap(), BODY);
        let error = file.clone().file_hash("0".repeat(32)).get().unwrap_err().to_string();
        assert!(
            error.contains("has the MD5 checksum eed7e4aff4c79b7ef0134f294d931412, expected 0000"),
            "{error}"
        );
        assert_eq!(requests.iter().count(), 2);
        let error = file.file_hash("12").get().unwrap_err().to_string();
        assert!(error.contains("or an MD5 one, 32, got \"12\""), "{error}");
    }

    #[test]
    fn a_broken_connection_is_taken_up_again() {
        let folder = Folder::new("get-resume");
        let rest = reply("206 Partial Content", "content-range: bytes 4-15/16\r\n", 12, &BODY[4..]);
        let (origin, requests) = serve(vec![reply("200 OK", "", 16, &BODY[..4]), rest]);
        let file = GetFile::new("file.bin", origin).cache_dir(&folder.0).file_hash(hash());
        assert_eq!(fs::read(file.get().unwrap()).unwrap(), BODY);
        let requests: Vec<String> = requests.iter().collect();
        assert!(!requests[0].contains("range:"), "{requests:?}");
        assert!(requests[1].contains("range: bytes=4-"), "{requests:?}");
    }

    #[test]
    fn a_part_of_another_file_is_thrown_away() {
        let folder = Folder::new("get-stale");
        let rest = reply("206 Partial Content", "content-range: bytes 4-15/16\r\n", 12, &BODY[4..]);
        let (origin, _requests) = serve(vec![rest, good()]);
        fs::create_dir(folder.join("datasets")).unwrap();
        fs::write(folder.join("datasets/file.bin.part"), "old!").unwrap();
        let file = GetFile::new("file.bin", origin).cache_dir(&folder.0).file_hash(hash());
        assert_eq!(fs::read(file.get().unwrap()).unwrap(), BODY);
        assert_eq!(files(&folder), ["file.bin"]);
    }

    #[test]
    fn a_server_that_says_no() {
        let folder = Folder::new("get-404");
        let (origin, _requests) = serve(vec![reply("404 Not Found", "", 0, b"")]);
        let file = GetFile::new("file.bin", &origin).cache_dir(&folder.0);
        let error = file.get().unwrap_err().to_string();
        let expected = format!(
            "cannot be fetched from {origin}: the server answered 404 Not Found; \
             check the connection, or put the file there by hand"
        );
        assert!(error.ends_with(&expected), "{error}");
        assert!(!folder.join("datasets/file.bin").exists());
    }

    #[test]
    fn a_server_that_is_gone_or_breaks_off() {
        let folder = Folder::new("get-gone");
        let gone = {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            format!("http://{}/file.bin", listener.local_addr().unwrap())
        };
        let error = GetFile::new("a", &gone).cache_dir(&folder.0).get().unwrap_err().to_string();
        assert!(error.contains("cannot be fetched from http://127.0.0.1"), "{error}");
        // The first answer breaks off; no more connections are taken after it.
        let (origin, _requests) = serve(vec![reply("200 OK", "", 16, &BODY[..4])]);
        let file = GetFile::new("file.bin", origin).cache_dir(&folder.0).file_hash(hash());
        assert!(file.get().unwrap_err().to_string().contains("cannot be fetched"));
        assert_eq!(fs::read(folder.join("datasets/file.bin.part")).unwrap(), &BODY[..4]);
        assert!(!folder.join("datasets/file.bin").exists());
    }

    #[test]
    fn eight_at_once_fetch_once() {
        let folder = Folder::new("get-many");
        let (origin, requests) = serve(vec![good()]);
        let file = GetFile::new("file.bin", origin).cache_dir(&folder.0).file_hash(hash());
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| assert_eq!(fs::read(file.get().unwrap()).unwrap(), BODY));
            }
        });
        assert_eq!(requests.iter().count(), 1);
        assert_eq!(files(&folder), ["file.bin"]);
    }

    #[test]
    fn refuses() {
        let message = |f: GetFile| f.get().unwrap_err().to_string();
        let origin = "http://127.0.0.1:9/x";
        for fname in ["", "../x", "a/b", "/etc/passwd", ".."] {
            let error = message(GetFile::new(fname, origin));
            assert!(error.starts_with("argument \"fname\" must be a plain"), "{error}");
        }
        let error = message(GetFile::new("x", origin).cache_subdir("../y"));
        assert!(error.starts_with("argument \"cache_subdir\""), "{error}");
        let error = message(GetFile::new("x", origin).file_hash("abc"));
        assert!(error.contains("64 hexadecimal digits, or an MD5 one, 32, got \"abc\""), "{error}");
        let error = message(GetFile::new("x", origin).cache_dir("/dev/null"));
        assert!(error.starts_with("cannot create /dev/null/datasets"), "{error}");
        let folder = Folder::new("get-ftp");
        let error = message(GetFile::new("x", "ftp://a/b").cache_dir(&folder.0));
        assert!(error.contains("cannot be fetched from ftp://a/b"), "{error}");
    }
}
