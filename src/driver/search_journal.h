// What a search has found out, kept in a file beside its output as it goes: a search that was stopped goes on where it
// was. Answers to the questions of one search only; another model, table or sample starts a new file.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <unordered_map>

namespace tpuc {

class SearchJournal {
 public:
  SearchJournal() = default;  // remembers nothing
  // `search`: a word that tells searches apart. throws UserError E5002 where the file cannot be written.
  SearchJournal(const std::string& path, const std::string& search);

  // Questions are one line without tabs.
  std::optional<double> find(const std::string& question) const;
  // In the file before it returns.
  void note(const std::string& question, double answer);
  template <class Ask>
  double answer(const std::string& question, const Ask& ask) {
    if (const std::optional<double> known = find(question)) return *known;
    const double found = ask();
    note(question, found);
    return found;
  }
  size_t size() const { return answers_.size(); }

 private:
  std::unordered_map<std::string, double> answers_;
  std::ofstream file_;
};

}  // namespace tpuc
