// Replays golden vectors: commands with the memory before and after, measured on the vendor's functional model.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tpuc::bm1684x {

struct VectorReport {
  struct Count {
    int64_t passed = 0, failed = 0;
  };
  std::map<std::string, Count> by_instruction;
  std::vector<std::string> failures;  // "CONV.npz case 12 (conv.normal): lane 3 offset 0x40 is 7f, expected 80"
  int64_t passed = 0, failed = 0;

  void add(const std::string& instruction, const std::string& where, const std::string& failure);
};

// Every .npz of the folder, in either layout (TIU: one group of arrays per case; GDMA: arrays over all cases), known by
// its keys. throws UserError E6104 where the folder holds no case or a file does not follow its layout.
VectorReport replay_vectors(const std::string& folder);

// Counts per instruction, failures, and last "N passed, M failed".
std::string to_text(const VectorReport& report);

}  // namespace tpuc::bm1684x
