//! Puts foreign work on burn's own stream, in burn's order.
//!
//! burn hands out no stream. Its server does: a task submitted to the device's thread runs after all work enqueued
//! before it, with the context current, and finds there the stream and the addresses of buffers. Addresses are asked
//! for before the write scope is entered, since inside it the outputs count as unwritten, and never kept: pools move.

use burn_cubecl::tensor::CubeTensor;
use cubecl::server::{Handle, ServerError, ServerStorage};

use cubecl_common::device_handle::DeviceHandle;
use cubecl_environment::backtrace::BackTrace;
use cubecl_environment::stream::StreamId;
use cubecl_server::stream::{ExecuteScope, WriteScoped};
use cudarc::driver::sys::CUstream;

use super::{CudaError, Kernels};

type Server = <cubecl::cuda::CudaRuntime as cubecl_runtime::runtime::Runtime>::Server;

/// What a piece of work finds on the device's thread.
pub struct Work<'a> {
    /// burn's stream.
    pub stream: CUstream,
    /// Addresses of the inputs, in the order given.
    pub inputs: &'a [u64],
    /// Addresses of the outputs, in the order given; scratch buffers are outputs nobody reads.
    pub outputs: &'a [u64],
    /// The device's kernels.
    pub kernels: &'static Kernels,
    /// The device's number.
    pub device: u16,
}

/// Runs `work` on the device of `inputs` once everything enqueued before it has been.
///
/// Whatever fails, the outputs are marked as never written, so that reading them reports it. What `work` says is logged
/// besides. What cannot begin for want of an input is not: in a training that would be thousands of lines, each longer
/// than the last.
pub fn enqueue(
    inputs: &[&CubeTensor],
    outputs: &[&CubeTensor],
    work: impl FnOnce(Work<'_>) -> Result<(), CudaError> + Send + 'static,
) {
    let Some(first) = outputs.first() else {
        return;
    };
    let id = first.client.service_id().device;
    let stream_id = StreamId::current();
    let handles = |tensors: &[&CubeTensor]| -> Vec<Handle> {
        tensors.iter().map(|tensor| tensor.handle.clone()).collect()
    };
    let (inputs, outputs) = (handles(inputs), handles(outputs));
    DeviceHandle::<Server>::new(id).submit(move |server: &mut Server| {
        let written: Vec<_> = outputs
            .iter()
            .map(|handle| handle.clone().binding())
            .collect();
        let resolved = inputs
            .iter()
            .chain(&outputs)
            .map(|handle| server.get_resource(handle.clone().binding(), stream_id))
            .collect::<Result<Vec<_>, _>>();
        let outcome = ExecuteScope::over(server, stream_id, written).execute(|server| {
            let resources = resolved?;
            let addresses: Vec<u64> = resources
                .iter()
                .map(|resource| resource.resource().ptr)
                .collect();
            let stream = server
                .write_streams()
                .try_stream_mut(&stream_id)
                .ok_or_else(|| failure("burn has no such stream".to_owned()))?
                .sys;
            let kernels = Kernels::of(id.index_id)
                .ok_or_else(|| failure("the kernels of this device are not loaded".to_owned()))?;
            work(Work {
                stream,
                inputs: &addresses[..inputs.len()],
                outputs: &addresses[inputs.len()..],
                kernels,
                device: id.index_id,
            })
            .map_err(|error| {
                tracing::error!("work on cuda:{} failed: {error}", id.index_id);
                failure(error.to_string())
            })
        });
        if let Err(error) = outcome.into_result() {
            tracing::debug!("results on cuda:{} are missing: {error}", id.index_id);
        }
    });
}

fn failure(reason: String) -> ServerError {
    ServerError::Generic {
        reason,
        backtrace: BackTrace::capture(),
    }
}
