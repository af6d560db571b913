// See the header. A batch of one, as channels of the next image would follow the first's parts.
#include "backends/bm1684x/sched/local_concat.h"

#include <algorithm>

namespace tpuc::bm1684x {

namespace {

Shape4 dims_of(const Value& v) {
  const Dims& d = v.type.dims;
  return {d[0], d[1], d[2], d[3]};
}

bool joins_channels(const Op& op) {
  const Kernel& kernel = *find_kernel(op.name());
  if (kernel.parts_of == nullptr || kernel.parts_of(op).empty()) return false;
  const Dims& whole = op.out(0)->type.dims;
  return whole.size() == 4 && whole[0] == 1 && std::all_of(op.in().begin(), op.in().end(), [&](const Value* v) {
           return v->type.dims[2] == whole[2] && v->type.dims[3] == whole[3];
         });
}

// Whether the op takes the whole as it lies there.
bool takes_whole(const Op& user, const Op& concat) {
  const Kernel& kernel = *find_kernel(user.name());
  if (kernel.emit == nullptr) return false;
  const Views views = kernel.views(user);
  const auto needs = kernel.needs(user, whole(views.out.dims));
  for (size_t i = 0; i < user.in().size(); ++i)
    if (user.in(i) == concat.out(0) && views.in[i] == view_of_concat(concat) && needs[i].kind == Need::Kind::Box)
      return true;
  return false;
}

}  // namespace

View view_of_concat(const Op& op) { return row_major(dims_of(*op.out(0))); }

std::vector<int64_t> first_channels(const Op& op) {
  std::vector<int64_t> first{0};
  for (const Value* v : op.in()) first.push_back(first.back() + v->type.dims[1]);
  return first;
}

LocalConcats::LocalConcats(const std::unordered_set<const Op*>& members, const std::vector<const Op*>& ordered) {
  for (const Op* op : ordered) {
    if (!joins_channels(*op)) continue;
    const auto& users = op->out(0)->uses;
    if (std::none_of(users.begin(), users.end(),
                     [&](const Op* user) { return members.contains(user) && takes_whole(*user, *op); }))
      continue;
    const auto channels = first_channels(*op);
    for (size_t i = 0; i < op->in().size(); ++i) {
      const Value* v = op->in(i);
      if (channels[i] % kLanes != 0 || v->def == nullptr || !members.contains(v->def)) continue;
      const Kernel& maker = *find_kernel(v->def->name());
      if (maker.emit == nullptr || !(maker.views(*v->def).out == row_major(dims_of(*v)))) continue;
      if (parts_.try_emplace(v, JoinedPart{op, channels[i]}).second) concats_.insert(op);
    }
  }
}

}  // namespace tpuc::bm1684x
