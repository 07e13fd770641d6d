//! Microseconds of whole steps: `cargo bench -p ferras-cpu --bench step [-- NAME [THREADS]]`.
//! With `FERRAS_PROFILE=1` each graph's steps are listed with their times.
#[path = "../tests/common/mod.rs"]
mod common;
use common::{adam, data, f32s, mlp_step};
use ferras_cpu::Cpu;
use ferras_graph::{
    Backend, Buffer, Builder, ConvDims, Graph, Result, StateArg, Tensor, TensorView, Value, Window,
};
use std::time::{Duration, Instant};

fn conv(x: &Value, kernel: &Value, bias: &Value) -> Value {
    let dims =
        ConvDims { strides: vec![1; 2], padding: vec![(0, 0); 2], dilation: vec![1; 2], groups: 1 };
    (x.conv(kernel, dims) + bias).relu()
}

fn pool(x: &Value) -> Value {
    x.max_pool(Window { size: vec![2; 2], strides: vec![2; 2], padding: vec![(0, 0); 2] })
}

/// The convolutional network of the tutorials: probabilities of ten digits, and its weights.
fn conv_net(b: &Builder, x: &Value) -> (Value, Vec<Value>) {
    let mut weights = Vec::new();
    let mut layer = |kernel: &[usize]| {
        let i = weights.len();
        let units = kernel[kernel.len() - 1];
        let ty = ferras_graph::TensorType::new(ferras_graph::DType::F32, kernel);
        let kernel = b.state(format!("w{i}"), ty);
        let bias = b.state(format!("b{i}"), f32s([units]));
        weights.extend([kernel.clone(), bias.clone()]);
        (kernel, bias)
    };
    let batch = x.dim(0);
    let (k, c) = layer(&[3, 3, 1, 32]);
    let h = pool(&conv(x, &k, &c));
    let (k, c) = layer(&[3, 3, 32, 64]);
    let h = pool(&conv(&h, &k, &c));
    let (k, c) = layer(&[3, 3, 64, 64]);
    let h = conv(&h, &k, &c).reshape([batch, 576]);
    let (k, c) = layer(&[576, 64]);
    let h = (h.matmul(&k) + c).relu();
    let (k, c) = layer(&[64, 10]);
    ((h.matmul(&k) + c).softmax(&[-1]), weights)
}

fn conv_net_step(batch: usize) -> Graph {
    let b = Builder::new();
    let x = b.feed("x", f32s([batch, 28, 28, 1]));
    let y = b.feed("y", f32s([batch, 10]));
    let (p, weights) = conv_net(&b, &x);
    let p = p.maximum(1e-7).minimum(1.0 - 1e-7);
    let loss = -(y * p.log()).sum(&[-1], false).mean(&[], false);
    adam(&b, loss, &weights)
}

fn conv_net_predict(batch: usize) -> Result<Graph> {
    let b = Builder::new();
    let x = b.feed("x", f32s([batch, 28, 28, 1]));
    let (p, _) = conv_net(&b, &x);
    b.finish(&[p], &[])
}

/// A convolution, batch normalisation and a dense layer.
fn batch_norm_step(batch: usize) -> Graph {
    let b = Builder::new();
    let x = b.feed("x", f32s([batch, 13, 13, 32]));
    let y = b.feed("y", f32s([batch, 10]));
    let kernel = b.state("kernel", f32s([3, 3, 32, 64]));
    let bias = b.state("bias", f32s([64]));
    let gamma = b.state("gamma", f32s([64]));
    let beta = b.state("beta", f32s([64]));
    let dense = b.state("dense", f32s([7744, 10]));
    let h = conv(&x, &kernel, &bias);
    let mean = h.mean(&[0, 1, 2], true);
    let centered = &h - &mean;
    let variance = (&centered * &centered).mean(&[0, 1, 2], true);
    let scale = (variance + 1e-3).rsqrt() * &gamma;
    let h = (centered * scale + &beta).reshape([batch, 7744]);
    let loss = -(y * h.matmul(&dense).log_softmax(&[-1])).sum(&[-1], false).mean(&[], false);
    adam(&b, loss, &[kernel, bias, gamma, beta, dense])
}

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
    let mut args: Vec<StateArg> = states.iter_mut().map(StateArg::Write).collect();
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
    let all: [(&str, &dyn Fn() -> Result<Graph>); 9] = [
        ("xor", &|| Ok(mlp_step(1, &[2, 8, 4, 1]))),
        ("churn", &|| Ok(mlp_step(10, &[11, 6, 6, 1]))),
        ("mlp_one_layer", &|| Ok(mlp_step(256, &[784, 512, 10]))),
        ("mlp_two_layers", &|| Ok(mlp_step(256, &[784, 512, 512, 10]))),
        ("deep_50", &|| Ok(deep_step(50))),
        ("conv_net", &|| Ok(conv_net_step(256))),
        ("batch_norm", &|| Ok(batch_norm_step(256))),
        ("conv_net_predict_1", &|| conv_net_predict(1)),
        ("conv_net_predict_256", &|| conv_net_predict(256)),
    ];
    for (name, graph) in all.iter().filter(|(name, _)| name.starts_with(&wanted)) {
        time(name, &cpu, &graph()?)?;
    }
    Ok(())
}
