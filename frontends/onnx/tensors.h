// TensorProto -> Tensor, for all encodings ONNX has: raw bytes, typed fields, external files.
#pragma once

#include <onnx/onnx_pb.h>

#include <any>
#include <vector>

#include "frontends/onnx/external_data.h"
#include "tpuc/ir/tensor.h"

namespace tpuc::frontend {

class TensorReader {
 public:
  explicit TensorReader(const Source& source) : external_(source) {}
  // Takes large raw data out of the message instead of copying it. E1018, E1019, E1020, E1023.
  Tensor read(onnx::TensorProto& proto);
  std::vector<std::any> take_memory();  // what the tensors borrow

 private:
  Tensor adopt(TensorType type, std::string* raw);

  ExternalData external_;
  std::vector<std::any> keep_alive_;
};

}  // namespace tpuc::frontend
