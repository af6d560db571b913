// Elementary functions in f32 on local memory, as sequences of AR and SFU commands over a few scratch tensors.
//   source: COOKBOOK.md section 3, where the polynomials and the errors stated below come from
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "backends/bm1684x/emit/emitter.h"

namespace tpuc::bm1684x {

// Coefficient tables of the polynomials, ascending, f32 but for Exp2Half; in the image each starts at a multiple of 64
// bytes.
enum class Poly : uint8_t { Exp2Fine, Exp2Coarse, Exp2Half, ExpFine, Log, Tanh, TanhDivisor, Erf, ErfDivisor, Sin };
std::span<const float> coefficients(Poly p);

// The constant image of the tables a function uses: the same bytes in each of 64 lanes.
struct TableImage {
  std::vector<Poly> tables;
  int64_t lane_bytes() const;
  int64_t offset(Poly p) const;  // bytes
  std::vector<std::byte> pack() const;
};

// Scratch tensors of one shape, taken and given back while a formula is computed.
class FloatMath {
 public:
  // A tensor that goes back to the pool with its owner; one that was not taken from the pool stays where it is.
  class Buf {
   public:
    Buf() = default;
    explicit Buf(const LocalTensor& t) : tensor_(t) {}
    Buf(FloatMath* pool, const LocalTensor& t) : tensor_(t), pool_(pool) {}
    Buf(Buf&& b) noexcept : tensor_(b.tensor_), pool_(b.pool_) { b.pool_ = nullptr; }
    Buf& operator=(Buf&& b) noexcept;
    Buf(const Buf&) = delete;
    Buf& operator=(const Buf&) = delete;
    ~Buf() { drop(); }
    void drop();
    const LocalTensor& operator*() const { return tensor_; }
    operator Arg() const { return Arg(tensor_); }  // NOLINT(google-explicit-constructor): a buffer is an operand

   private:
    LocalTensor tensor_;
    FloatMath* pool_ = nullptr;
  };

  // `fine`: errors of f32 (about 1e-7); otherwise about 1e-5, below half a unit of f16.
  FloatMath(Emitter& e, std::span<const uint32_t> scratch, const Shape4& dims, const TableImage& tables, uint32_t image,
            bool fine);

  Emitter& emitter() { return *e_; }
  Buf take();
  Buf wide(const LocalTensor& t);  // f32: itself; halves: widened into a buffer
  Buf ar(ArOp op, const Arg& a, const Arg& b);
  Buf add(const Arg& a, const Arg& b) { return ar(ArOp::Add, a, b); }
  Buf sub(const Arg& a, const Arg& b) { return ar(ArOp::Sub, a, b); }
  Buf mul(const Arg& a, const Arg& b) { return ar(ArOp::Mul, a, b); }
  Buf bits(ArOp op, const Arg& a, const Arg& b, uint32_t rounding = 0);  // on the bits as int32
  Buf clamp(const Arg& a, float low, float high);
  Buf polynomial(Poly p, const Buf& x);

  Buf exp(Buf x);         // fine: relative 1.0e-7, else 3e-6; results outside of f32 become 1.2e-38 or 3.4e38
  Buf share(Buf x);       // e^x for x <= 0: absolute 1e-7, coarse 1e-6; what is below e^-87 becomes 1.2e-38
  Buf half_share(Buf x);  // the same by f16 arithmetic: 1e-3 of the result, and 6e-5 is 0; for results of 8 bits
  Buf exp2(Buf u);        // 2^u for u in [-126, 128): relative 5e-7 times max(1, |u| / 14)
  Buf reciprocal(Buf x);  // Newton from a bit trick: fine: relative 1.5e-7, else 6.7e-6; of 0 and infinity not a number
  Buf sigmoid(Buf x);     // absolute 1.7e-7, coarse 6.7e-6
  Buf tanh(Buf x);        // relative 3.6e-7
  Buf erf(Buf x);         // absolute 3.7e-7
  Buf log(Buf x);         // relative 1.6e-7 for normal x > 0

 private:
  Buf scaled(Buf p, const Buf& y);                 // p * 2^n, n in the low bits of y
  Buf ratio(Poly numerator, Poly divisor, Buf c);  // c * N(c^2) / D(c^2)

  Emitter* e_;
  std::vector<LocalTensor> free_;
  TableImage tables_;
  uint32_t image_;
  bool fine_;
};

}  // namespace tpuc::bm1684x
