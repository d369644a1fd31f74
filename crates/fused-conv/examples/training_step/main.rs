//! Forward and backward of whole networks on a batch of crops, one repetition a line of input:
//! `training_step tdnn|ecapa|resnet CHANNELS BATCH FRAMES THREADS`. `benches/peers/torch_convolutions.py` takes turns with it.
#![allow(clippy::print_stdout, missing_docs)]

mod block;
mod ecapa;
mod res_net;
mod tdnn;

use std::time::Instant;

use cpu_time::ProcessTime;
use fused_conv::ConvError;

pub(crate) const BINS: usize = 80;
pub(crate) const EMBEDDING: usize = 192;

/// A network with its batch.
pub(crate) trait Step {
    /// Forward and backward; gives the sum of the embeddings.
    fn step(&mut self) -> Result<f32, ConvError>;
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [network, sizes @ ..] = &arguments[..] else {
        return Err("a network and four numbers".into());
    };
    let sizes: Vec<usize> = sizes
        .iter()
        .map(|size| size.parse())
        .collect::<Result<_, _>>()?;
    let [channels, batch, frames, threads] = sizes[..] else {
        return Err("a network and four numbers".into());
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()?;
    let mut step: Box<dyn Step> = match network.as_str() {
        "tdnn" => Box::new(tdnn::Tdnn::new(channels, batch, frames)?),
        "ecapa" => Box::new(ecapa::Ecapa::new(channels, batch, frames)?),
        "resnet" => Box::new(res_net::ResNet::new(channels, batch, frames)?),
        _ => return Err("tdnn, ecapa or resnet".into()),
    };
    println!("{{\"ready\": true}}");
    for line in std::io::stdin().lines() {
        line?;
        let (wall, cpu) = (Instant::now(), ProcessTime::now());
        let check = step.step()?;
        let (wall, cpu) = (wall.elapsed().as_secs_f64(), cpu.elapsed().as_secs_f64());
        println!(
            "{{\"wall_ms\": {}, \"cpu_ms\": {}, \"check\": {check}}}",
            1e3 * wall,
            1e3 * cpu
        );
    }
    Ok(())
}
