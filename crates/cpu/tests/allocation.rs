//! A step allocates nothing.
#![allow(clippy::unwrap_used)] // helpers of tests
mod common;
use common::{data, f32s, mlp_step};
use ferras_cpu::Cpu;
use ferras_graph::{
    Backend, Buffer, Builder, ConvDims, DType, Graph, StateArg, Tensor, TensorType, TensorView,
    Window,
};
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

struct Counting;
static ALLOCATIONS: AtomicUsize = AtomicUsize::new(0);

// SAFETY: all calls are handed to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(p, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Convolution, pooling, dropout, accuracy: what a training step is made of.
fn image_step() -> Graph {
    let b = Builder::new();
    let x = b.feed("x", f32s([8, 12, 12, 1]));
    let labels = b.feed("labels", TensorType::new(DType::I32, [8]));
    let key = b.state("key", TensorType::new(DType::I64, [2]));
    let seen = b.state("seen", TensorType::new(DType::F64, []));
    let kernel = b.state("kernel", f32s([3, 3, 1, 8]));
    let dense = b.state("dense", f32s([200, 10]));
    let dims =
        ConvDims { strides: vec![1; 2], padding: vec![(0, 0); 2], dilation: vec![1; 2], groups: 1 };
    let window = Window { size: vec![2; 2], strides: vec![2; 2], padding: vec![(0, 0); 2] };
    let h = x.conv(&kernel, dims).relu().max_pool(window).reshape([8, 200]);
    let keep = b.random_uniform(&key, 1, [8, 200]).less(0.75);
    let p = keep.select(&(h / 0.75), 0.0).matmul(&dense).softmax(&[-1]);
    let classes = b.iota(DType::I32, [8, 10], 1);
    let hot = classes.equal(labels.reshape([8, 1])).cast(DType::F32);
    let loss = -(hot * p.maximum(1e-7).log()).sum(&[-1], false).mean(&[], false);
    let right = p.argmax(-1).equal(&labels).cast(DType::F64).sum(&[], false);
    let weights = [kernel, dense];
    let gradients = ferras_graph::gradients(&loss, &weights);
    let mut updates = vec![(seen.clone(), &seen + &right)];
    updates.push((key.clone(), &key + b.iota(DType::I64, [2], 0)));
    for (w, g) in weights.iter().zip(gradients) {
        updates.push((w.clone(), w - g * 0.1));
    }
    b.finish(&[loss, right], &updates).unwrap()
}

#[test]
fn no_allocation_after_the_first_runs() {
    for threads in [1, 3] {
        let cpu = Cpu::with_threads(threads);
        let graphs = [mlp_step(1, &[2, 8, 4, 1]), mlp_step(128, &[100, 300, 10]), image_step()];
        for (i, graph) in graphs.iter().enumerate() {
            let executable = cpu.compile(graph).unwrap();
            let ty = |id| graph.node(id).ty.clone();
            let feeds: Vec<Tensor> = graph.feeds.iter().map(|f| data(&ty(f.node), 1)).collect();
            let views: Vec<TensorView> = feeds.iter().map(Tensor::view).collect();
            let states = graph.states.iter().map(|s| cpu.upload(&data(&ty(s.node), 2)).unwrap());
            let mut states: Vec<Buffer> = states.collect();
            let mut args: Vec<StateArg> = states.iter_mut().map(StateArg::Write).collect();
            let mut fetches = Vec::new();
            executable.run(&views, &mut args, &mut fetches).unwrap();
            let before = ALLOCATIONS.load(Relaxed);
            for _ in 0..20 {
                executable.run(&views, &mut args, &mut fetches).unwrap();
            }
            let made = ALLOCATIONS.load(Relaxed) - before;
            assert_eq!(made, 0, "graph {i} with {threads} threads");
        }
    }
}
