// See the header. A load is made once per box and op: tiles that need the same box of an input share it.
#include "backends/bm1684x/sched/builder.h"

#include <algorithm>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

// Bytes of a lane: bursts of the DMA below this take as long as if they had as many (CYCLES.md section 3).
constexpr int64_t kSmallImageBytes = 256;
// What waits for a block waits for all of it.
constexpr int64_t kBlockBytes = 1024;

bool covers(const Region& r, const View& view) { return r == whole(view.dims); }

Prec input_prec(const Op& op, size_t i) { return prec_of(op.in(i)->type.dtype); }

int64_t local_bytes(Prec prec, const Need& need) {
  Shape4 dims = need.box.extent;
  if (need.kind == Need::Kind::Shared) TPUC_CHECK(dims[1] == 1, "a shared operand has {} channels", dims[1]);
  return aligned_bytes(prec, dims);
}

std::string key_text(const Region& r) {
  std::string text;
  for (size_t a = 0; a < 4; ++a) text += fmt::format("{}+{} ", r.begin[a], r.extent[a]);
  return text + fmt::format("{}+{}", r.depth.begin, r.depth.extent);
}

}  // namespace

size_t ScheduleBuilder::new_buffer(int64_t bytes, int slot) {
  s_.buffers.push_back({align64(bytes), slot, slot, -1});
  return s_.buffers.size() - 1;
}

void ScheduleBuilder::touch(int64_t buffer, int slot) {
  Buffer& b = s_.buffers[static_cast<size_t>(buffer)];
  b.last = std::max(b.last, slot);
}

// The first of several wishes counts.
void ScheduleBuilder::wish(int64_t buffer, const Wish& place) {
  if (buffer < 0) return;
  Buffer& b = s_.buffers[static_cast<size_t>(buffer)];
  if (!b.wish.any()) b.wish = place;
}

// A user takes a result where it lies in local memory: the user is in this group and sees it as its producer does.
bool ScheduleBuilder::stays_local(const Op& user, size_t operand, const Value* v) const {
  if (!members_.contains(&user) || v->def == nullptr || !members_.contains(v->def)) return false;
  if (const JoinedPart* part = concats_.part(v); part != nullptr && part->concat == &user)
    return part->channel == first_channels(user)[operand] && !goes_to_ddr(user.out(0));
  const Kernel& made = *find_kernel(v->def->name());
  const Kernel& used = *find_kernel(user.name());
  const bool is_joined = concats_.contains(v->def);
  if ((made.emit == nullptr && !is_joined) || used.emit == nullptr) return false;
  const Views views = used.views(user);
  if (!(views.in[operand] == (is_joined ? view_of_concat(*v->def) : made.views(*v->def).out))) return false;
  const auto needs = used.needs(user, whole(views.out.dims));
  if (chained_) return needs[operand].kind == Need::Kind::Box;
  return needs[operand].kind == Need::Kind::Box && covers(needs[operand].box, views.in[operand]);
}

bool ScheduleBuilder::goes_to_ddr(const Value* v) const {
  if (graph_->is_output(v)) return true;
  for (const Op* user : v->uses)
    for (size_t i = 0; i < user->in().size(); ++i)
      if (user->in(i) == v && !stays_local(*user, i, v)) return true;
  return false;
}

// Loads of a value may be issued behind the last store of it, or of the tensor it is a view of.
int ScheduleBuilder::ready_slot(const Value* v) const {
  int ready = 0;
  for (const Value* x = v; x->def != nullptr;) {
    if (const auto it = stored_.find(x); it != stored_.end()) ready = std::max(ready, it->second + 1);
    const Kernel* k = find_kernel(x->def->name());
    const auto alias = k->view_of != nullptr ? k->view_of(*x->def) : std::vector<Alias>{};
    if (alias.empty() && k->moved_of == nullptr) break;
    x = x->def->in(alias.empty() ? 0 : alias[0].input);
  }
  return ready;
}

ComputeInput ScheduleBuilder::take_input(const Op& op, size_t i, const Need& need, const View& view, int slot) {
  if (need.kind == Need::Kind::Nothing) return {};
  const Value* v = op.in(i);
  if (const auto it = resident_.find(v); it != resident_.end() && stays_local(op, i, v)) {
    touch(it->second.buffer, slot);
    return {it->second.buffer, it->second.region, false};
  }
  const bool shared = need.kind == Need::Kind::Shared;
  std::vector<Loaded>& loaded = loaded_[v];
  for (const Loaded& l : loaded)
    if (l.need.kind == need.kind && l.need.box == need.box && l.view == view) {
      touch(l.buffer, slot);
      return {l.buffer, need.box, shared};
    }
  std::erase_if(loaded, [&](const Loaded& l) { return l.op == &op && l.view == view && l.need.kind == need.kind; });
  const auto buffer = static_cast<int64_t>(new_buffer(local_bytes(input_prec(op, i), need), slot));
  loaded.push_back({&op, need, view, buffer});
  s_.loads.push_back({static_cast<size_t>(buffer), slot, slot, ready_slot(v), &op, v, -1, view, need, need.box});
  return {buffer, need.box, shared};
}

// The image of a tile, or of another op where that has the same bytes: a small one of this group, as it comes with
// others of the group, a large one of any.
size_t ScheduleBuilder::image_of(const Op& op, const Region& tile, const Region& key, const Footprint& f) {
  const std::string text = key_text(key);
  const auto [it, fresh] = states_[&op].images.try_emplace(text);
  if (!fresh) return it->second;
  SharedImages& shared = f.image_bytes < kSmallImageBytes ? shared_small_ : shared_large_;
  if (const int64_t known = shared.find(s_.images, op, text); known >= 0)
    return it->second = static_cast<size_t>(known);
  shared.add(s_.images.size(), op, text);
  it->second = s_.images.size();
  s_.images.push_back({&op, tile, f.image_bytes, f.image_lanes});
  return it->second;
}

// Tiles with the same constants share an image. The first tile of an op takes what another op of the group has loaded;
// after it large ones are loaded again when another came between.
void ScheduleBuilder::take_image(const Op& op, const Region& tile, const Footprint& f, Compute& c) {
  if (f.image_bytes == 0) return;
  const int slot = static_cast<int>(s_.computes.size());
  Region key = tile;
  if (!f.image_follows_tile)
    for (const size_t axis : {size_t{0}, size_t{2}, size_t{3}}) key.begin[axis] = 0, key.extent[axis] = 1;
  std::optional<TileImage>& last = states_[&op].image;
  if (!last || !(last->region == key)) {
    const size_t image = image_of(op, tile, key, f);
    const auto [held, absent] = loaded_images_.try_emplace(image, -1);
    const bool is_small = f.image_bytes < kSmallImageBytes;
    if (is_small && absent) held->second = load_with_others(op, image, slot);
    if (!is_small && (absent || last)) held->second = load_image(op, image, slot);
    last = TileImage{key, image};
  }
  const int64_t buffer = loaded_images_.at(last->image);
  touch(buffer, slot);
  c.image = static_cast<int64_t>(last->image);
  c.image_buffer = buffer;
}

int64_t ScheduleBuilder::load_image(const Op& op, size_t image, int slot) {
  Image& im = s_.images[image];
  if (im.block < 0) {
    im.block = static_cast<int64_t>(s_.blocks.size());
    s_.blocks.push_back({im.lane_bytes, im.lanes});
  }
  const size_t buffer = new_buffer(im.lane_bytes, slot);
  s_.loads.push_back({buffer, slot, slot, 0, &op, nullptr, im.block});
  return static_cast<int64_t>(buffer);
}

// Small images come in one transfer with others of the group, and stay as long as one of them is needed.
int64_t ScheduleBuilder::load_with_others(const Op& op, size_t image, int slot) {
  Image& im = s_.images[image];
  const int64_t bytes = align64(im.lane_bytes);
  if (!open_block_ || s_.blocks[open_block_->block].lane_bytes + bytes > kBlockBytes) {
    const size_t buffer = new_buffer(0, slot), block = s_.blocks.size();
    s_.blocks.emplace_back();
    s_.loads.push_back({buffer, slot, slot, 0, &op, nullptr, static_cast<int64_t>(block)});
    open_block_ = OpenBlock{block, static_cast<int64_t>(buffer)};
  }
  ImageBlock& block = s_.blocks[open_block_->block];
  im.block = static_cast<int64_t>(open_block_->block);
  im.offset_bytes = block.lane_bytes;
  block.lane_bytes += bytes;
  block.lanes = std::max(block.lanes, im.lanes);
  s_.buffers[static_cast<size_t>(open_block_->buffer)].bytes = block.lane_bytes;
  return open_block_->buffer;
}

int64_t ScheduleBuilder::buffer_of_joined(const Op& concat, int slot) {
  const auto [it, fresh] = joined_.try_emplace(&concat);
  const Shape4 dims = view_of_concat(concat).dims;
  if (fresh)
    it->second = static_cast<int64_t>(new_buffer(aligned_bytes(prec_of(concat.out(0)->type.dtype), dims), slot));
  touch(it->second, slot);
  return it->second;
}

// The parts made here are in place; the others are loaded beside them.
void ScheduleBuilder::join_parts(const Op& concat) {
  const int slot = static_cast<int>(s_.computes.size());
  const View view = view_of_concat(concat);
  const int64_t buffer = buffer_of_joined(concat, slot);
  resident_[concat.out(0)] = {buffer, whole(view.dims), view};
  const auto channels = first_channels(concat);
  for (size_t i = 0; i < concat.in().size(); ++i) {
    const Value* v = concat.in(i);
    if (const JoinedPart* part = concats_.part(v);
        part != nullptr && part->concat == &concat && part->channel == channels[i])
      continue;
    Shape4 dims = view.dims;
    dims[1] = v->type.dims[1];
    Load l{static_cast<size_t>(buffer), slot, slot, ready_slot(v), &concat, v, -1, row_major(dims)};
    l.need = {Need::Kind::Box, whole(dims)};
    l.held = {{0, -channels[i], 0, 0}, view.dims};
    l.fills_part = true;
    s_.loads.push_back(std::move(l));
  }
}

void ScheduleBuilder::add_ddr_step(const Op& op) {
  if (concats_.contains(&op)) {
    join_parts(op);
    if (!goes_to_ddr(op.out(0))) return;
  }
  const int slot = static_cast<int>(s_.computes.size());
  Compute c;
  c.op = &op;
  c.in_ddr = true;
  s_.computes.push_back(std::move(c));
  stored_[op.out(0)] = slot;
}

ScheduleBuilder::Held ScheduleBuilder::place_for(const Value* result, const View& view, const Region& tile, int slot) {
  if (const JoinedPart* part = concats_.part(result))
    return {
        buffer_of_joined(*part->concat, slot), {{0, -part->channel, 0, 0}, view_of_concat(*part->concat).dims}, view};
  const Region region = keeps_whole_ ? whole(view.dims) : Region{tile.begin, tile.extent};
  const int64_t bytes = aligned_bytes(prec_of(result->type.dtype), region.extent);
  return {static_cast<int64_t>(new_buffer(bytes, slot)), region, view};
}

void ScheduleBuilder::add_tile(const Op& op, const Kernel& kernel, const Region& tile) {
  const int slot = static_cast<int>(s_.computes.size());
  const Views views = kernel.views(op);
  const Value* result = op.out(0);
  const Footprint f = kernel.footprint(op, tile);
  Compute c;
  c.op = &op;
  c.tile = states_[&op].tiles++;
  c.region = tile;
  const auto needs = kernel.needs(op, tile);
  for (size_t i = 0; i < op.in().size(); ++i) {
    c.in.push_back(take_input(op, i, needs[i], views.in[i], slot));
    if (i < f.input_wishes.size()) wish(c.in.back().buffer, f.input_wishes[i]);
  }
  take_image(op, tile, f, c);
  // Parts of a sum share their buffers.
  const bool starts = tile.depth.begin == 0,
             ends = tile.depth.extent == 0 || tile.depth.begin + tile.depth.extent == kernel.axes(op).depth;
  std::vector<size_t>& scratch = states_[&op].scratch;
  if (starts) scratch.clear();
  for (size_t i = 0; starts && i < f.scratch.size(); ++i) scratch.push_back(new_buffer(f.scratch[i], slot));
  for (const size_t b : scratch) touch(static_cast<int64_t>(b), slot);
  for (size_t i = 0; i < f.scratch_wishes.size(); ++i) wish(static_cast<int64_t>(scratch[i]), f.scratch_wishes[i]);
  c.scratch = scratch;
  // Parts of a result that stays whole go into one buffer; otherwise each tile has its own.
  Held& held = resident_[result];
  if (starts && (!keeps_whole_ || held.buffer < 0)) held = place_for(result, views.out, tile, slot);
  touch(held.buffer, slot);
  wish(held.buffer, f.output_wish);
  c.out_buffer = held.buffer;
  c.out_held = held.region;
  s_.computes.push_back(std::move(c));
  if (ends && goes_to_ddr(result)) {
    const Region box{tile.begin, tile.extent};
    s_.stores.push_back({static_cast<size_t>(held.buffer), slot, &op, result, views.out, held.region, box});
    stored_[result] = slot;
  }
}

void ScheduleBuilder::add(const Group& group) {
  chained_ = !group.chain.empty();
  keeps_whole_ = !chained_ && group.ops.size() > 1;
  members_.clear();
  resident_.clear();
  states_.clear();
  loaded_.clear();
  open_block_.reset();
  loaded_images_.clear();
  shared_small_ = {};
  joined_.clear();
  std::vector<const Op*> ordered;
  for (const OpTiles& o : group.ops) {
    members_.insert(o.op);
    ordered.push_back(o.op);
  }
  concats_ = keeps_whole_ ? LocalConcats(members_, ordered) : LocalConcats();
  for (const Region& tile : group.chain) {
    const auto regions = chain_regions(group.ops, tile);
    for (size_t k = 0; k < group.ops.size(); ++k)
      add_tile(*group.ops[k].op, *find_kernel(group.ops[k].op->name()), regions[k]);
  }
  if (chained_) return;
  for (const OpTiles& o : group.ops) {
    const Kernel& kernel = *find_kernel(o.op->name());
    if (kernel.emit_ddr != nullptr) {
      add_ddr_step(*o.op);
      continue;
    }
    for (const Region& tile : o.tiles) add_tile(*o.op, kernel, tile);
  }
}

std::string to_text(const Schedule& s) {
  std::string text;
  size_t l = 0, st = 0;
  auto box = [](const Region& r) {
    return fmt::format("[{}+{} {}+{} {}+{} {}+{}]", r.begin[0], r.extent[0], r.begin[1], r.extent[1], r.begin[2],
                       r.extent[2], r.begin[3], r.extent[3]);
  };
  auto place = [&](size_t b) { return fmt::format("@{:#x}+{}", s.buffers[b].offset, s.buffers[b].bytes); };
  std::vector<const Load*> loads;
  for (const Load& x : s.loads) loads.push_back(&x);
  std::stable_sort(loads.begin(), loads.end(), [](const Load* a, const Load* b) { return a->slot < b->slot; });
  for (size_t slot = 0; slot < s.computes.size(); ++slot) {
    for (; l < loads.size() && loads[l]->slot <= static_cast<int>(slot); ++l)
      text += fmt::format(
          "{:5} load    {} {} {}\n", slot,
          loads[l]->value != nullptr ? "%" + loads[l]->value->name : fmt::format("images {}", loads[l]->block),
          loads[l]->value != nullptr ? box(loads[l]->need.box) : "", place(loads[l]->buffer));
    const Compute& c = s.computes[slot];
    text +=
        fmt::format("{:5} {} {} %{} {} {}\n", slot, c.in_ddr ? "ddr    " : "compute", c.op->name(), c.op->out(0)->name,
                    box(c.region), c.out_buffer >= 0 ? place(static_cast<size_t>(c.out_buffer)) : "");
    for (; st < s.stores.size() && s.stores[st].slot <= static_cast<int>(slot); ++st)
      text += fmt::format("{:5} store   %{} {} {}\n", slot, s.stores[st].value->name, box(s.stores[st].box),
                          place(s.stores[st].buffer));
  }
  return text;
}

}  // namespace tpuc::bm1684x
