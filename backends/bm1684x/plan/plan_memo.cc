// See the header. Keys of groups are bytes, compared whole: no two different groups are ever taken for one.
#include "backends/bm1684x/plan/plan_memo.h"

#include <algorithm>

#include "backends/bm1684x/kernel.h"
#include "backends/bm1684x/plan/chain.h"
#include "backends/bm1684x/plan/tiler.h"
#include "tpuc/ir/equal.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc::bm1684x {

namespace {

// Kernels look at single numbers (immediates, exponents) and at indices when they plan; at nothing else.
bool content_counts(const Value& v, size_t operand) {
  return v.is_constant() &&
         (v.tensor().count() == 1 || (operand < 2 && bit_width(v.type.dtype) >= 32 && is_integer(v.type.dtype)));
}

bool look_alike(const Value* a, const Value* b, size_t operand) {
  if (a == nullptr || b == nullptr) return a == b;
  if (a->type != b->type || a->is_constant() != b->is_constant()) return false;
  if ((a->def == nullptr) != (b->def == nullptr)) return false;
  return !content_counts(*a, operand) || a->data->hash == b->data->hash;
}

bool look_alike(const Op& a, const Op& b) {
  if (a.in().size() != b.in().size() || a.out().size() != b.out().size() || !same_meaning(a, b)) return false;
  for (size_t i = 0; i < a.in().size(); ++i) {
    if (!look_alike(a.in(i), b.in(i), i)) return false;
    for (size_t k = 0; k < i; ++k)
      if ((a.in(i) == a.in(k)) != (b.in(i) == b.in(k))) return false;
  }
  for (size_t i = 0; i < a.out().size(); ++i)
    if (a.out(i)->type != b.out(i)->type) return false;
  return seen_alike(a, b);
}

// What is read where its elements lay before takes other loads.
bool lie_alike(const Aliases& aliases, const Op& a, const Op& b) {
  for (size_t i = 0; i < a.in().size(); ++i) {
    if (a.in(i) == nullptr) continue;
    const Location x = aliases.find(a.in(i)), y = aliases.find(b.in(i));
    if (!(x.moved == y.moved) || x.first != y.first) return false;
  }
  return true;
}

uint64_t look_of(const Op& op) {
  uint64_t h = meaning_hash(op);
  for (const int64_t d : op.out(0)->type.dims) h = (h ^ static_cast<uint64_t>(d)) * 0x9e3779b97f4a7c15ULL;
  return h ^ static_cast<uint64_t>(op.out(0)->type.dtype);
}

void append(std::string& key, int64_t number) { key.append(reinterpret_cast<const char*>(&number), sizeof number); }

}  // namespace

size_t PlanMemo::kind_of(const Op& op) {
  if (const auto known = kind_.find(&op); known != kind_.end()) return known->second;
  const uint64_t look = look_of(op);
  const auto [first, last] = by_look_.equal_range(look);
  const auto same = std::find_if(first, last, [&](const auto& e) {
    return look_alike(*e.second.first, op) && lie_alike(*aliases_, *e.second.first, op);
  });
  const size_t kind = enabled_ && same != last ? same->second.second : residents_.size();
  if (kind == residents_.size()) {
    residents_.emplace_back();
    by_look_.emplace(look, std::pair(&op, kind));
  }
  kind_.emplace(&op, kind);
  return kind;
}

void PlanMemo::prepare_residents(const std::vector<const Op*>& ops, unsigned threads) {
  std::vector<const Op*> firsts;
  for (const Op* op : ops) {
    const size_t before = residents_.size();
    if (kind_of(*op) == before && find_kernel(op->name())->emit_ddr == nullptr) firsts.push_back(op);
  }
  std::vector<std::vector<Region>> found(firsts.size());
  ThreadPool pool(threads);
  pool.parallel_for(firsts.size(), [&](size_t i) { found[i] = tile_resident(*firsts[i]); });
  for (size_t i = 0; i < firsts.size(); ++i) residents_[kind_.at(firsts[i])] = std::move(found[i]);
}

const std::vector<Region>& PlanMemo::resident_tiles(const Op& op) {
  auto& tiles = residents_[kind_of(op)];
  if (!tiles) tiles = find_kernel(op.name())->emit_ddr != nullptr ? std::vector<Region>{} : tile_resident(op);
  return *tiles;
}

// For each op: its kind, which members it reads, or reads the same tensors as, whether somebody outside the group reads
// its result.
std::string PlanMemo::key_of(char purpose, int64_t number, const std::vector<OpTiles>& ops) {
  std::unordered_map<const Op*, int64_t> members;
  std::unordered_map<const Value*, int64_t> first_users;
  for (size_t i = 0; i < ops.size(); ++i) members.emplace(ops[i].op, static_cast<int64_t>(i));
  std::string key(1, purpose);
  append(key, number);
  for (const OpTiles& o : ops) {
    append(key, static_cast<int64_t>(kind_of(*o.op)));
    for (const Value* v : o.op->in()) {
      const auto member = v == nullptr || v->def == nullptr ? members.end() : members.find(v->def);
      append(key, member == members.end() ? -1 : member->second);
      if (v != nullptr && member == members.end())
        append(key, first_users.try_emplace(v, members.at(o.op)).first->second);
    }
    const Value* result = o.op->out(0);
    const bool leaves =
        graph_->is_output(result) ||
        std::any_of(result->uses.begin(), result->uses.end(), [&](const Op* user) { return !members.contains(user); });
    append(key, leaves ? 1 : 0);
  }
  return key;
}

bool PlanMemo::fits(const Group& group, int64_t lane_bytes) {
  if (!enabled_) return fits_locally(*graph_, group, lane_bytes);
  std::string key = key_of('f', lane_bytes, group.ops);
  const auto it = fits_.find(key);
  if (it != fits_.end()) return it->second;
  const bool answer = fits_locally(*graph_, group, lane_bytes);
  fits_.emplace(std::move(key), answer);
  return answer;
}

}  // namespace tpuc::bm1684x
