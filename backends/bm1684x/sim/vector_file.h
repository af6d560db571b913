// The arrays of one file of golden vectors, with the checks that a file from anywhere needs. Private to the replay.
#pragma once

#include <map>
#include <span>
#include <string>

#include "backends/bm1684x/sim/vectors.h"
#include "tpuc/support/npz.h"

namespace tpuc::bm1684x {

class VectorFile {
 public:
  explicit VectorFile(const std::string& path);
  const std::string& name() const { return name_; }
  bool has(const std::string& array) const { return arrays_.count(array) != 0; }
  // The values of an array whose NumPy type is `dtype`.
  template <class T>
  std::span<const T> values(const std::string& array, const std::string& dtype) const {
    const NpyArray& a = get(array, dtype);
    return {reinterpret_cast<const T*>(a.data.data()), a.data.size() / sizeof(T)};
  }
  [[noreturn]] void damaged(const std::string& why) const;

 private:
  const NpyArray& get(const std::string& array, const std::string& dtype) const;
  std::string name_;
  std::map<std::string, NpyArray> arrays_;
};

void replay_tiu(const VectorFile& file, VectorReport& report);
void replay_gdma(const VectorFile& file, VectorReport& report);

}  // namespace tpuc::bm1684x
