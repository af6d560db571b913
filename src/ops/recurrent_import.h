// ONNX LSTM, GRU and RNN, unrolled: their rules, listed with the matmul they are made of.
#pragma once

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

Values import_lstm(const NodeView& n, Builder& b);
Values import_gru(const NodeView& n, Builder& b);
Values import_rnn(const NodeView& n, Builder& b);

}  // namespace tpuc::ops
