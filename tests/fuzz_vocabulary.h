// Words of ONNX that the fuzzer puts where they do not belong.
#pragma once

#include <sstream>
#include <string>
#include <vector>

namespace tpuc::test {

inline std::vector<std::string> words_of(const char* text) {
  std::istringstream in(text);
  std::vector<std::string> words;
  for (std::string word; in >> word;) words.push_back(word);
  return words;
}

inline const std::vector<std::string>& attribute_names() {
  static const std::vector<std::string> kNames = words_of(
      "axis axes perm pads strides group to mode keepdims size kernel_shape alpha value dilations auto_pad "
      "block_size num_groups epsilon equation K N bits hidden_size direction num_outputs split "
      "layout clip activations linear_before_reset input_forget exclusive reverse largest sorted padding_mode "
      "align_corners batch_axis time_axis");
  return kNames;
}

inline const std::vector<std::string>& operator_names() {
  static const std::vector<std::string> kNames = words_of(
      "Conv ConvTranspose Gemm MatMul Add Where Expand Tile Resize Upsample Pad Slice Split Squeeze Flatten "
      "Unsqueeze Reshape Gather GatherND ScatterND OneHot TopK ArgMax ReduceMean ReduceSum CumSum Cast Shape "
      "Range ConstantOfShape Softmax LayerNormalization InstanceNormalization BatchNormalization LSTM Einsum "
      "Clip DepthToSpace SpaceToDepth Transpose Concat MaxPool AveragePool LRN Mod Equal QuantizeLinear "
      "DequantizeLinear NonZero NonMaxSuppression Dropout Constant RMSNormalization GroupNormalization "
      "QLinearConv QLinearMatMul QLinearAdd QGemm ConvInteger MatMulInteger MatMulNBits DynamicQuantizeLinear "
      "GRU RNN GridSample Hardmax ReverseSequence Atan Asinh Acosh Sinh PRelu HardSwish Gelu GatherElements "
      "ScatterElements ReduceMax LogSoftmax Identity Trilu Min Sum "
      "Pow If Unknown");
  return kNames;
}

}  // namespace tpuc::test
