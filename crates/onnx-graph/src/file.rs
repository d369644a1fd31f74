//! A file, read and checked as far as that goes without knowing how many frames there will be.

use rten_onnx::onnx::ModelProto;

use crate::limits::Limits;
use crate::net::{self, Net};
use crate::{OnnxError, estimate};

/// Reads a file whose operators are all followed.
pub(crate) fn open(bytes: &[u8], limits: &Limits) -> Result<(ModelProto, Net), OnnxError> {
    let (model, net) = net::read(bytes, limits)?;
    estimate::check_operators(&net)?;
    Ok((model, net))
}
