// The bmodel container as plain structs, with its reader and writer. Bytes of the container's chunks (streams, weights)
// are views: into the file for what was read, into the caller's buffers for what is to be written.
//   source: BMODEL.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tpuc::bm1684x::bmodel {

inline constexpr uint64_t kPageBytes = 4096;        // alignment of chunks in the file and of regions in DDR
inline constexpr uint64_t kStreamAlignBytes = 128;  // length of a command stream
inline constexpr uint64_t kWeightsAddress = 0x100000000;

enum class DataType : uint32_t { F32 = 0, F16, I8, U8, I16, U16, I32, U32, BF16, I4, U4 };
std::string_view name_of(DataType type);  // "f32"
uint32_t bits_of(DataType type);

// What the file says of an input of scale 1 and zero point 0, since 1 would say that it has none: the next number,
// which rounds to the same integers.
inline constexpr float kUnitScale = 1.0F + 0x1p-23F;

// An input or output in DDR. Quantized: output = (q - zero_point) * scale, input q = value * scale + zero_point.
struct Tensor {
  std::string name;
  DataType type = DataType::F32;
  std::vector<uint64_t> shape;  // rank 1 to 8
  uint64_t device_addr = 0;
  uint64_t size_bytes = 0;  // as the file says it; at least byte_count()
  float scale = 1.0f;
  int32_t zero_point = 0;
  uint64_t byte_count() const;  // of the shape
};

// Streams of both engines, padded to 128 bytes; counts include the end commands.
struct CommandGroup {
  uint32_t tiu_count = 0, gdma_count = 0;
  std::span<const std::byte> tiu, gdma;
};

struct SubNet {
  int32_t mode = 0;  // 0: TPU
  bool is_dynamic = false;
  std::vector<Tensor> inputs, outputs;
  std::vector<CommandGroup> groups;
};

struct WeightLocation {
  std::string name;
  uint64_t offset_bytes = 0, size_bytes = 0;  // from the start of the coefficients; size rounded up to a page
};
struct Coefficients {
  uint64_t address = kWeightsAddress;
  std::span<const std::byte> bytes;  // a multiple of 4096
  // For writing without a copy, in place of `bytes`: so many zeros of the file are handed out to be filled.
  uint64_t later_bytes = 0;
  std::function<void(std::span<std::byte>)> write_later;
  std::vector<WeightLocation> locations;
};

// A net at one set of input shapes.
struct Stage {
  std::vector<Tensor> inputs, outputs;
  std::optional<Coefficients> coefficients;
  uint64_t context_addr = kWeightsAddress;  // activations; behind the weights
  uint64_t context_bytes = 0;               // multiple of 4096
  uint64_t io_addr = 0, io_bytes = 0;       // a region of its own for inputs and outputs (address mode 1), or 0
  bool is_dynamic = false;
  uint32_t core_count = 1;
  std::vector<SubNet> sub_nets;
  std::string tensor_loc;  // JSON: debug_info.h
};

struct Net {
  std::string name;
  int32_t address_mode = 0;
  std::vector<Stage> stages;
};

struct Model {
  std::string version = "2.2", chip = "BM1684X";
  std::string time;           // of what was read; written files carry a fixed one
  std::string firmware_name;  // of another compiler's file: loaded instead of the runtime's own
  std::span<const std::byte> firmware;
  std::vector<Net> nets;
};

// Whether the file begins as a bmodel does.
bool is_bmodel(std::span<const std::byte> file);

// throws UserError E6001 naming the field or offset where the container breaks a rule; every range is inside the file
// afterwards. What the nets ask for (chip, dynamic shapes, host steps) is judged by whoever runs them.
Model read(std::span<const std::byte> file);

// Deterministic. Equal chunks are stored once; the values are those that both generations of the vendor's tools accept.
std::vector<std::byte> write(const Model& model);

}  // namespace tpuc::bm1684x::bmodel
