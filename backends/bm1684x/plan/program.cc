// plan groups and tiles -> schedule -> local addresses -> DDR addresses -> commands -> packed constants.
#include "backends/bm1684x/plan/program.h"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "backends/bm1684x/alloc/local_alloc.h"
#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/sched/builder.h"
#include "tpuc/support/check.h"
#include "tpuc/support/pages.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc::bm1684x {

namespace {

// How many steps loads may run ahead of their computes: far enough to overlap, not so far that memory for the next is
// taken. Which is best only the finished streams show.
constexpr int kAheadSlots[] = {8, 12, 16, 32};
constexpr size_t kMostTriedSteps = 50'000;  // longer schedules take the first

// Walks the schedule and emits each step; addresses come from the plans.
class Writer {
 public:
  Writer(Program& p, const Aliases& aliases) : p_(&p), aliases_(&aliases), emitter_(stream_) {}

  void run() {
    const Schedule& s = p_->schedule;
    std::vector<const Load*> loads;
    for (const Load& l : s.loads) loads.push_back(&l);
    std::stable_sort(loads.begin(), loads.end(), [](const Load* a, const Load* b) { return a->slot < b->slot; });
    size_t next_load = 0, next_store = 0;
    for (int slot = 0; slot < static_cast<int>(s.computes.size()); ++slot) {
      for (; next_load < loads.size() && loads[next_load]->slot <= slot; ++next_load) load(*loads[next_load]);
      compute(slot, s.computes[static_cast<size_t>(slot)]);
      for (; next_store < s.stores.size() && s.stores[next_store].slot <= slot; ++next_store)
        store(s.stores[next_store]);
    }
    p_->predicted_cycles = stream_.predicted_cycles();
    p_->busiest_cycles = std::max(stream_.busy_cycles(Engine::Tiu), stream_.busy_cycles(Engine::Gdma));
    p_->groups = stream_.finish();
  }

 private:
  uint32_t at(size_t buffer) const { return static_cast<uint32_t>(p_->schedule.buffers[buffer].offset); }

  // Remembers which commands were added since `before` was taken.
  struct Mark {
    uint32_t tiu = 0, gdma = 0;
    size_t group = 0;
  };
  Mark mark() const { return {stream_.tiu_id(), stream_.gdma_id(), stream_.group()}; }
  // Of commands that a new group of streams parts, the later ones.
  void note(Mark before, int compute_index) {
    if (before.group != stream_.group()) before = {};
    Span span;
    if (stream_.tiu_id() > before.tiu) span.tiu_first = before.tiu + 1, span.tiu_last = stream_.tiu_id();
    if (stream_.gdma_id() > before.gdma) span.gdma_first = before.gdma + 1, span.gdma_last = stream_.gdma_id();
    span.group = stream_.group();
    span.compute = compute_index;
    if (span.tiu_first + span.gdma_first > 0) p_->spans.push_back(span);
  }

  void load(const Load& l) {
    const Mark before = mark();
    if (l.block >= 0) {
      const ImageBlock& block = p_->schedule.blocks[static_cast<size_t>(l.block)];
      const int64_t words = block.lane_bytes / 4;
      DdrTensor t{kDdrBase + static_cast<uint64_t>(p_->ddr.coefficients.blocks[static_cast<size_t>(l.block)]),
                  4,
                  {1, block.lanes, 1, words},
                  {block.lanes * words, words, words, 1}};
      emitter_.load_lanes(at(l.buffer), t, block.lanes);
    } else {
      const Prec prec = prec_of(l.value->type.dtype);
      const bool shared = l.need.kind == Need::Kind::Shared;
      if (l.view.folded.count > 0) {
        load_folded(l, aligned(at(l.buffer), prec, l.need.box.extent));
        return note(before, l.use);
      }
      const Shape4& extent = l.need.box.extent;
      const LocalTensor held = aligned(at(l.buffer), prec, l.held.extent);
      load_box(l.value, l.view.strides, first_of(l.view.strides, l.need.box.begin),
               shared ? shared_row(at(l.buffer), prec, extent)
                      : held.channels(l.need.box.begin[1] - l.held.begin[1], extent[1]));
    }
    note(before, l.use);
  }

  // The box of a view from element `first` of the value on.
  void load_box(const Value* v, const Shape4& strides, int64_t first, const LocalTensor& to) {
    for (const Piece& p : p_->ddr.pieces(v, first, to.dims, strides, *aliases_))
      emitter_.load(part_of(to, p), tensor_of(p, root_address(v), to.elem_bytes()));
  }
  static int64_t first_of(const Shape4& strides, const Shape4& begin) {
    return begin[0] * strides[0] + begin[1] * strides[1] + begin[2] * strides[2] + begin[3] * strides[3];
  }
  uint64_t root_address(const Value* v) const { return p_->ddr.root_address(aliases_->find(v).root); }

  // Each row of the window is a load of its own; rows outside the tensor are filled.
  void load_folded(const Load& l, const LocalTensor& to) {
    const FoldedRows& f = l.view.folded;
    const Region& box = l.need.box;
    const int64_t channels = l.view.dims[1] / f.count, first = box.begin[2], count = box.extent[2];
    const auto fill = [&](int64_t from, int64_t rows) {
      if (rows > 0) emitter_.fill(to.at(0, 0, from, 0, {to.dims[0], to.dims[1], rows, to.dims[3]}), f.fill);
    };
    // Rows that the first channels lack before the tensor, the last ones behind it.
    const int64_t inner = f.rows_inside(0, first, count).begin;
    const int64_t behind = std::max(inner, f.rows_inside(f.count - 1, first, count).end);
    fill(0, inner);
    fill(behind, count - behind);
    for (int64_t k = 0; k < f.count; ++k) {
      const auto [begin, end] = f.rows_inside(k, first, count);
      if (begin == end) continue;
      Shape4 strides = l.view.strides;
      const int64_t skip = first_of(strides, {box.begin[0], 0, f.row_of(k, first + begin), box.begin[3]});
      strides[2] *= f.stride;
      const LocalTensor row =
          to.channels(k * channels, channels).at(0, 0, begin, 0, {box.extent[0], channels, end - begin, box.extent[3]});
      load_box(l.value, strides, skip, row);
    }
  }

  void compute(int slot, const Compute& c) {
    const Mark before = mark();
    stream_.take_f32_flag();
    const Kernel& kernel = *find_kernel(c.op->name());
    if (c.in_ddr) {
      DdrCtx ctx;
      for (const Value* v : c.op->in()) ctx.in.push_back(v == nullptr ? 0 : p_->ddr.address(v, *aliases_));
      ctx.out = p_->ddr.address(c.op->out(0), *aliases_);
      kernel.emit_ddr(*c.op, ctx, emitter_);
      return note(before, slot);
    }
    TileCtx ctx;
    ctx.region = c.region;
    for (size_t i = 0; i < c.in.size(); ++i) {
      const ComputeInput& in = c.in[i];
      ctx.in_held.push_back(in.held);
      if (in.buffer < 0) {
        ctx.in.emplace_back();
        continue;
      }
      const Prec prec = prec_of(c.op->in(i)->type.dtype);
      const uint32_t addr = at(static_cast<size_t>(in.buffer));
      ctx.in.push_back(in.shared ? shared_row(addr, prec, in.held.extent) : aligned(addr, prec, in.held.extent));
    }
    ctx.out = aligned(at(static_cast<size_t>(c.out_buffer)), prec_of(c.op->out(0)->type.dtype), c.out_held.extent);
    ctx.out_held = c.out_held;
    for (const size_t b : c.scratch) ctx.scratch.push_back(at(b));
    if (c.image >= 0)
      ctx.image = at(static_cast<size_t>(c.image_buffer)) +
                  static_cast<uint32_t>(p_->schedule.images[static_cast<size_t>(c.image)].offset_bytes);
    kernel.emit(*c.op, ctx, emitter_);
    if (stream_.take_f32_flag() && ctx.out.prec != Prec::F32) p_->widened.insert(c.op);
    note(before, slot);
  }

  void store(const Store& x) {
    const Mark before = mark();
    const Prec prec = prec_of(x.value->type.dtype);
    const LocalTensor held = aligned(at(x.buffer), prec, x.held.extent);
    Shape4 from;
    for (size_t a = 0; a < 4; ++a) from[a] = x.box.begin[a] - x.held.begin[a];
    const LocalTensor box = held.at(from[0], from[1], from[2], from[3], x.box.extent);
    const int64_t first = first_of(x.view.strides, x.box.begin);
    for (const Piece& p : p_->ddr.pieces(x.value, first, x.box.extent, x.view.strides, *aliases_))
      emitter_.store(tensor_of(p, root_address(x.value), box.elem_bytes()), part_of(box, p));
    note(before, x.slot);
  }

  Program* p_;
  const Aliases* aliases_;
  Stream stream_;
  Emitter emitter_;
};

Program place_and_emit(const Graph& graph, Schedule planned, const std::vector<size_t>& group_starts,
                       const Aliases& aliases, const Layouts& layouts, const PlanOptions& options, int ahead_slots) {
  Program p;
  p.schedule = std::move(planned);
  p.local_peak_bytes = allocate_locally(p.schedule, group_starts, {options.lane_bytes}, ahead_slots);
  p.ddr = allocate_ddr(graph, p.schedule, aliases, layouts);
  Writer(p, aliases).run();
  return p;
}

}  // namespace

uint64_t predict_cycles(const Graph& graph, const Aliases& aliases, const Group& group, const PlanOptions& options) {
  ScheduleBuilder builder(graph);
  builder.add(group);
  // How tensors lie is chosen when all their users are known.
  const Program p = place_and_emit(graph, std::move(builder.schedule()), {0}, aliases, {}, options, kAheadSlots[0]);
  return std::midpoint(p.predicted_cycles, p.busiest_cycles);
}

Program build_program(const Graph& graph, const PlanOptions& options,
                      const std::function<void(std::string_view)>& on_phase) {
  const auto phase = [&](std::string_view name) {
    if (on_phase) on_phase(name);
  };
  phase("plan");
  const std::vector<Group> groups = plan_groups(graph, options);
  phase("schedule");
  ScheduleBuilder builder(graph);
  std::vector<size_t> starts;
  for (const Group& g : groups) {
    starts.push_back(builder.schedule().buffers.size());
    builder.add(g);
  }
  phase("allocate and emit");
  Schedule& planned = builder.schedule();
  const Aliases aliases(graph);
  const Layouts layouts = choose_layouts(graph, planned, aliases);
  std::vector<Program> programs(planned.computes.size() > kMostTriedSteps ? 1 : std::size(kAheadSlots));
  ThreadPool(options.threads).parallel_for(programs.size(), [&](size_t i) {
    programs[i] = place_and_emit(graph, planned, starts, aliases, layouts, options, kAheadSlots[i]);
  });
  const auto best = std::min_element(programs.begin(), programs.end(), [](const Program& a, const Program& b) {
    return a.predicted_cycles < b.predicted_cycles;
  });
  check_fits(best->ddr);
  return std::move(*best);
}

void pack_coefficients(const Program& p, std::span<std::byte> out, unsigned threads) {
  const std::vector<std::pair<const Value*, int64_t>> tensors(p.ddr.coefficients.tensors.begin(),
                                                              p.ddr.coefficients.tensors.end());
  ThreadPool pool(threads);
  pool.parallel_for(tensors.size(), [&](size_t i) {
    const auto bytes = tensors[i].first->tensor().bytes();
    std::memcpy(out.data() + tensors[i].second, bytes.data(), bytes.size());
    release_pages(bytes);
  });
  pool.parallel_for(p.schedule.images.size(), [&](size_t i) {
    const Image& im = p.schedule.images[i];
    const auto bytes = find_kernel(im.op->name())->pack(*im.op, im.region);
    TPUC_CHECK(static_cast<int64_t>(bytes.size()) == im.lane_bytes * im.lanes, "{} packed {} bytes, planned {}",
               im.op->name(), bytes.size(), im.lane_bytes * im.lanes);
    const auto block = static_cast<size_t>(im.block);
    std::byte* to = out.data() + p.ddr.coefficients.blocks[block] + im.offset_bytes;
    for (int64_t lane = 0; lane < im.lanes; ++lane)
      std::memcpy(to + lane * p.schedule.blocks[block].lane_bytes, bytes.data() + lane * im.lane_bytes,
                  static_cast<size_t>(im.lane_bytes));
    for (const Value* v : im.op->in())
      if (v != nullptr && v->is_constant()) release_pages(v->tensor().bytes());
  });
}

}  // namespace tpuc::bm1684x
