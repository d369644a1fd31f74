//! The file's outermost messages. `rten-onnx` leaves out the graph's name, without which the ONNX checker refuses a file.

use rten_onnx::onnx::{GraphProto, OperatorSetIdProto, StringStringEntryProto};
use rten_onnx::protobuf::{EncodeMessage, MessageWriter, ProtobufError, ValueWriter, WriteValue};

/// A graph with its name.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) graph: GraphProto,
}

impl EncodeMessage for Named {
    fn encode_fields<W: WriteValue>(
        &self,
        fields: &mut MessageWriter<W>,
    ) -> Result<(), ProtobufError> {
        fields.write_string(2, &self.name)?;
        self.graph.encode_fields(fields)
    }
}

/// `ModelProto` of `onnx.proto3`.
pub(super) struct File {
    pub(super) ir_version: i64,
    pub(super) producer: String,
    pub(super) producer_version: String,
    pub(super) graph: Named,
    pub(super) opset: Vec<OperatorSetIdProto>,
    pub(super) metadata: Vec<StringStringEntryProto>,
}

impl EncodeMessage for File {
    fn encode_fields<W: WriteValue>(
        &self,
        fields: &mut MessageWriter<W>,
    ) -> Result<(), ProtobufError> {
        fields.write_int64(1, self.ir_version)?;
        fields.write_string(2, &self.producer)?;
        fields.write_string(3, &self.producer_version)?;
        fields.write_message(7, &self.graph)?;
        fields.write_repeated_message(8, &self.opset)?;
        fields.write_repeated_message(14, &self.metadata)
    }
}

impl File {
    pub(super) fn bytes(&self) -> Result<Vec<u8>, ProtobufError> {
        let mut bytes = Vec::with_capacity(self.encoded_len()? as usize);
        self.encode(ValueWriter::new(&mut bytes))?;
        Ok(bytes)
    }
}
