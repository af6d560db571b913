// A host tensor: a type and its elements. Owns its bytes (64-byte aligned) or borrows them from a mapped file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "tpuc/ir/type.h"
#include "tpuc/support/check.h"

namespace tpuc {

class Tensor {
 public:
  Tensor() = default;
  // Elements are zero.
  explicit Tensor(TensorType type);
  Tensor(DType dtype, Dims dims) : Tensor(TensorType{dtype, std::move(dims), {}}) {}
  // The bytes stay where they are and must outlive every copy (a mapped model file owned by the Module).
  static Tensor borrow(TensorType type, std::span<const std::byte> bytes);

  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;
  ~Tensor() = default;

  TensorType type;

  const Dims& dims() const { return type.dims; }
  DType dtype() const { return type.dtype; }
  int64_t count() const { return element_count(type); }
  std::span<const std::byte> bytes() const { return {data_, static_cast<size_t>(size_)}; }
  std::span<std::byte> mutable_bytes();  // copies first when borrowed

  // Elements as T. The size of T must be the element's; f16 and bf16 are uint16_t, bool is uint8_t, 4-bit types have
  // none.
  template <class T>
  std::span<const T> as() const {
    check_element(sizeof(T));
    return {reinterpret_cast<const T*>(data_), static_cast<size_t>(size_) / sizeof(T)};
  }
  template <class T>
  std::span<T> as_mutable() {
    check_element(sizeof(T));
    auto b = mutable_bytes();
    return {reinterpret_cast<T*>(b.data()), b.size() / sizeof(T)};
  }

  // Any numeric element type converted (value-preserving where possible), for reference code and shape arithmetic.
  std::vector<double> to_f64() const;
  std::vector<float> to_f32() const;
  std::vector<int64_t> to_i64() const;  // floats are truncated toward zero
  // Writes values with this tensor's element type: rounds to nearest even for floats, saturates for integers.
  void assign_f64(std::span<const double> values);
  void assign_f32(std::span<const float> values);
  // The same elements under other dimensions of equal count.
  Tensor reshaped(Dims dims) const&;
  Tensor reshaped(Dims dims) &&;

  static Tensor from_f32(Dims dims, std::span<const float> values);
  static Tensor from_i64(Dims dims, std::span<const int64_t> values);

 private:
  struct Free {
    void operator()(std::byte* p) const { std::free(p); }
  };
  void check_element(size_t element_bytes) const;

  std::unique_ptr<std::byte, Free> owned_;
  const std::byte* data_ = nullptr;
  int64_t size_ = 0;  // bytes
};

// Same type and same bits.
bool identical(const Tensor& a, const Tensor& b);

}  // namespace tpuc
