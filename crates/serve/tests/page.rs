//! The page in a real browser, where there is one.
#![allow(clippy::unwrap_used)] // helpers of tests are tests too
mod common;

use common::{Folder, Live, colours, line, words};
use ferras_serve::Options;
use std::process::Command;

fn browser() -> Option<&'static str> {
    let works = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find(works)
}

/// Opens the service's page in a window of this size and gives what the document became.
fn open(browser: &str, live: &Live, folder: &Folder, size: &str, picture: &str) -> String {
    let output = Command::new(browser)
        .args(["--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"])
        .args(["--virtual-time-budget=8000", "--dump-dom"])
        .arg(format!("--user-data-dir={}", folder.join("profile")))
        .arg(format!("--screenshot={}", folder.join(picture)))
        .arg(format!("--window-size={size}"))
        .arg(format!("http://{}/", live.address))
        .output()
        .unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_browser_shows_the_models() {
    let Some(browser) = browser() else {
        eprintln!("SKIPPED: no Chromium; the page is not opened in a browser");
        return;
    };
    let folder = Folder::new("page");
    let live = Live::new(&[&line(&folder)], Options::new());
    let page = open(browser, &live, &folder, "1280,1000", "line.png");
    for part in ["x (None, 3) float32", "y (None, 2) float32", "3 numbers a line", "Dense<small>y"]
    {
        assert!(page.contains(part), "{part} is not in\n{page}");
    }
    let picture = image::open(folder.join("line.png")).unwrap().to_rgb8();
    assert_eq!(picture.width(), 1280);
    let first = picture.get_pixel(0, 0);
    assert!(picture.pixels().any(|pixel| pixel != first), "the page is empty");

    let live = Live::new(&[&words(&folder)], Options::new());
    let page = open(browser, &live, &folder, "1280,1000", "words.png");
    assert!(page.contains("(None, 2) string") && page.contains("JSON, as TensorFlow Serving"));

    let live = Live::new(&[&colours(&folder)], Options::new());
    let page = open(browser, &live, &folder, "500,900", "colours.png");
    assert!(page.contains("picture (None, 4, 4, 3) float32"), "{page}");
    assert!(page.contains("divided by 255"));
}
