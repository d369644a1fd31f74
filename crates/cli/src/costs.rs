//! `--p-target`, `--c-miss`, `--c-fa`: what a decision is made for.

use anyhow::Result;
use speaker_eval::DcfParameters;

use crate::fault::usage;

/// What was expected before, and what errors cost.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct CostArgs {
    /// How probable one speaker was before anything was heard, above 0 and below 1.
    #[arg(long, value_name = "PRIOR", default_value_t = 0.5)]
    p_target: f64,
    /// What it costs to take one speaker for two.
    #[arg(long, value_name = "COST", default_value_t = 1.0)]
    c_miss: f64,
    /// What it costs to take two speakers for one.
    #[arg(long, value_name = "COST", default_value_t = 1.0)]
    c_fa: f64,
}

impl CostArgs {
    /// The three, if they are a prior and costs.
    pub(crate) fn parameters(&self) -> Result<DcfParameters> {
        let Self {
            p_target,
            c_miss,
            c_fa,
        } = *self;
        if !(p_target > 0.0 && p_target < 1.0) {
            return Err(usage(
                format!("`--p-target` is {p_target}, expected a probability above 0 and below 1"),
                "take 0.5 where you do not know better, 0.01 where one of a hundred is expected",
            ));
        }
        for (flag, cost) in [("--c-miss", c_miss), ("--c-fa", c_fa)] {
            if !(cost > 0.0 && cost.is_finite()) {
                return Err(usage(
                    format!("`{flag}` is {cost}, expected a cost above 0"),
                    "only the ratio of the two costs counts: 1 and 10 where accepting a stranger is ten times as bad",
                ));
            }
        }
        Ok(DcfParameters {
            p_target,
            c_miss,
            c_false_alarm: c_fa,
        })
    }

    /// Whether any was given other than the usual.
    pub(crate) fn is_stated(&self) -> bool {
        [self.p_target, self.c_miss, self.c_fa] != [0.5, 1.0, 1.0]
    }
}
