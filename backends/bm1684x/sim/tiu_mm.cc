// MM: products of matrices whose columns are spread over channels, one batch per row.   source: TIU.md section 8
#include <bit>

#include "backends/bm1684x/sim/matrix.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::bm1684x {
namespace {

// Matrix row r is batch r; column j is element j % w of channel j / w.
template <class T>
Matrix<T> batches_of(const TiuContext& context, const TensorView& view, Prec prec, bool is_signed, uint64_t columns) {
  Matrix<T> m(view.n, columns);
  const auto row = [&](size_t r) {
    for (uint64_t c = 0; c < view.c && c * view.w < columns; ++c)
      unpack_row(context.src + view.at(r, c), prec, is_signed, 1, std::min(view.w, columns - c * view.w),
                 m.row(r) + c * view.w);
  };
  context.parallel(view.n, row, view.n * columns);
  return m;
}

// Left [M,K] and right [K,N], and where result columns lie.
template <class T>
class Product {
 public:
  Product(const TiuContext& context, const Mm& i)
      : context_(context), i_(i), res_(*context.views.res), left_(left_matrix()), right_(right_matrix()) {}
  uint64_t terms() const { return left_.columns; }
  const T* left_row(uint64_t r) const { return left_.row(r); }
  const T* right_row(uint64_t k) const { return right_.row(k); }
  uint64_t rows() const { return left_.rows; }
  uint64_t columns() const { return right_.columns; }
  const Matrix<T>& right() const { return right_; }
  uint64_t result_at(uint64_t row, uint64_t column) const {
    return res_.at(row, column / res_.w) + column % res_.w * res_.elem_bytes;
  }
  // opd2: one value per result column, or a constant.
  template <class V>
  std::vector<V> vector(Prec prec, bool is_signed) const {
    if (!context_.views.c) return std::vector<V>(columns(), unpack_constant<V>(i_.opd2_addr, prec, is_signed));
    return batches_of<V>(context_, *context_.views.c, prec, is_signed, columns()).values;
  }

 private:
  Matrix<T> left_matrix() const {
    const bool is_signed = i_.opd0_sign != 0;
    const uint64_t columns = uint64_t{i_.opd0_c - 1} * i_.opd0_w + i_.opd1_w;
    Matrix<T> m(i_.opd0_n, columns);
    if (context_.views.a) {
      m = batches_of<T>(context_, *context_.views.a, i_.opd0_prec, is_signed, columns);
    } else {
      std::fill(m.values.begin(), m.values.end(), unpack_constant<T>(i_.opd0_addr, i_.opd0_prec, is_signed));
    }
    return i_.left_tran != 0 ? m.transposed() : m;
  }
  Matrix<T> right_matrix() const {
    return batches_of<T>(context_, *context_.views.b, i_.opd0_prec, i_.opd1_sign != 0, uint64_t{i_.res0_c} * i_.res0_w);
  }

  const TiuContext& context_;
  const Mm& i_;
  const TensorView& res_;
  Matrix<T> left_, right_;
};

void mm_float(const TiuContext& context, const Mm& i) {
  const Product<float> product(context, i);
  const std::vector<float> bias = product.vector<float>(Prec::F32, true);
  for_each_tile(
      context, product.right(), product.rows(),
      [&](const float* x, uint64_t first, uint64_t count, uint64_t row, uint64_t rows) {
        std::vector<float> even(rows * kDotColumns, 0.f), odd(rows * kDotColumns, 0.f);
        for (uint64_t r = 0; r < rows; ++r)
          for (uint64_t c = 0; c < count; ++c) {
            float &a = even[r * kDotColumns + c], &b = odd[r * kDotColumns + c];
            b = bias[first + c];
            if (i.res_add == 0) continue;
            a = b;
            b = load<float>(context.src + product.result_at(row + r, first + c));
          }
        dot_kernels().f32({rows, product.terms(), product.terms()}, x, product.left_row(row), even.data(), odd.data());
        for (uint64_t r = 0; r < rows; ++r)
          for (uint64_t c = 0; c < count; ++c)
            store(context.dst + product.result_at(row + r, first + c),
                  even[r * kDotColumns + c] + odd[r * kDotColumns + c]);
      });
}

void mm_int8(const TiuContext& context, const Mm& i) {
  const Product<int32_t> product(context, i);
  const bool normal = i.eu == MmOp::Normal;
  const std::vector<int32_t> bias =
      normal ? std::vector<int32_t>() : product.vector<int32_t>(Prec::I16, i.opd2_sign != 0);
  const uint64_t bytes = context.views.res->elem_bytes;
  const int shift = static_cast<int>(i.opd3_addr >> 8 & 0xff);
  const bool is_signed = i.eu != MmOp::WrqRelu && (i.opd0_sign | i.opd1_sign | i.opd2_sign) != 0;
  for_each_tile(context, product.right(), product.rows(),
                [&](const int32_t* x, uint64_t first, uint64_t count, uint64_t row, uint64_t rows) {
                  const std::vector<int64_t> sum = int_tile(x, product.left_row(row), rows, product.terms());
                  for (uint64_t r = 0; r < rows; ++r)
                    for (uint64_t c = 0; c < count; ++c) {
                      int64_t v = sum[r * kDotColumns + c];
                      const uint64_t at = product.result_at(row + r, first + c);
                      if (normal) {
                        if (i.res_add != 0) v += load<int32_t>(context.src + at);  // wraps
                      } else {
                        v = shift_right_round(v + bias[first + c], shift, Round::NearestUp);
                        v = saturate(v, static_cast<int>(8 * bytes), is_signed);
                      }
                      std::memcpy(context.dst + at, &v, bytes);
                    }
                });
}

void mm_int32(const TiuContext& context, const Mm& i) {
  const Product<int32_t> product(context, i);
  const std::vector<int32_t> shift = product.vector<int32_t>(Prec::I8, true);
  const auto value = [](int32_t v, bool is_signed) {
    return is_signed ? int64_t{v} : int64_t{static_cast<uint32_t>(v)};
  };
  const bool is_signed = (i.opd0_sign | i.opd1_sign) != 0;
  const auto row = [&](size_t r) {
    const int32_t* left = product.left_row(r);
    for (uint64_t c = 0; c < product.columns(); ++c) {
      Int128 sum = 0;
      for (uint64_t k = 0; k < product.terms(); ++k)
        sum += Int128{value(left[k], i.opd0_sign != 0)} * value(product.right_row(k)[c], i.opd1_sign != 0);
      const int64_t v =
          saturate(shift_saturate_wide(sum, shift[c], static_cast<Round>(i.opd2_n_str & 7)), 32, is_signed);
      store(context.dst + product.result_at(r, c), static_cast<uint32_t>(v));
    }
  };
  context.parallel(product.rows(), row, product.rows() * product.columns() * product.terms());
}

}  // namespace

void exec(const TiuContext& context, const Mm& i) {
  const TensorView &res = *context.views.res, &right = *context.views.b;
  const uint64_t columns = res.c * res.w;
  check_work(context, {right.n * columns, res.n * right.n},
             static_cast<double>(res.n * right.n) * static_cast<double>(columns));
  switch (i.opd0_prec) {
    case Prec::F32:
      return mm_float(context, i);
    case Prec::I32:
      return mm_int32(context, i);
    default:
      return mm_int8(context, i);
  }
}

}  // namespace tpuc::bm1684x
