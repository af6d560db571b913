// See the header.
#include "runtime/fast/integer_sum.h"

#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>

#include "runtime/fast/loops.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::fast {
namespace {

constexpr int64_t kExact = int64_t{1} << 24;  // f32 holds every integer up to here

// Indices [begin, end) of `axis` as f32, less `zero`.
Tensor part_of(const Tensor& t, size_t axis, int64_t begin, int64_t end, int64_t zero) {
  Dims dims = t.dims();
  int64_t outer = 1, inner = 1;
  for (size_t i = 0; i < axis; ++i) outer *= dims[i];
  for (size_t i = axis + 1; i < dims.size(); ++i) inner *= dims[i];
  const int64_t row = (end - begin) * inner, stride = dims[axis] * inner;
  dims[axis] = end - begin;
  Tensor part(DType::F32, dims);
  const auto* from = reinterpret_cast<const uint8_t*>(t.bytes().data()) + begin * inner;
  float* to = part.as_mutable<float>().data();
  const auto convert = [&]<class T>(T) {
    for (int64_t i = 0; i < outer; ++i)
      for_chunks(row, [&](int64_t first, int64_t last) {
        const T* x = reinterpret_cast<const T*>(from + i * stride);
        for (int64_t k = first; k < last; ++k)
          to[i * row + k] = static_cast<float>(static_cast<int32_t>(x[k]) - static_cast<int32_t>(zero));
      });
  };
  t.dtype() == DType::I8 ? convert(int8_t{}) : convert(uint8_t{});
  return part;
}

int64_t byte_at(const Tensor& t, int64_t i) {
  const auto x = t.bytes()[static_cast<size_t>(i)];
  return t.dtype() == DType::I8 ? static_cast<int8_t>(x) : static_cast<int64_t>(x);
}
// The largest |x - zero| of an element type.
int64_t reach(DType t, int64_t zero) {
  return std::max(highest_of(8, t == DType::I8) - zero, zero - lowest_of(8, t == DType::I8));
}

// [depth][channel]: the sum of |w - zero| of an index of the axis.
std::vector<int64_t> magnitudes(const Tensor& w, const IntegerSum& sum, int64_t depth) {
  std::vector<int64_t> m(static_cast<size_t>(depth * sum.channels));
  for (int64_t i = 0; i < w.count(); ++i) {
    const IntegerSum::Place p = sum.place(i / sum.terms);
    m[static_cast<size_t>(p.depth * sum.channels + p.channel)] += std::abs(byte_at(w, i) - sum.w_zero);
  }
  return m;
}

// Where parts end: as long as sums of no channel can reach 2^24. Empty: one index is too much.
std::vector<int64_t> part_ends(const Site& site, const IntegerSum& sum) {
  const int64_t depth = site.dims(1)[sum.w_axis] / (sum.w_axis == 0 ? sum.groups : 1);
  const int64_t most_x = reach(site.in[0].dtype, sum.x_zero + sum.pad_value);
  const int64_t most_w = sum.terms * reach(site.in[1].dtype, sum.w_zero);
  const bool is_known = site.constant(1) != nullptr && sum.place;
  const std::vector<int64_t> known = is_known ? magnitudes(*site.constant(1), sum, depth) : std::vector<int64_t>{};
  std::vector<int64_t> ends, running(static_cast<size_t>(is_known ? sum.channels : 1));
  for (int64_t k = 0; k < depth; ++k) {
    const auto fits = [&] {
      for (size_t c = 0; c < running.size(); ++c)
        if ((running[c] + (is_known ? known[static_cast<size_t>(k) * running.size() + c] : most_w)) * most_x > kExact)
          return false;
      return true;
    };
    if (!fits()) {
      ends.push_back(k);
      std::fill(running.begin(), running.end(), 0);
      if (k == 0 || !fits()) return {};
    }
    for (size_t c = 0; c < running.size(); ++c)
      running[c] += is_known ? known[static_cast<size_t>(k) * running.size() + c] : most_w;
  }
  ends.push_back(depth);
  return ends;
}

struct Part {
  int64_t begin, end;
  Kernel kernel;
  std::optional<Tensor> w;  // where it is constant
};

class Sums {
 public:
  Sums(const Site& site, IntegerSum sum, std::any attrs) : sum_(std::move(sum)), attrs_(std::move(attrs)) {
    float_out_ = {DType::F32, site.out[0].dims, {}};
    from_padding_.assign(static_cast<size_t>(sum_.channels), 0);
    if (sum_.pad_value == 0) return;
    const Tensor& w = *site.constant(1);
    for (int64_t i = 0; i < w.count(); ++i)
      from_padding_[static_cast<size_t>(sum_.place(i / sum_.terms).channel)] +=
          static_cast<int32_t>(sum_.pad_value * (byte_at(w, i) - sum_.w_zero));
  }

  // False where the float version refuses.
  bool add(const Site& site, int64_t begin, int64_t end, Prepare plain) {
    Part& p = parts_.emplace_back(Part{begin, end, {}, {}});
    Site part{site.op, &attrs_, {{DType::F32, site.dims(0), {}}, {DType::F32, site.dims(1), {}}}, {float_out_}, {}, {}};
    if (sum_.groups == 1) part.in[0].dims[sum_.x_axis] = part.in[1].dims[sum_.w_axis] = end - begin;
    if (site.constant(1) != nullptr) p.w = w_part(*site.constant(1), p);
    part.constants = {nullptr, site.constant(1) != nullptr ? &*p.w : nullptr};
    part.present = {true, true};
    p.kernel = plain(part);
    return static_cast<bool>(p.kernel);
  }

  void run(EvalArgs in, Tensor& out) {
    std::vector<uint32_t> sums(static_cast<size_t>(out.count()));
    Tensor y(float_out_);
    for (const Part& p : parts_) {
      const Tensor x = x_part(in[0], p);
      const Tensor w = p.w ? Tensor() : w_part(in[1], p);
      const Tensor* args[] = {&x, p.w ? &*p.w : &w};
      p.kernel({args}, {&y, 1});
      const float* from = y.as<float>().data();
      for_chunks(out.count(), [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          sums[static_cast<size_t>(i)] += static_cast<uint32_t>(static_cast<int32_t>(from[i]));
      });
    }
    finish(in, sums, out);
  }

 private:
  Tensor x_part(const Tensor& x, const Part& p) const {
    const bool whole = sum_.groups > 1;
    return part_of(x, sum_.x_axis, whole ? 0 : p.begin, whole ? x.dims()[sum_.x_axis] : p.end,
                   sum_.x_zero + sum_.pad_value);
  }
  Tensor w_part(const Tensor& w, const Part& p) const {
    const bool whole = sum_.groups > 1;
    return part_of(w, sum_.w_axis, whole ? 0 : p.begin, whole ? w.dims()[sum_.w_axis] : p.end, sum_.w_zero);
  }

  // Bias and scales of each channel, then the result's type. Sums wrap as the chip's do.
  void finish(EvalArgs in, const std::vector<uint32_t>& sums, Tensor& out) const {
    const auto channels = static_cast<size_t>(sum_.channels);
    std::vector<uint32_t> added(from_padding_.begin(), from_padding_.end());
    if (in.has(2))
      for (size_t c = 0; c < channels; ++c) added[c] += static_cast<uint32_t>(in[2].as<int32_t>()[c]);
    if (!in.has(3))
      return store(
          sums, added, [](int32_t v, size_t) { return v; }, out.as_mutable<int32_t>().data());
    const auto rq = in[3].as<float>();
    std::vector<float> scale(channels), offset(channels);
    for (size_t c = 0; c < channels; ++c) {
      scale[c] = rq[rq.size() == 2 ? 0 : c];
      offset[c] = rq[rq.size() == 2 ? 1 : channels + c];
    }
    auto* bytes = reinterpret_cast<uint8_t*>(out.mutable_bytes().data());
    const auto with_sign = [&](auto is_signed) {
      store(
          sums, added,
          [&](int32_t v, size_t c) {
            return static_cast<uint8_t>(requantize_float(v, scale[c], offset[c], 8, is_signed.value));
          },
          bytes);
    };
    out.dtype() == DType::I8 ? with_sign(std::true_type{}) : with_sign(std::false_type{});
  }

  template <class T, class Fn>
  void store(const std::vector<uint32_t>& sums, const std::vector<uint32_t>& added, Fn&& value, T* to) const {
    const auto one = [&](int64_t i, size_t c) {
      to[i] = value(static_cast<int32_t>(sums[static_cast<size_t>(i)] + added[c]), c);
    };
    const auto count = static_cast<int64_t>(sums.size()), row = sum_.inner == 1 ? sum_.channels : sum_.inner;
    for_rows(count / row, row, [&](int64_t r) {
      const auto channel = static_cast<size_t>(r % sum_.channels);
      if (sum_.inner == 1)
        for (int64_t i = 0; i < row; ++i) one(r * row + i, static_cast<size_t>(i));
      else
        for (int64_t i = 0; i < row; ++i) one(r * row + i, channel);
    });
  }

  IntegerSum sum_;
  std::any attrs_;
  TensorType float_out_;
  std::vector<int32_t> from_padding_;
  std::deque<Part> parts_;
};

}  // namespace

Kernel prepare_integer_sum(const Site& site, const IntegerSum& sum, Prepare plain, std::any attrs) {
  if (element_count(site.in[0]) == 0 || element_count(site.in[1]) == 0 || element_count(site.out[0]) == 0) return {};
  if (sum.pad_value != 0 && site.constant(1) == nullptr) return {};
  const std::vector<int64_t> ends = part_ends(site, sum);
  if (ends.empty() || (sum.groups > 1 && ends.size() > 1)) return {};
  const auto sums = std::make_shared<Sums>(site, sum, std::move(attrs));
  int64_t begin = 0;
  for (const int64_t end : ends) {
    if (!sums->add(site, begin, end, plain)) return {};
    begin = end;
  }
  return [sums](EvalArgs in, std::span<Tensor> out) { sums->run(in, out[0]); };
}

}  // namespace tpuc::fast
