//! What is compared with what.

use super::contenders::{Contender, Contenders};
use super::turns::Comparison;
use super::{corpus, embed, models};

/// How much to compare.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Quick,
    Full,
}

/// Everything that `scale` asks for.
pub(crate) fn comparisons(scale: Scale) -> Vec<Comparison> {
    // Segments and frames of a batch.
    let sizes: &[(usize, usize)] = match scale {
        Scale::Quick => &[(100, 40)],
        Scale::Full => &[
            (100, 40),
            (32, 40),
            (400, 40),
            (32, 100),
            (100, 100),
            (400, 100),
            (32, 300),
            (100, 300),
        ],
    };
    let (thread_counts, points): (&[usize], &[usize]) = match scale {
        Scale::Quick => (&[1], &[1000]),
        Scale::Full => (&[1, 2], &[1000, 5000]),
    };
    let mut all = Vec::new();
    for &size in sizes {
        for &threads in thread_counts {
            all.push(network("train-step", size, threads));
        }
    }
    for (network, channels) in ENCODERS {
        for &threads in thread_counts {
            all.push(encoder(network, channels, threads));
        }
    }
    all.extend(sizes.iter().take(2).map(|&size| network("infer", size, 1)));
    all.push(parts(sizes[0]));
    for (model, name) in models::MODELS {
        // Three seconds, and with everything also ten.
        for frames in [300, 1000].into_iter().take(thread_counts.len()) {
            all.push(Comparison {
                name: format!("models {name}, T={frames}"),
                threads: 1,
                contenders: Box::new(move |makers| models::contenders(makers, model, frames, 1)),
            });
        }
    }
    all.push(log_mel(
        "kaldi",
        &["kaldi-native-fbank", "torchaudio", "librosa"],
    ));
    all.push(log_mel("librosa", &["torchaudio", "librosa"]));
    all.extend(points.iter().map(|&points| linkage(points)));
    if scale == Scale::Full {
        for &threads in thread_counts {
            all.push(Comparison {
                name: format!("embed, {} recordings of 4 to 20 s", embed::RECORDINGS),
                threads,
                contenders: Box::new(move |makers| embed::contenders(makers, threads)),
            });
        }
        let recordings = embed::RECORDINGS_OF_IMPORTED;
        all.push(Comparison {
            name: format!("embed by an imported CAM++, {recordings} recordings of 4 to 20 s"),
            threads: 2,
            contenders: Box::new(|makers| embed::imported(makers, 2)),
        });
    }
    all
}

/// Convolutional encoders and the channels of their first layer.
const ENCODERS: [(&str, usize); 3] = [("tdnn", 256), ("ecapa", 256), ("resnet", 16)];

/// A training step on 64 crops of 1.5 s.
fn encoder(network: &'static str, channels: usize, threads: usize) -> Comparison {
    let (batch, frames) = (64, 150);
    Comparison {
        name: format!("train-encoder {network}-{channels} T={frames} B={batch}"),
        threads,
        contenders: Box::new(move |makers| {
            let [channels, batch, frames] = [channels, batch, frames].map(|size| size.to_string());
            let size = [
                "--channels",
                &channels,
                "--batch",
                &batch,
                "--frames",
                &frames,
            ];
            let ours = [&["train-encoder", network], &size[..]].concat();
            let torch = [&[network, "--step"], &size[..]].concat();
            Ok(vec![
                makers.ours("siamang", &ours, threads),
                makers
                    .python(
                        "PyTorch, tcmalloc, fused Adam, flushed denormals",
                        "torch_convolutions.py",
                        &torch,
                        threads,
                    )
                    .with_tcmalloc(),
            ])
        }),
    }
}

fn network(work: &'static str, (batch, frames): (usize, usize), threads: usize) -> Comparison {
    Comparison {
        name: format!("{work} T={frames} B={batch}"),
        threads,
        contenders: Box::new(move |makers| Ok(networks(makers, work, (batch, frames), threads))),
    }
}

fn networks(
    makers: &Contenders,
    work: &str,
    (batch, frames): (usize, usize),
    threads: usize,
) -> Vec<Contender> {
    // Elsewhere these would take most of the time and say nothing new.
    let has_avx2_rows = frames == 40;
    let has_burn_rows = batch * frames < 30_000;
    let (batch, frames) = (batch.to_string(), frames.to_string());
    let size = ["--batch", &batch, "--frames", &frames];
    let ours = |label: &str, first, flags: &[&'static str]| {
        makers.ours(label, &[&[first], &size[..], flags].concat(), threads)
    };
    let torch = |label: &str, flags: &[&'static str]| {
        let arguments = [&[work], &size[..], flags].concat();
        makers.python(label, "torch_step.py", &arguments, threads)
    };
    let tuned = |label: &str, flags: &[&'static str]| {
        torch(label, &[&["--tuned"], flags].concat()).with_tcmalloc()
    };
    let mut contenders = vec![
        ours("siamang, f32", work, &[]),
        ours("siamang, bf16", work, &["--bf16"]),
        torch("PyTorch, f32, default", &[]),
        tuned("PyTorch, f32, tcmalloc, fused Adam, flushed denormals", &[]),
        tuned("PyTorch, bf16 autocast, the same", &["--bf16"]),
    ];
    if has_avx2_rows {
        let mut ours = ours("siamang, f32, AVX2 alone", work, &[]);
        ours.environment.push(("SIAMANG_SIMD", "avx2".into()));
        let mut torch = tuned("PyTorch, f32, AVX2 alone, tuned too", &[]);
        for (name, value) in [
            ("ATEN_CPU_CAPABILITY", "avx2"),
            ("ONEDNN_MAX_CPU_ISA", "AVX2"),
            ("MKL_ENABLE_INSTRUCTIONS", "AVX2"),
        ] {
            torch.environment.push((name, value.into()));
        }
        contenders.extend([ours, torch]);
    }
    let burn = format!("burn-{work}");
    let (on_flex, on_libtorch) = ("Burn's BiLstm", "Burn's BiLstm on libtorch, tcmalloc");
    if has_burn_rows {
        contenders.push(ours(on_flex, &burn, &[]));
        let arguments = [&[&*burn], &size[..]].concat();
        contenders.push(
            makers
                .on_libtorch(on_libtorch, &arguments, threads)
                .with_tcmalloc(),
        );
    } else {
        let reason = "a step takes some 20 s, more than those of all others together";
        contenders.extend([on_flex, on_libtorch].map(|label| Contender::absent(label, reason)));
    }
    if work == "train-step" {
        contenders.push(ours(
            "the recurrent layers' matrix products alone (gemm)",
            "matmul",
            &[],
        ));
    }
    contenders
}

/// A training step and what it does besides its recurrent layers.
fn parts((batch, frames): (usize, usize)) -> Comparison {
    let contenders = move |makers: &Contenders| {
        let (batch, frames) = (batch.to_string(), frames.to_string());
        let size = ["--batch", &batch, "--frames", &frames];
        let ours =
            |label: &str, first: &[&str]| makers.ours(label, &[first, &size[..]].concat(), 1);
        Ok(vec![
            ours("the whole step", &["train-step"]),
            ours("the batch as a tensor", &["part", "data"]),
            ours("dropout after the first layer", &["part", "dropout"]),
            ours("dense layers and loss", &["part", "head-and-loss"]),
            ours("gradient norms and Adam", &["part", "optimiser"]),
        ])
    };
    Comparison {
        name: format!("parts of a train-step T={frames} B={batch}"),
        threads: 1,
        contenders: Box::new(contenders),
    }
}

fn log_mel(preset: &'static str, libraries: &'static [&'static str]) -> Comparison {
    let contenders =
        move |makers: &Contenders| {
            let audio = corpus::minute(&makers.root)?;
            let audio = audio.to_string_lossy();
            let mut contenders = vec![makers.ours("siamang", &["log-mel", preset, &audio], 1)];
            contenders.extend(libraries.iter().map(|library| {
                makers.python(library, "log_mel.py", &[library, preset, &audio], 1)
            }));
            Ok(contenders)
        };
    Comparison {
        name: format!("log-mel {preset}, 60 s"),
        threads: 1,
        contenders: Box::new(contenders),
    }
}

fn linkage(points: usize) -> Comparison {
    let contenders = move |makers: &Contenders| {
        let points = points.to_string();
        Ok(vec![
            makers.ours("siamang", &["linkage", "--points", &points], 1),
            makers.python("SciPy", "linkage.py", &["--points", &points], 1),
        ])
    };
    Comparison {
        name: format!("linkage N={points}"),
        threads: 1,
        contenders: Box::new(contenders),
    }
}
