// The detectors whose outputs are understood. Outputs are told apart by their shapes, and by name where shapes agree.
#include <algorithm>
#include <array>
#include <cmath>

#include "driver/eval/boxes.h"
#include "tpuc/support/check.h"

namespace tpuc::eval {
namespace {

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

Box around(double x, double y, double width, double height, double score, int64_t class_id) {
  return {x - width / 2, y - height / 2, x + width / 2, y + height / 2, score, class_id};
}

UserError unknown_outputs(std::string_view decoder, const NamedTensors& outputs, std::string_view wanted) {
  std::string list;
  for (const auto& [name, t] : outputs)
    list += fmt::format("{}`{}` {}", list.empty() ? "" : ", ", name, to_string(t.type));
  return UserError(diagnostic(ErrorCode::E3036, "--decoder {} wants {}", decoder, wanted).note("outputs", list));
}

// Rows of numbers: a tensor [1,N,K] or [N,K].
struct Rows {
  std::vector<float> data;
  int64_t count = 0, width = 0;
  const float* row(int64_t i) const { return data.data() + i * width; }
};
Rows rows_of(const Tensor& t) {
  if (t.dims().size() < 2 || t.dims().back() < 1) return {};
  return {t.to_f32(), t.count() / t.dims().back(), t.dims().back()};
}

// The best of `count` scores, `stride` numbers apart: (index, score).
std::pair<int64_t, double> best_class(const float* scores, int64_t count, int64_t stride = 1) {
  int64_t best = 0;
  for (int64_t i = 1; i < count; ++i)
    if (scores[i * stride] > scores[best * stride]) best = i;
  return {best, scores[best * stride]};
}

int64_t cells_of(int64_t width, int64_t height, std::initializer_list<int64_t> strides) {
  int64_t n = 0;
  for (const int64_t s : strides) n += (width / s) * (height / s);
  return n;
}

// YOLOX: rows of x, y, log width, log height in cells of a grid, objectness and class scores as probabilities.
std::vector<Box> decode_yolox(const NamedTensors& outputs, int64_t width, int64_t height, double least) {
  const Rows r = outputs.size() == 1 ? rows_of(outputs.begin()->second) : Rows{};
  if (r.width < 6 || r.count != cells_of(width, height, {8, 16, 32}))
    throw unknown_outputs("yolox", outputs, "one output [1, cells of strides 8, 16 and 32, 5 + classes]");
  std::vector<Box> out;
  int64_t i = 0;
  for (const int64_t s : {8, 16, 32})
    for (int64_t y = 0; y < height / s; ++y)
      for (int64_t x = 0; x < width / s; ++x, ++i) {
        const float* d = r.row(i);
        const auto [class_id, score] = best_class(d + 5, r.width - 5);
        if (!(d[4] * score >= least)) continue;
        const auto step = static_cast<double>(s);
        out.push_back(around((d[0] + static_cast<double>(x)) * step, (d[1] + static_cast<double>(y)) * step,
                             std::exp(d[2]) * step, std::exp(d[3]) * step, d[4] * score, class_id));
      }
  return out;
}

// YOLOv5 as exported with its last layer: rows of x, y, width, height in pixels, objectness and class scores.
std::vector<Box> decode_yolov5(const NamedTensors& outputs, int64_t, int64_t, double least) {
  const Tensor* opt_rows = nullptr;
  for (const auto& [name, t] : outputs)  // some exports add the raw heads, of five dimensions
    if (t.dims().size() == 3 && t.dims()[2] >= 6) opt_rows = &t;
  if (opt_rows == nullptr) throw unknown_outputs("yolov5", outputs, "an output [1, boxes, 5 + classes]");
  const Rows r = rows_of(*opt_rows);
  std::vector<Box> out;
  for (int64_t i = 0; i < r.count; ++i) {
    const float* d = r.row(i);
    const auto [class_id, score] = best_class(d + 5, r.width - 5);
    if (d[4] * score >= least) out.push_back(around(d[0], d[1], d[2], d[3], d[4] * score, class_id));
  }
  return out;
}

// FastestDet: planes of objectness, offset by tanh, size by sigmoid, class scores.
std::vector<Box> decode_fastestdet(const NamedTensors& outputs, int64_t width, int64_t height, double least) {
  const Dims d = outputs.size() == 1 ? outputs.begin()->second.dims() : Dims{};
  if (d.size() != 4 || d[0] != 1 || d[1] < 6)
    throw unknown_outputs("fastestdet", outputs, "one output [1, 5 + classes, h, w]");
  const std::vector<float> v = outputs.begin()->second.to_f32();
  const int64_t cells = d[2] * d[3];
  std::vector<Box> out;
  for (int64_t i = 0; i < cells; ++i) {
    const float* p = v.data() + i;
    const auto [class_id, best] = best_class(p + 5 * cells, d[1] - 5, cells);
    const double score = std::pow(std::max(0.f, p[0]), 0.6) * std::pow(std::max(0.0, best), 0.4);
    if (!(score >= least)) continue;
    const double w = static_cast<double>(width), h = static_cast<double>(height);
    out.push_back(around((static_cast<double>(i % d[3]) + std::tanh(p[cells])) / static_cast<double>(d[3]) * w,
                         (static_cast<double>(i / d[3]) + std::tanh(p[2 * cells])) / static_cast<double>(d[2]) * h,
                         sigmoid(p[3 * cells]) * w, sigmoid(p[4 * cells]) * h, score, class_id));
  }
  return out;
}

// One raw head [1, 3 * (5 + classes), h, w] of a Darknet network with its three anchors, in pixels.
void decode_head(const Tensor& head, const std::array<double, 6>& anchors, int64_t width, int64_t height, double least,
                 std::vector<Box>& out) {
  const std::vector<float> v = head.to_f32();
  const int64_t rows = head.dims()[2], columns = head.dims()[3], cells = rows * columns, planes = head.dims()[1] / 3;
  for (size_t a = 0; a < 3; ++a)
    for (int64_t i = 0; i < cells; ++i) {
      const float* p = v.data() + static_cast<int64_t>(a) * planes * cells + i;
      const auto [class_id, best] = best_class(p + 5 * cells, planes - 5, cells);
      const double score = sigmoid(p[4 * cells]) * sigmoid(best);
      if (!(score >= least)) continue;
      const double x = (static_cast<double>(i % columns) + sigmoid(p[0])) / static_cast<double>(columns);
      const double y = (static_cast<double>(i / columns) + sigmoid(p[cells])) / static_cast<double>(rows);
      out.push_back(around(x * static_cast<double>(width), y * static_cast<double>(height),
                           std::exp(p[2 * cells]) * anchors[2 * a], std::exp(p[3 * cells]) * anchors[2 * a + 1], score,
                           class_id));
    }
}

// Yolo-Fastest 1.1: two heads; the coarse one has the large anchors (yolo-fastest-1.1.cfg).
std::vector<Box> decode_yolo_fastest(const NamedTensors& outputs, int64_t width, int64_t height, double least) {
  constexpr std::array<double, 6> kLarge = {115, 73, 119, 199, 242, 238}, kSmall = {12, 18, 37, 49, 52, 132};
  std::vector<const Tensor*> heads;
  for (const auto& [name, t] : outputs)
    if (t.dims().size() == 4 && t.dims()[0] == 1 && t.dims()[1] % 3 == 0 && t.dims()[1] >= 18) heads.push_back(&t);
  std::sort(heads.begin(), heads.end(), [](const Tensor* a, const Tensor* b) { return a->count() < b->count(); });
  if (heads.size() != 2)
    throw unknown_outputs("yolo-fastest", outputs, "two outputs [1, 3 * (5 + classes), h, w], before their sigmoids");
  std::vector<Box> out;
  decode_head(*heads[0], kLarge, width, height, least, out);
  decode_head(*heads[1], kSmall, width, height, least, out);
  return out;
}

// UltraFace: corners as shares of the input, and scores of background and face.
std::vector<Box> decode_ultraface(const NamedTensors& outputs, int64_t width, int64_t height, double least) {
  Rows boxes, scores;
  for (const auto& [name, t] : outputs) {
    Rows r = rows_of(t);
    if (r.width == 4)
      boxes = std::move(r);
    else if (r.width == 2)
      scores = std::move(r);
  }
  if (boxes.count == 0 || boxes.count != scores.count)
    throw unknown_outputs("ultraface", outputs, "outputs [1, n, 4] and [1, n, 2]");
  std::vector<Box> out;
  const auto w = static_cast<double>(width), h = static_cast<double>(height);
  for (int64_t i = 0; i < boxes.count; ++i) {
    const float* b = boxes.row(i);
    const double score = scores.row(i)[1];
    if (score >= least) out.push_back({b[0] * w, b[1] * h, b[2] * w, b[3] * h, score, 0});
  }
  return out;
}

// YuNet: per stride class and object scores and boxes in cells.
std::vector<Box> decode_yunet(const NamedTensors& outputs, int64_t width, int64_t height, double least) {
  std::vector<Box> out;
  for (const int64_t s : {8, 16, 32}) {
    const auto rows = [&](const std::string& kind, int64_t columns) {
      const auto found = outputs.find(fmt::format("{}_{}", kind, s));
      Rows r = found == outputs.end() ? Rows{} : rows_of(found->second);
      if (r.width != columns || r.count != (width / s) * (height / s))
        throw unknown_outputs("yunet", outputs, "outputs cls_S, obj_S and bbox_S for S of 8, 16 and 32");
      return r;
    };
    const Rows classes = rows("cls", 1), objects = rows("obj", 1), boxes = rows("bbox", 4);
    const auto step = static_cast<double>(s);
    for (int64_t i = 0; i < boxes.count; ++i) {
      const double c = std::clamp(classes.row(i)[0], 0.f, 1.f), o = std::clamp(objects.row(i)[0], 0.f, 1.f);
      const double score = std::sqrt(c * o);
      if (!(score >= least)) continue;
      const float* b = boxes.row(i);
      const auto x = static_cast<double>(i % (width / s)), y = static_cast<double>(i / (width / s));
      out.push_back(
          around((b[0] + x) * step, (b[1] + y) * step, std::exp(b[2]) * step, std::exp(b[3]) * step, score, 0));
    }
  }
  return out;
}

// BlazeFace of 128 x 128: boxes in pixels around the centres of a grid of 16 with two, then of 8 with six boxes a cell.
std::vector<Box> decode_blazeface(const NamedTensors& outputs, int64_t width, int64_t height, double least) {
  Rows boxes, scores;
  for (const auto& [name, t] : outputs) {
    Rows r = rows_of(t);
    if (r.width == 16)
      boxes = std::move(r);
    else if (r.width == 1)
      scores = std::move(r);
  }
  if (boxes.count != 896 || scores.count != 896)
    throw unknown_outputs("blazeface", outputs, "outputs [1, 896, 16] and [1, 896, 1]");
  std::vector<Box> out;
  for (int64_t i = 0; i < boxes.count; ++i) {
    const double score = sigmoid(std::clamp(scores.row(i)[0], -100.f, 100.f));
    if (!(score >= least)) continue;
    const int64_t grid = i < 512 ? 16 : 8, cell = i < 512 ? i / 2 : (i - 512) / 6;
    const double x = (static_cast<double>(cell % grid) + 0.5) / static_cast<double>(grid) * static_cast<double>(width);
    const double y = (static_cast<double>(cell / grid) + 0.5) / static_cast<double>(grid) * static_cast<double>(height);
    const float* b = boxes.row(i);
    out.push_back(around(x + b[0], y + b[1], b[2], b[3], score, 0));
  }
  return out;
}

constexpr Decoder kDecoders[] = {
    {"blazeface", "faces, 896 anchors", 0.75, 0.3, decode_blazeface},
    {"fastestdet", "one grid, anchor-free", 0.55, 0.45, decode_fastestdet},
    {"ultraface", "faces, boxes decoded in the graph", 0.7, 0.3, decode_ultraface},
    {"yolo-fastest", "raw heads of Yolo-Fastest 1.1", 0.3, 0.45, decode_yolo_fastest},
    {"yolov5", "boxes decoded in the graph (also YOLOv7)", 0.25, 0.45, decode_yolov5},
    {"yolox", "grids of strides 8, 16, 32", 0.35, 0.45, decode_yolox},
    {"yunet", "faces, grids of strides 8, 16, 32", 0.6, 0.45, decode_yunet},
};

}  // namespace

std::span<const Decoder> decoders() { return kDecoders; }

const Decoder& find_decoder(const std::string& name) {
  std::string all;
  for (const Decoder& d : kDecoders) {
    if (d.name == name) return d;
    all += fmt::format("{}{}", all.empty() ? "" : ", ", d.name);
  }
  throw UserError(diagnostic(ErrorCode::E2001, "--decoder `{}` is not known", name).note("hint", "one of " + all));
}

}  // namespace tpuc::eval
