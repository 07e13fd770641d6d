//! Where the time of a run goes: asked for with `FERRAS_PROFILE=1`, printed when the program ends.
use crate::plan::Program;
use crate::steps::Step;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Times of the steps of one executable, summed over its runs.
#[derive(Debug)]
pub(crate) struct Profile {
    /// Name and time of each step, by region.
    rows: Mutex<Vec<Vec<(String, Duration, Duration)>>>,
    runs: Mutex<usize>,
}

/// A run being timed.
#[derive(Debug)]
pub(crate) struct Clock<'a> {
    profile: &'a Profile,
    last: Instant,
}

impl Profile {
    /// A profile if the environment asks for one.
    pub(crate) fn from_environment(program: &Program) -> Option<Profile> {
        std::env::var_os("FERRAS_PROFILE").filter(|v| v != "0" && !v.is_empty())?;
        let row = |s: &dyn Step| {
            let text = format!("{:?} {}", s.phases(), s.name());
            (text, Duration::ZERO, Duration::MAX)
        };
        let rows = program.regions.iter();
        let rows = rows.map(|r| r.iter().map(|s| row(&**s)).collect()).collect();
        Some(Profile { rows: Mutex::new(rows), runs: Mutex::new(0) })
    }

    pub(crate) fn begin(&self) -> Clock<'_> {
        if let Ok(mut runs) = self.runs.lock() {
            *runs += 1;
        }
        Clock { profile: self, last: Instant::now() }
    }
}

impl Clock<'_> {
    /// Books the time since the last lap on a step (on a region's first, if they ran together).
    pub(crate) fn lap(&mut self, region: usize, step: usize) {
        let now = Instant::now();
        if let Ok(mut rows) = self.profile.rows.lock()
            && let Some(row) = rows.get_mut(region).and_then(|r| r.get_mut(step))
        {
            row.1 += now - self.last;
            row.2 = row.2.min(now - self.last);
        }
        self.last = Instant::now();
    }
}

impl Drop for Profile {
    fn drop(&mut self) {
        let (Ok(rows), Ok(runs)) = (self.rows.lock(), self.runs.lock()) else { return };
        if *runs == 0 {
            return;
        }
        eprintln!("profile of {runs} runs: mean and least microseconds, tasks, step");
        let mut sum = 0.0;
        for (i, region) in rows.iter().enumerate() {
            for (name, total, least) in region {
                let mean = total.as_secs_f64() * 1e6 / *runs as f64;
                let least = if *least == Duration::MAX { 0.0 } else { least.as_secs_f64() * 1e6 };
                sum += least;
                let short: String = name.chars().take(150).collect();
                eprintln!("{i:4} {mean:10.2} {least:10.2}  {short}");
            }
        }
        eprintln!("sum of least times: {sum:.1} us");
    }
}
