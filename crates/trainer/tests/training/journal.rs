//! What a run says of itself.

use std::fs::OpenOptions;
use std::io::Write;

use diagnosis::journal::{JOURNAL_FILE, Journal};
use trainer::TrainConfig;

use crate::case::{Case, config};

/// Evaluations that fall between two lines of the journal must not cost the steps before them their time: the speeds of all lines
/// give back the time that all steps took.
#[test]
fn speeds_count_the_time_of_every_step_and_of_nothing_else() {
    let case = Case::new();
    let config = TrainConfig {
        max_steps: 30,
        eval_every: 7,
        ..config()
    };
    let outcome = case.run("run", &config, 1, false, None).unwrap();
    let journal = Journal::read(&case.out("run")).unwrap();
    // Ten steps of six segments a line.
    let seconds: f64 = journal
        .steps()
        .map(|line| 60.0 / line.segments_per_second.unwrap())
        .sum();
    let expected = outcome.progress.training_s;
    assert!(
        (seconds - expected).abs() < 1e-6 * expected,
        "{seconds} s by the lines, {expected} s in all"
    );
    let shares = journal.steps().map(|line| line.wait_share.unwrap());
    assert!(shares.clone().all(|share| (0.0..=1.0).contains(&share)));
    assert_eq!(shares.count(), 3);
}

/// What a killed process had written after its last checkpoint, and half of its last line.
#[test]
fn a_run_that_was_killed_has_each_step_in_its_journal_once() {
    let case = Case::new();
    case.run("run", &config(), 1, false, Some(4)).unwrap();
    let path = case.out("run").join(JOURNAL_FILE);
    let mut file = OpenOptions::new().append(true).open(path).unwrap();
    file.write_all(
        b"{\"event\":\"steps\",\"step\":10,\"loss\":1.0}\n{\"event\":\"evaluation\",\"step\":8,\"mean_eer\":0.9}\n{\"event\":\"ste",
    )
    .unwrap();
    case.run("run", &config(), 1, true, None).unwrap();
    let journal = Journal::read(&case.out("run")).unwrap();
    assert_eq!(journal.num_unreadable, 0);
    let evaluated: Vec<u64> = journal.evaluations().map(|line| line.step).collect();
    assert_eq!(evaluated, [0, 4, 8, 12]);
    assert!(journal.evaluations().all(|line| line.mean_eer != Some(0.9)));
    let text = std::fs::read_to_string(case.out("run").join(JOURNAL_FILE)).unwrap();
    let num_lines = |kind: &str| text.matches(&format!("{{\"event\":\"{kind}\"")).count();
    assert_eq!((num_lines("evaluation"), num_lines("start")), (4, 2));
}
