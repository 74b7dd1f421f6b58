//! How an op with a hand-written gradient becomes one of burn's.
//!
//! burn's extension macro writes one method a direction and type; the ops here differ in nothing but their kernels, so
//! one wrapper serves them all. Forward and backward are each one opaque unit for burn's fusion ([`fused`]). Under
//! autodiff the forward unit also gives what the backward one needs, and both are recorded as one step of the tape.

use std::fmt::Debug;

use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::NoCheckpointing;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::fusion::custom::{
    CustomOpIr, Float, FusionValueAdapter, HandleContainer, OperationFn, OperationIr, StreamId,
    TensorSpec,
};
use burn::backend::tensor::FloatTensor;
use burn::backend::{
    Autodiff, AutodiffBackend, BackendTensor, Cube, DispatchAutodiffContext, DispatchTensor,
    DispatchTensorKind,
};
use burn::tensor::{DType, Shape, Tensor};
use burn_cubecl::CubeBackend;
use burn_cubecl::kernel::into_contiguous;
use burn_cubecl::tensor::CubeTensor;

use super::precision::Precision;

/// An f32 op and its gradient. All tensors are contiguous.
pub trait Op: Clone + Debug + Send + Sync + 'static {
    /// The op's name in burn's logs.
    const NAME: &'static str;

    /// Shapes of the result and, after it, of what the gradient needs besides the inputs.
    fn outputs(&self, inputs: &[Shape]) -> Vec<Shape>;

    /// The tensors of [`Op::outputs`]; all but the first may be left out unless `mode` keeps them.
    fn forward(&self, inputs: &[CubeTensor], mode: Mode) -> Vec<CubeTensor>;

    /// Gradients of the inputs of which `tape` wants one, in their order.
    fn backward(&self, tape: Tape<'_>) -> Vec<CubeTensor>;

    /// The input whose gradient is the result's own; it is never among those that [`Op::backward`] is asked for.
    fn passes(&self) -> Option<usize> {
        None
    }
}

/// How a forward pass is run.
#[derive(Debug, Clone, Copy)]
pub struct Mode {
    /// Rounding of the matrix products' operands.
    pub precision: Precision,
    /// Whether a gradient will be asked for.
    pub keep: bool,
}

impl Mode {
    /// Under autodiff.
    pub const TRAINING: Self = Self {
        precision: Precision::Tf32,
        keep: true,
    };
    /// Without autodiff.
    pub const INFERENCE: Self = Self {
        precision: Precision::Exact,
        keep: false,
    };
}

/// What a backward pass is given.
#[derive(Debug, Clone, Copy)]
pub struct Tape<'a> {
    /// The op's inputs.
    pub inputs: &'a [CubeTensor],
    /// Its outputs but the first.
    pub kept: &'a [CubeTensor],
    /// The gradient of its first output.
    pub gradient: &'a CubeTensor,
    /// Which inputs want a gradient.
    pub wanted: &'a [bool],
}

/// A tensor of burn's fusion on a device of cubecl's.
type Fused = FloatTensor<Cube>;

/// A tensor on the tape.
type Recorded = FloatTensor<Autodiff<Cube>>;

/// Runs `op`, and records it where an input is under autodiff. All inputs, at most nine, are f32 on one CUDA device.
pub fn apply<O: Op>(op: O, inputs: Vec<DispatchTensor>) -> Option<DispatchTensor> {
    let context = inputs
        .iter()
        .fold(DispatchAutodiffContext::Disabled, |context, input| {
            context.merge(input.autodiff)
        });
    if let DispatchAutodiffContext::Disabled = context {
        let inputs = inputs.into_iter().map(plain).collect::<Option<Vec<_>>>()?;
        let result = forward(&op, inputs, Mode::INFERENCE).into_iter().next()?;
        return Some(DispatchTensor {
            kind: DispatchTensorKind::Cube(BackendTensor::Float(result)),
            autodiff: context,
        });
    }
    let inputs = inputs
        .into_iter()
        .map(recorded)
        .collect::<Option<Vec<Recorded>>>()?;
    let result = match inputs.len() {
        1 => record::<O, 1>(op, inputs),
        2 => record::<O, 2>(op, inputs),
        3 => record::<O, 3>(op, inputs),
        4 => record::<O, 4>(op, inputs),
        5 => record::<O, 5>(op, inputs),
        6 => record::<O, 6>(op, inputs),
        7 => record::<O, 7>(op, inputs),
        8 => record::<O, 8>(op, inputs),
        9 => record::<O, 9>(op, inputs),
        _ => None,
    }?;
    Some(DispatchTensor {
        kind: DispatchTensorKind::Autodiff(Box::new(DispatchTensorKind::Cube(
            BackendTensor::Autodiff(result),
        ))),
        autodiff: context,
    })
}

fn plain(tensor: DispatchTensor) -> Option<Fused> {
    match tensor.kind {
        DispatchTensorKind::Cube(BackendTensor::Float(tensor)) => Some(tensor),
        _ => None,
    }
}

fn recorded(tensor: DispatchTensor) -> Option<Recorded> {
    match tensor.kind {
        DispatchTensorKind::Autodiff(inner) => match *inner {
            DispatchTensorKind::Cube(BackendTensor::Autodiff(tensor)) => Some(tensor),
            _ => None,
        },
        DispatchTensorKind::Cube(BackendTensor::Float(tensor)) => {
            Some(<Autodiff<Cube> as AutodiffBackend>::from_inner(tensor))
        }
        _ => None,
    }
}

fn record<O: Op, const N: usize>(op: O, inputs: Vec<Recorded>) -> Option<Recorded> {
    let inputs: [Recorded; N] = inputs.try_into().ok()?;
    let nodes = inputs.each_ref().map(|input| input.node());
    let inputs: Vec<Fused> = inputs
        .into_iter()
        .map(|input| input.into_primitive())
        .collect();
    let mut outputs = forward(&op, inputs.clone(), Mode::TRAINING).into_iter();
    let result = outputs.next()?;
    let step = Step::<O>(std::marker::PhantomData);
    let prepared = step
        .prepare::<NoCheckpointing>(nodes)
        .compute_bound()
        .stateful();
    Some(match prepared {
        OpsKind::Tracked(prepared) => {
            let kept = Kept {
                op,
                inputs,
                outputs: outputs.collect(),
            };
            prepared.finish(kept, result)
        }
        OpsKind::UnTracked(prepared) => prepared.finish(result),
    })
}

/// One kind of step of the tape.
#[derive(Debug)]
struct Step<O>(std::marker::PhantomData<O>);

/// What a step holds until its gradient is asked for.
#[derive(Debug, Clone)]
struct Kept<O> {
    op: O,
    inputs: Vec<Fused>,
    outputs: Vec<Fused>,
}

impl<O: Op, const N: usize> Backward<Cube, N> for Step<O> {
    type State = Kept<O>;

    fn backward(self, step: Ops<Kept<O>, N>, gradients: &mut Gradients, _: &mut Checkpointer) {
        let gradient = gradients.consume::<Cube>(&step.node);
        let passes = step.state.op.passes();
        let mut wanted = step.parents.each_ref().map(Option::is_some);
        if let Some(input) = passes
            && let Some(Some(parent)) = step.parents.get(input)
        {
            gradients.register::<Cube>(parent.id, gradient.clone());
            wanted[input] = false;
        }
        if !wanted.contains(&true) {
            return;
        }
        let found = backward(step.state, gradient, wanted.to_vec());
        let parents = step.parents.into_iter().zip(wanted);
        let parents = parents.filter_map(|(parent, wanted)| parent.filter(|_| wanted));
        for (parent, gradient) in parents.zip(found) {
            gradients.register::<Cube>(parent.id, gradient);
        }
    }
}

fn shape(tensor: &Fused) -> Shape {
    tensor.shape.clone()
}

fn forward<O: Op>(op: &O, inputs: Vec<Fused>, mode: Mode) -> Vec<Fused> {
    let shapes: Vec<Shape> = inputs.iter().map(shape).collect();
    let mut outputs = op.outputs(&shapes);
    if !mode.keep {
        outputs.truncate(1);
    }
    let op = op.clone();
    fused(O::NAME, inputs, outputs, move |inputs| {
        op.forward(&inputs, mode)
    })
}

fn backward<O: Op>(kept: Kept<O>, gradient: Fused, wanted: Vec<bool>) -> Vec<Fused> {
    let Kept {
        op,
        inputs,
        outputs,
    } = kept;
    let shapes = inputs.iter().zip(&wanted);
    let shapes = shapes.filter(|(_, wanted)| **wanted);
    let shapes = shapes.map(|(input, _)| shape(input)).collect();
    let given = inputs.len();
    let tensors = inputs.into_iter().chain(outputs).chain([gradient]);
    fused(O::NAME, tensors.collect(), shapes, move |tensors| {
        let Some((gradient, tensors)) = tensors.split_last() else {
            return Vec::new();
        };
        let (inputs, kept) = tensors.split_at(given);
        op.backward(Tape {
            inputs,
            kept,
            gradient,
            wanted: &wanted,
        })
    })
}

/// [`fused`] of tensors that are not under autodiff, as an optimiser has them.
pub fn fused_plain<const D: usize>(
    name: &'static str,
    inputs: Vec<Tensor<D>>,
    outputs: Vec<Shape>,
    run: impl Fn(Vec<CubeTensor>) -> Vec<CubeTensor> + Send + Sync + 'static,
) -> Option<Vec<Tensor<D>>> {
    let inputs = inputs
        .into_iter()
        .map(|input| plain(input.into_dispatch()))
        .collect::<Option<Vec<_>>>()?;
    let outputs = fused(name, inputs, outputs, run).into_iter();
    let outputs = outputs.map(|output| {
        Tensor::from_dispatch(DispatchTensor {
            kind: DispatchTensorKind::Cube(BackendTensor::Float(output)),
            autodiff: DispatchAutodiffContext::Disabled,
        })
    });
    Some(outputs.collect())
}

/// Registers `run` as one opaque op of burn's fusion: f32 tensors in, f32 tensors of the given shapes out.
///
/// `run` gets contiguous tensors, may give more than it was asked for, and is called once everything before it has
/// been.
pub fn fused(
    name: &'static str,
    inputs: Vec<Fused>,
    outputs: Vec<Shape>,
    run: impl Fn(Vec<CubeTensor>) -> Vec<CubeTensor> + Send + Sync + 'static,
) -> Vec<Fused> {
    type Adapter = Float;
    let Some(client) = inputs.first().map(|input| input.client.clone()) else {
        return Vec::new();
    };
    let mut read = Vec::with_capacity(inputs.len());
    let states: Vec<_> = inputs
        .into_iter()
        .map(|input| {
            <Adapter as FusionValueAdapter<CubeBackend>>::append_input_ir(input, &mut read)
        })
        .collect();
    let mut written = Vec::with_capacity(outputs.len());
    let places: Vec<_> = outputs
        .into_iter()
        .map(|shape| {
            let spec = TensorSpec::new(shape, DType::F32);
            <Adapter as FusionValueAdapter<CubeBackend>>::append_output_ir(
                &spec,
                &mut written,
                &mut || client.create_empty_handle(),
            )
        })
        .collect();
    let description = CustomOpIr {
        id: name.into(),
        inputs: read,
        outputs: written,
        scalars: Vec::new(),
    };
    let operation = OperationFn(move |handles: &mut HandleContainer<_>| {
        let inputs = states
            .iter()
            .map(|state| {
                into_contiguous(
                    <Adapter as FusionValueAdapter<CubeBackend>>::resolve_inputs(state, handles),
                )
            })
            .collect();
        for (value, place) in run(inputs).into_iter().zip(&places) {
            <Adapter as FusionValueAdapter<CubeBackend>>::register_output_handles(
                value, place, handles,
            );
        }
        Ok(())
    });
    client.register(
        StreamId::current(),
        OperationIr::Custom(description),
        operation,
    )
}
