// Bytes -> ModelRecord. The protobuf message lives only inside; its large tensors are handed over, not copied.
#pragma once

#include "frontends/onnx/model.h"
#include "tpuc/tpuc.h"

namespace tpuc::frontend {

// E1001 when the bytes are no whole ONNX model, E5001 when the file cannot be read. Problems of single tensors and
// attributes are kept in the record.
ModelRecord read_onnx(const Source& source);

}  // namespace tpuc::frontend
