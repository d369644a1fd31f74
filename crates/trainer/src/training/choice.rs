//! Which of the models that a run knows does best on its development trials.

use diagnosis::journal::{Choice, ChosenModel, ListResult, Yardstick};

use super::checkpoint::Progress;
use crate::evaluate::mean_eer;

/// The choice after a run with this `progress`, which went on from a model where `has_initial`; none where no trials choose.
pub(super) fn choice(
    progress: &Progress,
    has_initial: bool,
    yardstick: Option<&Yardstick>,
) -> Option<Choice> {
    let (run_eer, _) = progress.best?;
    let before_eer = mean_eer(&progress.untrained)?;
    let has_improved = run_eer < before_eer;
    let best = progress.best_evaluation.as_ref();
    let best = best.map_or(&[][..], |evaluation| &evaluation.lists);
    let yardstick = yardstick.map_or(&[][..], |yardstick| &yardstick.dev);
    // Lists over changed copies are the run's alone.
    let beside = shared(best, yardstick);
    let before = shared(&progress.untrained, yardstick).map(|[before, _]| before);
    let without = match (has_improved, has_initial) {
        (true, _) => ChosenModel::Run,
        (false, true) => ChosenModel::Initial,
        (false, false) => ChosenModel::None,
    };
    let model = match (beside, before) {
        (Some([run, ready]), Some(before)) => {
            let own = if has_improved { run } else { before };
            // Of a network that nobody has trained nothing is to be had but a bound.
            let is_better = match without {
                ChosenModel::Run => ready <= own,
                _ => ready < own,
            };
            if is_better {
                ChosenModel::Yardstick
            } else {
                without
            }
        }
        _ => without,
    };
    Some(Choice {
        step: progress.step,
        model,
        run_eer: Some(run_eer),
        before_eer: Some(before_eer),
        beside_yardstick: beside,
        is_close: beside.is_some_and(|rates| is_close(rates, yardstick)),
    })
}

/// Mean EERs over the lists that both have.
fn shared(own: &[ListResult], others: &[ListResult]) -> Option<[f64; 2]> {
    let pairs = own.iter().filter_map(|own| {
        let other = others.iter().find(|other| other.list == own.list)?;
        Some([own.eer, other.eer])
    });
    let pairs: Vec<[f64; 2]> = pairs.collect();
    let mean = |side: usize| pairs.iter().map(|pair| pair[side]).sum::<f64>() / pairs.len() as f64;
    (!pairs.is_empty()).then(|| [mean(0), mean(1)])
}

/// Whether two rates differ by less than two standard errors of a share of so many trials.
fn is_close([a, b]: [f64; 2], lists: &[ListResult]) -> bool {
    let counts = lists.iter().map(|list| list.n_target.min(list.n_nontarget));
    let count = counts.sum::<usize>().max(1) as f64;
    let mean = 0.5 * (a + b);
    (a - b).abs() < 2.0 * (mean * (1.0 - mean) / count).sqrt()
}

#[cfg(test)]
mod tests {
    use diagnosis::journal::Evaluation;

    use super::*;

    fn list(name: &str, eer: f64) -> ListResult {
        ListResult {
            list: name.to_owned(),
            eer,
            min_dcf: 1.0,
            n_target: 100,
            n_nontarget: 200,
            eer_interval: None,
        }
    }

    /// A run from `before` to `best`, with a list over changed copies that is 20 points worse.
    fn progress(before: f64, best: f64) -> Progress {
        let lists = |eer| vec![list("dev", eer), list("dev (augmented)", eer + 0.2)];
        Progress {
            step: 100,
            untrained: lists(before),
            best: Some((best + 0.1, 60)),
            best_evaluation: Some(Evaluation {
                lists: lists(best),
                ..Evaluation::default()
            }),
            ..Progress::default()
        }
    }

    fn chosen(before: f64, best: f64, has_initial: bool, ready: Option<f64>) -> ChosenModel {
        let yardstick = ready.map(|eer| Yardstick {
            dev: vec![list("dev", eer)],
            dev_eer: Some(eer),
            ..Yardstick::default()
        });
        let choice = choice(&progress(before, best), has_initial, yardstick.as_ref());
        choice.map_or(ChosenModel::None, |choice| choice.model)
    }

    #[test]
    fn a_run_is_used_that_beats_what_it_began_with_and_the_ready_model() {
        use ChosenModel::{Initial, None as Neither, Run, Yardstick};
        for (before, best, has_initial, ready, expected) in [
            (0.3, 0.1, false, None, Run),
            (0.3, 0.3, false, None, Neither),
            (0.3, 0.35, false, None, Neither),
            (0.2, 0.2, true, None, Initial),
            (0.2, 0.15, true, None, Run),
            // Of equals the one that was trained on more.
            (0.3, 0.1, false, Some(0.1), Yardstick),
            (0.3, 0.1, false, Some(0.11), Run),
            (0.3, 0.1, true, Some(0.02), Yardstick),
            (0.3, 0.35, false, Some(0.2), Yardstick),
            (0.3, 0.35, false, Some(0.4), Neither),
            (0.1, 0.12, true, Some(0.1), Initial),
        ] {
            let found = chosen(before, best, has_initial, ready);
            assert_eq!(found, expected, "{before} {best} {has_initial} {ready:?}");
        }
        assert_eq!(choice(&Progress::default(), false, None), None);
    }

    #[test]
    fn the_ready_model_is_compared_on_recordings_as_they_are() {
        let yardstick = Yardstick {
            dev: vec![list("dev", 0.05)],
            ..Yardstick::default()
        };
        let found = choice(&progress(0.3, 0.1), false, Some(&yardstick));
        let beside = found.as_ref().and_then(|choice| choice.beside_yardstick);
        assert_eq!(beside, Some([0.1, 0.05]));
        // 5 points of 7.5 % on 100 trials are two standard errors of 2.6 points.
        assert!(found.is_some_and(|choice| choice.is_close));
        assert!(!is_close([0.2, 0.05], &yardstick.dev));
    }
}
