// The loop over the samples: inputs, the network, the truth, the score.
#include "driver/eval/evaluate.h"

#include <algorithm>
#include <cmath>

#include "driver/eval/labels.h"
#include "driver/eval/scores.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc::eval {
namespace {

constexpr double kLeastScore = 0.01;  // of boxes that count for mAP; the rest would not change it

UserError unsuited(const std::string& what) { return UserError(diagnostic(ErrorCode::E3036, "{}", what)); }

class Evaluation {
 public:
  explicit Evaluation(const EvalRequest& request)
      : data_(request.data, request.most_samples),
        request_(with_shapes(request, data_)),
        model_(request_.model, request_.how),
        reader_(data_, model_.inputs(), request_.preprocess) {
    if (!request_.labels.empty()) {
      read_labels();
    } else if (request_.reference) {
      take_shapes_from_data(data_, *request_.reference);
      reference_.emplace(*request_.reference, ArtifactRun{});
      reference_reader_.emplace(data_, reference_->inputs(), request_.preprocess);
      check_reference();
    } else {
      throw UserError(diagnostic(ErrorCode::E2001, "there is nothing to judge by")
                          .note("hint", "--labels FILE, or --reference MODEL whose results are taken for the truth"));
    }
    if (request_.task == Task::Detection) opt_decoder_ = &find_decoder(request_.decoder);
  }

  EvalResult run() {
    EvalResult out;
    out.doubt = reader_.doubt();
    for (size_t i = 0; i < reader_.count(); ++i) {
      const Sample sample = reader_.read(i);
      NamedTensors got = model_.run(sample.tensors);
      for (const auto& [name, type] : model_.outputs())
        if (!got.contains(name)) throw unsuited(fmt::format("the network gave no output `{}`", name));
      NamedTensors want;
      if (reference_) want = reference_->run(reference_reader_->read(i).tensors);
      if (target_reader_) want = target_reader_->read(i).tensors;
      score(i, sample, got, want);
      if (request_.on_samples) request_.on_samples(i + 1, reader_.count());
    }
    out.samples = data_.count();
    out.figures = figures();
    return out;
  }

 private:
  static EvalRequest with_shapes(EvalRequest request, const Dataset& data) {
    if (format_of(request.model.source) != ModelFormat::Bmodel) take_shapes_from_data(data, request.model);
    return request;
  }

  // What would be told apart sample by sample must be the same things on both sides.
  void check_reference() const {
    if (reader_.pictures_per_sample() != reference_reader_->pictures_per_sample())
      throw unsuited(fmt::format("--reference takes {} pictures at a time, the network {}",
                                 reference_reader_->pictures_per_sample(), reader_.pictures_per_sample()));
    if (request_.task != Task::Cosine && request_.task != Task::Image) return;
    for (const auto& [name, type] : reference_->outputs()) {
      const auto own = std::find_if(model_.outputs().begin(), model_.outputs().end(),
                                    [&, &wanted = name](const ArtifactTensor& t) { return t.name == wanted; });
      if (own == model_.outputs().end())
        throw unsuited(fmt::format("--reference has an output `{}`, the network has none of this name", name));
      const bool is_number = element_count(type) == 1 && element_count(own->type) == 1;  // bmodels have no rank 0
      if (own->type.dims != type.dims && !is_number)
        throw unsuited(
            fmt::format("output `{}` is {}, that of --reference {}", name, to_string(own->type), to_string(type)));
    }
  }

  void read_labels() {
    if (request_.task == Task::Image || request_.task == Task::Cosine) {
      targets_.emplace(request_.labels, request_.most_samples);
      if (targets_->count() != data_.count())
        throw unsuited(fmt::format("--labels `{}` holds {} samples, --data `{}` {}", request_.labels, targets_->count(),
                                   request_.data, data_.count()));
      target_reader_.emplace(*targets_, model_.outputs(), request_.preprocess);
      return;
    }
    std::vector<std::string> names;
    for (size_t i = 0; i < data_.count(); ++i) names.push_back(data_.name(i));
    const std::string text = read_text_file(request_.labels);
    if (request_.task == Task::Detection)
      boxes_ = parse_boxes(text, request_.labels, names);
    else
      classes_ = parse_classes(text, request_.labels, names);
  }

  void score(size_t sample, const Sample& inputs, const NamedTensors& got, const NamedTensors& want) {
    switch (request_.task) {
      case Task::Classification:
        return score_classes(sample, got, want);
      case Task::Detection:
        return score_boxes(sample, inputs, got, want);
      case Task::Image:
        return score_images(got, want);
      case Task::Cosine:
        return cosine_score_.add(got, want);
    }
  }

  // The scores of each sample of the batch. Of several outputs the first of floats is meant.
  std::vector<std::vector<float>> scores_of(const NamedTensors& tensors,
                                            const std::vector<ArtifactTensor>& outputs) const {
    for (const auto& [name, type] : outputs) {
      if (!is_float(type.dtype) && outputs.size() > 1) continue;
      const std::vector<float> all = tensors.at(name).to_f32();
      const size_t batch = reader_.pictures_per_sample();
      if (all.empty() || all.size() % batch != 0)
        throw unsuited(fmt::format("output `{}` {} holds no scores", name, to_string(type)));
      std::vector<std::vector<float>> out;
      for (size_t i = 0; i < batch; ++i)
        out.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(i * (all.size() / batch)),
                         all.begin() + static_cast<std::ptrdiff_t>((i + 1) * (all.size() / batch)));
      return out;
    }
    throw unsuited("the network has no output of scores");
  }

  void score_classes(size_t sample, const NamedTensors& got, const NamedTensors& want) {
    const std::vector<std::vector<float>> scores = scores_of(got, model_.outputs());
    std::vector<std::vector<float>> true_scores;
    if (reference_) true_scores = scores_of(want, reference_->outputs());
    for (size_t i = 0; i < scores.size(); ++i) {
      const size_t index = sample * scores.size() + i;
      if (index >= data_.count()) break;  // the last batch begins again
      class_score_.add(scores[i],
                       reference_ ? winner(true_scores[i]) : true_class(index, static_cast<int64_t>(scores[i].size())));
    }
  }

  int64_t true_class(size_t index, int64_t count) const {
    const int64_t truth = classes_[index] + request_.class_offset;
    if (truth >= 0 && truth < count) return truth;
    throw UserError(
        diagnostic(ErrorCode::E3036, "--labels `{}`: sample `{}` is of class {}; the network has {} classes",
                   request_.labels, data_.name(index), classes_[index], count)
            .note("hint", "the network's classes count from 0; --class-offset is added to those of --labels"));
  }

  std::vector<Box> decode(const NamedTensors& outputs, const image::Placement& place, double least) const {
    const TensorType& type = model_.inputs().front().type;
    const image::PictureInput in = image::picture_input(model_.inputs().front().name, type, request_.preprocess);
    std::vector<Box> boxes = opt_decoder_->decode(outputs, in.width, in.height, least);
    boxes = without_doubles(std::move(boxes), opt_decoder_->most_overlap);
    for (Box& b : boxes) b = placed_back(b, place);
    return boxes;
  }

  void score_boxes(size_t sample, const Sample& inputs, const NamedTensors& got, const NamedTensors& want) {
    if (inputs.placements.size() != 1) throw unsuited("detection wants pictures, one at a time");
    Detections d;
    d.found = decode(got, inputs.placements.front(), kLeastScore);
    d.truth = reference_ ? decode(want, inputs.placements.front(), opt_decoder_->least_score) : boxes_[sample];
    detections_.push_back(std::move(d));
  }

  void score_images(const NamedTensors& got, const NamedTensors& want) {
    for (const auto& [name, tensor] : want) {
      const auto found = got.find(name);
      if (found == got.end() || found->second.dims() != tensor.dims())
        throw unsuited(fmt::format("output `{}` is missing or not {}", name, to_string(tensor.type)));
      const std::vector<float> wanted = tensor.to_f32();
      image_score_.add(psnr_db(found->second.to_f32(), wanted, peak_of(wanted)));
    }
  }
  // White minus black where targets are pictures, else the span of the values.
  double peak_of(const std::vector<float>& wanted) const {
    if (targets_ && targets_->has_pictures())
      return 255.0 * (request_.preprocess.scale.empty() ? 1.f : std::fabs(request_.preprocess.scale.front()));
    const auto [least, most] = std::minmax_element(wanted.begin(), wanted.end());
    return wanted.empty() ? 1 : static_cast<double>(*most) - *least;
  }

  std::vector<Figure> figures() const {
    switch (request_.task) {
      case Task::Classification:
        return class_score_.figures();
      case Task::Detection:
        return detection_figures(detections_, *opt_decoder_);
      case Task::Image:
        return image_score_.figures();
      case Task::Cosine:
        return cosine_score_.figures();
    }
    return {};
  }

  Dataset data_;
  EvalRequest request_;
  ModelRunner model_;
  SampleReader reader_;
  std::optional<ModelRunner> reference_;
  std::optional<SampleReader> reference_reader_;
  std::optional<Dataset> targets_;
  std::optional<SampleReader> target_reader_;
  std::vector<int64_t> classes_;
  std::vector<std::vector<Box>> boxes_;
  const Decoder* opt_decoder_ = nullptr;
  ClassScore class_score_;
  ImageScore image_score_;
  CosineScore cosine_score_;
  std::vector<Detections> detections_;
};

}  // namespace

Task parse_task(const std::string& text) {
  if (text == "classification") return Task::Classification;
  if (text == "detection") return Task::Detection;
  if (text == "image") return Task::Image;
  if (text == "cosine") return Task::Cosine;
  throw UserError(diagnostic(ErrorCode::E2001, "--task `{}` is not known", text)
                      .note("hint", "one of classification, detection, image, cosine"));
}

EvalResult evaluate(const EvalRequest& request) { return Evaluation(request).run(); }

}  // namespace tpuc::eval
