// Journals of searches: found again, by the same search only, whatever the end of the file looks like.
#include "driver/search_journal.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "tpuc/support/file.h"

using tpuc::SearchJournal;

TEST_CASE("a journal gives the same search its answers back", "[search]") {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("tpuc-journal-test-" + std::to_string(::getpid()))).string();
  size_t asked = 0;
  const auto ask = [&](SearchJournal& journal, const std::string& question) {
    return journal.answer(question, [&] { return 0.1 + static_cast<double>(++asked); });
  };
  double first = 0;
  {
    SearchJournal journal(path, "a");
    first = ask(journal, "cosine 110");
    ask(journal, "cosine 111");
    CHECK(asked == 2);
  }
  SECTION("exactly") {
    SearchJournal again(path, "a");
    CHECK(ask(again, "cosine 110") == first);
    CHECK(asked == 2);
    CHECK(ask(again, "cosine 011") != first);
    CHECK(asked == 3);
  }
  SECTION("but for a line that was cut off") {
    const std::string text = tpuc::read_text_file(path);
    tpuc::write_text_file(path, text.substr(0, text.size() - 3));
    SearchJournal again(path, "a");
    CHECK(again.size() == 1);
    ask(again, "cosine 111");
    CHECK(asked == 3);
    CHECK(SearchJournal(path, "a").size() == 2);
  }
  SECTION("and nothing to another search") {
    CHECK(SearchJournal(path, "b").size() == 0);
    CHECK(SearchJournal(path, "a").size() == 0);
  }
  std::filesystem::remove(path);
}
