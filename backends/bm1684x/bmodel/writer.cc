// Model structs -> the bytes of a bmodel file: header, flatbuffer padded to a page, page-aligned chunks.
//   source: BMODEL.md sections 1, 3 and 9
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/bmodel/container.h"
#include "bmodel_generated.h"
#include "tpuc/support/check.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x::bmodel {
namespace {

template <class T>
using Ref = flatbuffers::Offset<T>;
template <class T>
using VectorRef = Ref<flatbuffers::Vector<T>>;

constexpr const char* kTime = "Thu Jan  1 00:00:00 1970\n";  // the format wants a ctime() text; ours says nothing
constexpr int32_t kHiddenInput = 1, kHiddenOutput = 2, kHiddenInside = 5;

// The binary section under construction. Equal chunks share one place.
class Section {
 public:
  wire::Binary add(std::span<const std::byte> chunk) {
    if (chunk.empty()) return {0, 0};
    for (const Chunk& known : chunks_)
      if (known.bytes.size() == chunk.size() && std::equal(chunk.begin(), chunk.end(), known.bytes.begin()))
        return {known.start, chunk.size()};
    const uint64_t start = align_up(size_, kPageBytes);
    chunks_.push_back({start, chunk});
    size_ = start + chunk.size();
    return {start, chunk.size()};
  }
  // Room that the caller fills; shared with nobody.
  wire::Binary reserve(uint64_t bytes) {
    const uint64_t start = align_up(size_, kPageBytes);
    size_ = start + bytes;
    return {start, bytes};
  }
  uint64_t size() const { return size_; }
  void copy_to(std::byte* out) const {  // `out` is zeroed
    for (const Chunk& chunk : chunks_) std::memcpy(out + chunk.start, chunk.bytes.data(), chunk.bytes.size());
  }

 private:
  struct Chunk {
    uint64_t start;
    std::span<const std::byte> bytes;
  };
  std::vector<Chunk> chunks_;
  uint64_t size_ = 0;
};

class Writer {
 public:
  std::vector<std::byte> run(const Model& model) {
    std::vector<Ref<wire::Net>> nets;
    uint64_t neuron_bytes = 0;
    for (const Net& n : model.nets) {
      nets.push_back(net(n));
      for (const Stage& s : n.stages) neuron_bytes = std::max(neuron_bytes, s.context_bytes);
    }
    const wire::Binary none(0, 0), firmware = section_.add(model.firmware);
    const auto kernel = wire::CreateKernelModule(fb_, fb_.CreateString(model.firmware_name), &firmware);
    const auto cpuop = wire::CreateCpuopModule(fb_, fb_.CreateString(""), &none);
    const auto type = fb_.CreateString("B"), version = fb_.CreateString(model.version), time = fb_.CreateString(kTime),
               chip = fb_.CreateString(model.chip);
    fb_.Finish(
        wire::CreateModel(fb_, type, version, time, chip, fb_.CreateVector(nets), neuron_bytes, kernel, 1, cpuop));
    return assemble();
  }

 private:
  Ref<wire::Net> net(const Net& n) {
    TPUC_CHECK(!n.stages.empty(), "net `{}` has no stage", n.name);
    std::vector<Ref<wire::NetParameter>> stages;
    for (const Stage& s : n.stages) stages.push_back(stage(s));
    return wire::CreateNet(fb_, fb_.CreateString(n.name), 0, 0, fb_.CreateVector(stages), 0, n.address_mode);
  }

  Ref<wire::NetParameter> stage(const Stage& s) {
    TPUC_CHECK(s.context_bytes % kPageBytes == 0, "context of {} bytes is not whole pages", s.context_bytes);
    TPUC_CHECK(!s.sub_nets.empty(), "a stage needs a sub_net");
    const auto inputs = tensors(s.inputs, kHiddenInput), outputs = tensors(s.outputs, kHiddenOutput);
    const uint64_t weight_bytes = s.coefficients ? s.coefficients->bytes.size() + s.coefficients->later_bytes : 0;
    const auto weights = s.coefficients ? coefficients(*s.coefficients) : Ref<wire::CoeffMem>();
    std::vector<Ref<wire::CmdGroup>> groups;
    std::vector<Ref<wire::SubNet>> sub_nets;
    for (size_t i = 0; i < s.sub_nets.size(); ++i) sub_nets.push_back(sub_net(s, i, groups));
    const auto all_groups = fb_.CreateVector(groups);
    const auto all_sub_nets = fb_.CreateVector(sub_nets);
    const auto context_sizes = fb_.CreateVector(std::vector<uint64_t>{s.context_bytes});
    const wire::Binary location = section_.add(std::as_bytes(std::span(s.tensor_loc)));
    wire::NetParameterBuilder b(fb_);
    b.add_input_tensor(inputs);
    b.add_output_tensor(outputs);
    b.add_ctx_addr(s.context_addr);
    b.add_ctx_size(s.context_bytes);
    if (s.coefficients) b.add_coeff_mem(weights);
    b.add_cmd_group(all_groups);
    b.add_sub_net(all_sub_nets);
    b.add_ctx_sizes(context_sizes);
    b.add_core_num(1);
    b.add_io_addr(s.io_addr);
    b.add_io_size(s.io_bytes);
    if (location.size() != 0) b.add_tensor_loc(&location);
    b.add_dynamic_ctx_addr(s.context_addr);
    b.add_dynamic_coeff_offset(weight_bytes);
    b.add_dynamic_combined_coeff_offset(weight_bytes);
    return b.Finish();
  }

  // Appends its groups to `all`, which the stage repeats.
  Ref<wire::SubNet> sub_net(const Stage& s, size_t i, std::vector<Ref<wire::CmdGroup>>& all) {
    const SubNet& sub = s.sub_nets[i];
    const bool first = i == 0, last = i + 1 == s.sub_nets.size();
    std::vector<Ref<wire::CmdGroup>> groups;
    for (const CommandGroup& g : sub.groups) groups.push_back(group(g));
    all.insert(all.end(), groups.begin(), groups.end());
    const auto group_vector = fb_.CreateVector(groups);
    const auto inputs = tensors(sub.inputs, first ? kHiddenInput : kHiddenInside);
    const auto outputs = tensors(sub.outputs, last ? kHiddenOutput : kHiddenInside);
    const auto next = fb_.CreateVector(std::vector<int32_t>{last ? -1 : static_cast<int32_t>(i) + 1});
    wire::SubNetBuilder b(fb_);
    b.add_cmd_group(group_vector);
    b.add_input_tensor(inputs);
    b.add_output_tensor(outputs);
    b.add_id(static_cast<int32_t>(i));
    b.add_next_subnet_ids(next);
    b.add_run_core(1);
    return b.Finish();
  }

  Ref<wire::CmdGroup> group(const CommandGroup& g) {
    for (const auto& stream : {g.tiu, g.gdma})
      TPUC_CHECK(!stream.empty() && stream.size() % kStreamAlignBytes == 0, "stream of {} bytes", stream.size());
    const wire::Binary tiu = section_.add(g.tiu), gdma = section_.add(g.gdma);
    return wire::CreateCmdGroup(fb_, g.tiu_count, g.gdma_count, &tiu, &gdma, static_cast<uint32_t>(g.tiu.size()),
                                static_cast<uint32_t>(g.gdma.size()));
  }

  using Digest = std::array<uint8_t, SHA256_DIGEST_LENGTH>;
  static Digest digest_of(std::span<const std::byte> bytes) {
    Digest digest{};
    SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
    return digest;
  }

  Ref<wire::CoeffMem> coefficients(const Coefficients& c) {
    TPUC_CHECK(c.bytes.size() % kPageBytes == 0 && c.later_bytes % kPageBytes == 0,
               "weights of {} bytes are not whole pages", c.bytes.size() + c.later_bytes);
    std::vector<Ref<wire::Location>> locations;
    for (const WeightLocation& l : c.locations)
      locations.push_back(wire::CreateLocation(fb_, fb_.CreateString(l.name), l.offset_bytes, l.size_bytes));
    const Digest digest = c.write_later ? Digest{} : digest_of(c.bytes);
    const auto code = fb_.CreateVector(digest.data(), digest.size());
    const auto location_vector = fb_.CreateVector(locations);
    const wire::Binary blob = c.write_later ? section_.reserve(c.later_bytes) : section_.add(c.bytes);
    if (c.write_later) later_.push_back({&c, blob.start(), code.o});
    return wire::CreateCoeffMem(fb_, c.address, code, &blob, location_vector);
  }

  VectorRef<Ref<wire::Tensor>> tensors(const std::vector<Tensor>& list, int32_t hidden) {
    std::vector<Ref<wire::Tensor>> out;
    for (size_t i = 0; i < list.size(); ++i) {
      const Tensor& t = list[i];
      const std::vector<Ref<wire::Shape>> shape = {wire::CreateShape(fb_, fb_.CreateVector(t.shape))};
      const auto shapes = fb_.CreateVector(shape);
      const auto name = fb_.CreateString(t.name);
      wire::TensorBuilder b(fb_);
      b.add_name(name);
      b.add_data_type(static_cast<uint32_t>(t.type));
      b.add_device_addr(t.device_addr);
      b.add_size(t.size_bytes == 0 ? t.byte_count() : t.size_bytes);
      b.add_shape(shapes);
      b.add_mem_type(1);
      b.add_scale(t.scale);
      b.add_zero_point(t.zero_point);
      b.add_hidden(hidden);
      b.add_index(static_cast<int32_t>(i));
      out.push_back(b.Finish());
    }
    return fb_.CreateVector(out);
  }

  std::vector<std::byte> assemble() const {
    const uint64_t flat_bytes = align_up(kHeaderBytes + uint64_t{fb_.GetSize()}, kPageBytes) - kHeaderBytes;
    std::vector<std::byte> file(kHeaderBytes + flat_bytes + section_.size());
    const Header header{kMagic, static_cast<uint32_t>(kHeaderBytes), static_cast<uint32_t>(flat_bytes),
                        section_.size()};
    put_header(header, file);
    std::memcpy(file.data() + kHeaderBytes, fb_.GetBufferPointer(), fb_.GetSize());
    section_.copy_to(file.data() + kHeaderBytes + flat_bytes);
    for (const Later& later : later_) {
      const std::span<std::byte> blob(file.data() + kHeaderBytes + flat_bytes + later.start,
                                      later.weights->later_bytes);
      later.weights->write_later(blob);
      const Digest digest = digest_of(blob);
      // An offset of the builder counts from the end of the buffer and names the vector's length field.
      std::byte* code = file.data() + kHeaderBytes + fb_.GetSize() - later.code + sizeof(flatbuffers::uoffset_t);
      std::memcpy(code, digest.data(), digest.size());
    }
    return file;
  }

  // Weights that are written into the finished file, and their hash into its flatbuffer.
  struct Later {
    const Coefficients* weights;
    uint64_t start;  // in the binary section
    flatbuffers::uoffset_t code;
  };

  flatbuffers::FlatBufferBuilder fb_{64 << 10};
  Section section_;
  std::vector<Later> later_;
};

}  // namespace

std::vector<std::byte> write(const Model& model) { return Writer().run(model); }

}  // namespace tpuc::bm1684x::bmodel
