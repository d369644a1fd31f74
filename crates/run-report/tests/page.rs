//! The page as text: it holds what it should, nothing in it runs or is fetched, and it is the same each time.
#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot prepare its data has failed"
)]

mod sample;

use run_report::{Band, Examination, MapSettings, RunReport, compare_runs, report_page};

#[test]
fn names_do_not_become_markup() {
    let page = report_page(&sample::run()).unwrap();
    // The only scripts are the data and the two programs, however names are written.
    assert_eq!(page.matches("<script").count(), 3);
    assert_eq!(page.matches("</script").count(), 3);
    assert!(!page.contains("<img src=x"));
    assert!(page.contains("&lt;/script&gt;"));
    let pair = compare_runs(&[sample::run(), sample::run()]);
    assert_eq!(
        (
            pair.matches("<script").count(),
            pair.matches("<img src=x").count()
        ),
        (3, 0)
    );
}

#[test]
fn nothing_is_fetched() {
    let page = report_page(&sample::run()).unwrap();
    assert!(page.contains("default-src 'none'"));
    for attribute in ["src=\"", "href=\""] {
        for (place, _) in page.match_indices(attribute) {
            let target = &page[place + attribute.len()..];
            assert!(
                target.starts_with("data:") || target.starts_with('#') || target.starts_with('\''),
                "{}",
                &target[..60]
            );
        }
    }
    let style = &page[page.find("<style>").unwrap()..page.find("</style>").unwrap()];
    assert!(!style.contains("@import") && !style.contains("url("));
}

#[test]
fn every_part_is_there() {
    let page = report_page(&sample::run()).unwrap();
    let ids = [
        "loss",
        "dev-eer",
        "terms",
        "learning-rate",
        "gradient-norm",
        "throughput",
        "det",
        "histogram-0",
        "histogram-1",
        "map",
        "dendrogram",
        "confusion",
        "zoo",
        "worst",
        "diagnosis",
        "configuration",
    ];
    for id in ids {
        assert!(page.contains(&format!("id=\"{id}\"")), "{id} is missing");
    }
    assert_eq!(
        page.matches("<audio").count() > 0,
        page.matches("data:audio/wav").count() > 0
    );
    assert!(page.contains("data:image/gif"));
}

#[test]
fn the_same_data_gives_the_same_page() {
    assert_eq!(
        report_page(&sample::run()).unwrap(),
        report_page(&sample::run()).unwrap()
    );
}

#[test]
fn what_is_missing_is_left_out() {
    let page = report_page(&RunReport {
        name: "bare".to_owned(),
        ..RunReport::default()
    })
    .unwrap();
    assert!(!page.contains("<figure"));
    let mut few = sample::development();
    few.lists.clear();
    let examination = Examination::new(few, MapSettings::default()).unwrap();
    let page = report_page(&RunReport {
        examination: Some(examination),
        ..RunReport::default()
    })
    .unwrap();
    assert!(page.contains("id=\"map\"") && !page.contains("id=\"det\""));
}

#[test]
fn embeddings_and_utterances_must_agree() {
    let mut development = sample::development();
    development.utterances.pop();
    assert!(Examination::new(development, MapSettings::default()).is_err());
    let mut development = sample::development();
    development.lists[0].trials[0].first = 10_000;
    assert!(Examination::new(development, MapSettings::default()).is_err());
}

#[test]
fn a_band_is_drawn_and_named() {
    let run = sample::run();
    let configuration = run.configuration.clone().unwrap().parse().unwrap();
    let other = sample::run().journal;
    let table: toml::Table = configuration;
    let band = Band::of_runs(
        "small",
        "noise",
        &[(run.journal.clone(), table.clone()), (other, table)],
    )
    .unwrap();
    let page = report_page(&RunReport {
        band: Some(band),
        ..run
    })
    .unwrap();
    assert!(page.contains("2 healthy runs of `small` on noise"));
}

#[test]
fn only_settings_that_differ_are_compared() {
    let mut other = sample::run();
    other.configuration = Some("seed = 2\n[loss]\nmargin = 3.0\n".to_owned());
    let page = compare_runs(&[sample::run(), other]);
    assert!(page.contains("<th scope=\"row\">seed</th>"));
    assert!(!page.contains("<th scope=\"row\">loss.margin</th>"));
}
