// Which front end a file belongs to, by its first bytes; and the entry that all commands use.
#include <algorithm>
#include <cctype>
#include <filesystem>
#include <optional>

#include "frontends/tpuir/tpuir_frontend.h"
#include "tpuc/frontend/onnx.h"
#include "tpuc/support/file.h"

namespace tpuc {

namespace {

constexpr size_t kSniffBytes = 4096;  // of a text: enough to get past a comment

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The first line that is neither empty nor a comment; nothing when the bytes are no text.
std::optional<std::string_view> first_line(std::string_view text) {
  text = text.substr(0, kSniffBytes);
  const auto is_text = [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || std::isspace(static_cast<unsigned char>(c));
  };
  if (!std::all_of(text.begin(), text.end(), is_text)) return std::nullopt;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.front()))) line.remove_prefix(1);
    if (!line.empty() && line.substr(0, 2) != "//" && line.front() != '#') return line;
  }
  return std::nullopt;
}

// The first field of a ModelProto: the numbers of its fields, with the wire type that each has.
bool starts_as_model_proto(std::string_view bytes) {
  constexpr std::string_view kVarints = "\x08\x28", kMessages = "\x12\x1a\x22\x32\x3a\x42\x72\xa2\xca";
  return bytes.size() >= 2 &&
         (kVarints.find(bytes[0]) != std::string_view::npos || kMessages.find(bytes[0]) != std::string_view::npos);
}

}  // namespace

std::string_view to_string(ModelFormat f) {
  switch (f) {
    case ModelFormat::Onnx:
      return "ONNX";
    case ModelFormat::Tpuir:
      return "graph text";
    case ModelFormat::Bmodel:
      return "bmodel";
    case ModelFormat::Darknet:
      return "Darknet";
    case ModelFormat::Unknown:
      return "unknown";
  }
  return "";
}

ModelFormat recognise(std::span<const std::byte> bytes) {
  const std::string_view text = as_text(bytes);
  if (text.substr(0, 4) == "\xEE\xAA\x55\xFF") return ModelFormat::Bmodel;
  if (const auto line = first_line(text)) {
    if (line->substr(0, 5) == "[net]" || line->substr(0, 9) == "[network]") return ModelFormat::Darknet;
    if (line->substr(0, 6) == "graph " || line->substr(0, 4) == "net " || line->substr(0, 7) == "module ")
      return ModelFormat::Tpuir;
  }
  return starts_as_model_proto(text) ? ModelFormat::Onnx : ModelFormat::Unknown;
}

Module import_model(const Source& source, const ImportOptions& options) {
  const bool in_memory = source.path.empty() || !source.bytes.empty();
  const ModelFormat format = in_memory ? recognise(source.bytes) : recognise(MappedFile(source.path).bytes());
  const std::string file = source.path.empty() ? "model" : std::filesystem::path(source.path).filename().string();
  switch (format) {
    case ModelFormat::Onnx:
      return import_onnx(source, options);
    case ModelFormat::Tpuir:
      return frontend::import_tpuir(source, options);
    case ModelFormat::Bmodel:
      throw UserError(diagnostic(ErrorCode::E1002, "`{}` is a bmodel: it is compiled already", file)
                          .note("hint", "run, info, dis and profile take bmodels"));
    case ModelFormat::Darknet:
      throw UserError(diagnostic(ErrorCode::E2002, "`{}` is a Darknet network; these are not read yet", file)
                          .note("hint", "convert it to ONNX"));
    case ModelFormat::Unknown:
      break;
  }
  throw UserError(diagnostic(ErrorCode::E1002, "`{}` is neither ONNX nor graph text nor bmodel", file)
                      .note("hint", "the file may be damaged, or be of a framework that exports ONNX"));
}

}  // namespace tpuc
