// A few worker threads for loops whose rounds are independent. Results must not depend on the number of threads.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

namespace tpuc {

class ThreadPool {
 public:
  explicit ThreadPool(unsigned threads = 0);  // 0: as many as the machine has
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;
  unsigned size() const;

  // Calls fn(0) .. fn(count - 1) on all threads, the caller's included, and returns when all are done. An exception of
  // a round is thrown again here (the first one, in time); rounds not yet begun are then dropped. Not to be nested.
  void parallel_for(size_t count, const std::function<void(size_t)>& fn);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tpuc
