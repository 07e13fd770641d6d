//! Where the boxes of a directed graph go: in ranks, each after all that lead to it, with few
//! crossings (Sugiyama, Tagawa & Toda 1981).

/// Free space between ranks and between neighbours in one.
const BETWEEN_RANKS: f64 = 34.0;
const BESIDE: f64 = 26.0;
/// Rounds of sorting the ranks and of moving boxes over each other.
const ROUNDS: usize = 24;
/// Steps of a curve between two ranks.
const SMOOTH: usize = 12;

/// Boxes and edges at their places; ranks go downwards.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Layout {
    pub(super) width: f64,
    pub(super) height: f64,
    /// Upper left corners of the boxes.
    pub(super) corners: Vec<(f64, f64)>,
    /// The curve of each edge, from the lower side of its first box to the upper side of its last.
    pub(super) curves: Vec<Vec<(f64, f64)>>,
}

/// A box, or the place where an edge passes a rank.
struct Place {
    size: (f64, f64),
    rank: usize,
    x: f64,
    above: Vec<usize>,
    below: Vec<usize>,
    is_box: bool,
}

/// Places boxes of these widths and heights; edges go from a box to one further on in the list.
pub(super) fn lay_out(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Layout {
    let ranks = ranks(sizes.len(), edges);
    let new =
        |(&size, rank)| Place { size, rank, x: 0.0, above: vec![], below: vec![], is_box: true };
    let mut places: Vec<Place> = sizes.iter().zip(ranks).map(new).collect();
    let ways: Vec<Vec<usize>> = edges.iter().map(|&edge| way(&mut places, edge)).collect();
    let depth = places.iter().map(|p| p.rank + 1).max().unwrap_or(0);
    let mut rows = vec![Vec::new(); depth];
    for (i, place) in places.iter().enumerate() {
        rows[place.rank].push(i);
    }
    sort(&places, &mut rows);
    spread(&mut places, &rows);
    let tops = tops(&places, &rows);
    let left = places.iter().map(|p| p.x - p.size.0 / 2.0).fold(f64::INFINITY, f64::min);
    let left = if left.is_finite() { left } else { 0.0 };
    places.iter_mut().for_each(|p| p.x -= left);
    let tall = |row: &Vec<usize>| row.iter().map(|&i| places[i].size.1).fold(0.0, f64::max);
    let corner = |p: &Place| {
        let room = rows.get(p.rank).map_or(0.0, tall) - p.size.1;
        (p.x - p.size.0 / 2.0, tops[p.rank] + room / 2.0)
    };
    let corners: Vec<(f64, f64)> = places.iter().map(corner).collect();
    Layout {
        width: places.iter().map(|p| p.x + p.size.0 / 2.0).fold(0.0, f64::max),
        height: rows.last().map_or(0.0, |row| tops[depth - 1] + tall(row)),
        curves: ways.iter().map(|way| curve(way, &places, &corners, &tops, &rows)).collect(),
        corners: corners.into_iter().take(sizes.len()).collect(),
    }
}

/// The longest way to each box; one that nothing leads to stands right before its first user.
fn ranks(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut ranks = vec![0; count];
    let mut sorted = edges.to_vec();
    sorted.sort_unstable();
    for &(from, to) in &sorted {
        ranks[to] = ranks[to].max(ranks[from] + 1);
    }
    let mut nearest = vec![usize::MAX; count];
    let mut fed = vec![false; count];
    for &(from, to) in edges {
        nearest[from] = nearest[from].min(ranks[to]);
        fed[to] = true;
    }
    for i in (0..count).filter(|&i| !fed[i] && nearest[i] != usize::MAX) {
        ranks[i] = nearest[i] - 1;
    }
    ranks
}

/// The places that an edge passes, both boxes included.
fn way(places: &mut Vec<Place>, (from, to): (usize, usize)) -> Vec<usize> {
    let mut way = vec![from];
    for rank in places[from].rank + 1..places[to].rank {
        way.push(places.len());
        let (above, below) = (Vec::new(), Vec::new());
        places.push(Place { size: (10.0, 0.0), rank, x: 0.0, above, below, is_box: false });
    }
    way.push(to);
    for pair in way.windows(2) {
        if let [a, b] = *pair {
            places[a].below.push(b);
            places[b].above.push(a);
        }
    }
    way
}

/// Sorts the ranks so that few edges cross: each by the mean place of its neighbours, from above and
/// from below in turn; the best order found is kept.
fn sort(places: &[Place], rows: &mut Vec<Vec<usize>>) {
    let mut best = (crossings(places, rows), rows.clone());
    for round in 0..ROUNDS {
        if best.0 == 0 {
            break;
        }
        let down = round % 2 == 0;
        let order: Vec<usize> =
            if down { (1..rows.len()).collect() } else { (0..rows.len() - 1).rev().collect() };
        for rank in order {
            let other = if down { rank - 1 } else { rank + 1 };
            let at = positions(places.len(), &rows[other]);
            let key = |i: usize| {
                let near = if down { &places[i].above } else { &places[i].below };
                let sum: usize = near.iter().map(|&n| at[n]).sum();
                (!near.is_empty()).then(|| sum as f64 / near.len() as f64)
            };
            let own = positions(places.len(), &rows[rank]);
            rows[rank].sort_by(|&a, &b| {
                let key = |i| key(i).unwrap_or(own[i] as f64);
                key(a).total_cmp(&key(b))
            });
        }
        let found = crossings(places, rows);
        if found < best.0 {
            best = (found, rows.clone());
        }
    }
    *rows = best.1;
}

fn positions(count: usize, row: &[usize]) -> Vec<usize> {
    let mut at = vec![0; count];
    row.iter().enumerate().for_each(|(position, &i)| at[i] = position);
    at
}

fn crossings(places: &[Place], rows: &[Vec<usize>]) -> usize {
    let mut count = 0;
    for pair in rows.windows(2) {
        let [upper, lower] = pair else { continue };
        let at = positions(places.len(), lower);
        let ends: Vec<Vec<usize>> =
            upper.iter().map(|&i| places[i].below.iter().map(|&b| at[b]).collect()).collect();
        for (i, right) in ends.iter().enumerate() {
            for left in ends.iter().take(i) {
                count += left.iter().flat_map(|l| right.iter().filter(move |r| l > *r)).count();
            }
        }
    }
    count
}

/// Gives each place its middle: as near to the middles of its neighbours as its row allows. Edges
/// that pass several ranks pull hardest, so that they are straight.
fn spread(places: &mut [Place], rows: &[Vec<usize>]) {
    // All rows around one middle: what begins far away comes near slowly.
    for row in rows {
        let wide: f64 = row.iter().map(|&i| places[i].size.0 + BESIDE).sum();
        let mut x = (BESIDE - wide) / 2.0;
        for &i in row {
            places[i].x = x + places[i].size.0 / 2.0;
            x += places[i].size.0 + BESIDE;
        }
    }
    for round in 0..ROUNDS {
        let last = round + 1 == ROUNDS;
        let mut order: Vec<&Vec<usize>> = rows.iter().collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for row in order {
            let wanted: Vec<(f64, f64)> = row
                .iter()
                .map(|&i| {
                    let place = &places[i];
                    let above = if round % 2 == 0 || last { &place.above[..] } else { &[] };
                    let below = if round % 2 == 1 || last { &place.below[..] } else { &[] };
                    pull(places, place, above.iter().chain(below))
                })
                .collect();
            for (&i, x) in row.iter().zip(apart(places, row, &wanted)) {
                places[i].x = x;
            }
        }
    }
}

/// Where a place is drawn to, and how strongly.
fn pull<'a>(places: &[Place], place: &Place, near: impl Iterator<Item = &'a usize>) -> (f64, f64) {
    let (mut sum, mut weight) = (0.0, 0.0);
    for &n in near {
        let passes = !place.is_box && !places[n].is_box;
        let w = if passes { 8.0 } else { 1.0 };
        sum += w * places[n].x;
        weight += w;
    }
    if weight > 0.0 { (sum / weight, weight) } else { (place.x, 0.01) }
}

/// The middles nearest to the wanted ones, in least squares, that keep the row's order and gaps: an
/// isotonic regression by pooling neighbours that are too near each other.
fn apart(places: &[Place], row: &[usize], wanted: &[(f64, f64)]) -> Vec<f64> {
    let mut offsets = Vec::with_capacity(row.len());
    let mut offset = 0.0;
    for (k, &i) in row.iter().enumerate() {
        if let Some(&before) = k.checked_sub(1).and_then(|b| row.get(b)) {
            offset += (places[before].size.0 + places[i].size.0) / 2.0 + BESIDE;
        }
        offsets.push(offset);
    }
    // Blocks of (mean, weight, members), with growing means.
    let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
    for (&(x, w), offset) in wanted.iter().zip(&offsets) {
        let mut block = (x - offset, w, 1);
        while let Some(&(mean, weight, members)) = blocks.last() {
            if mean <= block.0 {
                break;
            }
            let both = weight + block.1;
            block = ((mean * weight + block.0 * block.1) / both, both, members + block.2);
            blocks.pop();
        }
        blocks.push(block);
    }
    let means = blocks.iter().flat_map(|&(mean, _, members)| std::iter::repeat_n(mean, members));
    means.zip(offsets).map(|(mean, offset)| mean + offset).collect()
}

/// The upper ends of the ranks.
fn tops(places: &[Place], rows: &[Vec<usize>]) -> Vec<f64> {
    let mut top = 0.0;
    let next = |row: &Vec<usize>| {
        let own = top;
        top += row.iter().map(|&i| places[i].size.1).fold(0.0, f64::max) + BETWEEN_RANKS;
        own
    };
    rows.iter().map(next).collect()
}

/// An edge's curve: down through the ranks that it passes, and smoothly between them.
fn curve(
    way: &[usize],
    places: &[Place],
    corners: &[(f64, f64)],
    tops: &[f64],
    rows: &[Vec<usize>],
) -> Vec<(f64, f64)> {
    let tall = |rank: usize| rows[rank].iter().map(|&i| places[i].size.1).fold(0.0, f64::max);
    let mut points: Vec<(f64, f64)> = Vec::new();
    for (k, &i) in way.iter().enumerate() {
        let (place, (_, y)) = (&places[i], corners[i]);
        let near = |list: &[usize], other: Option<&usize>| port(places, place, list, other);
        let (enter, leave) = match place.is_box {
            true => (y, y + place.size.1),
            false => (tops[place.rank], tops[place.rank] + tall(place.rank)),
        };
        if k > 0 {
            let x = near(&place.above, way.get(k - 1));
            let from = points.last().copied().unwrap_or((x, enter));
            points.extend(bend(from, (x, enter)));
        }
        if k + 1 < way.len() {
            points.push((near(&place.below, way.get(k + 1)), leave));
        }
    }
    points
}

/// Where on its side of a box an edge ends: several beside each other, in the order of where they
/// lead.
fn port(places: &[Place], place: &Place, list: &[usize], other: Option<&usize>) -> f64 {
    let Some(other) = other.filter(|_| place.is_box && list.len() > 1) else { return place.x };
    let left = list.iter().filter(|&&n| places[n].x < places[*other].x).count();
    let step = (place.size.0 * 0.6 / list.len() as f64).min(22.0);
    place.x + (left as f64 - (list.len() - 1) as f64 / 2.0) * step
}

/// A curve that leaves and arrives upright.
fn bend((ax, ay): (f64, f64), (bx, by): (f64, f64)) -> Vec<(f64, f64)> {
    if (ax - bx).abs() < 0.5 {
        return vec![(bx, by)];
    }
    let middle = (ay + by) / 2.0;
    let at = |step: usize| {
        let t = step as f64 / SMOOTH as f64;
        let cubic = |a: f64, b: f64, c: f64, d: f64| {
            let u = 1.0 - t;
            a * u.powi(3) + 3.0 * b * u * u * t + 3.0 * c * u * t * t + d * t.powi(3)
        };
        (cubic(ax, ax, bx, bx), cubic(ay, middle, middle, by))
    };
    (1..=SMOOTH).map(at).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(sizes: &[(f64, f64)], edges: &[(usize, usize)]) -> Layout {
        let layout = lay_out(sizes, edges);
        let boxes: Vec<[f64; 4]> = (layout.corners.iter().zip(sizes))
            .map(|(&(x, y), &(w, h))| [x, y, x + w, y + h])
            .collect();
        for (i, a) in boxes.iter().enumerate() {
            assert!(a[0] >= -1e-6 && a[2] <= layout.width + 1e-6 && a[3] <= layout.height + 1e-6);
            for b in boxes.iter().take(i) {
                let apart = a[2] < b[0] || b[2] < a[0] || a[3] < b[1] || b[3] < a[1];
                assert!(apart, "{a:?} {b:?}");
            }
        }
        for (&(from, to), curve) in edges.iter().zip(&layout.curves) {
            assert!(boxes[from][3] < boxes[to][1], "edges go downwards");
            assert!((curve[0].1 - boxes[from][3]).abs() < 1e-6);
            assert!((curve[curve.len() - 1].1 - boxes[to][1]).abs() < 1e-6);
            assert!(curve.windows(2).all(|p| p[0].1 <= p[1].1 + 1e-9), "{curve:?}");
        }
        layout
    }

    #[test]
    fn a_chain_is_straight() {
        let sizes = [(100.0, 30.0), (60.0, 30.0), (140.0, 50.0)];
        let layout = check(&sizes, &[(0, 1), (1, 2)]);
        let middles: Vec<f64> =
            layout.corners.iter().zip(&sizes).map(|(c, s)| c.0 + s.0 / 2.0).collect();
        assert!(middles.iter().all(|m| (m - middles[0]).abs() < 0.5), "{middles:?}");
    }

    #[test]
    fn residual_blocks_keep_clear_of_their_boxes() {
        // Blocks of two boxes with a way around them.
        let mut edges = Vec::new();
        let mut last = 0;
        for _ in 0..40 {
            edges.extend([
                (last, last + 1),
                (last + 1, last + 2),
                (last + 2, last + 3),
                (last, last + 3),
            ]);
            last += 3;
        }
        let sizes = vec![(120.0, 40.0); last + 1];
        let layout = check(&sizes, &edges);
        assert!(layout.width < 260.0, "{}", layout.width);
        // No curve crosses a box that it does not belong to.
        for (&(from, to), curve) in edges.iter().zip(&layout.curves) {
            for (i, &(x, y)) in
                layout.corners.iter().enumerate().filter(|(i, _)| *i != from && *i != to)
            {
                let inside = |&(px, py): &(f64, f64)| {
                    px > x && px < x + sizes[i].0 && py > y && py < y + sizes[i].1
                };
                assert!(!curve.iter().any(inside), "edge {from}-{to} crosses box {i}");
            }
        }
    }

    #[test]
    fn odd_graphs() {
        check(&[], &[]);
        check(&[(10.0, 10.0)], &[]);
        check(&[(10.0, 10.0); 3], &[]);
        // Four branches that meet, twice the same edge, and an input used late.
        let edges =
            [(0, 1), (0, 2), (0, 3), (0, 4), (1, 6), (2, 6), (3, 6), (4, 6), (5, 6), (5, 6)];
        check(&[(80.0, 20.0); 7], &edges);
        let all: Vec<(usize, usize)> =
            (0..12).flat_map(|a| (a + 1..12).map(move |b| (a, b))).collect();
        check(&[(50.0, 20.0); 12], &all);
    }
}
