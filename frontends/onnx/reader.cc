// Protobuf -> plain structs. Files may come from anybody: the message is parsed under limits, and nothing in it is
// believed before it was checked.
#include "frontends/onnx/reader.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <limits>
#include <optional>

#include "frontends/onnx/tensors.h"
#include "tpuc/support/file.h"

namespace tpuc::frontend {

namespace {

constexpr int kMaxNesting = 100;  // messages within messages: graphs in If nodes nest by four

GraphRecord read_graph(onnx::GraphProto& proto, TensorReader& tensors);

std::string standard_domain(const std::string& domain) { return domain == "ai.onnx" ? "" : domain; }

// Old files leave the kind open: then the field that is there tells.
onnx::AttributeProto::AttributeType kind_of(const onnx::AttributeProto& a) {
  using A = onnx::AttributeProto;
  if (a.type() != A::UNDEFINED) return a.type();
  if (a.has_f()) return A::FLOAT;
  if (a.has_i()) return A::INT;
  if (a.has_s()) return A::STRING;
  if (a.has_t()) return A::TENSOR;
  if (a.has_g()) return A::GRAPH;
  if (a.floats_size() > 0) return A::FLOATS;
  if (a.strings_size() > 0) return A::STRINGS;
  return A::INTS;
}

void read_attribute(onnx::AttributeProto& a, NodeRecord& node, TensorReader& tensors) {
  using A = onnx::AttributeProto;
  switch (kind_of(a)) {
    case A::FLOAT:
      node.attrs[a.name()] = a.f();
      return;
    case A::INT:
      node.attrs[a.name()] = a.i();
      return;
    case A::STRING:
      node.attrs[a.name()] = a.s();
      return;
    case A::TENSOR:
      node.attrs[a.name()] = tensors.read(*a.mutable_t());
      return;
    case A::FLOATS:
      node.attrs[a.name()] = std::vector<float>(a.floats().begin(), a.floats().end());
      return;
    case A::INTS:
      node.attrs[a.name()] = std::vector<int64_t>(a.ints().begin(), a.ints().end());
      return;
    case A::STRINGS:
      node.attrs[a.name()] = std::vector<std::string>(a.strings().begin(), a.strings().end());
      return;
    case A::GRAPH:
      node.subgraphs[a.name()] = std::make_unique<GraphRecord>(read_graph(*a.mutable_g(), tensors));
      return;
    default:
      throw UserError(
          diagnostic(ErrorCode::E1013, "{}: attribute `{}` is of a kind that is not supported", node.op, a.name())
              .note("hint", "numbers, strings, tensors, lists of them and graphs are"));
  }
}

NodeRecord read_node(onnx::NodeProto& proto, size_t index, TensorReader& tensors) {
  NodeRecord node;
  node.op = proto.op_type();
  node.domain = standard_domain(proto.domain());
  node.index = index;
  node.inputs.assign(proto.input().begin(), proto.input().end());
  node.outputs.assign(proto.output().begin(), proto.output().end());
  const auto named = std::find_if(node.outputs.begin(), node.outputs.end(), [](const auto& o) { return !o.empty(); });
  node.name = !proto.name().empty()         ? proto.name()
              : named != node.outputs.end() ? *named
                                            : fmt::format("{}_{}", node.op, index);
  for (auto& a : *proto.mutable_attribute()) {
    try {
      read_attribute(a, node, tensors);
    } catch (const UserError& e) {
      node.problems.insert(node.problems.end(), e.diagnostics().begin(), e.diagnostics().end());
    }
  }
  return node;
}

ValueRecord read_value(const onnx::ValueInfoProto& proto) {
  ValueRecord v;
  v.name = proto.name();
  v.is_tensor = proto.type().has_tensor_type();
  v.type_code = proto.type().tensor_type().elem_type();
  v.has_shape = proto.type().tensor_type().has_shape();
  for (const auto& d : proto.type().tensor_type().shape().dim()) {
    DimRecord dim{-1, d.dim_param()};
    if (d.has_dim_value() && d.dim_value() > 0) dim.size = d.dim_value();  // some exporters write 0 or -1 for "open"
    v.dims.push_back(std::move(dim));
  }
  return v;
}

void read_initializer(onnx::TensorProto& proto, GraphRecord& graph, TensorReader& tensors) {
  InitializerRecord record;
  try {
    record.tensor = tensors.read(proto);
  } catch (const UserError& e) {
    record.problem = e.diagnostics();
  }
  if (!graph.initializers.emplace(proto.name(), std::move(record)).second) graph.doubled.push_back(proto.name());
}

GraphRecord read_graph(onnx::GraphProto& proto, TensorReader& tensors) {
  GraphRecord graph;
  graph.name = proto.name();
  for (auto& t : *proto.mutable_initializer()) read_initializer(t, graph, tensors);
  proto.clear_initializer();
  for (const auto& t : proto.sparse_initializer()) {
    const std::string& name = t.values().name();
    graph.initializers[name].problem = {diagnostic(ErrorCode::E1020, "tensor `{}` is stored sparsely", name)
                                            .note("hint", "export the model with dense weights")};
  }
  for (auto& n : *proto.mutable_node()) graph.nodes.push_back(read_node(n, graph.nodes.size(), tensors));
  for (const auto& v : proto.input()) graph.inputs.push_back(read_value(v));
  for (const auto& v : proto.output()) graph.outputs.push_back(read_value(v));
  return graph;
}

void parse(std::span<const std::byte> bytes, const std::string& file, onnx::ModelProto& model) {
  if (bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max()))
    throw UserError(
        diagnostic(ErrorCode::E1001, "`{}` has {} bytes; an ONNX file has less than 2 GiB", file, bytes.size())
            .note("hint", "save the model with external data"));
  google::protobuf::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                                            static_cast<int>(bytes.size()));
  in.SetTotalBytesLimit(std::numeric_limits<int>::max());
  in.SetRecursionLimit(kMaxNesting);
  if (!model.ParseFromCodedStream(&in) || !in.ConsumedEntireMessage())
    throw UserError(diagnostic(ErrorCode::E1001,
                               "`{}` is no complete ONNX model: parsing stops before its {} bytes end", file,
                               bytes.size())
                        .note("hint", "the file may be truncated or damaged: export or download it again"));
  if (!model.has_graph()) throw UserError(diagnostic(ErrorCode::E1001, "`{}` holds no graph", file));
}

}  // namespace

ModelRecord read_onnx(const Source& source) {
  ModelRecord record;
  record.file = source.path.empty() ? "model" : std::filesystem::path(source.path).filename().string();
  onnx::ModelProto model;
  if (source.path.empty() || !source.bytes.empty()) {
    parse(source.bytes, record.file, model);
  } else {
    const MappedFile file(source.path);  // unmapped once parsed: only the message is left
    parse(file.bytes(), record.file, model);
  }
  for (const auto& set : model.opset_import()) {
    const int64_t version = set.version();
    record.opsets[standard_domain(set.domain())] =
        version < 0 || version > std::numeric_limits<int>::max() ? 0 : static_cast<int>(version);
  }
  if (model.opset_import().empty() && model.ir_version() > 0 && model.ir_version() < 3) record.opsets[""] = 1;
  for (const auto& f : model.functions()) record.functions.insert(standard_domain(f.domain()) + "." + f.name());
  TensorReader tensors(source);
  record.graph = read_graph(*model.mutable_graph(), tensors);
  record.keep_alive = tensors.take_memory();
  return record;
}

}  // namespace tpuc::frontend
