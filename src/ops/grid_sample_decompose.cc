// grid_sample by rows of channels: of each place the indices of the pixels around it, a gather for each of them, and
// their weighted sum. Runs in the type the operator has, f32 as long as no chip has a kernel for it.
#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/grid_sample.h"
#include "ops/import.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

// Of all pictures; beyond, no chip holds their channels.
constexpr int64_t kMostRows = int64_t{1} << 28;

// Arithmetic on one value and numbers.
struct Formula {
  Builder& b;
  Value* number(const Value* like, double v) const { return scalar_like(b, like, v); }
  Value* plus(Value* x, double v) const { return b.add<Add>({x, number(x, v)}); }
  Value* times(Value* x, double v) const { return b.add<Mul>({x, number(x, v)}); }
  Value* from(double v, Value* x) const { return b.add<Sub>({number(x, v), x}); }
  Value* clamped(Value* x, double low, double high) const {
    return b.add<Clip>({x}, {.min = static_cast<float>(low), .max = static_cast<float>(high)});
  }
};

// See place_of in grid_sample.cc: the same steps. `g` [places,1]
Value* place_of(const Formula& f, Value* g, int64_t size, const GridSample::Attrs& a) {
  const auto n = static_cast<double>(size);
  Value* at = f.plus(g, 1);
  at = a.align_corners ? f.times(at, (n - 1) * 0.5) : f.times(f.plus(f.times(at, n), -1), 0.5);
  const double low = a.align_corners ? 0 : -0.5, span = a.align_corners ? n - 1 : n;
  if (a.padding == GridPadding::Reflection && span > 0) {
    Value* far = f.b.add<Abs>({f.plus(at, -low)});
    Value* turned = f.b.add<Mod>({far, f.number(far, 2 * span)}, {.fmod = true});
    at = f.plus(f.from(span, f.b.add<Abs>({f.plus(turned, -span)})), low);
  }
  const bool zeros = a.padding == GridPadding::Zeros;
  return f.clamped(at, zeros ? -2 : 0, zeros ? n + 1 : n - 1);
}

// A row or column of pixels beside each place: its index within the axis, and what it weighs.
struct Line {
  Value *index = nullptr, *weight = nullptr;  // weight null: 1
};

Line line_at(const Formula& f, Value* at, Value* weight, int64_t size, const GridSample::Attrs& a) {
  Builder& b = f.b;
  const auto last = static_cast<double>(size - 1);
  if (a.padding == GridPadding::Zeros) {
    Value* inside =
        b.add<And>({b.add<GreaterOrEqual>({at, f.number(at, 0)}), b.add<LessOrEqual>({at, f.number(at, last)})});
    weight = b.add<Select>({inside, weight == nullptr ? f.number(at, 1) : weight, f.number(at, 0)});
  }
  return {cast(b, f.clamped(at, 0, last), DType::I32), weight};
}

std::vector<Line> lines_around(const Formula& f, Value* at, int64_t size, const GridSample::Attrs& a) {
  if (a.mode == GridMode::Nearest) return {line_at(f, f.b.add<Round>({at}), nullptr, size, a)};
  Value* first = f.b.add<Floor>({at});
  Value* share = f.b.add<Sub>({at, first});
  return {line_at(f, first, f.from(1, share), size, a), line_at(f, f.plus(first, 1), share, size, a)};
}

Value* product(Builder& b, Value* x, Value* y) {
  if (x == nullptr || y == nullptr) return x == nullptr ? y : x;
  return b.add<Mul>({x, y});
}

// Where the picture of each place begins, in pixels; null for a single picture.
Value* picture_begins(Builder& b, int64_t pictures, int64_t places, int64_t pixels) {
  if (pictures == 1) return nullptr;
  std::vector<double> begins;
  for (int64_t n = 0; n < pictures; ++n)
    begins.insert(begins.end(), static_cast<size_t>(places), static_cast<double>(n * pixels));
  Tensor t(DType::I32, {pictures * places, 1});
  t.assign_f64(begins);
  return b.constant(std::move(t));
}

}  // namespace

Values GridSample::decompose(const Op& op, Builder& b) {
  const Attrs& a = op.attrs<GridSample>();
  const Dims &d = op.in(0)->type.dims, &y = op.out(0)->type.dims;
  const int64_t places = y[2] * y[3], rows = d[0] * places;
  if (element_count(y) == 0 || rows > kMostRows) return {};
  const Formula f{b};
  Value* pixels = reshape(b, b.add<Permute>({op.in(0)}, {.order = {0, 2, 3, 1}}), {d[0] * d[2] * d[3], d[1]});
  Value* grid = reshape(b, cast(b, op.in(1), op.in(0)->type.dtype), {rows, 2});
  const auto coordinate = [&](int64_t i) { return b.add<Slice>({grid}, {{0, i}, {1, 1}, {rows, 1}}); };
  const auto columns = lines_around(f, place_of(f, coordinate(0), d[3], a), d[3], a);
  const auto lines = lines_around(f, place_of(f, coordinate(1), d[2], a), d[2], a);
  Value *begins = picture_begins(b, d[0], places, d[2] * d[3]), *sum = nullptr;
  for (const Line& line : lines) {
    Value* row = f.times(line.index, static_cast<double>(d[3]));
    if (begins != nullptr) row = b.add<Add>({row, begins});
    for (const Line& column : columns) {
      Value* index = reshape(b, b.add<Add>({row, column.index}), {rows});
      Value* part = product(b, b.add<Gather>({pixels, index}, {0, true}), product(b, line.weight, column.weight));
      sum = sum == nullptr ? part : b.add<Add>({sum, part});
    }
  }
  return {b.add<Permute>({reshape(b, sum, {y[0], y[2], y[3], y[1]})}, {.order = {0, 3, 1, 2}})};
}

}  // namespace tpuc::ops
