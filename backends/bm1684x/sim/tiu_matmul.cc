// MM2: products of matrices that have one row per lane.   source: TIU.md section 7
#include "backends/bm1684x/sim/matrix.h"
#include "tpuc/numerics/fixed_point.h"
#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {
std::vector<int64_t> int_tile(const int32_t* x, const int32_t* w, uint64_t rows, uint64_t terms) {
  std::vector<int64_t> sum(rows * kDotColumns);
  std::vector<int32_t> part(rows * kDotColumns);
  for (uint64_t k = 0; k < terms; k += kIntTerms) {
    std::fill(part.begin(), part.end(), 0);
    dot_kernels().i32({rows, std::min(kIntTerms, terms - k), terms}, x + k * kDotColumns, w + k, part.data());
    for (size_t p = 0; p < sum.size(); ++p) sum[p] += part[p];
  }
  return sum;
}

namespace {

// Row r of a matrix is channel r.
template <class T>
Matrix<T> rows_of(const TiuContext& context, const std::optional<TensorView>& view, uint32_t constant, Prec prec,
                  bool is_signed, uint64_t rows, uint64_t columns) {
  Matrix<T> m(rows, columns);
  if (!view) {
    std::fill(m.values.begin(), m.values.end(), unpack_constant<T>(constant, prec, is_signed));
    return m;
  }
  context.parallel(
      rows, [&](size_t r) { unpack_row(context.src + view->at(0, r), prec, is_signed, 1, columns, m.row(r)); },
      rows * columns);
  return m;
}

// Left [M,K] and right [K,N] of result = left * right, whichever way they are stored.
template <class T>
struct Factors {
  Matrix<T> left, right;
};
template <class T>
Factors<T> factors_of(const TiuContext& context, const Mm2& i) {
  const uint64_t m = i.res0_c, n = i.res0_w, k = i.eu == Mm2Op::Nn ? i.opd1_c : i.opd1_w;
  const auto first = [&](uint64_t rows, uint64_t columns) {
    return rows_of<T>(context, context.views.a, i.opd0_addr, i.opd0_prec, i.opd0_sign != 0, rows, columns);
  };
  const auto second = [&](uint64_t rows, uint64_t columns) {
    return rows_of<T>(context, context.views.b, i.opd1_addr, i.opd0_prec, i.opd1_sign != 0, rows, columns);
  };
  switch (i.eu) {
    case Mm2Op::Nn:
      return {first(m, k), second(k, n)};
    case Mm2Op::Nt:
      return {first(m, k), second(n, k).transposed()};
    case Mm2Op::Tt:
      break;
  }
  return {second(m, k), first(k, n)};
}

void mm2_half(const TiuContext& context, const Mm2& i) {
  const Factors<float> f = factors_of<float>(context, i);
  const TensorView& res = *context.views.res;
  const uint64_t terms = f.left.columns;
  for_each_tile(context, f.right, res.c,
                [&](const float* x, uint64_t first, uint64_t count, uint64_t row, uint64_t rows) {
                  std::vector<float> acc(rows * kDotColumns, 0.f);
                  const auto at = [&](uint64_t r) { return res.at(0, row + r) + first * res.elem_bytes; };
                  if (i.res_add != 0)
                    for (uint64_t r = 0; r < rows; ++r)
                      std::memcpy(acc.data() + r * kDotColumns, context.src + at(r), count * 4);
                  dot_half_blocks({rows, terms, terms}, 1, x, f.left.row(row), acc.data());
                  for (uint64_t r = 0; r < rows; ++r) {
                    const float* a = acc.data() + r * kDotColumns;
                    if (i.res0_prec == Prec::F32) {
                      std::memcpy(context.dst + at(r), a, count * 4);
                      continue;
                    }
                    uint16_t packed[kDotColumns];
                    i.res0_prec == Prec::F16 ? f32_to_f16(a, packed, count) : f32_to_bf16(a, packed, count);
                    std::memcpy(context.dst + at(r), packed, count * 2);
                  }
                });
}

// Zero points belong to the second operand: its columns (from each row's own lane), or for Tt its rows.
class ZeroPoints {
 public:
  ZeroPoints(const TiuContext& context, const Mm2& i) : context_(context), i_(i) {}
  int64_t at(uint64_t row, uint64_t column) const {
    const auto& view = context_.views.c;
    const bool is_signed = i_.opd1_sign != 0;
    if (!view) return unpack_constant<int32_t>(i_.opd2_addr, Prec::I8, is_signed);
    const uint8_t* p =
        i_.eu == Mm2Op::Tt ? context_.src + view->at(0, row) : context_.src + view->at(0, row % kLaneCount) + column;
    return is_signed ? static_cast<int8_t>(*p) : *p;
  }

 private:
  const TiuContext& context_;
  const Mm2& i_;
};

// result = sum left * right, less zero * (sum of the other factor), which is exact in 64 bits.
void mm2_int(const TiuContext& context, const Mm2& i) {
  const Factors<int32_t> f = factors_of<int32_t>(context, i);
  const TensorView& res = *context.views.res;
  const uint64_t terms = f.left.columns;
  const ZeroPoints zero(context, i);
  const bool by_row = i.eu == Mm2Op::Tt;  // then the first operand is on the right
  std::vector<int64_t> other(by_row ? f.right.columns : f.left.rows, 0);
  for (uint64_t k = 0; k < terms; ++k)
    for (uint64_t j = 0; j < other.size(); ++j) other[j] += by_row ? f.right.row(k)[j] : f.left.row(j)[k];
  for_each_tile(
      context, f.right, res.c, [&](const int32_t* x, uint64_t first, uint64_t count, uint64_t row, uint64_t rows) {
        const std::vector<int64_t> sum = int_tile(x, f.left.row(row), rows, terms);
        for (uint64_t r = 0; r < rows; ++r)
          for (uint64_t c = 0; c < count; ++c) {
            int64_t v = sum[r * kDotColumns + c] - zero.at(row + r, first + c) * other[by_row ? first + c : row + r];
            const uint64_t at = res.at(0, row + r) + (first + c) * 4;
            if (i.res_add != 0) v += load<int32_t>(context.src + at);
            store(context.dst + at, saturate_to<int32_t>(v));
          }
      });
}

}  // namespace

void exec(const TiuContext& context, const Mm2& i) {
  const uint64_t k = i.eu == Mm2Op::Nn ? i.opd1_c : i.opd1_w;
  check_work(context, {k * i.res0_c, k * i.res0_w}, static_cast<double>(k) * i.res0_c * i.res0_w);
  is_half(i.opd0_prec) ? mm2_half(context, i) : mm2_int(context, i);
}

}  // namespace tpuc::bm1684x
