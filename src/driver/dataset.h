// --data: the samples of calibration and evaluation. A folder (searched with its sub-folders, in the order of names), a
// list of files (text, a path per line, relative to the list), or a file: picture, .npy, .npz or raw numbers.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "driver/model.h"
#include "driver/tensors.h"
#include "quant/calibrate.h"
#include "runtime/image/picture.h"

namespace tpuc {

class Dataset {
 public:
  // At most `most` samples (0: all), spread evenly over what is there. E3032 where there is none, E5001.
  Dataset(const std::string& path, size_t most);

  size_t count() const { return paths_.size(); }
  // As it is called in messages and in files of labels: relative to the folder or list.
  const std::string& name(size_t i) const { return names_[i]; }
  const std::string& path(size_t i) const { return paths_[i]; }
  bool has_pictures() const { return has_pictures_; }  // by the first sample

 private:
  void list_folder(const std::string& folder);
  void read_list(const std::string& path, std::string_view text);

  std::vector<std::string> paths_, names_;
  bool has_pictures_ = false;
};

struct Sample {
  NamedTensors tensors;                      // what the network asks for
  std::vector<image::Placement> placements;  // of pictures, one per index of the batch
};

// Makes inputs for one network. A sample of a network whose batch is n is n pictures that follow each other.
class SampleReader {
 public:
  SampleReader(const Dataset& data, std::vector<ArtifactTensor> wanted, const Preprocess& how);

  size_t count() const;
  size_t pictures_per_sample() const { return static_cast<size_t>(input_ ? input_->count : 1); }
  std::string name(size_t sample) const;
  // Thread-safe. E3033, E3035 for pictures, E3001, E3010, E3011 for arrays.
  Sample read(size_t sample) const;
  // Why mean and scale look wrong for the first few samples, if they do.
  std::optional<std::string> doubt() const;

 private:
  Sample read_pictures(size_t sample) const;
  Sample read_arrays(size_t sample) const;

  const Dataset& data_;
  std::vector<ArtifactTensor> wanted_;
  Preprocess how_;
  std::optional<image::PictureInput> input_;  // where samples are pictures
};

// Without a --like the first sample tells shapes, and values that decide shapes, where it names its arrays.
void take_shapes_from_data(const Dataset& data, ModelRequest& request);
// For calibration.
quant::SampleSource sample_source(const SampleReader& reader);

}  // namespace tpuc
