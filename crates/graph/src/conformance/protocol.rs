//! What [`Executable::run`] promises beyond its results: threads, errors, states left alone.
use super::case::{Tolerance, run, same};
use super::data::Draw;
use crate::{Backend, Buffer, Builder, DType, Error, Executable, Graph, Result, StateArg};
use crate::{Tensor, TensorType};
use std::slice::from_ref;

/// A graph with a feed, a state that is read and one that is updated.
fn graph() -> Result<Graph> {
    let b = Builder::new();
    let ty = TensorType::new(DType::F32, [40, 33]);
    let (x, w) = (b.feed("x", ty.clone()), b.state("w", ty.clone()));
    let s = b.state("s", ty);
    let y = (&x * &w).tanh();
    b.finish(&[y.sum(&[1], false), y.clone()], &[(s.clone(), s + y)])
}

pub(super) fn check(backend: &dyn Backend, note: &mut dyn FnMut(&str, Result<(), String>)) {
    let failed = |e: Error| e.to_string();
    note("upload and download", round_trip(backend));
    note("runs on many threads", threads(backend));
    note("arguments that do not fit", refusals(backend));
    let twice = graph().and_then(|g| Ok((backend.compile(&g)?, backend.compile(&g)?)));
    note("a graph compiled twice", twice.map(|_| ()).map_err(failed));
}

fn round_trip(backend: &dyn Backend) -> Result<(), String> {
    for dtype in DType::ALL {
        for shape in [vec![], vec![0], vec![7], vec![33, 1025]] {
            let data = Draw::named("upload").grid(&TensorType::new(dtype, shape));
            let buffer = backend.upload(&data).map_err(|e| e.to_string())?;
            if *buffer.ty() != data.ty() {
                return Err(format!("uploaded {}, got a buffer of {}", data.ty(), buffer.ty()));
            }
            let back = buffer.download().map_err(|e| e.to_string())?;
            same(&data, &back, Tolerance::EXACT)?;
        }
    }
    Ok(())
}

/// One executable on four threads at once, each with its own data, all sharing one state.
fn threads(backend: &dyn Backend) -> Result<(), String> {
    let failed = |e: Error| e.to_string();
    let graph = graph().map_err(failed)?;
    let program = backend.compile(&graph).map_err(failed)?;
    let ty = TensorType::new(DType::F32, [40, 33]);
    let shared = backend.upload(&Draw::new(1).grid(&ty)).map_err(failed)?;
    let work = |thread: u64| -> Result<(), String> {
        let x = Draw::new(10 + thread).grid(&ty);
        let mut first = None;
        for _ in 0..20 {
            let mut s = backend.upload(&Tensor::zeros(&ty)).map_err(failed)?;
            let mut states = [StateArg::Read(&shared), StateArg::Write(&mut s)];
            let mut out = Vec::new();
            program.run(&[x.view()], &mut states, &mut out).map_err(failed)?;
            out.push(s.download().map_err(failed)?);
            let expected = first.get_or_insert_with(|| out.clone());
            expected.iter().zip(&out).try_for_each(|(e, f)| same(e, f, Tolerance::EXACT))?;
            same(&out[1], &out[2], Tolerance::EXACT)?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let handles: Vec<_> = (0..4).map(|i| scope.spawn(move || work(i))).collect();
        let join = |h: std::thread::ScopedJoinHandle<'_, _>| {
            h.join().unwrap_or_else(|_| Err("a run panicked".into()))
        };
        handles.into_iter().try_for_each(join)
    })
}

/// Wrong arguments are refused with an [`Error::Run`], and the states stay as they were.
fn refusals(backend: &dyn Backend) -> Result<(), String> {
    let failed = |e: Error| e.to_string();
    let graph = graph().map_err(failed)?;
    let program = backend.compile(&graph).map_err(failed)?;
    let ty = TensorType::new(DType::F32, [40, 33]);
    let data = Draw::new(1).grid(&ty);
    let upload = |x: &Tensor| backend.upload(x).map_err(failed);
    let mut states = [upload(&data)?, upload(&data)?];
    let turned = data.reshape([33, 40]).map_err(failed)?;
    let refuse = |feeds: &[Tensor], states: &mut [Buffer], what: &str| {
        refused(run(&*program, &graph, feeds, states, &mut Vec::new()), what)
    };
    refuse(&[], &mut states, "no feed")?;
    refuse(&[data.clone(), data.clone()], &mut states, "a feed too many")?;
    refuse(&[data.cast(DType::F64)], &mut states, "a feed of another type")?;
    refuse(from_ref(&turned), &mut states, "a feed of another shape")?;
    refuse(from_ref(&data), &mut states[..1], "a state too few")?;
    refuse(from_ref(&data), &mut [upload(&data)?, upload(&turned)?], "a state of another shape")?;
    let [w, s] = &states;
    read_only(&*program, &data, [w, s])?;
    same(&data, &s.download().map_err(failed)?, Tolerance::EXACT)
        .map_err(|p| format!("a refused run changed a state: {p}"))
}

fn read_only(program: &dyn Executable, x: &Tensor, [w, s]: [&Buffer; 2]) -> Result<(), String> {
    let mut states = [StateArg::Read(w), StateArg::Read(s)];
    let result = program.run(&[x.view()], &mut states, &mut Vec::new());
    refused(result, "an updated state for reading only")
}

fn refused(result: Result<()>, what: &str) -> Result<(), String> {
    match result {
        Err(Error::Run(_)) => Ok(()),
        Err(other) => Err(format!("{what}: expected an error of the kind Run, got: {other}")),
        Ok(()) => Err(format!("{what}: was not refused")),
    }
}
