// Geometry and scores of boxes; decoders stand in decoders.cc.
#include "driver/eval/boxes.h"

#include <algorithm>
#include <set>

namespace tpuc::eval {
namespace {

constexpr size_t kMostBoxes = 300;  // of one picture, as detectors' own evaluations have it

bool is_better(const Box& a, const Box& b) { return a.score > b.score; }

double area(const Box& b) { return std::max(0.0, b.right - b.left) * std::max(0.0, b.bottom - b.top); }

// A box that was found: which truth of its picture it takes, if any.
struct Candidate {
  const Box* box;
  size_t picture;
};

// The free truth of the same class that overlaps most, or npos.
size_t best_match(const Box& found, const std::vector<Box>& truth, const std::vector<bool>& taken, double least) {
  size_t best = std::string::npos;
  for (size_t i = 0; i < truth.size(); ++i) {
    if (taken[i] || truth[i].class_id != found.class_id) continue;
    const double o = overlap(found, truth[i]);
    if (o < least) continue;
    least = o;
    best = i;
  }
  return best;
}

double average_precision(std::span<const Detections> pictures, int64_t class_id, double least_overlap) {
  std::vector<Candidate> candidates;
  std::vector<std::vector<bool>> taken;
  double truths = 0;
  for (size_t p = 0; p < pictures.size(); ++p) {
    taken.emplace_back(pictures[p].truth.size());
    for (const Box& b : pictures[p].truth) truths += b.class_id == class_id ? 1 : 0;
    for (const Box& b : pictures[p].found)
      if (b.class_id == class_id) candidates.push_back({&b, p});
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.box->score > b.box->score; });
  std::vector<double> precision, recall;
  double right = 0;
  for (const Candidate& c : candidates) {
    const size_t match = best_match(*c.box, pictures[c.picture].truth, taken[c.picture], least_overlap);
    if (match != std::string::npos) {
      taken[c.picture][match] = true;
      ++right;
    }
    precision.push_back(right / static_cast<double>(precision.size() + 1));
    recall.push_back(right / truths);
  }
  double sum = 0, best = 0;
  for (size_t i = precision.size(); i-- > 0;) {  // precision at a recall is the best at that recall or more
    best = std::max(best, precision[i]);
    sum += (recall[i] - (i == 0 ? 0 : recall[i - 1])) * best;
  }
  return sum;
}

}  // namespace

double overlap(const Box& a, const Box& b) {
  const double width = std::min(a.right, b.right) - std::max(a.left, b.left);
  const double height = std::min(a.bottom, b.bottom) - std::max(a.top, b.top);
  const double both = std::max(0.0, width) * std::max(0.0, height), either = area(a) + area(b) - both;
  return either > 0 ? both / either : 0;
}

std::vector<Box> without_doubles(std::vector<Box> boxes, double most) {
  std::stable_sort(boxes.begin(), boxes.end(), is_better);
  std::vector<Box> kept;
  for (const Box& b : boxes) {
    if (kept.size() == kMostBoxes) break;
    const bool is_double = std::any_of(kept.begin(), kept.end(),
                                       [&](const Box& k) { return k.class_id == b.class_id && overlap(k, b) > most; });
    if (!is_double) kept.push_back(b);
  }
  return kept;
}

Box placed_back(const Box& box, const image::Placement& place) {
  const auto x = [&](double v) {
    return (v - static_cast<double>(place.left)) / place.scale_x + static_cast<double>(place.cut_left);
  };
  const auto y = [&](double v) {
    return (v - static_cast<double>(place.top)) / place.scale_y + static_cast<double>(place.cut_top);
  };
  return {x(box.left), y(box.top), x(box.right), y(box.bottom), box.score, box.class_id};
}

double mean_average_precision(std::span<const Detections> pictures, double least_overlap) {
  std::set<int64_t> classes;
  for (const Detections& p : pictures)
    for (const Box& b : p.truth) classes.insert(b.class_id);
  double sum = 0;
  for (const int64_t class_id : classes) sum += average_precision(pictures, class_id, least_overlap);
  return classes.empty() ? 0 : sum / static_cast<double>(classes.size());
}

Matches match_boxes(std::span<const Detections> pictures, double least_score, double least_overlap) {
  Matches m;
  for (const Detections& p : pictures) {
    m.truth += static_cast<int64_t>(p.truth.size());
    std::vector<Box> found = p.found;
    std::erase_if(found, [&](const Box& b) { return b.score < least_score; });
    std::stable_sort(found.begin(), found.end(), is_better);
    m.found += static_cast<int64_t>(found.size());
    std::vector<bool> taken(p.truth.size());
    for (const Box& b : found)
      if (const size_t match = best_match(b, p.truth, taken, least_overlap); match != std::string::npos) {
        taken[match] = true;
        ++m.matched;
      }
  }
  return m;
}

}  // namespace tpuc::eval
