// Finds samples and reads them, each by its own first bytes.
#include "driver/dataset.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"
#include "tpuc/support/npz.h"

namespace tpuc {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFiles = 10'000'000;
constexpr size_t kMostLineBytes = 8192;
constexpr size_t kDoubtSamples = 4;

// What a folder's file must be called to be a sample; what it is, its bytes tell.
bool is_sample_name(const fs::path& path) {
  static const std::set<std::string> kKnown = {".jpg", ".jpeg", ".png", ".bmp", ".npy", ".npz", ".raw", ".bin"};
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return kKnown.contains(extension) && !path.filename().string().starts_with(".");
}

// No array and no picture, and its beginning has only characters: a list of files.
bool is_text(std::span<const std::byte> file) {
  const auto begin = file.first(std::min<size_t>(file.size(), 4096));
  return !begin.empty() && std::all_of(begin.begin(), begin.end(), [](std::byte b) {
    const auto c = std::to_integer<unsigned char>(b);
    return c >= 32 || c == '\n' || c == '\r' || c == '\t';
  });
}

UserError no_samples(const std::string& path, const std::string& why) {
  return UserError(diagnostic(ErrorCode::E3032, "--data `{}`: {}", path, why)
                       .note("hint", "pictures (JPEG, PNG, BMP), .npy, .npz or raw arrays, or a list of such files"));
}

std::string trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r") + 1 - first));
}

// Bare numbers of the input's type, or bytes 0..255 or f32 that stand for it: the size tells which.
Tensor read_raw(std::span<const std::byte> file, const ArtifactTensor& wanted, const std::string& name) {
  const int64_t count = element_count(wanted.type);
  for (const DType dtype : {wanted.type.dtype, DType::F32, DType::U8}) {
    if (static_cast<int64_t>(file.size()) != count * size_bytes(dtype)) continue;
    Tensor t(dtype, wanted.type.dims);
    if (!file.empty()) std::memcpy(t.mutable_bytes().data(), file.data(), file.size());
    return t;
  }
  throw UserError(diagnostic(ErrorCode::E3011,
                             "`{}` is no picture and no array, and as raw numbers its {} bytes are not "
                             "what input `{}` {} takes",
                             name, file.size(), wanted.name, to_string(wanted.type)));
}

}  // namespace

Dataset::Dataset(const std::string& path, size_t most) {
  std::error_code error;
  if (fs::is_directory(path, error)) {
    list_folder(path);
  } else {
    const MappedFile file(path);
    const bool is_sample = image::is_picture(file.bytes()) || is_npy(file.bytes()) || is_npz(file.bytes());
    if (!is_sample && is_text(file.bytes())) {
      read_list(path, {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()});
    } else {
      paths_ = {path};
      names_ = {fs::path(path).filename().string()};
    }
  }
  if (paths_.empty()) throw no_samples(path, "it holds no samples");
  if (most > 0 && most < paths_.size()) {
    for (size_t i = 0; i < most; ++i) {
      const size_t from = i * paths_.size() / most;
      paths_[i] = paths_[from];
      names_[i] = names_[from];
    }
    paths_.resize(most);
    names_.resize(most);
  }
  const MappedFile first(paths_.front());
  has_pictures_ = image::is_picture(first.bytes());
}

void Dataset::list_folder(const std::string& folder) {
  std::error_code error;
  size_t others = 0;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error), end;
  for (; !error && at != end; at.increment(error)) {
    if (!at->is_regular_file(error)) continue;
    if (!is_sample_name(at->path())) {
      ++others;
      continue;
    }
    names_.push_back(fs::relative(at->path(), folder, error).generic_string());
    if (names_.size() > kMostFiles) throw no_samples(folder, fmt::format("more than {} files", kMostFiles));
  }
  if (error) throw UserError(diagnostic(ErrorCode::E5001, "folder `{}` cannot be read: {}", folder, error.message()));
  std::sort(names_.begin(), names_.end());
  for (const std::string& name : names_) paths_.push_back((fs::path(folder) / name).string());
  if (others > 0) log::verbose("--data `{}`: {} files are no samples by their names", folder, others);
}

void Dataset::read_list(const std::string& path, std::string_view text) {
  const fs::path folder = fs::path(path).parent_path();
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    if (end - at > kMostLineBytes) throw no_samples(path, "it is no list of files: a line is too long");
    const std::string line = trimmed(text.substr(at, end - at));
    at = end + 1;
    if (line.empty() || line.starts_with('#')) continue;
    names_.push_back(line);
    paths_.push_back(fs::path(line).is_absolute() ? line : (folder / line).string());
    std::error_code error;
    if (!fs::is_regular_file(paths_.back(), error))
      throw no_samples(path, fmt::format("its line `{}` names no file", line.substr(0, 200)));
    if (names_.size() > kMostFiles) throw no_samples(path, fmt::format("more than {} files", kMostFiles));
  }
}

SampleReader::SampleReader(const Dataset& data, std::vector<ArtifactTensor> wanted, const Preprocess& how)
    : data_(data), wanted_(std::move(wanted)), how_(how) {
  if (!data.has_pictures()) return;
  if (wanted_.size() != 1)
    throw UserError(
        diagnostic(ErrorCode::E3035, "pictures can feed a network of one input; this one has {}", wanted_.size())
            .note("hint", "give .npz files with an array for each input"));
  input_ = image::picture_input(wanted_.front().name, wanted_.front().type, how);
}

size_t SampleReader::count() const { return (data_.count() + pictures_per_sample() - 1) / pictures_per_sample(); }

std::string SampleReader::name(size_t sample) const { return data_.name(sample * pictures_per_sample()); }

Sample SampleReader::read(size_t sample) const { return input_ ? read_pictures(sample) : read_arrays(sample); }

Sample SampleReader::read_pictures(size_t sample) const {
  const ArtifactTensor& wanted = wanted_.front();
  std::vector<float> values(static_cast<size_t>(element_count(wanted.type)));
  Sample out;
  for (int64_t i = 0; i < input_->count; ++i) {  // the last batch begins again from the first picture
    const size_t index = (sample * pictures_per_sample() + static_cast<size_t>(i)) % data_.count();
    const MappedFile file(data_.path(index));
    const image::Picture picture = image::decode_picture(file.bytes(), data_.path(index));
    out.placements.push_back(image::place_picture(picture, how_, *input_, i, values));
  }
  Tensor t(wanted.type.dtype, wanted.type.dims);
  t.assign_f32(values);
  out.tensors.emplace(wanted.name, std::move(t));
  return out;
}

Sample SampleReader::read_arrays(size_t sample) const {
  const std::string& path = data_.path(sample);
  const MappedFile file(path);
  if (image::is_picture(file.bytes()))
    throw UserError(diagnostic(ErrorCode::E3032, "`{}` is a picture, `{}` is none: samples must be of one kind", path,
                               data_.path(0)));
  NamedTensors given;
  if (is_npz(file.bytes())) {
    NamedTensors all = read_tensors(path);
    for (const auto& [name, type] : wanted_)  // what else is there is nobody's business here
      if (auto node = all.extract(name)) given.insert(std::move(node));
    if (given.size() < wanted_.size()) given.merge(all);  // for the message
  } else if (wanted_.size() != 1) {
    throw UserError(
        diagnostic(ErrorCode::E3012, "`{}` holds one tensor, the network has {} inputs", path, wanted_.size())
            .note("hint", "give a .npz with an array for each input, by name"));
  } else {
    const std::string& name = wanted_.front().name;
    given.emplace(
        name, is_npy(file.bytes()) ? from_npy(read_npy(path), name) : read_raw(file.bytes(), wanted_.front(), path));
  }
  try {
    return {feed(wanted_, given, false), {}};
  } catch (const UserError& e) {
    std::vector<Diagnostic> all = e.diagnostics();
    for (Diagnostic& d : all) d.notes.emplace_back("sample", path);
    throw UserError(std::move(all));
  }
}

std::optional<std::string> SampleReader::doubt() const {
  if (!input_) return {};
  std::vector<float> values;
  for (size_t i = 0; i < std::min(kDoubtSamples, count()); ++i)
    for (const float x : read(i).tensors.at(wanted_.front().name).to_f32()) values.push_back(x);
  return image::doubt_about(how_, values);
}

void take_shapes_from_data(const Dataset& data, ModelRequest& request) {
  bool is_named = false;
  {
    const MappedFile file(data.path(0));
    is_named = is_npz(file.bytes());
  }
  if (!is_named) return;
  for (auto& [name, tensor] : read_tensors(data.path(0))) request.import.like.try_emplace(name, std::move(tensor));
}

quant::SampleSource sample_source(const SampleReader& reader) {
  return {reader.count(), [&reader](size_t i) { return reader.read(i).tensors; },
          [&reader](size_t i) { return reader.name(i); }};
}

}  // namespace tpuc
