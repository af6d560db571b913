// Input shapes from the file, the options and the sample, in this order of trust: options, sample, file; none may
// contradict a dimension that the file fixes.
#include "frontends/onnx/inputs.h"

#include <algorithm>
#include <optional>

#include "ops/import.h"

namespace tpuc::frontend {

namespace {

class InputTyper {
 public:
  InputTyper(const GraphRecord& graph, const std::set<std::string>& used, const ImportOptions& options,
             std::vector<Diagnostic>& problems)
      : graph_(graph), used_(used), options_(options), problems_(problems) {}
  std::map<std::string, TensorType> run();

 private:
  void check_names();
  std::optional<Dims> said_shape(const ValueRecord& v) const;
  void bind_symbols(const ValueRecord& v);
  void type(const ValueRecord& v);
  std::optional<Dims> shape_of(const ValueRecord& v);

  const GraphRecord& graph_;
  const std::set<std::string>& used_;
  const ImportOptions& options_;
  std::vector<Diagnostic>& problems_;
  std::map<std::string, int64_t> symbols_;
  std::map<std::string, TensorType> types_;
};

std::string show(const ValueRecord& v) {
  std::string text = "[";
  for (const DimRecord& d : v.dims)
    text += fmt::format("{}{}", text.size() > 1 ? "," : "",
                        d.size >= 0        ? fmt::format("{}", d.size)
                        : d.symbol.empty() ? "?"
                                           : d.symbol);
  return text + "]";
}

void InputTyper::check_names() {
  std::string known;
  for (const auto& v : graph_.inputs)
    if (graph_.initializers.count(v.name) == 0) known += (known.empty() ? "`" : ", `") + v.name + "`";
  const auto check = [&](const std::string& name) {
    const bool is_input =
        std::any_of(graph_.inputs.begin(), graph_.inputs.end(), [&](const auto& v) { return v.name == name; });
    if (!is_input)
      problems_.push_back(
          diagnostic(ErrorCode::E1022, "the model has no input `{}`", name).note("hint", "its inputs are " + known));
  };
  for (const auto& [name, dims] : options_.input_shapes) check(name);
  for (const auto& [name, value] : options_.input_values) check(name);
}

// A value's shape counts only where the file leaves it open: `--input-value sr=16000` says nothing of the rank.
std::optional<Dims> InputTyper::said_shape(const ValueRecord& v) const {
  const std::string& name = v.name;
  const bool is_open =
      !v.has_shape || std::any_of(v.dims.begin(), v.dims.end(), [](const DimRecord& d) { return d.size < 0; });
  const auto value = options_.input_values.find(name);
  if (value != options_.input_values.end()) return is_open ? std::optional<Dims>(value->second.dims()) : std::nullopt;
  if (const auto it = options_.input_shapes.find(name); it != options_.input_shapes.end()) return it->second;
  if (const auto it = options_.like.find(name); it != options_.like.end()) return it->second.dims();
  return std::nullopt;
}

void InputTyper::bind_symbols(const ValueRecord& v) {
  const auto said = said_shape(v);
  if (!said || said->size() != v.dims.size()) return;
  for (size_t i = 0; i < v.dims.size(); ++i)
    if (v.dims[i].size < 0 && !v.dims[i].symbol.empty()) symbols_.emplace(v.dims[i].symbol, (*said)[i]);
}

std::optional<Dims> InputTyper::shape_of(const ValueRecord& v) {
  const auto said = said_shape(v);
  if (said && v.has_shape) {
    bool agrees = said->size() == v.dims.size();
    for (size_t i = 0; agrees && i < v.dims.size(); ++i) agrees = v.dims[i].size < 0 || v.dims[i].size == (*said)[i];
    if (!agrees) {
      problems_.push_back(diagnostic(ErrorCode::E1022, "input `{}` was given the shape {}, the model fixes {}", v.name,
                                     to_string(*said), show(v)));
      return std::nullopt;
    }
  }
  if (said) return said;
  if (!v.has_shape) {
    problems_.push_back(diagnostic(ErrorCode::E1017, "input `{}` has no shape in the file", v.name)
                            .note("hint", fmt::format("--input-shape {}=...", v.name)));
    return std::nullopt;
  }
  Dims dims;
  bool open = false;
  for (size_t i = 0; i < v.dims.size(); ++i) {
    const DimRecord& d = v.dims[i];
    const auto bound = symbols_.find(d.symbol);
    dims.push_back(d.size >= 0 ? d.size : bound != symbols_.end() ? bound->second : -1);
    if (dims.back() >= 0) continue;
    open = true;
    problems_.push_back(diagnostic(ErrorCode::E1017, "input `{}` {}: dimension {}{} is not fixed", v.name, show(v), i,
                                   d.symbol.empty() ? "" : fmt::format(" (`{}`)", d.symbol))
                            .note("hint", fmt::format("--input-shape {}=..., or a sample with --like", v.name)));
  }
  if (open) return std::nullopt;
  return dims;
}

void InputTyper::type(const ValueRecord& v) {
  const auto dtype = ops::onnx_dtype(v.type_code);
  if (!v.is_tensor || !dtype) {
    problems_.push_back(diagnostic(ErrorCode::E1020, "input `{}` is {}", v.name,
                                   v.is_tensor ? ops::onnx_type_name(v.type_code) : "no tensor"));
    return;
  }
  const auto dims = shape_of(v);
  if (!dims) return;
  if (!is_sane(*dims, *dtype)) {
    problems_.push_back(
        diagnostic(ErrorCode::E1023, "input `{}` would be {}{}", v.name, to_string(*dtype), to_string(*dims)));
    return;
  }
  types_[v.name] = {*dtype, *dims, {}};
}

std::map<std::string, TensorType> InputTyper::run() {
  check_names();
  for (const auto& v : graph_.inputs) bind_symbols(v);
  for (const auto& v : graph_.inputs)
    if (used_.count(v.name) != 0 &&
        (graph_.initializers.count(v.name) == 0 || options_.input_values.count(v.name) != 0))
      type(v);
  return std::move(types_);
}

}  // namespace

std::map<std::string, TensorType> type_inputs(const GraphRecord& graph, const std::set<std::string>& used,
                                              const ImportOptions& options, std::vector<Diagnostic>& problems) {
  return InputTyper(graph, used, options, problems).run();
}

}  // namespace tpuc::frontend
