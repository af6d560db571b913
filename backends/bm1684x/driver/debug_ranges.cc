// See the header.
#include "backends/bm1684x/driver/debug_ranges.h"

#include <algorithm>
#include <map>

#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/driver/border.h"
#include "ops/weight_matmul.h"
#include "ops/work.h"

namespace tpuc::bm1684x {

namespace {

// One layer per compute (a tile of an op), in order. Of commands that a new group of streams parts, the later ones: ids
// begin anew, and what the layer makes is complete with these.
std::vector<bmodel::DebugLayer> layers_of(const Program& p) {
  std::vector<bmodel::DebugLayer> layers;
  for (const Compute& c : p.schedule.computes) {
    bmodel::DebugLayer l;
    l.name = c.op->out(0)->name;
    l.op = std::string(c.op->name());
    l.tile = c.tile;
    layers.push_back(std::move(l));
  }
  for (const Span& s : p.spans) {
    bmodel::DebugLayer& l = layers[static_cast<size_t>(s.compute)];
    if (l.group != s.group) l.tiu.clear(), l.gdma.clear();
    l.group = static_cast<uint32_t>(s.group);
    if (s.tiu_first > 0) l.tiu.push_back({s.tiu_first, s.tiu_last});
    if (s.gdma_first > 0) l.gdma.push_back({s.gdma_first, s.gdma_last});
  }
  return layers;
}

// Tensors that come to lie in DDR; complete with the last compute that stores a part.
std::vector<bmodel::DebugTensor> tensors_of(const Graph& graph, const Program& p) {
  const Aliases aliases(graph);
  std::map<int, const Value*> complete;  // by compute
  std::unordered_map<const Value*, int> last;
  for (const Store& x : p.schedule.stores) last[x.value] = x.slot;
  for (size_t i = 0; i < p.schedule.computes.size(); ++i)
    if (p.schedule.computes[i].in_ddr) last[p.schedule.computes[i].op->out(0)] = static_cast<int>(i);
  for (const auto& [value, slot] : last) complete[slot] = value;
  std::vector<bmodel::DebugTensor> tensors;
  for (const auto& [slot, value] : complete) {
    bmodel::DebugTensor t;
    t.name = value->name;
    t.type = data_type_of(value->type.dtype);
    for (const int64_t d : value->type.dims) t.shape.push_back(static_cast<uint64_t>(d));
    const Location at = aliases.find(value);
    if (const auto layout = p.ddr.layouts.find(at.root); layout == p.ddr.layouts.end()) {
      t.addr = p.ddr.address(value, aliases);
    } else {
      t.addr = p.ddr.root_address(at.root);
      t.first = static_cast<uint64_t>(at.offset_bytes / size_bytes(value->type.dtype));
      for (const DdrLayout::Axis& a : layout->second.axes())
        t.axes.emplace_back(static_cast<uint64_t>(a.extent), static_cast<uint64_t>(a.stride));
    }
    t.layer = static_cast<uint32_t>(slot);
    tensors.push_back(std::move(t));
  }
  return tensors;
}

// What each operator computes with, counted once however many tiles it has.
class Arithmetic {
 public:
  explicit Arithmetic(const Program& p) {
    const Op* last = nullptr;
    for (const Compute& c : p.schedule.computes) {
      if (c.in_ddr || c.op == last) continue;
      last = c.op;
      add(*c.op, p.widened.contains(c.op));
    }
  }
  void take(bmodel::DebugInfo& info) {
    info.elements = {elements_.begin(), elements_.end()};
    info.products = {products_.begin(), products_.end()};
    if (products_.contains("i8") || products_.contains("u8")) info.float_ops = std::move(float_ops_);
  }

 private:
  // `is_widened`: the kernel computes in f32 in local memory.
  void add(const Op& op, bool is_widened) {
    const Value& out = *op.out(0);
    const DType result = is_widened ? DType::F32 : out.type.dtype;
    elements_[std::string(to_string(result))] += static_cast<uint64_t>(element_count(out.type));
    const DType factor = op.in(0)->type.dtype;
    if (const int64_t count = ops::products_of(op); count > 0)
      products_[factors_of(op)] += static_cast<uint64_t>(count);
    const bool converts = op.name() == "cast" || op.name() == "quantize" || op.name() == "dequantize";
    if (is_float(factor) && is_float(result) && !converts)
      float_ops_.push_back(
          {op.loc.empty() ? out.name : op.loc.back(), std::string(op.name()), std::string(to_string(result))});
  }

  // "f16"; "w4f16" where the second factor is dequantized as it is multiplied.
  static std::string factors_of(const Op& op) {
    const std::string type(to_string(op.in(0)->type.dtype));
    return op.is<ops::WeightMatMul>() ? fmt::format("w{}{}", op.attrs<ops::WeightMatMul>().bits, type) : type;
  }

  std::map<std::string, uint64_t> elements_, products_;
  std::vector<bmodel::FloatOp> float_ops_;
};

}  // namespace

std::string debug_ranges(const Graph& graph, const Program& p, const std::vector<std::string>& border_notes) {
  bmodel::DebugInfo info;
  info.layers = layers_of(p);
  info.tensors = tensors_of(graph, p);
  info.notes = border_notes;
  for (const Value* v : graph.outputs())
    if (v->type.dims.empty()) info.scalars.push_back(v->name);
  Arithmetic(p).take(info);
  return bmodel::to_json(info);
}

std::vector<bmodel::WeightLocation> coefficient_locations(const Program& p) {
  std::vector<bmodel::WeightLocation> all;
  std::vector<bool> named(p.schedule.blocks.size());
  for (const Image& im : p.schedule.images) {  // a block is called like the first of its images
    const auto i = static_cast<size_t>(im.block);
    if (named[i]) continue;
    named[i] = true;
    const ImageBlock& block = p.schedule.blocks[i];
    all.push_back({fmt::format("{}.{}", im.op->out(0)->name, im.region.begin[1]),
                   static_cast<uint64_t>(p.ddr.coefficients.blocks[i]),
                   static_cast<uint64_t>(align_up(block.lane_bytes * block.lanes, kDdrAlign))});
  }
  for (const auto& [value, offset] : p.ddr.coefficients.tensors)
    all.push_back({value->name, static_cast<uint64_t>(offset),
                   static_cast<uint64_t>(align_up(byte_count(value->type), kDdrAlign))});
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.offset_bytes < b.offset_bytes; });
  return all;
}

}  // namespace tpuc::bm1684x
