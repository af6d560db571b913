// A line for the search, then `question <tab> answer` lines. One that was cut off, or changed by hand, is left out.
#include "driver/search_journal.h"

#include <fmt/core.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc {
namespace {

constexpr std::string_view kFormat = "tpuc-search/2 ";

}  // namespace

SearchJournal::SearchJournal(const std::string& path, const std::string& search) {
  const std::string head = std::string(kFormat) + search + "\n";
  std::string text;
  if (std::filesystem::is_regular_file(path)) text = read_text_file(path);
  if (!text.starts_with(head)) text = head;
  text.resize(text.rfind('\n') + 1);
  for (size_t at = head.size(); at < text.size();) {
    const size_t end = text.find('\n', at), tab = text.find('\t', at);
    if (tab < end) {
      const std::string number = text.substr(tab + 1, end - tab - 1);
      char* stop = nullptr;
      const double answer = std::strtod(number.c_str(), &stop);
      if (stop != number.c_str() && *stop == '\0' && !std::isnan(answer)) answers_[text.substr(at, tab - at)] = answer;
    }
    at = end + 1;
  }
  write_text_file(path, text);
  file_.open(path, std::ios::app | std::ios::binary);
  if (!file_) throw UserError(diagnostic(ErrorCode::E5002, "cannot write `{}`", path));
}

std::optional<double> SearchJournal::find(const std::string& question) const {
  const auto found = answers_.find(question);
  return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

void SearchJournal::note(const std::string& question, double answer) {
  answers_[question] = answer;
  if (file_.is_open()) file_ << fmt::format("{}\t{:.17g}\n", question, answer) << std::flush;
}

}  // namespace tpuc
