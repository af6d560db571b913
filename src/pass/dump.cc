// See dump.h. Time stamps stay out of the graph files: only index.json has durations.
#include "pass/dump.h"

#include <filesystem>
#include <regex>

#include "tpuc/ir/json.h"
#include "tpuc/ir/text.h"
#include "tpuc/support/file.h"

namespace tpuc {
namespace {

std::string rule_counts(const PassRecord& r) {
  std::string out;
  for (const RuleStats& s : r.rules)
    if (s.applied > 0) out += fmt::format("{}\"{}\": {}", out.empty() ? "" : ", ", s.name, s.applied);
  return out;
}

}  // namespace

void Dumper::after_pass(const Module& module, const PassRecord& record, Stage stage) {
  const int number = number_++;
  if (options_->dump_dir.empty()) return;
  if (!options_->dump_after.empty() && !std::regex_search(record.name, std::regex(options_->dump_after))) return;
  std::filesystem::create_directories(options_->dump_dir);
  const std::string stem = fmt::format("{}/{:03}-{}", options_->dump_dir, number, record.name);
  write_text_file(stem + ".tpuir", print(module));
  std::string json;
  for (const Net& net : module.nets)
    for (const auto& graph : net.stages) json += to_json(*graph, record.name, to_string(stage));
  write_text_file(stem + ".json", json);
}

void Dumper::index(const PassReport& report) const {
  if (options_->dump_dir.empty()) return;
  std::filesystem::create_directories(options_->dump_dir);
  std::string lines;
  for (size_t i = 0; i < report.passes.size(); ++i) {
    const PassRecord& r = report.passes[i];
    lines += fmt::format(
        "{}{{\"changed\": {}, \"number\": {}, \"ops_after\": {}, \"ops_before\": {}, \"pass\": \"{}\", \"rules\": "
        "{{{}}}, \"seconds\": {:.6f}}}",
        i == 0 ? "\n" : ",\n", r.changed, i, r.ops_after, r.ops_before, r.name, rule_counts(r), r.seconds);
  }
  write_text_file(options_->dump_dir + "/index.json",
                  fmt::format("{{\n\"passes\": [{}\n],\n\"schema\": \"tpuc-dump/1\"\n}}\n", lines));
}

std::string Dumper::last_good(const std::string& text) const {
  std::error_code none;
  std::filesystem::path folder = options_->dump_dir;
  if (folder.empty()) folder = std::filesystem::temp_directory_path(none);
  const std::string path = (folder / "tpuc-last-good.tpuir").string();
  try {
    write_text_file(path, text);
  } catch (const UserError&) {
    return {};
  }
  return path;
}

}  // namespace tpuc
