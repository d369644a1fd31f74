//! The report in Chromium: nothing is complained about, every figure has marks, hover and keyboard work, in light and dark, on a phone
//! and on paper. With `REPORT_SCREENSHOTS` naming a folder, what it looks like is left there.

#[path = "../../tests/sample/mod.rs"]
mod sample;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use headless_chrome::browser::tab::Tab;
use headless_chrome::browser::tab::point::Point;
use headless_chrome::protocol::cdp::types::Event;
use headless_chrome::protocol::cdp::{Emulation, Log, Page, Runtime};
use headless_chrome::types::PrintToPdfOptions;
use headless_chrome::{Browser, LaunchOptions};
use run_report::{compare_runs, report_page};
use serde_json::Value;

/// Chromium as Debian installs it, or where `CHROMIUM` says.
fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ]
    .map(PathBuf::from);
    named.into_iter().chain(usual).find(|path| path.is_file())
}

struct Session {
    _browser: Browser,
    tab: Arc<Tab>,
    complaints: Arc<Mutex<Vec<String>>>,
}

impl Session {
    /// Opens `file` in a browser of its own; nothing where there is none.
    fn open(file: &Path) -> Option<Self> {
        let Some(path) = chromium() else {
            testing::skip("there is no Chromium; the variable CHROMIUM names one");
            return None;
        };
        let options = LaunchOptions::default_builder()
            .path(Some(path))
            // A sandbox needs rights that containers lack; the page is our own.
            .sandbox(false)
            .window_size(Some((1280, 900)))
            .idle_browser_timeout(Duration::from_secs(120))
            .build()
            .unwrap();
        let browser = Browser::new(options).unwrap();
        let tab = browser.new_tab().unwrap();
        tab.set_default_timeout(Duration::from_secs(90));
        let complaints = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&complaints);
        tab.add_event_listener(Arc::new(move |event: &Event| {
            let text = match event {
                Event::RuntimeExceptionThrown(thrown) => {
                    format!("{:?}", thrown.params.exception_details)
                }
                Event::RuntimeConsoleAPICalled(call) => format!("{:?}", call.params.args),
                Event::LogEntryAdded(entry) => format!("{:?}", entry.params.entry),
                _ => return,
            };
            sink.lock().unwrap().push(text);
        }))
        .unwrap();
        tab.call_method(Runtime::Enable(None)).unwrap();
        tab.call_method(Log::Enable(None)).unwrap();
        tab.navigate_to(&format!("file://{}", file.display()))
            .unwrap()
            .wait_until_navigated()
            .unwrap();
        Some(Self {
            _browser: browser,
            tab,
            complaints,
        })
    }

    fn evaluate(&self, script: &str) -> Value {
        let script = format!("JSON.stringify((() => {{ {script} }})())");
        let value = self.tab.evaluate(&script, false).unwrap().value;
        // Nothing comes back from a script without `return`.
        value.map_or(Value::Null, |value| {
            serde_json::from_str(value.as_str().unwrap()).unwrap()
        })
    }

    fn emulate(&self, media: &str, scheme: &str, width: u32) {
        let feature = Emulation::MediaFeature {
            name: "prefers-color-scheme".to_owned(),
            value: scheme.to_owned(),
        };
        self.tab
            .call_method(Emulation::SetEmulatedMedia {
                media: Some(media.to_owned()),
                features: Some(vec![feature]),
            })
            .unwrap();
        self.resize(width, 900);
    }

    fn resize(&self, width: u32, height: u32) {
        self.tab
            .call_method(Emulation::SetDeviceMetricsOverride {
                width,
                height,
                device_scale_factor: 1.0,
                mobile: width < 600,
                scale: None,
                screen_width: None,
                screen_height: None,
                position_x: None,
                position_y: None,
                dont_set_visible_size: None,
                screen_orientation: None,
                viewport: None,
                display_feature: None,
                device_posture: None,
            })
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
    }

    /// Leaves a picture of the whole page, where a folder is named.
    fn picture(&self, name: &str, width: u32) {
        let Some(folder) = std::env::var_os("REPORT_SCREENSHOTS").map(PathBuf::from) else {
            return;
        };
        std::fs::create_dir_all(&folder).unwrap();
        self.evaluate("scrollTo({ top: 0, behavior: 'instant' })");
        let height = self
            .evaluate("return document.documentElement.scrollHeight")
            .as_u64()
            .unwrap();
        self.resize(width, u32::try_from(height).unwrap().min(16_000));
        let bytes = self
            .tab
            .capture_screenshot(Page::CaptureScreenshotFormatOption::Png, None, None, true)
            .unwrap();
        std::fs::write(folder.join(name), bytes).unwrap();
    }

    /// The number of marks of every figure, as ECharts has drawn them, and of the shapes in its SVG.
    fn marks(&self) -> Vec<(String, u64, u64)> {
        let counts = self.evaluate(
            "return [...reportCharts].map(([id, chart]) => {
                let marks = 0;
                for (const view of chart._chartsViews) view.group.traverse((one) => { if (one.type !== 'group' && !one.ignore) marks += 1; });
                return [id, marks, document.querySelectorAll(`#${id} svg path`).length];
            })",
        );
        let counts = counts.as_array().unwrap().iter();
        counts
            .map(|one| {
                (
                    one[0].as_str().unwrap().to_owned(),
                    one[1].as_u64().unwrap(),
                    one[2].as_u64().unwrap(),
                )
            })
            .collect()
    }

    /// Moves the mouse to the middle mark of figure `id` and gives the text of its tooltip.
    fn hover(&self, id: &str) -> String {
        let point = self.evaluate(&format!(
            "const chart = reportCharts.get('{id}');
             const box = document.getElementById('{id}');
             box.scrollIntoView({{ block: 'center', behavior: 'instant' }});
             const index = chart.getOption().series.findIndex((one) => one.tooltip?.show !== false && one.data.length);
             const data = chart.getOption().series[index].data;
             const item = data[Math.floor(data.length / 2)];
             const [x, y] = chart.convertToPixel({{ seriesIndex: index }}, item.value || item);
             const at = box.getBoundingClientRect();
             return [at.left + x, at.top + y];"
        ));
        let at = |index: usize| point[index].as_f64().unwrap();
        self.tab
            .move_mouse_to_point(Point {
                x: at(0) - 3.0,
                y: at(1) - 3.0,
            })
            .unwrap();
        self.tab
            .move_mouse_to_point(Point { x: at(0), y: at(1) })
            .unwrap();
        for _ in 0..40 {
            std::thread::sleep(Duration::from_millis(50));
            let text = self.evaluate(&format!(
                "return document.querySelector('#{id} .tip')?.textContent || ''"
            ));
            if let Some(text) = text.as_str().filter(|text| !text.is_empty()) {
                return text.to_owned();
            }
        }
        String::new()
    }

    /// What the browser has complained about so far.
    fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }
}

fn written(page: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("report.html");
    std::fs::write(&path, page).unwrap();
    (folder, path)
}

/// The page to look at: the sample, or the file that `REPORT_PAGE` names.
fn page() -> String {
    match std::env::var_os("REPORT_PAGE") {
        Some(path) => std::fs::read_to_string(path).unwrap(),
        None => report_page(&sample::run()).unwrap(),
    }
}

#[test]
fn every_figure_is_drawn_and_answers_the_mouse() {
    let (_folder, path) = written(&page());
    let Some(session) = Session::open(&path) else {
        return;
    };
    for (name, media, scheme, width) in [
        ("light", "", "light", 1280),
        ("dark", "", "dark", 1280),
        ("phone", "", "light", 380),
        ("phone-dark", "", "dark", 380),
        ("paper", "print", "dark", 720),
    ] {
        session.emulate(media, scheme, width);
        let marks = session.marks();
        assert!(marks.len() >= 10, "{name}: only {marks:?}");
        for (id, num_marks, num_paths) in &marks {
            assert!(
                *num_marks > 0 && *num_paths > 0,
                "{name}: figure {id} is empty"
            );
        }
        let found = session.evaluate("return document.documentElement.scrollWidth");
        let wide = session.evaluate(
            "return [...document.querySelectorAll('*')].filter((one) => !one.closest('.scroll') && one.getBoundingClientRect().right > innerWidth + 1).map((one) => `${one.tagName}.${one.className}#${one.id}`).slice(0, 8).join(' ')",
        );
        assert!(
            found.as_u64().unwrap() <= width.into(),
            "{name}: the page is {found} px wide, the screen {width}: {wide}"
        );
        if ["light", "phone"].contains(&name) {
            for (id, ..) in &marks {
                assert!(
                    !session.hover(id).is_empty(),
                    "{name}: no tooltip in figure {id}"
                );
            }
        }
        session.picture(&format!("{name}.png"), width);
    }
    assert!(session.hover("map").contains("speaker"));
    assert_eq!(
        session.evaluate("return globalThis.pwned === undefined"),
        Value::Bool(true),
        "a name of a file was run"
    );
    assert_eq!(session.complaints(), [String::new(); 0]);
}

#[test]
fn a_dark_screen_has_a_dark_page_and_paper_a_white_one() {
    let (_folder, path) = written(&page());
    let Some(session) = Session::open(&path) else {
        return;
    };
    let background = || {
        session
            .evaluate("return getComputedStyle(document.body).backgroundColor")
            .as_str()
            .unwrap()
            .to_owned()
    };
    session.emulate("", "light", 1280);
    assert_eq!(background(), "rgb(255, 255, 255)");
    session.emulate("", "dark", 1280);
    assert_eq!(background(), "rgb(20, 23, 26)");
    session.emulate("print", "dark", 1280);
    assert_eq!(background(), "rgb(255, 255, 255)");
    session.emulate("", "dark", 1280);
    let options = PrintToPdfOptions {
        print_background: Some(true),
        ..PrintToPdfOptions::default()
    };
    let pdf = session.tab.print_to_pdf(Some(options)).unwrap();
    assert!(pdf.starts_with(b"%PDF"));
    if let Some(folder) = std::env::var_os("REPORT_SCREENSHOTS") {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(Path::new(&folder).join("paper.pdf"), pdf).unwrap();
    }
}

/// Whether a figure was drawn for paper, and all of it lies in its view box.
const FITS: &str = "(id) => {
    const svg = document.querySelector(`#${id} svg`);
    const [, , width, height] = svg.getAttribute('viewBox').split(' ').map(Number);
    const drawn = svg.getBBox();
    const right = drawn.x + drawn.width, bottom = drawn.y + drawn.height;
    return width === 660 && drawn.x >= -1 && drawn.y >= -1 && right <= width + 1 && right > width / 2 && bottom <= height + 1;
}";

/// What paper gets, from the moment before it is printed: each drawing lies in its view box, and the box on the paper.
#[test]
fn paper_gets_whole_drawings_and_a_phone_what_to_try() {
    let (_folder, path) = written(&page());
    let Some(session) = Session::open(&path) else {
        return;
    };
    // Made for a wide screen, and for a narrow one: neither shows on paper.
    for screen in [1280, 380] {
        session.emulate("", "light", screen);
        // In the same moment, since paper waits for no frame.
        let cut = session.evaluate(&format!(
            "dispatchEvent(new Event('beforeprint'));
             return [...reportCharts.keys()].filter((id) => !({FITS})(id))"
        ));
        assert_eq!(cut, Value::Array(vec![]), "of a screen of {screen} px");
        for paper in [688, 460] {
            session.emulate("print", "light", paper);
            let cut = session.evaluate(&format!(
                "return [...reportCharts.keys()].filter((id) => {{
                    const box = document.querySelector(`#${{id}} svg`).getBoundingClientRect();
                    return !(({FITS})(id) && box.right <= innerWidth + 1 && box.width > 100);
                }})"
            ));
            assert_eq!(
                cut,
                Value::Array(vec![]),
                "of a screen of {screen} px on {paper} px of paper"
            );
        }
        session.evaluate("dispatchEvent(new Event('afterprint'))");
    }
    session.emulate("", "light", 380);
    let place = session.evaluate(
        "const box = document.querySelector('#diagnosis dd.try').getBoundingClientRect(); return [box.left, box.right, box.height]",
    );
    let at = |index: usize| place[index].as_f64().unwrap();
    assert!(at(0) >= 0.0 && at(1) <= 380.0 && at(2) > 0.0, "{place}");
}

#[test]
fn figures_work_without_a_mouse() {
    let (_folder, path) = written(&page());
    let Some(session) = Session::open(&path) else {
        return;
    };
    for id in ["loss", "tippett", "bayes-error", "map", "dendrogram"] {
        session.evaluate(&format!("document.getElementById('{id}').focus()"));
        let focused = session.evaluate("return document.activeElement.id");
        assert_eq!(focused.as_str(), Some(id));
        let spoken_after = |key: &str| {
            session.tab.press_key(key).unwrap();
            std::thread::sleep(Duration::from_millis(400));
            session.evaluate("return document.getElementById('spoken').textContent")
        };
        let (first, last) = (spoken_after("ArrowRight"), spoken_after("End"));
        assert!(
            !first.as_str().unwrap().is_empty(),
            "{id}: nothing is spoken"
        );
        assert_ne!(first, last, "{id}");
    }
    // Whatever can be operated can be reached.
    let hidden = session.evaluate("return [...document.querySelectorAll('summary, audio, .chart, .scroll, a')].filter((one) => one.tabIndex < 0).length");
    assert_eq!(hidden, 0);
    assert_eq!(session.complaints(), [String::new(); 0]);
}

#[test]
fn runs_are_compared() {
    let other = run_report::RunReport {
        name: "second".to_owned(),
        ..sample::run()
    };
    let (_folder, path) = written(&compare_runs(&[sample::run(), other]));
    let Some(session) = Session::open(&path) else {
        return;
    };
    session.emulate("", "light", 1280);
    let marks = session.marks();
    // Error rate, loss, learning rate, throughput, and the two terms that the loss of these runs has.
    assert_eq!(marks.len(), 6);
    for (id, num_marks, _) in &marks {
        assert!(*num_marks >= 2, "figure {id} is empty");
        assert!(session.hover(id).contains("second"), "figure {id}");
    }
    session.picture("compare.png", 1280);
    assert_eq!(session.complaints(), [String::new(); 0]);
}
