//! Results as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::sabotage::case::Case;
use crate::sabotage::trial::record::{Record, Records};

/// Every case, one a line, as the table has them.
pub(crate) fn listing(cases: &[Case]) -> String {
    let mut text = String::new();
    for case in cases {
        let right = match case.right {
            [] => "healthy".to_owned(),
            names => names.join(" or "),
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "{}\t{}\t{}\t{right}",
            case.name,
            case.kind.name(),
            case.what
        );
    }
    text
}

/// The records of each case, in the order of `cases`.
fn by_case<'a>(records: &'a Records, cases: &[Case]) -> Vec<(&'a str, Vec<&'a Record>)> {
    let mut found: BTreeMap<usize, Vec<&Record>> = BTreeMap::new();
    for record in &records.all {
        let place = cases.iter().position(|case| case.name == record.case);
        if let Some(place) = place.filter(|_| record.error.is_none()) {
            found.entry(place).or_default().push(record);
        }
    }
    found
        .into_values()
        .map(|mut records| {
            records.sort_by_key(|record| record.seed);
            (records[0].case.as_str(), records)
        })
        .collect()
}

/// What every seed gives, once where all agree.
fn joined(records: &[&Record], show: impl Fn(&Record) -> String) -> String {
    let mut shown: Vec<String> = records.iter().map(|record| show(record)).collect();
    if shown.windows(2).all(|two| two[0] == two[1]) {
        shown.truncate(1);
    }
    shown.join(", ")
}

/// Sabotages, healthy runs, and how many of them came out as they should.
pub(crate) fn table(records: &Records, cases: &[Case]) -> String {
    let all = by_case(records, cases);
    let (healthy, spoiled): (Vec<_>, Vec<_>) = all
        .into_iter()
        .partition(|(_, records)| records[0].kind == "healthy");
    let mut text = String::new();
    let _ = writeln!(
        text,
        "| sabotage | kind | first finding | right | EER before and after obeying | seeds |\n|---|---|---|---|---|---|"
    );
    for (_, records) in &spoiled {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            records[0].what,
            records[0].kind,
            joined(records, first),
            joined(records, right),
            joined(records, obeyed),
            seeds(records)
        );
    }
    let _ = writeln!(
        text,
        "\n| healthy training | verdict | dev EER (untrained) | seeds |\n|---|---|---|---|"
    );
    for (_, records) in &healthy {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            records[0].what,
            joined(records, |record| match record.verdict.as_str() {
                "healthy" => "healthy".to_owned(),
                verdict => format!("{verdict}: {}", first(record)),
            }),
            joined(records, |record| format!(
                "{} ({})",
                percent(record.spoiled.dev_eer),
                percent(record.spoiled.untrained_eer)
            )),
            seeds(records)
        );
    }
    text.push('\n');
    text += &counts(&spoiled, &healthy);
    text
}

type ByCase<'a> = [(&'a str, Vec<&'a Record>)];

fn counts(spoiled: &ByCase<'_>, healthy: &ByCase<'_>) -> String {
    let of = |cases: &ByCase<'_>, is: fn(&Record) -> Option<bool>| -> String {
        let answers: Vec<bool> = cases
            .iter()
            .flat_map(|(_, records)| records.iter().filter_map(|record| is(record)))
            .collect();
        let yes = answers.iter().filter(|yes| **yes).count();
        format!("{yes} of {}", answers.len())
    };
    let mut shares: Vec<f64> = spoiled
        .iter()
        .chain(healthy)
        .flat_map(|(_, records)| records.iter())
        .filter(|record| record.spoiled.refusal.is_none())
        .map(|record| record.checks_share)
        .collect();
    shares.sort_by(f64::total_cmp);
    let middle = shares.get(shares.len() / 2).copied().unwrap_or(0.0);
    format!(
        "{} healthy trainings are called healthy; the first finding is the cause in {} sabotages; the EER is better after obeying \
         in {}. Preflight and diagnosis took {:.0} % of the time of these short trainings (median).\n",
        of(healthy, |record| Some(record.right)),
        of(spoiled, |record| Some(record.right)),
        of(spoiled, |record| record.better),
        100.0 * middle
    )
}

/// Whether the verdict is the same for every seed.
pub(crate) fn stability(records: &Records, cases: &[Case]) -> String {
    let mut text =
        "| training | seeds | verdicts | first findings | the same |\n|---|---|---|---|---|\n"
            .to_owned();
    for (_, records) in by_case(records, cases) {
        let same = records
            .windows(2)
            .all(|two| two[0].verdict == two[1].verdict);
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            records[0].what,
            records.len(),
            joined(&records, |record| record.verdict.clone()),
            joined(&records, first),
            yes(same)
        );
    }
    text
}

fn first(record: &Record) -> String {
    match (&record.spoiled.refusal, record.names.first()) {
        (Some(message), _) => format!("refused: {}", message.replace('|', "/")),
        (None, Some(name)) => format!("`{name}` ({})", record.severity),
        (None, None) => "none".to_owned(),
    }
}

fn right(record: &Record) -> String {
    match record.harmless {
        true => "no harm done".to_owned(),
        false => yes(record.right).to_owned(),
    }
}

fn obeyed(record: &Record) -> String {
    let Some(better) = record.better else {
        return "-".to_owned();
    };
    let measure = match record.measure.as_deref() {
        Some("truth") => "dev off by ",
        Some("held back") => "others ",
        _ => "",
    };
    format!(
        "{measure}{} → {}{}",
        percent(record.before),
        percent(record.after),
        if better { "" } else { ", no better" }
    )
}

fn seeds(records: &[&Record]) -> String {
    let seeds: Vec<String> = records.iter().map(|one| one.seed.to_string()).collect();
    seeds.join(", ")
}

fn percent(eer: Option<f64>) -> String {
    eer.map_or("none".to_owned(), |eer| format!("{:.1} %", 100.0 * eer))
}

fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sabotage::cases::cases;

    #[test]
    fn seeds_are_joined_and_counted() {
        let record = |case: &str, kind: &str, seed, verdict: &str, right| Record {
            case: case.to_owned(),
            kind: kind.to_owned(),
            what: case.to_owned(),
            seed,
            verdict: verdict.to_owned(),
            right,
            names: vec!["labels_wrong".to_owned()],
            severity: "broken".to_owned(),
            better: (kind != "healthy").then_some(right),
            before: Some(0.5),
            after: Some(0.25),
            ..Record::default()
        };
        let records = Records {
            all: vec![
                record("labels-shuffled", "labels", 2, "broken", true),
                record("labels-shuffled", "labels", 1, "broken", true),
                record("healthy-sc", "healthy", 1, "healthy", true),
                record("healthy-sc", "healthy", 2, "suspect", false),
            ],
        };
        let text = table(&records, &cases());
        assert!(
            text.contains("| labels-shuffled | labels | `labels_wrong` (broken) | yes | 50.0 % → 25.0 % | 1, 2 |"),
            "{text}"
        );
        assert!(
            text.contains("| healthy-sc | healthy, suspect: `labels_wrong` (broken) |"),
            "{text}"
        );
        assert!(text.contains("1 of 2 healthy"), "{text}");
        assert!(text.contains("2 of 2 sabotages"), "{text}");
        let text = stability(&records, &cases());
        assert!(
            text.contains("| labels-shuffled | 2 | broken | `labels_wrong` (broken) | yes |"),
            "{text}"
        );
        assert!(
            text.contains("| healthy-sc | 2 | healthy, suspect | `labels_wrong` (broken) | no |"),
            "{text}"
        );
    }
}
