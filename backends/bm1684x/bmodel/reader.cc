// The bytes of a bmodel file -> Model structs. The file may come from anybody: the flatbuffer is verified, every range
// is checked, and what is copied is bounded by what the file really holds.
#include <flatbuffers/flatbuffers.h>
#include <fmt/format.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/bmodel/container.h"
#include "bmodel_generated.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x::bmodel {
namespace {

constexpr uint32_t kMaxDepth = 32, kMaxTables = 1 << 20;
constexpr size_t kMaxRank = 8;
constexpr uint64_t kMaxTensorBytes = uint64_t{1} << 34;  // all of the chip's DDR
constexpr uint64_t kMaxAddress = uint64_t{1} << 40;      // a command's address has 40 bits

template <class... Args>
[[noreturn]] void refuse(fmt::format_string<Args...> text, Args&&... args) {
  throw UserError(diagnostic(ErrorCode::E6001, text, std::forward<Args>(args)...));
}

// nullptr and an empty vector mean the same here.
template <class T>
size_t count_of(const flatbuffers::Vector<T>* v) {
  return v == nullptr ? 0 : v->size();
}

class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) {
    if (file.size() <= kHeaderBytes)
      refuse("file of {} bytes is shorter than a bmodel's header of {}", file.size(), kHeaderBytes);
    const Header h = get_header(file);
    if (h.magic != kMagic) refuse("magic is {:#010x}, a bmodel has {:#010x}", h.magic, kMagic);
    if (h.header_bytes != kHeaderBytes)
      refuse("header_size is {}, not {}: an encrypted file?", h.header_bytes, kHeaderBytes);
    const uint64_t behind = file.size() - kHeaderBytes;
    if (h.flatbuffer_bytes > behind || h.binary_bytes > behind - h.flatbuffer_bytes)
      refuse("header promises {} + {} bytes behind itself, the file has {}", h.flatbuffer_bytes, h.binary_bytes,
             behind);
    section_ = file.subspan(kHeaderBytes + h.flatbuffer_bytes, h.binary_bytes);
    // Tables may be listed many times over; what they unfold to stays in proportion to the file.
    copy_budget_ = 64 * uint64_t{h.flatbuffer_bytes} + (64 << 10) + file.size() / 64;
    const auto* flat = reinterpret_cast<const uint8_t*>(file.data() + kHeaderBytes);
    flatbuffers::Verifier verifier(flat, h.flatbuffer_bytes, kMaxDepth, kMaxTables);
    if (!wire::VerifyModelBuffer(verifier)) refuse("the flatbuffer of {} bytes is damaged", h.flatbuffer_bytes);
    root_ = wire::GetModel(flat);
  }

  Model model() {
    Model m;
    m.version = text(root_->version());
    m.chip = text(root_->chip());
    m.time = text(root_->time());
    if (const wire::KernelModule* kernel = root_->kernel_module()) {
      m.firmware = chunk(kernel->binary(), "kernel_module");
      m.firmware_name = text(kernel->file_name());
    }
    for (const wire::Net* n : *root_->net()) m.nets.push_back(net(*n));
    return m;
  }

 private:
  std::string text(const flatbuffers::String* s) {
    if (s == nullptr) return {};
    charge(s->size() + 32);
    return s->str();
  }

  void charge(uint64_t bytes) {
    if (bytes > copy_budget_) refuse("tables are repeated beyond reason");
    copy_budget_ -= bytes;
  }

  std::span<const std::byte> chunk(const wire::Binary* b, const std::string& what) const {
    if (b == nullptr) return {};
    if (b->start() > section_.size() || b->size() > section_.size() - b->start())
      refuse("{}: {} bytes at {} of the binary section, which has {}", what, b->size(), b->start(), section_.size());
    return section_.subspan(b->start(), b->size());
  }

  Net net(const wire::Net& w) {
    Net n;
    n.name = text(w.name());
    n.address_mode = w.addr_mode();
    for (size_t i = 0; i < count_of(w.parameter()); ++i) {
      where_ = fmt::format("net `{}` stage {}", n.name, i);
      n.stages.push_back(stage(*w.parameter()->Get(static_cast<flatbuffers::uoffset_t>(i))));
    }
    if (n.stages.empty()) refuse("net `{}` has no stage", n.name);
    return n;
  }

  Stage stage(const wire::NetParameter& w) {
    charge(sizeof(Stage));
    Stage s;
    s.inputs = tensors(w.input_tensor());
    s.outputs = tensors(w.output_tensor());
    if (w.coeff_mem() != nullptr) s.coefficients = coefficients(*w.coeff_mem());
    s.context_addr = w.ctx_addr();
    s.context_bytes = w.ctx_size();
    if (count_of(w.ctx_sizes()) != 0) {
      s.context_bytes = 0;
      for (const uint64_t piece : *w.ctx_sizes())
        if (__builtin_add_overflow(s.context_bytes, piece, &s.context_bytes)) refuse("{}: ctx_sizes overflow", where_);
    }
    s.io_addr = w.io_addr();
    s.io_bytes = w.io_size();
    check_region("ctx_addr", s.context_addr, s.context_bytes);
    check_region("io_addr", s.io_addr, s.io_bytes);
    s.is_dynamic = w.is_dynamic() != 0;
    s.core_count = std::max(1U, w.core_num());
    const auto json = chunk(w.tensor_loc(), where_ + " tensor_loc");
    charge(json.size() / 256);  // the text is no part of the flatbuffer; shared by stages it may be large
    s.tensor_loc.assign(reinterpret_cast<const char*>(json.data()), json.size());
    if (count_of(w.sub_net()) == 0 && count_of(w.cmd_group()) != 0) {  // files from before sub_nets
      s.sub_nets.push_back({0, false, s.inputs, s.outputs, groups(w.cmd_group())});
      return s;
    }
    for (size_t i = 0; i < count_of(w.sub_net()); ++i)
      s.sub_nets.push_back(sub_net(*w.sub_net()->Get(static_cast<flatbuffers::uoffset_t>(i))));
    return s;
  }

  void check_region(std::string_view field, uint64_t addr, uint64_t bytes) const {
    if (addr > kMaxAddress || bytes > kMaxAddress - addr)
      refuse("{}: {} {:#x} + {} bytes leaves the 40-bit address space", where_, field, addr, bytes);
  }

  SubNet sub_net(const wire::SubNet& w) {
    charge(sizeof(SubNet));
    SubNet s;
    s.mode = w.subnet_mode();
    s.is_dynamic = w.is_dynamic() != 0;
    s.inputs = tensors(w.input_tensor());
    s.outputs = tensors(w.output_tensor());
    s.groups = groups(w.cmd_group());
    return s;
  }

  std::vector<CommandGroup> groups(const flatbuffers::Vector<flatbuffers::Offset<wire::CmdGroup>>* list) {
    std::vector<CommandGroup> out;
    for (size_t i = 0; i < count_of(list); ++i) {
      charge(sizeof(CommandGroup));
      const wire::CmdGroup& w = *list->Get(static_cast<flatbuffers::uoffset_t>(i));
      const std::string what = fmt::format("{} group {}", where_, i);
      CommandGroup g{w.bdc_num(), w.gdma_num(), chunk(w.binary_bdc(), what + " binary_bdc"),
                     chunk(w.binary_gdma(), what + " binary_gdma")};
      if (w.bdc_cmd_byte() != g.tiu.size())
        refuse("{}: bdc_cmd_byte is {}, the stream has {}", what, w.bdc_cmd_byte(), g.tiu.size());
      if (w.gdma_cmd_byte() != g.gdma.size())
        refuse("{}: gdma_cmd_byte is {}, the stream has {}", what, w.gdma_cmd_byte(), g.gdma.size());
      out.push_back(g);
    }
    return out;
  }

  Coefficients coefficients(const wire::CoeffMem& w) {
    Coefficients c;
    c.address = w.address();
    c.bytes = chunk(w.binary_coeff(), where_ + " coeff_mem");
    check_region("coeff_mem.address", c.address, c.bytes.size());
    if (w.encrypt_mode() != 0) refuse("{}: the weights are encrypted (mode {})", where_, w.encrypt_mode());
    check_code(w, c);
    for (size_t i = 0; i < count_of(w.location()); ++i) {
      const wire::Location& l = *w.location()->Get(static_cast<flatbuffers::uoffset_t>(i));
      WeightLocation location{text(l.name()), l.offset(), l.size()};
      if (location.offset_bytes > c.bytes.size() || location.size_bytes > c.bytes.size() - location.offset_bytes)
        refuse("{}: weight `{}` at {} + {} lies outside of the {} bytes of weights", where_, location.name,
               location.offset_bytes, location.size_bytes, c.bytes.size());
      c.locations.push_back(std::move(location));
    }
    return c;
  }

  // Stages share weights: what was hashed once is not hashed again.
  void check_code(const wire::CoeffMem& w, const Coefficients& c) {
    const auto known = std::find_if(hashed_.begin(), hashed_.end(), [&](const Hashed& h) {
      return h.bytes.data() == c.bytes.data() && h.bytes.size() == c.bytes.size();
    });
    Hashed hash{c.bytes, {}};
    if (known != hashed_.end()) {
      hash = *known;
    } else {
      SHA256(reinterpret_cast<const unsigned char*>(c.bytes.data()), c.bytes.size(), hash.digest.data());
      hashed_.push_back(hash);
      charge(sizeof(Hashed) + c.bytes.size() / 256);
    }
    if (count_of(w.check_code()) != hash.digest.size() ||
        !std::equal(hash.digest.begin(), hash.digest.end(), w.check_code()->begin()))
      refuse("{}: the weights' SHA-256 is not the file's check_code: the weights are damaged", where_);
  }

  std::vector<Tensor> tensors(const flatbuffers::Vector<flatbuffers::Offset<wire::Tensor>>* list) {
    std::vector<Tensor> out;
    for (size_t i = 0; i < count_of(list); ++i)
      out.push_back(tensor(*list->Get(static_cast<flatbuffers::uoffset_t>(i))));
    return out;
  }

  Tensor tensor(const wire::Tensor& w) {
    charge(sizeof(Tensor));
    Tensor t;
    t.name = text(w.name());
    if (w.data_type() > static_cast<uint32_t>(DataType::U4))
      refuse("{}: tensor `{}` has data_type {}, the last one known is 10", where_, t.name, w.data_type());
    t.type = static_cast<DataType>(w.data_type());
    t.device_addr = w.device_addr();
    t.scale = w.scale();
    t.zero_point = w.zero_point();
    if (count_of(w.shape()) == 0) refuse("{}: tensor `{}` has no shape", where_, t.name);
    const auto* dims = w.shape()->Get(0)->dim();
    if (count_of(dims) > kMaxRank)
      refuse("{}: tensor `{}` has rank {}, the runtime takes {}", where_, t.name, count_of(dims), kMaxRank);
    uint64_t bits = bits_of(t.type);
    for (size_t d = 0; d < count_of(dims); ++d) {
      t.shape.push_back(dims->Get(static_cast<flatbuffers::uoffset_t>(d)));
      if (__builtin_mul_overflow(bits, t.shape.back(), &bits) || bits / 8 > kMaxTensorBytes)
        refuse("{}: tensor `{}` is larger than the chip's memory", where_, t.name);
    }
    t.size_bytes = w.size();
    if (t.size_bytes < t.byte_count())
      refuse("{}: tensor `{}` has size {}, its shape needs {} bytes", where_, t.name, t.size_bytes, t.byte_count());
    check_region("device_addr of `" + t.name + "`", t.device_addr, t.byte_count());
    return t;
  }

  struct Hashed {
    std::span<const std::byte> bytes;
    std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  };

  std::span<const std::byte> section_;
  const wire::Model* root_ = nullptr;
  std::string where_;
  uint64_t copy_budget_ = 0;
  std::vector<Hashed> hashed_;
};

}  // namespace

Model read(std::span<const std::byte> file) { return Reader(file).model(); }

}  // namespace tpuc::bm1684x::bmodel
