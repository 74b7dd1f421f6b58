//! The networks as lists of named tensors.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

use crate::model::{AutoencoderKl, TextEncoder, Transformer};

use super::keys::Part;

/// A network with a place in a checkpoint.
pub trait Network: Module {
    /// Which part of a checkpoint it is.
    const PART: Part;

    /// The name of the tensor behind a parameter's path (field names and indices joined by dots).
    ///
    /// The modules are named as the checkpoints are, so this is the path itself except where noted.
    fn tensor_name(path: &str) -> String {
        path.to_owned()
    }
}

impl Network for Transformer {
    const PART: Part = Part::Transformer;
}

impl Network for TextEncoder {
    const PART: Part = Part::TextEncoder;

    /// Published files store the language model as a field `model` of one with a head.
    fn tensor_name(path: &str) -> String {
        format!("model.{path}")
    }
}

impl Network for AutoencoderKl {
    const PART: Part = Part::Vae;
}

/// The tensors a network wants, by name with their shapes. Allocates none of them.
pub fn wanted<N: Network>(network: &N) -> BTreeMap<String, Vec<usize>> {
    let mut collector = ShapeCollector {
        path: Path::default(),
        shapes: BTreeMap::new(),
    };
    network.visit(&mut collector);
    collector
        .shapes
        .into_iter()
        .map(|(path, shape)| (N::tensor_name(&path), shape))
        .collect()
}

/// The path of the module that is being visited.
#[derive(Clone, Debug, Default)]
pub(super) struct Path(Vec<String>);

impl Path {
    /// Where the module at `names` is.
    pub(super) fn at(names: &[&str]) -> Self {
        Self(names.iter().copied().map(str::to_owned).collect())
    }

    pub(super) fn enter(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    pub(super) fn exit(&mut self) {
        self.0.pop();
    }

    pub(super) fn joined(&self) -> String {
        self.0.join(".")
    }
}

struct ShapeCollector {
    path: Path,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for ShapeCollector {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.enter(name);
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.exit();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        // `lazy_shape`: asking the tensor itself would draw and allocate it.
        self.shapes
            .insert(self.path.joined(), param.lazy_shape().to_vec());
    }
}
