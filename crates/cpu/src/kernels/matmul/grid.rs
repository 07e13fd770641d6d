//! How a product is cut into tasks.

/// Tasks along the rows, the columns and the summed axis of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Grid {
    pub m: usize,
    pub n: usize,
    pub k: usize,
}

/// Enough tasks for any machine this is meant for; more cost without need.
const ENOUGH: usize = 16;

impl Grid {
    /// Nothing is cut.
    pub(crate) const ONE: Grid = Grid { m: 1, n: 1, k: 1 };

    /// The cut into at most `wanted` tasks that costs the least among those of many tasks; `most`
    /// bounds the tasks along each axis.
    pub(crate) fn new(wanted: usize, most: Grid, cost: impl Fn(&Grid) -> usize) -> Grid {
        let mut best = (1, usize::MAX, Grid::ONE);
        if wanted <= 1 {
            return best.2;
        }
        let cuts =
            |most: usize| [1, 2, 4, 8, 16, 32].into_iter().filter(move |&c| c <= most.max(1));
        for k in cuts(most.k) {
            for n in cuts(most.n) {
                for m in cuts(most.m).filter(|m| m * n * k <= wanted) {
                    let grid = Grid { m, n, k };
                    let found = (grid.tasks().min(ENOUGH), cost(&grid));
                    if (found.0, best.1) > (best.0, found.1) {
                        best = (found.0, found.1, grid);
                    }
                }
            }
        }
        best.2
    }

    pub(crate) fn tasks(&self) -> usize {
        self.m * self.n * self.k
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tasks_first_then_the_least_cost() {
        let most = Grid { m: 20, n: 3, k: 1 };
        let rows = Grid::new(32, most, |g| g.n * 100 + g.m);
        assert_eq!(rows, Grid { m: 16, n: 1, k: 1 });
        let columns = Grid::new(32, most, |g| g.n + g.m * 100);
        assert_eq!(columns, Grid { m: 8, n: 2, k: 1 });
        assert_eq!(Grid::new(1, most, |_| 0), Grid::ONE);
        assert_eq!(Grid::new(5, most, |_| 0).tasks(), 4);
    }
}
