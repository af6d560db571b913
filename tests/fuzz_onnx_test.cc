// Hostile ONNX models through the whole compiler: a sound random graph is damaged where it means something (types,
// shapes, attributes, wiring, opsets) or in its bytes. Every answer must be a result or numbered errors, soon; never a
// crash, a hang or a "bug in tpuc". A failure prints its seed:
//   TPUC_SEED=N           the first case (default 1)      TPUC_FUZZ_CASES=N   how many (default 1500)
//   TPUC_FUZZ_SAVE=FILE   where each case is written before it is tried: the last one is the one that crashed
#include <catch2/catch.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>

#include "frontends/onnx/model_builder.h"
#include "fuzz_vocabulary.h"
#include "tpuc/support/file.h"
#include "tpuc/tpuc.h"

namespace tpuc::test {
namespace {

constexpr double kMostSeconds = 20;  // of one case, on a busy machine under the sanitizers

uint64_t setting(const char* name, uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  int64_t below(int64_t n) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(n)); }
  bool one_in(int64_t n) { return below(n) == 0; }
  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[static_cast<size_t>(below(static_cast<int64_t>(list.size())))];
  }

 private:
  std::mt19937_64 engine_;
};

// A chain with side branches over images [1,C,H,W]: every operator is used as its definition says.
class SoundModel {
 public:
  explicit SoundModel(Random& random) : r_(random), b_(7 + random.below(12)) {
    channels_ = 1 + r_.below(4);
    b_.input("x", {1, channels_, 4 + r_.below(5), 4 + r_.below(5)});
    names_ = {"x"};
    for (int64_t i = 1 + r_.below(8); i > 0; --i) step();
    b_.output(names_.back());
    if (r_.one_in(3)) b_.output(r_.pick(names_));
  }
  ModelBuilder& builder() { return b_; }

 private:
  std::string fresh() { return "v" + std::to_string(next_++); }
  std::string floats(const std::vector<int64_t>& dims) {
    int64_t count = 1;
    for (const int64_t d : dims) count *= d;
    std::vector<float> values(static_cast<size_t>(count));
    for (float& v : values) v = static_cast<float>(r_.below(33) - 16) / 8.0f;
    const std::string name = fresh();
    b_.floats(name, dims, values);
    return name;
  }
  std::string ints(const std::vector<int64_t>& values) {
    const std::string name = fresh();
    b_.ints(name, {static_cast<int64_t>(values.size())}, values);
    return name;
  }
  ModelBuilder& node(const std::string& op, std::vector<std::string> in, bool keeps_shape = true) {
    const std::string out = fresh();
    b_.node(op, in, {out});
    if (keeps_shape) names_.push_back(out);
    return b_;
  }

  void step() {
    const std::string x = names_.back();
    const int64_t out = 1 + r_.below(4);
    switch (r_.below(17)) {
      case 14:
        return recur(x);
      case 15:
        return convolve_volume(x);
      case 16:
        return pick_and_sum(x);
      case 12:
        return quantize(x);
      case 13:
        return project(x);
      case 0:
        node("Conv", {x, floats({out, channels_, 3, 3}), floats({out})}).attr("pads", std::vector<int64_t>{1, 1, 1, 1});
        channels_ = out;
        return;
      case 1:
        node("ConvTranspose", {x, floats({channels_, out, 2, 2})}).attr("strides", std::vector<int64_t>{2, 2});
        channels_ = out;
        return;
      case 2:
        node(r_.pick<std::string>({"Relu", "Sigmoid", "Tanh", "Exp", "Abs", "Neg", "Identity", "Erf"}), {x});
        return;
      case 3:
        node(r_.pick<std::string>({"Add", "Sub", "Mul", "Div", "Pow"}), {x, floats({channels_, 1, 1})});
        return;
      case 4:
        node("MaxPool", {x})
            .attr("kernel_shape", std::vector<int64_t>{2, 2})
            .attr("pads", std::vector<int64_t>{0, 0, 1, 1});
        return;
      case 5:
        node("Transpose", {x}, false).attr("perm", std::vector<int64_t>{0, 1, 3, 2});
        node("Transpose", {"v" + std::to_string(next_ - 1)}).attr("perm", std::vector<int64_t>{0, 1, 3, 2});
        return;
      case 6:
        node("Reshape", {x, ints({1, channels_, 1, -1})});
        return;
      case 7:
        node("Slice", {x, ints({0}), ints({2}), ints({2}), ints({1})});
        return;
      case 8:
        node("Concat", {x, x}).attr("axis", int64_t{3});
        return;
      case 9:
        node("Gather", {x, ints({0, 0, 1})}).attr("axis", int64_t{3});
        return;
      case 10:
        node("Softmax", {x}).attr("axis", r_.below(4));
        return;
      default:
        node("GlobalAveragePool", {x});
        return;
    }
  }

  // Through 8 bits and back.
  void quantize(const std::string& x) {
    const std::string scale = fresh(), zero = fresh();
    b_.floats(scale, {}, {0.125f});
    b_.tensor(zero, {}, r_.one_in(2) ? onnx::TensorProto::UINT8 : onnx::TensorProto::INT8).add_int32_data(3);
    node("QuantizeLinear", {x, scale, zero}, false);
    node("DequantizeLinear", {"v" + std::to_string(next_ - 1), scale, zero});
  }
  // A product with a matrix that arrives quantized, in blocks or by columns.
  void project(const std::string& x) {
    const int64_t blocks = 1 + r_.below(3);
    const std::string flat = fresh(), weights = fresh(), scale = fresh();
    b_.node("Reshape", {x, ints({1, -1, 6})}, {flat});
    auto& t = b_.tensor(weights, {6, channels_}, r_.one_in(2) ? onnx::TensorProto::INT8 : onnx::TensorProto::UINT8);
    for (int64_t i = 0; i < 6 * channels_; ++i) t.add_int32_data(static_cast<int32_t>(r_.below(100)));
    b_.floats(scale, {blocks, channels_}, std::vector<float>(static_cast<size_t>(blocks * channels_), 0.01f));
    node("DequantizeLinear", {weights, scale}, false).attr("axis", int64_t{0}).attr("block_size", 6 / blocks);
    node("MatMul", {flat, "v" + std::to_string(next_ - 1)}, false);
    node("Reshape", {"v" + std::to_string(next_ - 1), ints({1, channels_, 1, -1})});
  }

  // A few elements as a sequence, its states' mean as the next image.
  void recur(const std::string& x) {
    const int64_t hidden = 1 + r_.below(3), directions = 1 + r_.below(2);
    const std::string op = r_.pick<std::string>({"LSTM", "GRU", "RNN"});
    const int64_t gates = op == "LSTM" ? 4 : op == "GRU" ? 3 : 1;
    const std::string all = fresh(), few = fresh(), sequence = fresh(), states = fresh(), mean = fresh();
    b_.node("Reshape", {x, ints({-1})}, {all});
    b_.node("Slice", {all, ints({0}), ints({3})}, {few});
    b_.node("Reshape", {few, ints({-1, 1, 1})}, {sequence});
    b_.node(op,
            {sequence, floats({directions, gates * hidden, 1}), floats({directions, gates * hidden, hidden}),
             floats({directions, 2 * gates * hidden})},
            {states});
    b_.attr("hidden_size", hidden).attr("direction", std::string(directions == 2 ? "bidirectional" : "reverse"));
    b_.node("Transpose", {states}, {mean}).attr("perm", std::vector<int64_t>{2, 1, 3, 0});
    channels_ = directions * hidden;
    node("Reshape", {mean, ints({1, channels_, 1, -1})});
  }
  void convolve_volume(const std::string& x) {
    const int64_t out = 1 + r_.below(3);
    const std::string volume = fresh(), sums = fresh(), most = fresh();
    b_.node("Reshape", {x, ints({1, channels_, 2, 1, -1})}, {volume});
    b_.node("Conv", {volume, floats({out, channels_, 2, 1, 3})}, {sums})
        .attr("pads", std::vector<int64_t>{1, 0, 1, 1, 0, 1});
    b_.node("MaxPool", {sums}, {most}).attr("kernel_shape", std::vector<int64_t>{2, 1, 2});
    channels_ = out;
    node("Reshape", {most, ints({1, channels_, 1, -1})});
  }
  void pick_and_sum(const std::string& x) {
    const std::string best = fresh(), place = fresh();
    b_.node("TopK", {x, ints({1})}, {best, place}).attr("axis", int64_t{3});
    if (r_.one_in(2)) node("GridSample", {x, floats({1, 3, 2, 2})}, false);
    node("CumSum", {best, ints({1})});
  }

  Random& r_;
  ModelBuilder b_;
  std::vector<std::string> names_;
  int64_t channels_ = 1, next_ = 0;
};

// One damage each; which one is drawn.
class Damage {
 public:
  Damage(Random& random, onnx::ModelProto& model) : r_(random), model_(model), graph_(*model.mutable_graph()) {}

  void apply() {
    switch (r_.below(18)) {
      case 16:
        return absent_input();
      case 17:
        return operator_of_any_kind();
      case 0:
        return rewire();
      case 1:
        return duplicate_name();
      case 2:
        return shape_of(*graph_.mutable_input(0)->mutable_type()->mutable_tensor_type());
      case 3:
        graph_.mutable_input(0)->mutable_type()->mutable_tensor_type()->set_elem_type(odd_type());
        return;
      case 4:
      case 5:
        return initializer();
      case 6:
      case 7:
      case 8:
        return attribute();
      case 9:
        if (has_nodes()) node().set_op_type(r_.pick(operator_names()));
        return;
      case 10:
        return opset();
      case 11:
        return inputs_of_node();
      case 12:
        return branch();
      case 13:
        return outputs();
      case 14:
        if (has_nodes()) node().set_domain(r_.pick<std::string>({"", "ai.onnx", "com.microsoft", "x"}));
        return;
      default:
        if (has_nodes()) *graph_.add_node() = node();  // defined twice
        return;
    }
  }

 private:
  bool has_nodes() const { return graph_.node_size() > 0; }
  onnx::NodeProto& node() { return *graph_.mutable_node(static_cast<int>(r_.below(graph_.node_size()))); }
  int32_t odd_type() { return static_cast<int32_t>(r_.below(24) - 1); }
  int64_t odd_number() { return r_.one_in(3) ? r_.below(9) - 4 : r_.pick(kNumbers); }
  std::string any_name() {
    if (r_.one_in(8)) return r_.pick<std::string>({"", "nobody", "x", std::string("\xff\0z", 3)});
    if (graph_.initializer_size() > 0 && r_.one_in(3))
      return graph_.initializer(static_cast<int>(r_.below(graph_.initializer_size()))).name();
    if (!has_nodes()) return "x";
    const onnx::NodeProto& n = node();
    return n.output_size() > 0 ? n.output(0) : "x";
  }

  void absent_input() {
    if (!has_nodes()) return;
    onnx::NodeProto& n = node();
    for (auto& name : *n.mutable_input())
      if (r_.one_in(2)) name.clear();
  }
  // With operands that are there, but of no kind it is made for.
  void operator_of_any_kind() {
    if (!has_nodes()) return;
    onnx::NodeProto& n = node();
    n.set_op_type(r_.pick(operator_names()));
    if (r_.one_in(8)) n.set_domain("com.microsoft");
    n.clear_attribute();
    while (n.input_size() < r_.below(6)) n.add_input(r_.one_in(6) ? "" : any_name());
  }

  void rewire() {
    if (!has_nodes()) return;
    onnx::NodeProto& n = node();
    if (n.input_size() == 0 || r_.one_in(6))
      n.add_input(any_name());
    else
      n.set_input(static_cast<int>(r_.below(n.input_size())), any_name());
  }
  void duplicate_name() {
    if (r_.one_in(2) && graph_.initializer_size() > 0)
      *graph_.add_initializer() = graph_.initializer(static_cast<int>(r_.below(graph_.initializer_size())));
    else if (has_nodes())
      for (auto& name : *node().mutable_output()) name = any_name();
  }
  void shape_of(onnx::TypeProto_Tensor& type) {
    if (r_.one_in(6)) return type.clear_shape();
    if (r_.one_in(6)) type.mutable_shape()->add_dim()->set_dim_value(odd_number());
    for (auto& dim : *type.mutable_shape()->mutable_dim())
      if (r_.one_in(3)) dim.set_dim_value(odd_number());
  }
  void initializer() {
    if (graph_.initializer_size() == 0) return;
    auto& t = *graph_.mutable_initializer(static_cast<int>(r_.below(graph_.initializer_size())));
    switch (r_.below(7)) {
      case 6:  // no elements
        t.clear_dims();
        t.add_dims(0);
        t.clear_float_data();
        t.clear_int64_data();
        t.clear_int32_data();
        return;
      case 0:
        t.set_data_type(odd_type());
        return;
      case 1:
        t.add_dims(odd_number());
        return;
      case 2:
        for (auto& dim : *t.mutable_dims()) dim = odd_number();
        return;
      case 3:
        for (auto& value : *t.mutable_int64_data()) value = odd_number();
        for (auto& value : *t.mutable_float_data()) value = r_.pick(kFloats);
        for (auto& value : *t.mutable_int32_data()) value = static_cast<int32_t>(odd_number());
        return;
      case 4: {
        t.set_data_location(onnx::TensorProto::EXTERNAL);
        auto* entry = t.add_external_data();
        entry->set_key("location");
        entry->set_value(r_.pick<std::string>({"", "../../etc/passwd", "/etc/passwd", "w.bin", "."}));
        for (const char* key : {"offset", "length"}) {
          auto* number = t.add_external_data();
          number->set_key(key);
          number->set_value(r_.one_in(3) ? "x" : std::to_string(odd_number()));
        }
        return;
      }
      default:
        t.set_raw_data(std::string(static_cast<size_t>(r_.below(70)), '\x7f'));
        return;
    }
  }
  void attribute() {
    if (!has_nodes()) return;
    onnx::NodeProto& n = node();
    if (n.attribute_size() == 0 || r_.one_in(4)) {
      n.add_attribute()->set_name(r_.pick(attribute_names()));
    } else if (r_.one_in(6)) {
      return n.clear_attribute();
    }
    auto& a = *n.mutable_attribute(static_cast<int>(r_.below(n.attribute_size())));
    if (r_.one_in(2)) a.set_type(static_cast<onnx::AttributeProto::AttributeType>(r_.below(12)));
    a.set_i(odd_number());
    a.set_f(r_.pick(kFloats));
    if (r_.one_in(2)) a.add_ints(odd_number());
    for (auto& value : *a.mutable_ints())
      if (r_.one_in(2)) value = odd_number();
    if (r_.one_in(4)) a.set_s(r_.pick<std::string>({"", "SAME_UPPER", "linear", "\xff"}));
  }
  void opset() {
    if (r_.one_in(5) || model_.opset_import_size() == 0) return model_.clear_opset_import();
    model_.mutable_opset_import(0)->set_version(r_.one_in(2) ? 1 + r_.below(25) : odd_number());
    if (r_.one_in(5)) model_.mutable_opset_import(0)->set_domain("other");
  }
  void inputs_of_node() {
    if (!has_nodes()) return;
    onnx::NodeProto& n = node();
    if (r_.one_in(3)) return n.clear_input();
    if (n.input_size() > 0) n.mutable_input()->RemoveLast();
  }
  // Graphs within graphs, deeper than anybody means it.
  void branch() {
    onnx::GraphProto inner;
    const bool deep = r_.one_in(4);
    for (int64_t depth = deep ? 40 : 1 + r_.below(3); depth > 0; --depth) {
      onnx::GraphProto outer;
      auto* n = outer.add_node();
      n->set_op_type(r_.pick<std::string>({"If", "If", "Loop", "Scan"}));
      n->add_input(any_name());
      n->add_output(any_name());
      for (const char* name : {"then_branch", "else_branch", "body"}) {
        if (deep && name[0] != 't') continue;
        auto* a = n->add_attribute();
        a->set_name(name);
        a->set_type(onnx::AttributeProto::GRAPH);
        *a->mutable_g() = inner;
      }
      outer.add_output()->set_name(n->output(0));
      inner = outer;
    }
    if (inner.node_size() > 0) *graph_.add_node() = inner.node(0);
  }
  void outputs() {
    if (r_.one_in(4)) return graph_.clear_output();
    graph_.add_output()->set_name(any_name());
  }

  inline static const std::vector<int64_t> kNumbers{
      0, -1, 1 << 16, INT32_MAX, int64_t{1} << 32, int64_t{1} << 40, int64_t{1} << 62, INT64_MAX, INT64_MIN};
  inline static const std::vector<float> kFloats{0.0f, -1.0f, 1e30f, 1e-30f, INFINITY, -INFINITY, NAN};

  Random& r_;
  onnx::ModelProto& model_;
  onnx::GraphProto& graph_;
};

void damage_bytes(Random& r, std::string& bytes) {
  for (int64_t k = 1 + r.below(4); k > 0 && !bytes.empty(); --k) {
    const auto at = static_cast<size_t>(r.below(static_cast<int64_t>(bytes.size())));
    switch (r.below(5)) {
      case 0:
        bytes.resize(at);
        break;
      case 1:
        bytes.insert(at, bytes.substr(static_cast<size_t>(r.below(static_cast<int64_t>(bytes.size()))), 16));
        break;
      case 2:
        bytes.erase(at, static_cast<size_t>(1 + r.below(8)));
        break;
      default:
        bytes[at] = static_cast<char>(r.below(256));
    }
  }
}

// What must not happen, or nothing.
template <class T>
std::string fault_of(const Result<T>& result) {
  if (result.ok()) return {};
  if (result.failure().bug) return "bug: " + render(result.failure().diagnostics.at(0));
  return result.failure().diagnostics.empty() ? "a failure without a diagnostic" : "";
}

std::string try_model(const std::string& bytes, uint64_t seed, size_t& accepted) {
  Source source;
  source.bytes = std::as_bytes(std::span(bytes));
  Options options;
  constexpr Precision kPrecisions[] = {Precision::F32, Precision::F16, Precision::Bf16, Precision::Int8};
  options.precision = kPrecisions[seed % 4];
  options.io = seed % 3 == 0 ? Io::Native : Io::F32;
  options.threads = 1;
  const Result<CheckReport> report = check(source, options);
  if (std::string fault = fault_of(report); !fault.empty()) return "check: " + fault;
  const Result<Artifact> artifact = compile(source, options);
  if (std::string fault = fault_of(artifact); !fault.empty()) return "compile: " + fault;
  accepted += artifact.ok() ? 1 : 0;
  return {};
}

}  // namespace

TEST_CASE("hostile ONNX models end in a result or in numbered errors", "[fuzz]") {
  const uint64_t first = setting("TPUC_SEED", 1), count = setting("TPUC_FUZZ_CASES", 1500);
  size_t accepted = 0;
  double slowest = 0;
  uint64_t slowest_seed = first;
  for (uint64_t seed = first; seed < first + count; ++seed) {
    Random random(seed);
    SoundModel sound(random);
    const int64_t damages = random.below(4);
    for (int64_t i = 0; i < damages; ++i) Damage(random, sound.builder().model).apply();
    std::string bytes = sound.builder().model.SerializeAsString();
    if (random.one_in(5)) damage_bytes(random, bytes);
    if (const char* file = std::getenv("TPUC_FUZZ_SAVE")) write_text_file(file, bytes);
    const auto start = std::chrono::steady_clock::now();
    const std::string fault = try_model(bytes, seed, accepted);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    if (took.count() > slowest) slowest = took.count(), slowest_seed = seed;
    INFO("TPUC_SEED=" << seed);
    CHECK(fault == "");
    CHECK(took.count() < kMostSeconds);
  }
  WARN("seeds " << first << " to " << first + count - 1 << ": " << accepted << " models compiled, slowest case "
                << slowest << " s (TPUC_SEED=" << slowest_seed << ")");
  CHECK(accepted > count / 20);
}

}  // namespace tpuc::test
