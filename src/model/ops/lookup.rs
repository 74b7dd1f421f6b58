//! Rows of tables.

use burn::tensor::{Int, Tensor};

use crate::cuda::single;

/// The rows of `table` `[V, d]` that `ids` `[N]` name → `[N, d]`.
pub fn lookup(table: Tensor<2>, ids: Tensor<1, Int>) -> Tensor<2> {
    single::lookup(&table, &ids).unwrap_or_else(|| table.select(0, ids))
}

/// One row where a mark is set: `row` `[1, d]`, `marks` `[B, S, 1]`, each 0 or 1 → `[B, S, d]`.
pub fn marked_row(row: Tensor<2>, marks: Tensor<3>) -> Tensor<3> {
    let width = row.dims()[1];
    let column = row.clone().reshape([width, 1]); // [1, d] → [d, 1]: a projection of the marks
    match row
        .is_autodiff()
        .then(|| single::linear(&marks, &column, None))
    {
        Some(Some(rows)) => rows,
        _ => row.unsqueeze::<3>() * marks,
    }
}
