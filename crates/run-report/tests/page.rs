//! The page as text: it holds what it should, nothing in it runs or is fetched, and it is the same each time.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot prepare its data has failed"
)]

mod sample;

use diagnosis::Diagnosis;
use diagnosis::journal::{Journal, StartData};
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
        "lists",
        "by-gender",
        "by-session",
        "calibration",
        "tippett",
        "bayes-error",
        "making",
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

/// The cells of the row that begins so.
fn row<'a>(page: &'a str, first: &str) -> Vec<&'a str> {
    let head = format!("<th scope=\"row\">{first}</th>");
    let place = page
        .find(&head)
        .unwrap_or_else(|| panic!("no row `{first}`"));
    let rest = &page[place + head.len()..];
    let cells = rest[..rest.find("</tr>").unwrap()]
        .split("<td class=")
        .skip(1);
    cells
        .map(|cell| cell.split_once('>').unwrap().1)
        .map(|text| text.trim_end_matches("</td>"))
        .collect()
}

/// What stands beside a name in a list of facts.
fn fact<'a>(page: &'a str, name: &str) -> &'a str {
    let head = format!("<dt>{name}</dt>");
    let place = page.find(&head).unwrap_or_else(|| panic!("no `{name}`"));
    let rest = &page[place + head.len()..];
    let (_, value) = rest.split_once('>').unwrap();
    value.split_once("</dd>").unwrap().0
}

#[test]
fn every_list_has_its_interval_and_the_rate_before_the_first_step() {
    let page = report_page(&sample::run()).unwrap();
    // As journaled: at the last of the steps 20 % with 18 to 23 %, and 40 % before the first.
    assert_eq!(
        row(&page, "near"),
        ["20.0 %", "18.0 to 23.0 %", "40.0 %", "0.9000", "40", "60"]
    );
    // Without a journaled interval it is Wilson's by the numbers of trials: 25 % of 96.
    let augmented = row(&page, "near (augmented)");
    assert_eq!(augmented[..2], ["25.0 %", "about 17.4 to 34.5 %"]);
    assert!(page.contains("is too narrow"));
    assert_eq!(fact(&page, "best dev EER"), "20.0 % at step 200");
    assert_eq!(fact(&page, "untrained network"), "40.0 %");
    assert_eq!(fact(&page, "speakers that are trained on"), "10.0 %");
}

#[test]
fn one_list_has_its_interval_beside_the_best_rate() {
    let lines = concat!(
        r#"{"event":"start","step":0,"initial":{"name":"campplus"}}"#,
        "\n",
        r#"{"event":"evaluation","step":9,"lists":[{"list":"dev","eer":0.3,"eer_interval":{"low":0.25,"high":0.375}}],"mean_eer":0.3,"untrained_eer":0.3}"#,
    );
    let page = report_page(&RunReport {
        journal: Journal::parse(lines.as_bytes()),
        ..RunReport::default()
    })
    .unwrap();
    assert_eq!(
        fact(&page, "best dev EER"),
        "30.0 % (25.0 to 37.5 %) at step 9"
    );
    // It began with a model, which was as good.
    assert_eq!(fact(&page, "campplus, before the first step"), "30.0 %");
    assert!(page.contains("is no better than it was before its first step"));
    assert!(!page.contains("untrained network"));
}

/// Beside a ready model that does better.
#[test]
fn which_model_to_use_is_on_the_page() {
    let lines = concat!(
        r#"{"event":"start","step":0,"yardstick":{"name":"default","dev_eer":0.0625}}"#,
        "\n",
        r#"{"event":"evaluation","step":9,"lists":[],"mean_eer":0.3}"#,
        "\n",
        r#"{"event":"choice","step":9,"model":"yardstick","is_close":true}"#,
    );
    let page = report_page(&RunReport {
        journal: Journal::parse(lines.as_bytes()),
        ..RunReport::default()
    })
    .unwrap();
    assert_eq!(fact(&page, "dev EER of default"), "6.2 %");
    assert_eq!(fact(&page, "model to use"), "default, by a hair");
    let without = report_page(&sample::run()).unwrap();
    assert!(!without.contains("model to use") && !without.contains("dev EER of <"));
}

#[test]
fn speakers_that_are_trained_on_have_a_line_beside_the_development_lists() {
    let page = report_page(&sample::run()).unwrap();
    let figure = &page[page.find("id=\"dev-eer\"").unwrap()..];
    let table = &figure[..figure.find("</table>").unwrap()];
    assert!(table.contains("speakers that are trained on"));
    // Step 100: 30 % on the list, 15 % on training speakers.
    let cells = row(table, "100");
    assert!(
        cells.contains(&"30.0 %") && cells.contains(&"15.0 %"),
        "{cells:?}"
    );
}

#[test]
fn what_was_typed_the_data_and_the_time_are_on_the_page() {
    let page = report_page(&sample::run()).unwrap();
    let making = &page[page.find("id=\"making\"").unwrap()..];
    assert!(making.contains("siamang train --data"));
    assert_eq!(fact(making, "data"), "made voices");
    assert_eq!(fact(&page, "duration"), "1 min 23 s, its steps 1 min 1 s");
    assert!(making.contains("0123456789abcdef"));
}

/// Of a journal that knows neither: the model's card knows the data.
#[test]
fn an_older_run_is_shown_with_what_it_has_and_without_noughts() {
    let lines = concat!(
        r#"{"event":"start","step":0,"max_steps":30,"commit":"abc"}"#,
        "\n",
        r#"{"event":"steps","step":10,"loss":3.1}"#,
        "\n",
        r#"{"event":"evaluation","step":10,"lists":[{"list":"dev","eer":0.25}],"mean_eer":0.25,"untrained_eer":0.5}"#,
        "\n",
        r#"{"event":"end","step":10,"reason":"max_steps"}"#,
    );
    let run = RunReport {
        name: "older".to_owned(),
        journal: Journal::parse(lines.as_bytes()),
        data: Some(StartData {
            description: "old voices".to_owned(),
            hash: "fedc".to_owned(),
        }),
        ..RunReport::default()
    };
    let page = report_page(&run).unwrap();
    assert_eq!(fact(&page, "data"), "old voices");
    for unknown in ["duration", "speakers", "utterances", "parameters"] {
        assert!(!page.contains(&format!("<dt>{unknown}</dt>")), "{unknown}");
    }
    assert_eq!(row(&page, "dev"), ["25.0 %", "–", "–", "–", "–", "–"]);
    let pair = compare_runs(&[run.clone(), run]);
    assert_eq!(row(&pair, "training speakers"), ["–", "–"]);
    assert_eq!(row(&pair, "parameters"), ["–", "–"]);
}

#[test]
fn errors_are_told_at_the_threshold_that_the_model_decides_by_and_by_gender() {
    let page = report_page(&sample::run()).unwrap();
    assert!(page.contains("The model decides at a cosine of <strong>0.500</strong>"));
    let lists = &page[page.find("What thresholds do").unwrap()..];
    let far = row(lists, "far");
    assert_eq!(far.len(), 6);
    let share = |text: &str| text.trim_end_matches(" %").parse::<f64>().unwrap();
    assert!(
        far[2..]
            .iter()
            .all(|cell| (0.0..=100.0).contains(&share(cell))),
        "{far:?}"
    );
    // Nine speakers, the first of whom has no gender: four men, four women.
    let genders = &page[page.find("id=\"by-gender\"").unwrap()..];
    for group in ["men", "women"] {
        let cells = row(genders, group);
        assert_eq!(cells.len(), 7);
        assert!(cells[1].contains(" to "), "no interval: {cells:?}");
    }
    let mixed = row(genders, "of two genders");
    assert_eq!((mixed[0], mixed[2], mixed[4]), ("–", "–", "0"));
    assert!(genders.contains("the gender of a recording is not known"));
}

/// The option of a figure, as the page's program reads it.
fn option(page: &str, id: &str) -> serde_json::Value {
    let data = page.split_once("id=\"figures\">").unwrap().1;
    let data = data.split_once("</script>").unwrap().0;
    let options: serde_json::Value = serde_json::from_str(data).unwrap();
    options[id].clone()
}

#[test]
fn ratios_are_drawn_by_their_strength_and_by_what_decisions_cost() {
    let page = report_page(&sample::run()).unwrap();
    for id in ["tippett", "bayes-error"] {
        let drawn = option(&page, id);
        let series = drawn["series"].as_array().unwrap();
        // A reference, and two lines of either list.
        assert_eq!(series.len(), 5, "{id}");
        for line in &series[1..] {
            let points = line["data"].as_array().unwrap();
            assert!((50..=200).contains(&points.len()), "{id}: {}", points.len());
            let num_marked = points.iter().filter(|point| point.is_object()).count();
            assert_eq!(num_marked, if id == "tippett" { 1 } else { 2 });
        }
    }
    let share = |text: &str| text.trim_end_matches(" %").parse::<f64>().unwrap();
    let tippett = &page[page.find("id=\"tippett\"").unwrap()..];
    let strong = tippett.find("<td class=\"figure\">100</td>").unwrap();
    let cells: Vec<&str> = tippett[strong..].split("</td>").take(3).collect();
    let cell = |index: usize| share(cells[index].rsplit_once('>').unwrap().1);
    // More of the same speaker than of others, of whom at most one in a hundred or so.
    assert!(cell(1) > cell(2) && cell(2) < 3.0, "{cells:?}");
    let costs = &page[page.find("id=\"bayes-error\"").unwrap()..];
    for prior in ["1 %", "5 %", "50 %"] {
        let place = costs.find(&format!("<td class=\"figure\">{prior}</td>"));
        let cells: Vec<&str> = costs[place.unwrap()..].split("</td>").take(3).collect();
        let cost = |index: usize| share(cells[index].rsplit_once('>').unwrap().1);
        assert!(cost(1) >= cost(2) && cost(2) <= 1.0, "{cells:?}");
    }
}

/// A table of seven columns hides its last one on a phone.
#[test]
fn what_to_try_stands_below_what_was_found_and_in_no_table() {
    let page = report_page(&sample::run()).unwrap();
    let section = &page[page.find("id=\"diagnosis\"").unwrap()..];
    let section = &section[..section.find("</section>").unwrap()];
    assert!(!section.contains("<table"));
    assert!(section.contains("<dt class=\"try\">what to try</dt>"));
    assert!(section.contains("<dd class=\"try\">raise the learning rate</dd>"));
}

#[test]
fn compared_runs_have_their_names_verdicts_and_the_rates_before_and_after() {
    let first = RunReport {
        name: "a/run".to_owned(),
        ..sample::run()
    };
    let mut second = RunReport {
        name: "b/run".to_owned(),
        path: Some("elsewhere/b/run".to_owned()),
        ..sample::run()
    };
    second.diagnosis = Some(Diagnosis::of(Vec::new()));
    let page = compare_runs(&[first.clone(), second.clone()]);
    assert_eq!(row(&page, "verdict"), ["suspect", "healthy"]);
    assert_eq!(row(&page, "best mean dev EER"), ["20.0 %", "20.0 %"]);
    assert_eq!(
        row(&page, "EER before the first step"),
        ["40.0 %", "40.0 %"]
    );
    assert_eq!(
        row(&page, "EER of near, best step"),
        ["20.0 % (18.0 to 23.0 %)", "20.0 % (18.0 to 23.0 %)"]
    );
    let runs = &page[page.find("id=\"runs\"").unwrap()..page.find("id=\"final\"").unwrap()];
    let (of_first, of_second) = runs.split_at(runs.find("<h3>b/run").unwrap());
    assert!(of_first.contains("<h3>a/run <span class=\"verdict suspect\">suspect</span>"));
    assert_eq!(fact(of_first, "untrained network"), "40.0 %");
    assert!(of_first.contains("raise the learning rate"));
    assert!(of_second.contains("<span class=\"verdict healthy\">healthy</span>"));
    assert_eq!(fact(of_second, "folder"), "elsewhere/b/run");
    assert!(!of_second.contains("what to try"));
    assert!(!page.contains("cannot be compared"));
    // Measured on other trials: no comparison.
    second.journal = Journal::parse(
        br#"{"event":"evaluation","step":9,"lists":[{"list":"near","eer":0.1,"n_target":3,"n_nontarget":4}],"mean_eer":0.1}"#,
    );
    let page = compare_runs(&[first, second]);
    assert!(page.contains("a/run and b/run were measured on different development lists"));
}

#[test]
fn only_settings_that_differ_are_compared() {
    let mut other = sample::run();
    other.configuration = Some("seed = 2\n[loss]\nmargin = 3.0\n".to_owned());
    let page = compare_runs(&[sample::run(), other]);
    assert!(page.contains("<th scope=\"row\">seed</th>"));
    assert!(!page.contains("<th scope=\"row\">loss.margin</th>"));
}
