// The formulas of COOKBOOK.md section 3. Adding kMagic rounds to the nearest integer and leaves it in the low bits.
#include "backends/bm1684x/kernels/activation_math.h"

#include <array>
#include <bit>
#include <cstring>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

constexpr float kMagic = 12582912.0f;  // 1.5 * 2^23
constexpr float kLog2E = 1.44269504f;
constexpr uint32_t kReciprocalGuess = 0x7EF311C7;  // minus the bits of x: a first guess of 1 / x
constexpr uint32_t kSqrtHalf = 0x3F3504F3;

constexpr std::array kExp2Fine{1.0f,          .693147182f,   .240226462f,   .0555032864f,
                               .00961848907f, .00133999309f, 1.53458081e-4f};
// Four halves, in pairs: 1, .6934, .2426, .05518.
constexpr std::array kExp2Half{std::bit_cast<float>(0x398c3c00u), std::bit_cast<float>(0x2b1033c3u)};
constexpr int64_t kExp2HalfTerms = 4;
constexpr std::array kExp2Coarse{.999999285f, .693121791f, .240247443f, .0559178591f, .00957009662f};
constexpr std::array kExpFine{1.0f, 1.0f, .499999911f, .166664198f, .0416682288f, .00837484561f, .00138368038f};
constexpr std::array kLog{1.0f,       -.499999881f, .333341867f,  -.250020832f, .19956778f,
                          -.1656214f, .149525911f,  -.143689409f, .0872413442f};
constexpr std::array kTanh{.99999994f, .129192427f, .00292077684f, 9.26754637e-6f, -1.27807755e-8f, 1.82559887e-11f};
constexpr std::array kTanhDivisor{1.0f, .462525278f, .0237632301f, 2.28102188e-4f};
constexpr std::array kErf{1.12837911f, .193547472f, .0531019531f, .00388340536f, 2.8456052e-4f, 1.98668431e-6f};
constexpr std::array kErfDivisor{1.0f, .504859507f, .115350895f, .015207394f, .00118557236f, 3.74188567e-5f};
constexpr std::array kSin{1.0f, -.166666567f, .00833302457f, -1.98073467e-4f, 2.60174147e-6f};

int64_t table_bytes(Poly p) { return align64(static_cast<int64_t>(coefficients(p).size_bytes())); }

}  // namespace

std::span<const float> coefficients(Poly p) {
  switch (p) {
    case Poly::Exp2Fine:
      return kExp2Fine;
    case Poly::Exp2Coarse:
      return kExp2Coarse;
    case Poly::Exp2Half:
      return kExp2Half;
    case Poly::ExpFine:
      return kExpFine;
    case Poly::Log:
      return kLog;
    case Poly::Tanh:
      return kTanh;
    case Poly::TanhDivisor:
      return kTanhDivisor;
    case Poly::Erf:
      return kErf;
    case Poly::ErfDivisor:
      return kErfDivisor;
    case Poly::Sin:
      return kSin;
  }
  return {};
}

int64_t TableImage::lane_bytes() const {
  int64_t bytes = 0;
  for (const Poly p : tables) bytes += table_bytes(p);
  return bytes;
}

int64_t TableImage::offset(Poly wanted) const {
  int64_t bytes = 0;
  for (const Poly p : tables) {
    if (p == wanted) return bytes;
    bytes += table_bytes(p);
  }
  TPUC_CHECK(false, "table {} is not in the image", static_cast<int>(wanted));
  return 0;
}

std::vector<std::byte> TableImage::pack() const {
  const auto bytes = static_cast<size_t>(lane_bytes());
  std::vector<std::byte> image(bytes * static_cast<size_t>(kLanes));
  for (size_t lane = 0; lane < static_cast<size_t>(kLanes); ++lane) {
    for (const Poly p : tables) {
      const auto c = coefficients(p);
      std::memcpy(image.data() + lane * bytes + static_cast<size_t>(offset(p)), c.data(), c.size_bytes());
    }
  }
  return image;
}

FloatMath::Buf& FloatMath::Buf::operator=(Buf&& b) noexcept {
  if (this != &b) {
    drop();
    tensor_ = b.tensor_;
    pool_ = b.pool_;
    b.pool_ = nullptr;
  }
  return *this;
}

void FloatMath::Buf::drop() {
  if (pool_ != nullptr) pool_->free_.push_back(tensor_);
  pool_ = nullptr;
}

FloatMath::FloatMath(Emitter& e, std::span<const uint32_t> scratch, const Shape4& dims, const TableImage& tables,
                     uint32_t image, bool fine)
    : e_(&e), tables_(tables), image_(image), fine_(fine) {
  for (const uint32_t addr : scratch) free_.push_back(aligned(addr, Prec::F32, dims));
}

FloatMath::Buf FloatMath::take() {
  TPUC_CHECK(!free_.empty(), "a formula needs more scratch tensors than its footprint names");
  const LocalTensor t = free_.back();
  free_.pop_back();
  return {this, t};
}

FloatMath::Buf FloatMath::wide(const LocalTensor& t) {
  if (t.prec == Prec::F32) return Buf(t);
  Buf b = take();
  e_->cast(*b, t);
  return b;
}

FloatMath::Buf FloatMath::ar(ArOp op, const Arg& a, const Arg& b) {
  Buf r = take();
  e_->ar(op, *r, a, b);
  return r;
}

FloatMath::Buf FloatMath::bits(ArOp op, const Arg& a, const Arg& b, uint32_t rounding) {
  const auto as_int = [](Arg x) {
    if (!x.is_constant) x.tensor.prec = Prec::I32;
    return x;
  };
  Buf r = take();
  e_->ar(op, (*r).as(Prec::I32), as_int(a), as_int(b), {.rounding = rounding});
  return r;
}

FloatMath::Buf FloatMath::clamp(const Arg& a, float low, float high) {
  const Buf t = ar(ArOp::Min, a, Arg::f32(high));
  return ar(ArOp::Max, t, Arg::f32(low));
}

FloatMath::Buf FloatMath::polynomial(Poly p, const Buf& x) {
  Buf r = take();
  e_->taylor(*r, *x, image_ + static_cast<uint32_t>(tables_.offset(p)), static_cast<int64_t>(coefficients(p).size()));
  return r;
}

FloatMath::Buf FloatMath::scaled(Buf p, const Buf& y) {
  const Buf s = bits(ArOp::LogicShift, y, Arg::constant(23));
  return bits(ArOp::Add, p, s);
}

FloatMath::Buf FloatMath::exp2(Buf u) {
  Buf y = add(u, Arg::f32(kMagic));
  Buf f;
  {
    const Buf n = sub(y, Arg::f32(kMagic));
    f = sub(u, n);
  }
  u.drop();
  Buf p = polynomial(fine_ ? Poly::Exp2Fine : Poly::Exp2Coarse, f);
  f.drop();
  return scaled(std::move(p), y);
}

FloatMath::Buf FloatMath::exp(Buf x) {
  Buf t = clamp(x, -87.33f, 88.72f);
  x.drop();
  if (!fine_) {
    Buf u = mul(t, Arg::f32(kLog2E));
    t.drop();
    return exp2(std::move(u));
  }
  // f = t - n * ln 2, ln 2 in two parts: exact where f32 alone would lose digits of a large t.
  Buf y = take();
  e_->lin(*y, *t, Arg::f32(kLog2E), Arg::f32(kMagic));
  const auto minus_n_times = [&](Buf from, float factor) {
    Buf n = sub(y, Arg::f32(kMagic));
    const Buf part = mul(n, Arg::f32(factor));
    n.drop();
    Buf rest = sub(from, part);
    from.drop();  // a parameter lives until the caller's expression ends
    return rest;
  };
  Buf r = minus_n_times(minus_n_times(std::move(t), 0.693359375f), -2.12194440e-4f);
  Buf p = polynomial(Poly::ExpFine, r);
  r.drop();
  return scaled(std::move(p), y);
}

FloatMath::Buf FloatMath::share(Buf x) {
  Buf u = mul(x, Arg::f32(kLog2E));
  x.drop();
  Buf bounded = ar(ArOp::Max, u, Arg::f32(-126.0f));
  u.drop();
  return exp2(std::move(bounded));
}

// As exp2(), of which 1536 does in f16 what kMagic does in f32. Exponents end at -14: that is what 0 becomes, and it is
// taken off again.
FloatMath::Buf FloatMath::half_share(Buf x) {
  constexpr float kHalfMagic = 1536, kLowest = -14;
  const auto half = [](const Buf& b, Prec p = Prec::F16) { return aligned((*b).addr, p, (*b).dims); };
  const auto real = [](double value) { return Arg::real(Prec::F16, value); };
  Buf u = take();
  e_->cast(half(u), *x);
  x.drop();
  Buf y = take(), n = take(), f = take();
  e_->ar(ArOp::Mul, half(y), half(u), real(kLog2E));
  e_->ar(ArOp::Max, half(u), half(y), real(kLowest));
  e_->ar(ArOp::Add, half(y), half(u), real(kHalfMagic));
  e_->ar(ArOp::Sub, half(n), half(y), real(kHalfMagic));
  e_->ar(ArOp::Sub, half(f), half(u), half(n));
  e_->taylor(half(u), half(f), image_ + static_cast<uint32_t>(tables_.offset(Poly::Exp2Half)), kExp2HalfTerms);
  e_->ar(ArOp::LogicShift, half(n, Prec::I16), half(y, Prec::I16), Arg::constant(10));
  e_->ar(ArOp::Add, half(f, Prec::I16), half(u, Prec::I16), half(n, Prec::I16));
  e_->ar(ArOp::Sub, half(u), half(f), real(0x1p-14));
  e_->cast(*y, half(u));
  return y;
}

FloatMath::Buf FloatMath::reciprocal(Buf x) {
  Buf y = bits(ArOp::Sub, Arg::constant(kReciprocalGuess), x);
  for (int i = 0; i < (fine_ ? 3 : 2); ++i) {
    Buf t = mul(x, y);
    Buf rest = sub(Arg::f32(2.0f), t);
    t.drop();
    y = mul(y, rest);
  }
  return y;
}

FloatMath::Buf FloatMath::sigmoid(Buf x) {
  Buf t = clamp(x, -87.0f, 87.0f);
  x.drop();
  Buf u = mul(t, Arg::f32(-kLog2E));
  t.drop();
  Buf e = exp2(std::move(u));
  Buf d = add(e, Arg::f32(1.0f));
  e.drop();
  return reciprocal(std::move(d));
}

FloatMath::Buf FloatMath::ratio(Poly numerator, Poly divisor, Buf c) {
  Buf v = mul(c, c);
  Buf n = polynomial(numerator, v);
  Buf top = mul(c, n);
  n.drop();
  c.drop();
  Buf d = polynomial(divisor, v);
  v.drop();
  const Buf r = reciprocal(std::move(d));
  return mul(top, r);
}

FloatMath::Buf FloatMath::tanh(Buf x) {
  Buf c = clamp(x, -9.0f, 9.0f);
  x.drop();
  return ratio(Poly::Tanh, Poly::TanhDivisor, std::move(c));
}

FloatMath::Buf FloatMath::erf(Buf x) {
  Buf c = clamp(x, -4.0f, 4.0f);
  x.drop();
  return ratio(Poly::Erf, Poly::ErfDivisor, std::move(c));
}

FloatMath::Buf FloatMath::log(Buf x) {
  Buf k = bits(ArOp::Sub, x, Arg::constant(kSqrtHalf));
  Buf e = bits(ArOp::ArithShift, k, Arg::constant(static_cast<uint32_t>(-23)), 3);
  k.drop();
  Buf shifted = bits(ArOp::LogicShift, e, Arg::constant(23));
  Buf m = bits(ArOp::Sub, x, shifted);
  x.drop();
  shifted.drop();
  Buf z = sub(m, Arg::f32(1.0f));
  m.drop();
  Buf p = polynomial(Poly::Log, z);
  Buf product = mul(z, p);
  z.drop();
  p.drop();
  Buf exponent = take();
  e_->cast(*exponent, (*e).as(Prec::I32));
  e.drop();
  Buf rest = mul(exponent, Arg::f32(0.69314718f));
  exponent.drop();
  return add(product, rest);
}

}  // namespace tpuc::bm1684x
