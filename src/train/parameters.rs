//! A module's trainable tensors as a list of flat tensors with names.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param};
use burn::tensor::{Gradients, Tensor};

/// Tensors by parameter path (field names and indices joined by dots), each flattened.
pub type Named = BTreeMap<String, Tensor<1>>;

/// The values of all parameters, without their autodiff history.
pub fn values<M: Module>(module: &M) -> Named {
    let mut collector = Collector {
        path: Vec::new(),
        found: Named::new(),
        shapes: BTreeMap::new(),
    };
    module.visit(&mut collector);
    collector.found
}

/// The shape of each parameter.
pub fn shapes<M: Module>(module: &M) -> BTreeMap<String, Vec<usize>> {
    let mut collector = Collector {
        path: Vec::new(),
        found: Named::new(),
        shapes: BTreeMap::new(),
    };
    module.visit(&mut collector);
    collector.shapes
}

/// Takes the gradients of a module's parameters out of `gradients`.
pub fn take_gradients<M: Module>(module: &M, gradients: &mut Gradients) -> Named {
    let mut taker = Taker {
        path: Vec::new(),
        gradients,
        found: Named::new(),
    };
    module.visit(&mut taker);
    taker.found
}

/// Replaces each parameter by `change(name, flat value)`; a parameter that took gradients goes on taking them.
pub fn replace<M: Module>(module: M, change: impl FnMut(&str, Tensor<1>) -> Tensor<1>) -> M {
    module.map(&mut Replacer {
        path: Vec::new(),
        change,
    })
}

fn flat<const D: usize>(tensor: Tensor<D>) -> Tensor<1> {
    let length = tensor.shape().num_elements();
    tensor.reshape([length])
}

struct Collector {
    path: Vec<String>,
    found: Named,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for Collector {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let name = self.path.join(".");
        self.shapes
            .insert(name.clone(), param.val().dims().to_vec());
        self.found
            .insert(name, flat(param.val().without_autodiff()));
    }
}

struct Taker<'a> {
    path: Vec<String>,
    gradients: &'a mut Gradients,
    found: Named,
}

impl ModuleVisitor for Taker<'_> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = param.val().grad_remove(self.gradients) {
            self.found.insert(self.path.join("."), flat(gradient));
        }
    }
}

struct Replacer<F> {
    path: Vec<String>,
    change: F,
}

impl<F: FnMut(&str, Tensor<1>) -> Tensor<1>> ModuleMapper for Replacer<F> {
    fn enter_module(&mut self, name: &str, _: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _: &str, _: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        param.map(|tensor| {
            let (shape, trained, recorded) = (
                tensor.shape(),
                tensor.is_require_grad(),
                tensor.is_autodiff(),
            );
            let changed = (self.change)(&name, flat(tensor.without_autodiff())).reshape(shape);
            match (recorded, trained) {
                (false, _) => changed,
                (true, false) => changed.autodiff(),
                (true, true) => changed.autodiff().require_grad(),
            }
        })
    }
}
