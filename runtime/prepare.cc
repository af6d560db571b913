// Choice between fast versions and `eval`; f16 and bf16 are widened around the fast versions, which know f32 only.
#include "runtime/prepare.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "ops/activation.h"
#include "ops/quantize.h"
#include "runtime/fast/half_rows.h"

namespace tpuc {
namespace {

bool is_half(DType t) { return t == DType::F16 || t == DType::BF16; }
bool is_byte(DType t) { return t == DType::I8 || t == DType::U8; }

template <class Test>
bool all_types(const fast::Site& site, Test&& test) {
  for (size_t i = 0; i < site.in.size(); ++i)
    if (site.present[i] && !test(site.in[i].dtype)) return false;
  return std::all_of(site.out.begin(), site.out.end(), [&](const TensorType& t) { return test(t.dtype); });
}

// Behind what only bounds it, too: `bounds` such operators at most, however long a chain of them is.
bool is_rounded_next(const Value& v, int bounds) {
  return !v.uses.empty() && std::all_of(v.uses.begin(), v.uses.end(), [bounds](const Op* user) {
    if (user->is<ops::Quantize>()) return true;
    return bounds > 0 && (user->is<ops::Relu>() || user->is<ops::Clip>()) && is_rounded_next(*user->out(0), bounds - 1);
  });
}

fast::Site site_of(const Op& op) {
  fast::Site site;
  site.is_rounded_next = is_rounded_next(*op.out(0), 2);
  site.op = op.name();
  site.attrs = &op.any_attrs();
  for (const Value* v : op.in()) {
    site.present.push_back(v != nullptr);
    site.in.push_back(v == nullptr ? TensorType{} : v->type);
    site.constants.push_back(v != nullptr && v->is_constant() ? &v->tensor() : nullptr);
  }
  for (const auto& v : op.out()) site.out.push_back(v->type);
  return site;
}

// The same site in f32: constants are converted once, here.
fast::Site widen(fast::Site site, KeptConstants& kept) {
  for (size_t i = 0; i < site.in.size(); ++i) {
    if (!is_half(site.in[i].dtype)) continue;
    site.in[i].dtype = DType::F32;
    if (site.constants[i] == nullptr) continue;
    const auto [it, is_new] = kept.wide_of.try_emplace(site.constants[i], nullptr);
    if (is_new) {
      Tensor& wide = kept.wide.emplace_back(DType::F32, site.in[i].dims);
      fast::widen(*site.constants[i], wide);
      it->second = &wide;
    }
    site.constants[i] = it->second;
  }
  for (TensorType& t : site.out)
    if (is_half(t.dtype)) t.dtype = DType::F32;
  return site;
}

// Converts what comes in as half, computes in f32, rounds what goes out.
class Widening {
 public:
  Widening(fast::Kernel kernel, const fast::Site& wide) : kernel_(std::move(kernel)), constants_(wide.constants) {
    for (const TensorType& t : wide.in) in_types_.push_back(t);
    for (const TensorType& t : wide.out) out_types_.push_back(t);
  }

  void operator()(EvalArgs in, std::span<Tensor> out) const {
    std::vector<Tensor> wide_in(in.count()), wide_out(out.size());
    std::vector<const Tensor*> args(in.count());
    for (size_t i = 0; i < in.count(); ++i) {
      args[i] = in.in[i];
      if (!in.has(i) || !is_half(in[i].dtype())) continue;
      if (constants_[i] == nullptr) {
        wide_in[i] = Tensor(in_types_[i]);
        fast::widen(in[i], wide_in[i]);
      }
      args[i] = constants_[i] != nullptr ? constants_[i] : &wide_in[i];
    }
    for (size_t i = 0; i < out.size(); ++i)
      wide_out[i] = is_half(out[i].dtype()) ? Tensor(out_types_[i]) : std::move(out[i]);
    kernel_({args}, wide_out);
    for (size_t i = 0; i < out.size(); ++i) {
      if (is_half(out[i].dtype())) {
        fast::narrow(wide_out[i], out[i]);
      } else {
        out[i] = std::move(wide_out[i]);
      }
    }
  }

 private:
  fast::Kernel kernel_;
  std::vector<const Tensor*> constants_;
  std::vector<TensorType> in_types_, out_types_;
};

fast::Kernel fast_kernel(const Op& op, KeptConstants& kept, Layouts* opt_layouts, OpLayouts& layouts) {
  const fast::Row* row = fast::find_row(op.name());
  if (row == nullptr) return {};
  fast::Site site = site_of(op);
  if (row->bytes != nullptr && site.present[0] && is_byte(site.in[0].dtype)) return row->bytes(site);
  const bool all_f32 = all_types(site, [](DType t) { return t == DType::F32; });
  if (opt_layouts != nullptr && row->layouts != nullptr && all_f32) {
    layouts = opt_layouts->choose(op, site, row->layouts(site));
    site.layout_in = layouts.in[0];
    site.layout_out = layouts.out;
  }
  if (row->any_type || all_f32) {
    fast::Kernel kernel = row->prepare(site);
    if (!kernel && opt_layouts != nullptr) {
      opt_layouts->forget(op);
      layouts = {};
    }
    return kernel;
  }
  if (!all_types(site, [](DType t) { return t == DType::F32 || is_half(t); })) return {};
  const fast::Site wide = widen(site, kept);
  fast::Kernel kernel = row->prepare(wide);
  if (!kernel) return {};
  return Widening(std::move(kernel), wide);
}

}  // namespace

PreparedOp prepare_op(const Op& op, bool reference, KeptConstants& kept, Layouts* opt_layouts) {
  OpLayouts layouts;
  if (!reference)
    if (fast::Kernel kernel = fast_kernel(op, kept, opt_layouts, layouts))
      return {std::move(kernel), false, std::move(layouts)};
  const OpDef* def = &op.def();
  const std::any* attrs = &op.any_attrs();
  return {[def, attrs](EvalArgs in, std::span<Tensor> out) { def->eval(in, *attrs, out); }, true, {}};
}

}  // namespace tpuc
