// Runs the text tests: every testdata/*.tpuir under the folders given.      golden_main FOLDER...
// A file begins with `// RUN: tpuc opt [--rules A,B] [--passes A,B] [--precision f16] [--f32-only A,B] %s`,
// --f32-only naming operators that the chip has in f32 alone, --ranges x=-1:1,y=0:6 what calibration would say, perhaps
// with `EQUAL: values rtol=1e-5`; then graphs, each followed by what must come out, as comments:
//   // EXPECT: unchanged ("why")      // EXPECT: the new graph, line by line      // EXPECT: error[E....] ...
// TPUC_BLESS=1 rewrites what is expected: review the diff. EQUAL evaluates before and after on random inputs, so that
// a blessed wrong result still fails. Every graph also goes through print and parse, and every run is repeated on its
// own result, where it must change nothing.
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <sstream>

#include "evaluate_graph.h"
#include "tpuc/ir/equal.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/file.h"

namespace tpuc::test {
namespace {

struct Run {
  std::vector<std::string> rules, passes;
  PassOptions options;
  double rtol = -1;  // negative: values are not compared
};
struct Case {
  std::string graph, expected, tail;  // tail: other comments and blank lines before the next graph
};
struct File {
  std::string head;  // everything before the first graph
  Run run;
  std::vector<Case> cases;
};

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// "x=-1:1"
Quantization parse_ranges(const std::string& text) {
  Quantization q;
  for (const std::string& range : split(text, ',')) {
    const size_t equals = range.find('='), colon = range.find(':', equals);
    q.ranges[range.substr(0, equals)] = {std::stod(range.substr(equals + 1)), std::stod(range.substr(colon + 1))};
  }
  return q;
}

Run parse_run(const std::string& head) {
  Run run;
  std::stringstream words(head);
  for (std::string word; words >> word;) {
    const auto value = [&] {
      std::string v;
      words >> v;
      return v;
    };
    if (word == "--rules") run.rules = split(value(), ',');
    if (word == "--passes") run.passes = split(value(), ',');
    if (word == "--ranges") run.options.quantization = [q = parse_ranges(value())](const Graph&) { return q; };
    if (word == "--f32-only")
      run.options.supports = [names = split(value(), ',')](const Op& op, DType precision) {
        return precision == DType::F32 || std::find(names.begin(), names.end(), op.name()) == names.end();
      };
    if (word == "--native-border") run.options.native_border = true;
    if (word == "--precision") run.options.precision = parse_dtype(value()).value();
    if (word.starts_with("rtol=")) run.rtol = std::stod(word.substr(5));
  }
  return run;
}

// Lines, cut where a graph begins, where it ends, and where its expectation ends.
File read_file(const std::string& text) {
  File file;
  enum class At { Head, Graph, Tail, Expected } at = At::Head;
  for (const std::string& line : split(text, '\n')) {
    if (line.starts_with("graph ") && at != At::Graph) {
      file.cases.emplace_back();
      at = At::Graph;
    } else if (at == At::Tail && line.starts_with("// EXPECT")) {
      at = At::Expected;
    } else if (at == At::Expected && !line.starts_with("//   ")) {
      at = At::Tail;
    }
    std::string& to = at == At::Head       ? file.head
                      : at == At::Graph    ? file.cases.back().graph
                      : at == At::Expected ? file.cases.back().expected
                                           : file.cases.back().tail;
    to += line + "\n";
    if (at == At::Graph && line == "}") at = At::Tail;
  }
  file.run = parse_run(file.head);
  return file;
}

std::string commented(const std::string& text) {
  std::string out;
  for (const std::string& line : split(text, '\n')) out += "//   " + line + "\n";
  return out;
}

std::string reasons(const std::vector<NearMiss>& misses) {
  std::vector<std::string> seen;
  for (const NearMiss& m : misses)
    if (std::find(seen.begin(), seen.end(), m.why) == seen.end()) seen.push_back(m.why);
  return seen.empty() ? std::string() : fmt::format(" (\"{}\")", fmt::join(seen, "; "));
}

void transform(Module& m, const Run& run, std::vector<NearMiss>& misses) {
  RewriteOptions options;
  options.explain = [&](const NearMiss& miss) { misses.push_back(miss); };
  for (Net& net : m.nets)
    for (auto& graph : net.stages)
      if (!run.rules.empty()) apply_rules(*graph, run.rules, options);
  if (!run.passes.empty()) run_passes(m, run.passes, run.options);
  verify(m);
}

// What is wrong beyond the text: round trip, values, the second run.
std::string check(const std::string& text, const Module& before, const Module& after, const Run& run) {
  if (const std::string d = difference(before, parse_module(print(before), text_weights(before))); !d.empty())
    return "print and parse lose something: " + d;
  if (const std::string d = difference(after, parse_module(print(after), text_weights(after))); !d.empty())
    return "print and parse of the result lose something: " + d;
  Module again = parse_module(print(after), text_weights(after));
  std::vector<NearMiss> misses;
  transform(again, run, misses);
  if (const std::string d = difference(after, again); !d.empty()) return "a second run changes the result: " + d;
  if (run.rtol < 0) return {};
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    const Graph &a = *before.nets[0].stages[0], &b = *after.nets[0].stages[0];
    const std::vector<Tensor> inputs = random_inputs(a, seed);
    const std::string d = compare_values(evaluate_graph(a, inputs), evaluate_graph(b, inputs), run.rtol);
    if (!d.empty()) return fmt::format("values differ (seed {}): {}\n{}", seed, d, text);
  }
  return {};
}

// The expectation as it should read; `problem` is set when something other than the text is wrong.
std::string run_case(const std::string& text, const Run& run, std::string& problem) {
  try {
    const Module before = parse_module(text);
    Module after = parse_module(text);
    std::vector<NearMiss> misses;
    transform(after, run, misses);
    problem = check(text, before, after, run);
    if (difference(before, after).empty()) return "// EXPECT: unchanged" + reasons(misses) + "\n";
    return "// EXPECT:\n" + commented(print(after));
  } catch (const UserError& e) {
    std::string all;
    for (const Diagnostic& d : e.diagnostics()) all += render(d) + "\n";
    return "// EXPECT:\n" + commented(all);
  } catch (const InternalError& e) {
    problem = e.what();
    return "// EXPECT:\n";
  }
}

int run_file(const std::filesystem::path& path, bool bless) {
  const std::string text = read_text_file(path.string());
  if (!text.starts_with("// RUN:")) return 0;  // another test's data
  int failures = 0;
  const File file = read_file(text);
  std::string rewritten = file.head;
  for (const Case& c : file.cases) {
    std::string problem;
    const std::string got = run_case(c.graph, file.run, problem);
    rewritten += c.graph + got + c.tail;
    const bool differs = !bless && got != c.expected;
    if (problem.empty() && !differs) continue;
    ++failures;
    std::cout << path.string() << ": " << c.graph.substr(0, c.graph.find('\n')) << "\n";
    if (!problem.empty()) std::cout << problem << "\n";
    if (differs) std::cout << "--- got\n" << got << "--- expected\n" << c.expected;
  }
  if (bless && rewritten != text) write_text_file(path.string(), rewritten);
  return failures;
}

}  // namespace
}  // namespace tpuc::test

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  const char* bless = std::getenv("TPUC_BLESS");
  std::vector<fs::path> paths;
  for (int i = 1; i < argc; ++i) {
    if (fs::is_regular_file(argv[i])) paths.emplace_back(argv[i]);
    if (!fs::is_directory(argv[i])) continue;
    for (const auto& entry : fs::recursive_directory_iterator(argv[i]))
      if (entry.path().extension() == ".tpuir" && entry.path().parent_path().filename() == "testdata")
        paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  int failures = 0;
  for (const fs::path& path : paths) failures += tpuc::test::run_file(path, bless != nullptr && *bless == '1');
  std::cout << paths.size() << " files, " << failures << " failures\n";
  return failures == 0 && !paths.empty() ? 0 : 1;
}
