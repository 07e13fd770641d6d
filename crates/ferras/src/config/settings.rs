//! The settings of the whole program, as in Keras' `keras.json`.
use super::{DTypePolicy, suggest};
use crate::{DType, Error, Result};
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use std::sync::{OnceLock, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The keys of the file.
const KEYS: &[&str] = &["floatx", "epsilon", "backend", "image_data_format"];
/// Element types that weights can have by default.
const FLOATS: &[DType] = &[DType::BF16, DType::F16, DType::F32, DType::F64];
/// Back ends that this build has.
const BACKENDS: &[&str] = &["cpu"];
/// Orders of an image's axes: `(batch, rows, cols, channels)` and `(batch, channels, rows, cols)`.
const FORMATS: &[&str] = &["channels_last", "channels_first"];

/// The settings of the whole program: Keras' `keras.json`.
///
/// Ferras reads `ferras.json` in its [`home`] folder when the first setting is asked for, if the
/// file is there; it never writes it. Keys that the file leaves out keep their defaults.
///
/// ```
/// use ferras::config::Settings;
/// let settings = Settings::from_json(r#"{"floatx": "float64", "epsilon": 1e-8}"#)?;
/// assert_eq!(settings.floatx, ferras::DType::F64);
/// assert_eq!(settings.image_data_format, "channels_last");
/// let error = Settings::from_json(r#"{"floatx": "flaot32"}"#).unwrap_err();
/// assert!(error.to_string().contains("did you mean \"float32\"?"), "{error}");
/// # Ok::<(), ferras::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// Element type of weights and activations; float32 by default.
    pub floatx: DType,
    /// The small number that keeps divisions and logarithms finite; 1e-7 by default.
    pub epsilon: f64,
    /// The back end; `"cpu"` by default.
    pub backend: &'static str,
    /// Where an image's channels are: `"channels_last"` (default) or `"channels_first"`.
    pub image_data_format: &'static str,
}

impl Default for Settings {
    fn default() -> Settings {
        let image_data_format = "channels_last";
        Settings { floatx: DType::F32, epsilon: 1e-7, backend: "cpu", image_data_format }
    }
}

impl Settings {
    /// The settings of a JSON text with some or all of the keys `floatx`, `epsilon`, `backend`,
    /// `image_data_format`; an error names the first key or value that is unknown.
    pub fn from_json(text: &str) -> Result<Settings> {
        let json: Json = serde_json::from_str(text).map_err(|e| argument(&e, "not JSON"))?;
        let Json::Object(entries) = json else {
            return Err(argument("", "must be a JSON object, such as {\"floatx\": \"float32\"}"));
        };
        let mut settings = Settings::default();
        for (key, value) in &entries {
            settings.set(key, value)?;
        }
        Ok(settings)
    }

    /// The settings of a file; its name stands in every error.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Settings> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        Settings::from_json(&text).map_err(|e| Error::file(path, e.to_string()))
    }

    fn set(&mut self, key: &str, value: &Json) -> Result<()> {
        match key {
            "floatx" => self.floatx = float(text(key, value)?)?,
            "backend" => self.backend = one_of("backend", text(key, value)?, BACKENDS)?,
            "image_data_format" => {
                self.image_data_format = one_of("image_data_format", text(key, value)?, FORMATS)?;
            }
            "epsilon" => {
                let number = value.as_f64();
                let wrong = || Error::argument(key, format!("must be a number, got {value}"));
                self.epsilon = positive(number.ok_or_else(wrong)?)?;
            }
            // A null says nothing, whoever wrote it.
            _ if value.is_null() => {}
            _ => return Err(unknown("setting", key, KEYS)),
        }
        Ok(())
    }
}

fn argument(detail: impl std::fmt::Display, problem: &str) -> Error {
    Error::argument("settings", format!("{problem} {detail}").trim().to_string())
}

fn unknown(kind: &'static str, name: &str, known: &[&str]) -> Error {
    Error::Unknown { kind, name: name.to_string(), hint: suggest(name, known) }
}

fn text<'a>(key: &str, value: &'a Json) -> Result<&'a str> {
    let wrong = || Error::argument(key, format!("must be a text in quotes, got {value}"));
    value.as_str().ok_or_else(wrong)
}

fn one_of(kind: &'static str, name: &str, known: &[&'static str]) -> Result<&'static str> {
    known.iter().find(|k| **k == name).copied().ok_or_else(|| unknown(kind, name, known))
}

fn float(name: &str) -> Result<DType> {
    let names: Vec<&str> = FLOATS.iter().map(|d| d.name()).collect();
    let found = FLOATS.iter().find(|d| d.name() == name).copied();
    found.ok_or_else(|| unknown("floatx", name, &names))
}

fn positive(epsilon: f64) -> Result<f64> {
    if epsilon.is_finite() && epsilon > 0.0 {
        return Ok(epsilon);
    }
    Err(Error::argument("epsilon", format!("must be a positive number, got {epsilon}")))
}

/// The program's settings, and why the file was not used, if it is there and wrong.
struct Global {
    settings: RwLock<Settings>,
    /// The policy that was set, if one was.
    policy: RwLock<Option<DTypePolicy>>,
    problem: Option<String>,
    path: PathBuf,
}

fn global() -> &'static Global {
    static GLOBAL: OnceLock<Global> = OnceLock::new();
    GLOBAL.get_or_init(|| {
        let path = home().join("ferras.json");
        let read = if path.exists() { Settings::from_file(&path) } else { Ok(Settings::default()) };
        let problem = read.as_ref().err().map(|e| match e {
            Error::File { problem, .. } => problem.clone(),
            other => other.to_string(),
        });
        let settings = RwLock::new(read.unwrap_or_default());
        Global { settings, policy: RwLock::default(), problem, path }
    })
}

fn read() -> RwLockReadGuard<'static, Settings> {
    global().settings.read().unwrap_or_else(PoisonError::into_inner)
}

fn write() -> RwLockWriteGuard<'static, Settings> {
    global().settings.write().unwrap_or_else(PoisonError::into_inner)
}

/// The folder for settings, data sets and other files of Ferras: the environment variable
/// `FERRAS_HOME`, else `~/.ferras`, else (without a home) `.ferras` in the temporary folder.
///
/// ```
/// assert!(!ferras::config::home().as_os_str().is_empty());
/// ```
pub fn home() -> PathBuf {
    let set = std::env::var_os("FERRAS_HOME").filter(|v| !v.is_empty()).map(PathBuf::from);
    let found = set.or_else(|| {
        std::env::home_dir().filter(|h| !h.as_os_str().is_empty()).map(|h| h.join(".ferras"))
    });
    found.unwrap_or_else(|| std::env::temp_dir().join(".ferras"))
}

/// Whether the settings file, if there is one, could be used: the error that says what is wrong
/// with it, while the other functions here go on with the defaults.
///
/// ```
/// ferras::config::check()?;
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn check() -> Result<()> {
    let global = global();
    global.problem.as_ref().map_or(Ok(()), |p| Err(Error::file(&global.path, p)))
}

/// Default element type of weights and activations.
///
/// ```
/// use ferras::{DType, config};
/// assert_eq!(config::floatx(), DType::F32);
/// config::set_floatx("float64")?;
/// assert_eq!(config::floatx(), DType::F64);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn floatx() -> DType {
    read().floatx
}

/// Sets [`floatx`]: `"float16"`, `"bfloat16"`, `"float32"` or `"float64"`.
pub fn set_floatx(floatx: &str) -> Result<()> {
    write().floatx = float(floatx)?;
    Ok(())
}

/// The element types of layers made from here on, unless they are given their own: the policy that
/// was set, or [`floatx`] for everything.
///
/// ```
/// use ferras::config;
/// use ferras::prelude::*;
/// config::set_dtype_policy("mixed_bfloat16")?;
/// let x = Input::new([8]);
/// let model = Model::new(&x, &Dense::new(4).apply(&x))?;
/// assert_eq!(model.predict([[1.0_f32; 8]])?.dtype(), DType::BF16);
/// assert_eq!(model.get_weights()?[0].dtype(), DType::F32);
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn dtype_policy() -> DTypePolicy {
    let policy = global().policy.read().unwrap_or_else(PoisonError::into_inner).clone();
    policy.unwrap_or_else(|| floatx().into())
}

/// Sets [`dtype_policy`]; a name that nobody has is an error.
pub fn set_dtype_policy(policy: impl Into<DTypePolicy>) -> Result<()> {
    let policy = policy.into();
    policy.types()?;
    *global().policy.write().unwrap_or_else(PoisonError::into_inner) = Some(policy);
    Ok(())
}

/// The small number that keeps divisions and logarithms finite.
///
/// ```
/// use ferras::config;
/// assert_eq!(config::epsilon(), 1e-7);
/// config::set_epsilon(1e-5)?;
/// assert_eq!(config::epsilon(), 1e-5);
/// assert!(config::set_epsilon(0.0).is_err());
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn epsilon() -> f64 {
    read().epsilon
}

/// Sets [`epsilon`]; it must be positive.
pub fn set_epsilon(epsilon: f64) -> Result<()> {
    write().epsilon = positive(epsilon)?;
    Ok(())
}

/// The back end that models run on.
///
/// ```
/// assert_eq!(ferras::config::backend(), "cpu");
/// ```
pub fn backend() -> &'static str {
    read().backend
}

/// Sets [`backend`] for models compiled from now on.
///
/// ```
/// let error = ferras::config::set_backend("cqu").unwrap_err();
/// assert_eq!(error.to_string(), "unknown backend \"cqu\" (did you mean \"cpu\"?); known: cpu");
/// ```
pub fn set_backend(backend: &str) -> Result<()> {
    write().backend = one_of("backend", backend, BACKENDS)?;
    Ok(())
}

/// Where an image's channels are unless a layer says so: `"channels_last"` for
/// `(batch, rows, cols, channels)`, `"channels_first"` for `(batch, channels, rows, cols)`.
///
/// ```
/// use ferras::config;
/// assert_eq!(config::image_data_format(), "channels_last");
/// config::set_image_data_format("channels_first")?;
/// assert_eq!(config::image_data_format(), "channels_first");
/// # Ok::<(), ferras::Error>(())
/// ```
pub fn image_data_format() -> &'static str {
    read().image_data_format
}

/// Sets [`image_data_format`].
pub fn set_image_data_format(data_format: &str) -> Result<()> {
    write().image_data_format = one_of("image_data_format", data_format, FORMATS)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(json: &str) -> String {
        Settings::from_json(json).unwrap_err().to_string()
    }

    #[test]
    fn reads_what_keras_writes() {
        let keras = r#"{"floatx": "float16", "epsilon": 1e-07, "backend": "cpu",
                        "image_data_format": "channels_first", "nnx_enabled": null}"#;
        let s = Settings::from_json(keras).unwrap();
        assert_eq!((s.floatx, s.epsilon, s.backend), (DType::F16, 1e-7, "cpu"));
        assert_eq!(s.image_data_format, "channels_first");
        assert_eq!(Settings::from_json("{}").unwrap(), Settings::default());
    }

    #[test]
    fn says_what_is_wrong() {
        assert_eq!(
            message(r#"{"flotx": "float32"}"#),
            "unknown setting \"flotx\" (did you mean \"floatx\"?); \
             known: floatx, epsilon, backend, image_data_format"
        );
        assert_eq!(
            message(r#"{"image_data_format": "chanels_last"}"#),
            "unknown image_data_format \"chanels_last\" (did you mean \"channels_last\"?); \
             known: channels_last, channels_first"
        );
        assert_eq!(
            message(r#"{"epsilon": -1}"#),
            "argument \"epsilon\" must be a positive number, got -1"
        );
        assert_eq!(
            message(r#"{"epsilon": "x"}"#),
            "argument \"epsilon\" must be a number, got \"x\""
        );
        assert_eq!(
            message(r#"{"floatx": 32}"#),
            "argument \"floatx\" must be a text in quotes, got 32"
        );
        assert!(message("[1]").contains("must be a JSON object"));
        assert!(message("{").contains("not JSON"));
        assert!(message(r#"{"backend": "jax"}"#).ends_with("known: cpu"));
    }

    #[test]
    fn names_the_file() {
        let error = Settings::from_file("/no/such.json").unwrap_err().to_string();
        assert!(error.starts_with("cannot read /no/such.json: "), "{error}");
        let path =
            std::env::temp_dir().join(format!("ferras-settings-{}.json", std::process::id()));
        std::fs::write(&path, r#"{"epsilon": 0}"#).unwrap();
        let error = Settings::from_file(&path).unwrap_err().to_string();
        std::fs::remove_file(&path).unwrap();
        assert!(error.starts_with(path.to_str().unwrap()), "{error}");
    }
}
