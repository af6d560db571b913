// Parses values of options. Nothing here knows a command.
#include "driver/options.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "tpuc/support/check.h"

namespace tpuc {
namespace {

// The number that is all of `text`, or nothing.
template <class T>
bool parse_number(std::string_view text, T& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts(1);
  for (const char c : text) {
    if (c == separator)
      parts.emplace_back();
    else
      parts.back() += c;
  }
  return parts;
}

std::pair<std::string, std::string> split_assignment(std::string_view option, const std::string& text) {
  const size_t at = text.rfind('=');
  if (at == std::string::npos || at == 0)
    throw UserError(diagnostic(ErrorCode::E2001, "{} `{}` has no NAME= before the value", option, text));
  return {text.substr(0, at), text.substr(at + 1)};
}

}  // namespace

std::pair<std::string, Dims> parse_input_shape(const std::string& text) {
  auto [name, shape] = split_assignment("--input-shape", text);
  Dims dims;
  if (!shape.empty()) {
    for (const std::string& part : split(shape, 'x')) {
      int64_t dim = 0;
      if (!parse_number(part, dim) || dim < 0)
        throw UserError(diagnostic(ErrorCode::E2001, "--input-shape `{}`: `{}` is no dimension", text, part)
                            .note("hint", "shapes are written NAME=1x3x224x224"));
      dims.push_back(dim);
    }
  }
  return {std::move(name), std::move(dims)};
}

std::pair<std::string, Tensor> parse_input_value(const std::string& text) {
  auto [name, value] = split_assignment("--input-value", text);
  if (value.ends_with(".npy")) {
    Tensor t = from_npy(read_npy(value), name);
    return {std::move(name), std::move(t)};
  }
  std::vector<double> numbers;
  bool whole = true;
  for (const std::string& part : split(value, ',')) {
    int64_t integer = 0;
    double number = 0;
    if (parse_number(part, integer)) {
      number = static_cast<double>(integer);
    } else if (parse_number(part, number)) {
      whole = false;
    } else if (part == "true" || part == "false") {
      number = part == "true" ? 1 : 0;
    } else {
      throw UserError(diagnostic(ErrorCode::E2001, "--input-value `{}`: `{}` is no number", text, part)
                          .note("hint", "values are written NAME=16000, NAME=1,2,3 or NAME=FILE.npy"));
    }
    numbers.push_back(number);
  }
  const Dims dims = numbers.size() == 1 ? Dims{} : Dims{static_cast<int64_t>(numbers.size())};
  Tensor t(whole ? DType::I64 : DType::F32, dims);
  t.assign_f64(numbers);
  return {std::move(name), std::move(t)};
}

Tolerance parse_tolerance(const std::string& text) {
  const std::vector<std::string> parts = split(text, ',');
  Tolerance t;
  if (parts.size() != 2 || !parse_number(parts[0], t.cosine) || !parse_number(parts[1], t.euclidean) ||
      !std::isfinite(t.cosine) || !std::isfinite(t.euclidean))
    throw UserError(diagnostic(ErrorCode::E2001, "--tolerance `{}` is not two numbers", text)
                        .note("hint", "COS,EUC: --tolerance 0.99,0.90"));
  return t;
}

Precision parse_precision(const std::string& text) {
  if (text == "f32") return Precision::F32;
  if (text == "f16") return Precision::F16;
  if (text == "bf16") return Precision::Bf16;
  if (text == "int8") return Precision::Int8;
  throw UserError(
      diagnostic(ErrorCode::E2001, "--precision `{}` is not known", text).note("hint", "one of f32, f16, bf16, int8"));
}

std::string_view to_string(Precision p) {
  switch (p) {
    case Precision::F32:
      return "f32";
    case Precision::F16:
      return "f16";
    case Precision::Bf16:
      return "bf16";
    case Precision::Int8:
      return "int8";
  }
  return "?";
}

DType dtype_of_floats(Precision p) {
  switch (p) {
    case Precision::F32:
      return DType::F32;
    case Precision::F16:
      return DType::F16;
    case Precision::Bf16:
      return DType::BF16;
    case Precision::Int8:
      return DType::F32;
  }
  return DType::F32;
}

Tolerance default_tolerance(Precision p) {
  switch (p) {
    case Precision::F32:
      return {0.9999, 0.99};
    case Precision::F16:
      return {0.999, 0.95};
    case Precision::Bf16:
      return {0.99, 0.85};
    case Precision::Int8:
      return {0.8, 0.35};
  }
  return {};
}

}  // namespace tpuc
