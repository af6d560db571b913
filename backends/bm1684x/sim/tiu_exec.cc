// The frame around every TIU command: legality, bounds, written bytes, overlap of operands and result, lane mask.
#include "backends/bm1684x/sim/tiu_exec.h"

#include <vector>

#include "backends/bm1684x/sim/tiu_context.h"
#include "tpuc/numerics/fp_env.h"

namespace tpuc::bm1684x {
namespace {

// Calls fn(offset, bytes) for runs of consecutive bytes that cover the view; repeated elements come once.
template <class Fn>
void for_each_run(TensorView v, Fn&& fn) {
  if (v.space != Space::Local) {
    fn(v.address, v.w * v.elem_bytes);
    return;
  }
  if (v.ns == 0) v.n = 1;
  if (v.hs == 0) v.h = 1;
  if (v.ws == 0) v.w = 1;
  if (v.cs == 0) v.c = std::min<uint64_t>(v.c, kLaneCount);
  const bool dense = v.w == 1 || v.ws == 1;
  if (dense && (v.h == 1 || v.hs == v.w)) {
    v.w *= v.h;
    v.h = 1;
  }
  for (uint64_t n = 0; n < v.n; ++n)
    for (uint64_t c = 0; c < v.c; ++c)
      for (uint64_t h = 0; h < v.h; ++h) {
        const uint64_t row = v.at(n, c) + h * v.hs * v.elem_bytes;
        if (dense) {
          fn(row, v.w * v.elem_bytes);
        } else {
          for (uint64_t w = 0; w < v.w; ++w) fn(row + w * v.ws * v.elem_bytes, v.elem_bytes);
        }
      }
}

constexpr double kMaxElements = 1 << 26;  // four times the bytes of local memory

void check_bounds(const Machine& machine, const OperandViews& views) {
  for (const auto* view : {&views.a, &views.b, &views.c, &views.d, &views.res, &views.res1}) {
    if (!*view) continue;
    if (const std::string why = why_out_of_bounds(**view); !why.empty()) machine.trap(ErrorCode::E6101, why);
    const TensorView& v = **view;  // small strides make endless tensors fit
    const double elements = static_cast<double>(v.n) * static_cast<double>(v.c) * static_cast<double>(v.h * v.w);
    if (elements > kMaxElements)
      machine.trap(ErrorCode::E6102,
                   fmt::format("a tensor of {:.3g} elements is more than local memory holds", elements));
  }
}

void check_written(Machine& machine, const OperandViews& views) {
  const auto check = [&](const TensorView& v) {
    for_each_run(v, [&](uint64_t offset, uint64_t size) { machine.check_written(v.space, offset, size); });
  };
  if (views.a && !views.loose_a) check(*views.a);
  if (views.b && !views.loose_b) check(*views.b);
  if (views.c) check(*views.c);
  if (views.d) check(*views.d);
  if (views.res && views.reads_result) check(*views.res);
  for (const TensorView& v : views.exact) check(v);
}

std::vector<ByteRegion> boxes(std::initializer_list<const std::optional<TensorView>*> views) {
  std::vector<ByteRegion> out;
  for (const auto* view : views)
    if (*view) append_regions(**view, out);
  return out;
}

bool any_overlap(const std::vector<ByteRegion>& a, const std::vector<ByteRegion>& b) {
  for (const ByteRegion& x : a)
    for (const ByteRegion& y : b)
      if (overlap(x, y)) return true;
  return false;
}

// Whether reading element by element, just before writing the same element, could see a new value.
bool needs_copy(const OperandViews& views) {
  const std::vector<ByteRegion> written = boxes({&views.res, &views.res1});
  for (const auto* view : {&views.a, &views.b, &views.c, &views.d}) {
    if (!*view || *view == views.res) continue;
    if (any_overlap(boxes({view}), written)) return true;
  }
  return views.res1 && any_overlap(boxes({&views.res}), boxes({&views.res1}));
}

// Results of element-wise commands may lie on an operand of the same layout; the others read whole rows or windows.
bool is_elementwise(const TiuInstr& instr) {
  return std::holds_alternative<Ar>(instr) || std::holds_alternative<Cmp>(instr) ||
         std::holds_alternative<Lin>(instr) || std::holds_alternative<RqDq>(instr) ||
         std::holds_alternative<Sfu>(instr);
}

// Bytes of the results in lanes that the mask protects, to be put back afterwards.
class ProtectedLanes {
 public:
  ProtectedLanes(Machine& machine, const OperandViews& views, uint64_t mask) : machine_(machine) {
    if (mask == ~uint64_t{0}) return;
    for (const ByteRegion& r : boxes({&views.res, &views.res1}))
      for (uint64_t lane = 0; lane < kLaneCount; ++lane)
        if ((r.lanes & ~mask) >> lane & 1) {
          const uint8_t* p = machine.lane(static_cast<int>(lane));
          saved_.push_back({lane * kLaneBytes + r.begin, {p + r.begin, p + r.end}});
        }
  }
  void restore() const {
    for (const auto& [offset, bytes] : saved_) std::memcpy(machine_.local() + offset, bytes.data(), bytes.size());
  }

 private:
  Machine& machine_;
  std::vector<std::pair<uint64_t, std::vector<uint8_t>>> saved_;
};

void mark_results(Machine& machine, const OperandViews& views, uint64_t mask) {
  for (const auto* view : {&views.res, &views.res1}) {
    if (!*view) continue;
    for_each_run(**view, [&](uint64_t offset, uint64_t size) {
      if (mask >> (offset / kLaneBytes) & 1) machine.mark_written(Space::Local, offset, size);
    });
  }
}

// Local memory as it was, but only where operands lie; the rest of the copy stays untouched zero pages.
std::unique_ptr<Memory> copy_operands(const Machine& machine, const OperandViews& views) {
  auto copy = std::make_unique<Memory>(kLocalBytes, uint8_t{0});
  for (const ByteRegion& r : boxes({&views.a, &views.b, &views.c, &views.d, &views.res})) {
    if (r.space != Space::Local) continue;
    for (uint64_t lane = 0; lane < kLaneCount; ++lane)
      if (r.lanes >> lane & 1) {
        const uint64_t at = lane * kLaneBytes + r.begin;
        std::memcpy(copy->data() + at, machine.memory(Space::Local).data() + at, r.end - r.begin);
      }
  }
  return copy;
}

}  // namespace

void TiuContext::parallel(size_t count, const std::function<void(size_t)>& fn, uint64_t work) const {
  constexpr uint64_t kWorthThreads = 1 << 15;
  if (work < kWorthThreads) {  // the caller's thread has the mode already
    for (size_t k = 0; k < count; ++k) fn(k);
    return;
  }
  pool.parallel_for(count, [&](size_t k) {
    const FlushDenormals mode;
    fn(k);
  });
}

void exec(const TiuContext&, const SysId&) {}

void exec_tiu(Machine& machine, ThreadPool& pool, const TiuInstr& instr) {
  if (const std::string why = why_illegal(instr); !why.empty()) machine.trap(ErrorCode::E6102, why);
  const OperandViews views = views_of(instr);
  check_bounds(machine, views);
  check_written(machine, views);
  std::unique_ptr<Memory> copy;
  const bool same_place = (views.a && views.a == views.res) || (views.b && views.b == views.res);
  if (needs_copy(views) || (same_place && !is_elementwise(instr))) copy = copy_operands(machine, views);
  const uint64_t mask = head_of(instr).lane_mask;
  const ProtectedLanes protected_lanes(machine, views, mask);
  const TiuContext context{machine, pool, views, copy ? copy->data() : machine.local(), machine.local()};
  {
    const FlushDenormals mode;
    std::visit([&](const auto& i) { exec(context, i); }, instr);
  }
  protected_lanes.restore();
  mark_results(machine, views, mask);
}

}  // namespace tpuc::bm1684x
