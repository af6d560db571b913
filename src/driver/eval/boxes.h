// Boxes of detectors: overlap, suppression of doubles, decoding of a network's outputs, average precision.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/image/picture.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc::eval {

struct Box {
  double left = 0, top = 0, right = 0, bottom = 0;  // pixels
  double score = 0;
  int64_t class_id = 0;
};

// Intersection over union, 0 where both are empty.
double overlap(const Box& a, const Box& b);
// Of boxes of one class that overlap more than `most`, the one with the best score stays; best first.
std::vector<Box> without_doubles(std::vector<Box> boxes, double most);

// One detector's way of writing boxes.
struct Decoder {
  std::string_view name, doc;
  double least_score, most_overlap;  // what its authors use
  // Boxes in pixels of an input of width x height, with a score of at least `least`. E3036 where the outputs have other
  // shapes than the decoder knows.
  std::vector<Box> (*decode)(const NamedTensors& outputs, int64_t width, int64_t height, double least);
};
std::span<const Decoder> decoders();
const Decoder& find_decoder(const std::string& name);  // E2001

// From pixels of the input to those of the picture.
Box placed_back(const Box& box, const image::Placement& place);

// What was found and what there is in one picture.
struct Detections {
  std::vector<Box> found, truth;
};
// Area under precision over recall at one overlap, mean over the classes that occur in the truth.
double mean_average_precision(std::span<const Detections> pictures, double least_overlap);
// Greedy matching of what was found with at least `least_score`.
struct Matches {
  int64_t truth = 0, found = 0, matched = 0;
};
Matches match_boxes(std::span<const Detections> pictures, double least_score, double least_overlap);

}  // namespace tpuc::eval
