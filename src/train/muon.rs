//! Muon (Jordan et al., 2024, <https://kellerjordan.github.io/posts/muon>): a matrix moves along the nearest orthogonal
//! matrix to its momentum, so that all its directions are learnt at the same pace.
//!
//! On a small copy of the demo model it needed half the steps of AdamW for the same loss. The kernels of a convolution
//! are a matrix too, with a row for each channel that comes out. Matrices of one shape are worked on as one stack: a
//! handful of products a step, however many layers there are.

use std::collections::BTreeMap;

use burn::tensor::Tensor;

use super::parameters::Named;

/// Which matrices Muon moves, and how far.
#[derive(Clone, Copy, Debug)]
pub struct Muon {
    /// Whether it takes the matrix or the kernels of this name; it never takes vectors. Embeddings and the ways in and out of a network are AdamW's.
    pub takes: fn(&str) -> bool,
    /// Its rate, in learning rates.
    pub rate: f64,
    /// Decay of the mean gradient.
    pub momentum: f64,
}

impl Muon {
    /// The usual constants for the matrices that `takes` names.
    pub fn for_matrices(takes: fn(&str) -> bool) -> Self {
        Self {
            takes,
            rate: 10.0,
            momentum: 0.95,
        }
    }
}

/// A matrix of a group.
#[derive(Debug)]
pub(super) struct Member {
    pub name: String,
    /// `[out, in]`; of a convolution `[out, in·k·k]`
    pub shape: [usize; 2],
}

impl Member {
    /// Stacks hold wide matrices: a tall one lies in its stack transposed.
    pub fn is_tall(&self) -> bool {
        self.shape[0] > self.shape[1]
    }

    /// Its step in those of the group: an orthogonal matrix with more outputs than inputs would change what comes out
    /// by less than a square one.
    pub fn factor(&self) -> f64 {
        let [rows, columns] = self.shape.map(|size| size as f64);
        (rows / columns).max(1.0).sqrt()
    }
}

/// The matrices among `found` that `muon` takes, by the shape they have when they lie wide.
pub(super) fn groups(
    muon: &Muon,
    found: &Named,
    shapes: &BTreeMap<String, Vec<usize>>,
) -> BTreeMap<String, Vec<Member>> {
    let mut groups: BTreeMap<String, Vec<Member>> = BTreeMap::new();
    for name in found.keys().filter(|name| (muon.takes)(name)) {
        let Some([rows, inputs @ ..]) = shapes.get(name).map(Vec::as_slice) else {
            continue;
        };
        if inputs.is_empty() {
            continue;
        }
        let (rows, columns) = (*rows, inputs.iter().product::<usize>());
        let group = format!("muon.{}x{}", rows.min(columns), rows.max(columns));
        groups.entry(group).or_default().push(Member {
            name: name.clone(),
            shape: [rows, columns],
        });
    }
    groups
}

/// Takes the members' values out of `found`: `[members, short, long]`.
pub(super) fn stack(members: &[Member], found: &mut Named) -> Tensor<3> {
    let wide = members.iter().filter_map(|member| {
        let matrix = found.remove(&member.name)?.reshape(member.shape);
        Some(if member.is_tall() {
            matrix.transpose()
        } else {
            matrix
        })
    });
    Tensor::stack(wide.collect(), 0)
}

/// The rows of a stack as the members' flat values, scaled by their factors.
pub(super) fn unstack(members: &[Member], stacked: Tensor<3>) -> Named {
    let [_, short, long] = stacked.dims();
    members
        .iter()
        .enumerate()
        .map(|(index, member)| {
            let matrix = stacked.clone().narrow(0, index, 1).reshape([short, long]); // [1, short, long] → [short, long]
            let flat = if member.is_tall() {
                matrix.transpose().reshape([short * long]) * member.factor()
            } else {
                matrix.reshape([short * long])
            };
            (member.name.clone(), flat)
        })
        .collect()
}

/// The polynomial a·X + b·(XXᵀ)X + c·(XXᵀ)²X brings singular values to about 1 in [`ITERATIONS`] rounds.
pub(super) const QUINTIC: [f64; 3] = [3.4445, -4.775, 2.0315];
pub(super) const ITERATIONS: usize = 5;

/// Of each matrix UΣVᵀ of a stack `[n, short, long]` about UVᵀ: singular values end up between 0.7 and 1.2.
pub fn orthogonalised(stack: Tensor<3>) -> Tensor<3> {
    let [a, b, c] = QUINTIC;
    let squares = (stack.clone() * stack.clone()).sum_dim(2).sum_dim(1); // [n, 1, 1]
    let mut x = stack / (squares.sqrt() + 1e-7);
    for _ in 0..ITERATIONS {
        let gram = x.clone().matmul(x.clone().transpose()); // [n, short, short]
        let mixed = gram.clone() * b + gram.clone().matmul(gram) * c;
        x = x.clone() * a + mixed.matmul(x);
    }
    x
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]
mod tests {
    use super::*;
    use burn::tensor::{Device, Distribution};

    #[test]
    fn a_stack_comes_out_orthogonal_whatever_its_scale() {
        let device = Device::flex();
        let matrices = Tensor::<3>::random([3, 8, 24], Distribution::Normal(0.0, 50.0), &device);
        let x = orthogonalised(matrices);
        let gram = x.clone().matmul(x.transpose()).try_into_data().unwrap();
        for (index, value) in gram.iter::<f32>().enumerate() {
            let on_diagonal = index % 64 / 8 == index % 8;
            let expected = if on_diagonal { 0.5..1.6 } else { -0.35..0.35 };
            assert!(expected.contains(&value), "{index}: {value}");
        }
    }

    #[test]
    fn members_come_back_from_their_stack_as_they_lay() {
        let device = Device::flex();
        let values = |from: f32| {
            let numbers: Vec<f32> = (0..6).map(|i| from + i as f32).collect();
            Tensor::<1>::from_floats(&numbers[..], &device)
        };
        let mut found = Named::from([
            ("flat.weight".to_owned(), values(0.0)),
            ("tall.weight".to_owned(), values(10.0)),
            ("other".to_owned(), values(20.0)),
        ]);
        let shapes = BTreeMap::from([
            ("flat.weight".to_owned(), vec![2, 3]),
            ("tall.weight".to_owned(), vec![3, 2]),
            ("other".to_owned(), vec![2, 3]),
        ]);
        let muon = Muon::for_matrices(|name| name.ends_with("weight"));
        let groups = groups(&muon, &found, &shapes);
        assert_eq!(groups.keys().collect::<Vec<_>>(), ["muon.2x3"]);
        let stacked = stack(&groups["muon.2x3"], &mut found);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["other"]);
        let back = unstack(&groups["muon.2x3"], stacked);
        let numbers = |name: &str| -> Vec<f32> {
            let data = back[name].clone().try_into_data().unwrap();
            data.iter::<f32>().collect()
        };
        assert_eq!(numbers("flat.weight"), [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let scaled = [10.0, 11.0, 12.0, 13.0, 14.0, 15.0].map(|v: f32| v * 1.5f32.sqrt());
        for (value, expected) in numbers("tall.weight").iter().zip(scaled) {
            assert!((value - expected).abs() < 1e-4, "{value} {expected}");
        }
    }
}
