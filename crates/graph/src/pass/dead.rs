//! Dead code: nodes that no result and no new state needs are dropped.
use crate::ir::{Graph, NodeId};

/// Drops the nodes that nothing needs; feeds and states stay, as they are the arguments.
///
/// ```
/// use ferras_graph::{Builder, DType, pass};
/// let b = Builder::new();
/// let x = b.full(DType::F32, [2], 1.0);
/// let _unused = x.exp();
/// let mut graph = b.finish(&[x], &[])?; // finish calls it
/// let nodes = graph.nodes.len();
/// pass::remove_dead(&mut graph);
/// assert_eq!(graph.nodes.len(), nodes);
/// # Ok::<(), ferras_graph::Error>(())
/// ```
pub fn remove_dead(graph: &mut Graph) {
    let mut live = vec![false; graph.nodes.len()];
    let arguments = graph.feeds.iter().map(|f| f.node).chain(graph.states.iter().map(|s| s.node));
    for id in graph.roots().chain(arguments) {
        live[id.index()] = true;
    }
    for i in (0..graph.nodes.len()).rev() {
        let node = &graph.nodes[i];
        if live[i] {
            node.inputs.iter().for_each(|id| live[id.index()] = true);
        }
    }
    retain(graph, &live);
}

/// Keeps the marked nodes, which must be closed under operands, and renumbers.
fn retain(graph: &mut Graph, keep: &[bool]) {
    let mut next = 0;
    let place: Vec<NodeId> = keep
        .iter()
        .map(|&k| {
            let id = NodeId(next);
            next += u32::from(k);
            id
        })
        .collect();
    let mut index = 0;
    graph.nodes.retain(|_| {
        index += 1;
        keep[index - 1]
    });
    let move_id = |id: &mut NodeId| *id = place[id.index()];
    graph.nodes.iter_mut().flat_map(|n| &mut n.inputs).for_each(move_id);
    graph.feeds.iter_mut().for_each(|f| move_id(&mut f.node));
    graph.fetches.iter_mut().for_each(move_id);
    for state in &mut graph.states {
        move_id(&mut state.node);
        state.update.iter_mut().for_each(move_id);
    }
}
