//! Microseconds of whole steps: `cargo bench -p ferras-cpu --bench step [-- NAME [THREADS]]`.
//! With `FERRAS_PROFILE=1` each graph's steps are listed with their times.
#[path = "../tests/common/mod.rs"]
mod common;
mod nets;
use common::{data, mlp_step};
use ferras_cpu::Cpu;
use ferras_graph::{Backend, Buffer, Graph, Result, StateArg, Tensor, TensorView};
use nets::{cifar, conv_net, le_net, mlp, mobilenet, resnet50};
use std::time::{Duration, Instant};

/// An Adam step on many parameters.
fn deep_step(layers: usize) -> Graph {
    mlp_step(32, &vec![64; layers + 1])
}

fn time(name: &str, cpu: &Cpu, graph: &Graph) -> Result<()> {
    let mut compile = Duration::MAX;
    for _ in 0..3 {
        let start = Instant::now();
        drop(cpu.compile(graph)?);
        compile = compile.min(start.elapsed());
    }
    let executable = cpu.compile(graph)?;
    let ty = |id| graph.node(id).ty.clone();
    let feeds: Vec<Tensor> = graph.feeds.iter().map(|f| data(&ty(f.node), 1)).collect();
    let views: Vec<TensorView> = feeds.iter().map(Tensor::view).collect();
    let small = |t: Tensor| -> Result<Tensor> {
        // Weights of a usual size keep the numbers of the run normal.
        let scale = 0.1;
        match t.as_slice::<f32>() {
            Some(x) => {
                Tensor::new(t.shape().clone(), x.iter().map(|v| v * scale).collect::<Vec<_>>())
            }
            None => Ok(t),
        }
    };
    let states = graph.states.iter().map(|s| cpu.upload(&small(data(&ty(s.node), 2))?));
    let mut states = states.collect::<Result<Vec<Buffer>>>()?;
    let mut fetches = Vec::new();
    let updated = graph.states.iter().map(|s| s.update.is_some());
    let mut args: Vec<StateArg> = (states.iter_mut().zip(updated))
        .map(|(s, updated)| if updated { StateArg::Write(s) } else { StateArg::Read(s) })
        .collect();
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.len() < 20 || begin.elapsed() < Duration::from_millis(1500) {
        let start = Instant::now();
        executable.run(&views, &mut args, &mut fetches)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let micros = |d: Duration| d.as_secs_f64() * 1e6;
    println!(
        "{name:24} {:2} threads: least {:10.2} us, median {:10.2} us; compiled in {:8.2} ms",
        cpu.threads(),
        micros(times[0]),
        micros(times[times.len() / 2]),
        micros(compile) / 1e3,
    );
    Ok(())
}

fn main() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let wanted = words.first().cloned().unwrap_or_default();
    let threads = words.get(1).and_then(|t| t.parse().ok());
    let cpu = threads.map_or_else(Cpu::new, Cpu::with_threads);
    let all: [(&str, &dyn Fn() -> Result<Graph>); 17] = [
        ("xor", &|| Ok(mlp_step(1, &[2, 8, 4, 1]))),
        ("churn", &|| Ok(mlp_step(10, &[11, 6, 6, 1]))),
        ("deep_50", &|| Ok(deep_step(50))),
        ("mlp_one_layer", &|| mlp(1, false).step()),
        ("mlp_two_layers", &|| mlp(2, false).step()),
        ("mlp_dropout", &|| mlp(2, true).step()),
        ("conv_net", &|| conv_net(true, 256, false).step()),
        ("batch_norm", &|| conv_net(true, 256, true).step()),
        ("le_net", &|| le_net(256).step()),
        ("cifar", &|| cifar(64).step()),
        ("predict_1", &|| conv_net(false, 1, false).predict()),
        ("predict_256", &|| conv_net(false, 256, false).predict()),
        ("predict_norm_256", &|| conv_net(false, 256, true).predict()),
        ("resnet50_1", &|| resnet50(1).predict()),
        ("resnet50_8", &|| resnet50(8).predict()),
        ("mobilenet_1", &|| mobilenet(1).predict()),
        ("mobilenet_8", &|| mobilenet(8).predict()),
    ];
    for (name, graph) in all.iter().filter(|(name, _)| name.starts_with(&wanted)) {
        time(name, &cpu, &graph()?)?;
    }
    Ok(())
}
