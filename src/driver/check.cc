// Imports what can be imported, lowers it for each precision and asks the back end about every op. Compiles nothing.
#include "driver/check.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "driver/options.h"
#include "driver/pipeline.h"
#include "ops/cast.h"
#include "tpuc/frontend/onnx.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

constexpr std::array<Precision, 3> kPrecisions = {Precision::F32, Precision::F16, Precision::Bf16};

// What became of a foreign node, by precision.
struct Fate {
  std::set<DType> computed_in;  // element types of the ops made from it
  std::string why_not;          // the chip's reason, when an op has no kernel
};
using Fates = std::map<std::string, Fate, std::less<>>;

std::string name_of(const Op& op) { return op.out(0)->name; }

Fates ask_backend(const Graph& lowered, const Backend& backend, Precision precision) {
  Fates fates;
  for (const Op& op : lowered.ops()) {
    const Support support = backend.supports(op, dtype_of_floats(precision));
    const std::vector<std::string> nodes = op.loc.empty() ? std::vector{name_of(op)} : op.loc;
    for (const std::string& node : nodes) {
      Fate& fate = fates[node];
      if (!op.is<ops::Cast>()) fate.computed_in.insert(op.out(0)->type.dtype);
      if (!support.ok && fate.why_not.empty()) fate.why_not = fmt::format("{}: {}", op.name(), support.why);
    }
  }
  return fates;
}

// What a node becomes: a few operators in their order, many by their kinds.
std::string list_ops(const std::vector<std::string>& ops) {
  constexpr size_t kMostInOrder = 12;
  std::vector<std::pair<std::string, size_t>> kinds;
  for (const std::string& op : ops) {
    const auto same = std::find_if(kinds.begin(), kinds.end(), [&](const auto& k) { return k.first == op; });
    if (same == kinds.end() || ops.size() <= kMostInOrder)
      kinds.emplace_back(op, 1);
    else
      ++same->second;
  }
  std::string text;
  for (const auto& [op, count] : kinds)
    text += fmt::format("{}{}{}", text.empty() ? "" : ", ", count > 1 ? fmt::format("{} ", count) : "", op);
  return text;
}

NodeReport report_node(const ImportedNode& node) {
  NodeReport r{node.name, node.op, node.verdict != Verdict::Refused, {}, list_ops(node.becomes)};
  if (r.note.empty()) r.note = std::string(to_string(node.verdict));
  if (!node.reason.empty()) r.note = node.reason;
  return r;
}

// Graph text has no foreign nodes: its ops are the nodes.
std::vector<NodeReport> report_ops(const Graph& graph) {
  std::vector<NodeReport> out;
  for (const Op& op : graph.ops())
    for (const std::string& node : op.loc.empty() ? std::vector{name_of(op)} : op.loc)
      if (out.empty() || out.back().name != node) out.push_back({node, std::string(op.name()), true, {}, {}});
  return out;
}

// Adds what the chip says. A node that no op remembers has been folded away, or became part of another.
void add_fates(CheckReport& report, const std::array<Fates, kPrecisions.size()>& fates) {
  for (NodeReport& node : report.nodes) {
    for (size_t i = 0; i < kPrecisions.size(); ++i) {
      const auto found = fates[i].find(node.name);
      if (found == fates[i].end()) continue;
      if (!found->second.why_not.empty()) {
        node.supported = report.supported = false;
        node.note = found->second.why_not;
      } else {
        const DType asked = dtype_of_floats(kPrecisions[i]);
        const bool as_asked = std::all_of(found->second.computed_in.begin(), found->second.computed_in.end(),
                                          [&](DType t) { return t == asked || !is_float(t); });
        node.precisions += (node.precisions.empty() ? "" : " ") + std::string(to_string(kPrecisions[i]));
        if (!as_asked) node.precisions += "*";
      }
    }
  }
}

}  // namespace

CheckReport check_model(const ModelRequest& request, const PrecisionTable& table, const Backend& backend) {
  CheckReport report;
  if (format_of(request.source) == ModelFormat::Onnx) {
    OnnxCheck onnx = check_onnx(request.source, request.import);
    for (const ImportedNode& node : onnx.nodes) report.nodes.push_back(report_node(node));
    report.problems = std::move(onnx.problems);
    report.supported = report.problems.empty();
    if (!report.supported) return report;
  }
  std::array<Fates, kPrecisions.size()> fates;
  try {
    for (size_t i = 0; i < kPrecisions.size(); ++i) {
      PhaseClock clock;
      CompileOptions options;
      options.precision = kPrecisions[i];
      options.precision_table = table;
      Prepared lowered = prepare_lowered(request, options, backend, clock);
      Graph& graph = main_graph(lowered.module);
      if (report.nodes.empty()) report.nodes = report_ops(graph);
      fates[i] = ask_backend(graph, backend, kPrecisions[i]);
    }
  } catch (const UserError& e) {
    report.problems = e.diagnostics();
    report.supported = false;
    return report;
  }
  add_fates(report, fates);
  return report;
}

std::string to_text(const CheckReport& report, bool only_problems) {
  std::string out;
  size_t refused = 0, name_width = 4, op_width = 2;
  constexpr size_t kWidest = 48;
  for (const NodeReport& node : report.nodes) {
    name_width = std::max(name_width, std::min(node.name.size(), kWidest));
    op_width = std::max(op_width, std::min(node.op.size(), kWidest));
  }
  bool has_islands = false;
  for (const NodeReport& node : report.nodes) {
    has_islands |= node.precisions.find('*') != std::string::npos;
    refused += node.supported ? 0 : 1;
    if (only_problems && node.supported) continue;
    out += fmt::format("{:<{}}  {:<{}}  {:<15}  {}\n", node.name, name_width, node.op, op_width,
                       node.supported ? node.precisions.empty() ? "-" : node.precisions : "refused", node.note);
  }
  if (has_islands) out += "* computed in another type, between casts\n";
  return out + fmt::format("{} nodes, {} refused\n", report.nodes.size(), refused);
}

}  // namespace tpuc
