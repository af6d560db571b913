// First fit over rectangles of bytes and slots.
#include "backends/bm1684x/alloc/local_alloc.h"

#include <algorithm>
#include <numeric>

#include "backends/bm1684x/local_tensor.h"
#include "tpuc/support/check.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {

namespace {

// A buffer may keep its bytes one slot longer than it must, so that its store overlaps with the next compute.
constexpr int kSlack = 1;

// Which bytes of a lane are taken in which slots.
class Occupancy {
 public:
  explicit Occupancy(int64_t lane_bytes) : lane_bytes_(lane_bytes) {}

  void take(size_t id, const Buffer& b) {
    if (by_slot_.size() <= static_cast<size_t>(b.last)) by_slot_.resize(static_cast<size_t>(b.last) + 1);
    for (int s = b.first; s <= b.last; ++s)
      by_slot_[static_cast<size_t>(s)].push_back({b.offset, b.offset + b.bytes, id});
  }
  // Of the buffer's slots, and of the slack behind them.
  void release(size_t id, const Buffer& b) {
    for (int s = b.first; s <= b.last + kSlack && s < static_cast<int>(by_slot_.size()); ++s)
      std::erase_if(by_slot_[static_cast<size_t>(s)], [&](const Span& x) { return x.id == id; });
  }
  // The lowest (or highest) free offset for `bytes` in all slots [first, last]; -1: none.
  int64_t find(int64_t bytes, int first, int last, bool from_top) const {
    return find_between(taken(first, last), bytes, kEuBytes, from_top, everywhere());
  }
  // In the part of a lane a buffer wishes for; -1: no such room, or no wish. Parts at the start of a lane fill upward,
  // others downward: what is left between two of them stays in one piece.
  int64_t find_wished(const Buffer& b, int first, int last) const {
    if (!b.wish.any()) return -1;
    return find_between(taken(first, last), b.bytes, kEuBytes, b.wish.begin > 0, b.wish);
  }
  // The lowest, at the start of a bank where there is such room: what is loaded while a command runs had better not
  // share a bank with its operands. Small buffers would waste too much.
  int64_t find_in_bank(int64_t bytes, int first, int last) const {
    const std::vector<Span> spans = taken(first, last);
    const int64_t at = bytes >= kBankBytes / 2 ? find_between(spans, bytes, kBankBytes, false, everywhere()) : -1;
    return at >= 0 ? at : find_between(spans, bytes, kEuBytes, false, everywhere());
  }
  static bool is_wished(const Buffer& b) { return b.offset >= b.wish.begin && b.offset + b.bytes <= b.wish.end; }
  int64_t peak() const {
    int64_t most = 0;
    for (const auto& slot : by_slot_) {
      int64_t sum = 0;
      for (const Span& x : slot) sum += x.end - x.begin;
      most = std::max(most, sum);
    }
    return most;
  }

 private:
  struct Span {
    int64_t begin, end;
    size_t id;
  };
  // What is taken in any of these slots, by offset.
  std::vector<Span> taken(int first, int last) const {
    std::vector<Span> spans;
    for (int s = first; s <= last && s < static_cast<int>(by_slot_.size()); ++s)
      spans.insert(spans.end(), by_slot_[static_cast<size_t>(s)].begin(), by_slot_[static_cast<size_t>(s)].end());
    std::sort(spans.begin(), spans.end(), [](const Span& a, const Span& b) { return a.begin < b.begin; });
    return spans;
  }

  Wish everywhere() const { return {0, lane_bytes_}; }

  int64_t find_between(const std::vector<Span>& spans, int64_t bytes, int64_t alignment, bool from_top,
                       const Wish& part) const {
    int64_t at = part.begin, best = -1;
    const auto try_gap = [&](int64_t next) {
      const int64_t end = std::min({next, part.end, lane_bytes_});
      const int64_t low = align_up(at, alignment), high = (end - bytes) / alignment * alignment;
      if (end - bytes >= low && (from_top || best < 0)) best = from_top ? high : low;
    };
    for (const Span& x : spans) {
      try_gap(x.begin);
      at = std::max(at, x.end);
    }
    try_gap(lane_bytes_);
    return best;
  }

  int64_t lane_bytes_;
  std::vector<std::vector<Span>> by_slot_;
};

// Long-lived and large buffers first within a slot: they fragment least.
std::vector<size_t> placement_order(const Schedule& s, size_t begin, size_t end) {
  std::vector<size_t> order(end - begin);
  std::iota(order.begin(), order.end(), begin);
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const Buffer &x = s.buffers[a], &y = s.buffers[b];
    if (x.first != y.first) return x.first < y.first;
    if (x.last != y.last) return x.last > y.last;
    return x.bytes > y.bytes;
  });
  return order;
}

// Long-lived buffers grow from the bottom, short-lived ones from the top.
bool short_lived(const Buffer& b) { return b.last - b.first <= 1; }

struct Placing {
  bool wishes = false;         // followed where there is room
  int slack_until = -1;        // the last slot to which buffers may be held longer
  std::vector<bool> stored{};  // by buffer; empty: slack is for all, else for those
  bool has_slack(size_t id) const { return stored.empty() || stored[id]; }
};

bool place(std::vector<Buffer>& buffers, const std::vector<size_t>& order, const Placing& p, Occupancy& memory) {
  std::vector<size_t> done;
  for (const size_t id : order) {
    Buffer& b = buffers[id];
    Buffer held = b;
    if (p.has_slack(id)) held.last = std::max(b.last, std::min(b.last + kSlack, p.slack_until));
    b.offset = p.wishes ? memory.find_wished(b, b.first, held.last) : -1;
    if (b.offset < 0) b.offset = memory.find(b.bytes, b.first, held.last, short_lived(b));
    held.offset = b.offset;
    if (b.offset < 0) {
      for (const size_t d : done) memory.release(d, buffers[d]);
      return false;
    }
    memory.take(id, held);
    done.push_back(id);
  }
  return true;
}

}  // namespace

bool fits_locally(const Schedule& s, size_t first_buffer, const LocalBudget& budget) {
  Occupancy memory(budget.lane_bytes);
  std::vector<Buffer> buffers = s.buffers;
  return place(buffers, placement_order(s, first_buffer, s.buffers.size()), {}, memory);
}

namespace {

// With wishes, where they leave room for the rest; and with slack, which then only results get that are stored.
void place_group(Schedule& s, const std::vector<size_t>& order, int last_slot, Occupancy& memory) {
  Placing with_slack{.slack_until = last_slot};
  if (std::any_of(order.begin(), order.end(), [&](size_t b) { return s.buffers[b].wish.any(); })) {
    Placing wishes{true, last_slot, std::vector<bool>(s.buffers.size())};
    for (const Store& x : s.stores) wishes.stored[x.buffer] = true;
    if (place(s.buffers, order, wishes, memory)) return;
    if (place(s.buffers, order, {.wishes = true}, memory)) return;
  }
  if (place(s.buffers, order, with_slack, memory)) return;
  TPUC_CHECK(place(s.buffers, order, {}, memory), "a group that was planned does not fit");
}

}  // namespace

int64_t allocate_locally(Schedule& s, const std::vector<size_t>& group_starts, const LocalBudget& budget,
                         int max_ahead) {
  Occupancy memory(budget.lane_bytes);
  for (size_t g = 0; g < group_starts.size(); ++g) {
    const size_t begin = group_starts[g], end = g + 1 < group_starts.size() ? group_starts[g + 1] : s.buffers.size();
    int last_slot = 0;
    for (size_t b = begin; b < end; ++b) last_slot = std::max(last_slot, s.buffers[b].last);
    place_group(s, placement_order(s, begin, end), last_slot, memory);
  }
  for (Load& l : s.loads) {
    Buffer& b = s.buffers[l.buffer];
    if (l.fills_part) {
      l.slot = std::max({b.first, l.earliest, l.slot - max_ahead});
      continue;
    }
    for (int slot = std::max(l.earliest, l.slot - max_ahead); slot < l.slot; ++slot) {
      memory.release(l.buffer, b);
      const bool in_place = b.wish.any() && Occupancy::is_wished(b);
      const int64_t offset =
          in_place ? memory.find_wished(b, slot, b.last) : memory.find_in_bank(b.bytes, slot, b.last);
      if (offset >= 0) {
        b.offset = offset;
        b.first = l.slot = slot;
      }
      memory.take(l.buffer, b);
      if (offset >= 0) break;
    }
  }
  return memory.peak();
}

}  // namespace tpuc::bm1684x
