// What the samples of an evaluation really are: classes or boxes, from text.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "driver/eval/boxes.h"

namespace tpuc::eval {

// One class per sample name, by the first of these forms that fits the file:
//   NAME CLASS ...   a line per sample (its path, or the last part of it)
//   CLASS            a line per sample, in their order
//   PREFIX ...       a line per class in their order; the samples' file names begin with the prefix ("n01440764_4.jpg")
// E3036 where a sample has no class.
std::vector<int64_t> parse_classes(std::string_view text, const std::string& file,
                                   const std::vector<std::string>& samples);
// Lines NAME CLASS LEFT TOP RIGHT BOTTOM, in pixels; samples without a line hold nothing. E3036.
std::vector<std::vector<Box>> parse_boxes(std::string_view text, const std::string& file,
                                          const std::vector<std::string>& samples);

}  // namespace tpuc::eval
