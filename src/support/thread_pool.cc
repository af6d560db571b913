// Workers sleep on a condition variable and take rounds from a shared counter.
#include "tpuc/support/thread_pool.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

namespace tpuc {

struct ThreadPool::State {
  std::vector<std::thread> workers;
  std::mutex mutex;
  std::condition_variable start, done;
  const std::function<void(size_t)>* fn = nullptr;
  size_t count = 0, busy = 0;
  uint64_t loop = 0;
  bool stop = false;
  std::atomic<size_t> next{0};
  std::exception_ptr error;

  void run_rounds() {
    try {
      for (size_t k = next++; k < count; k = next++) (*fn)(k);
    } catch (...) {
      next = count;
      const std::lock_guard lock(mutex);
      if (!error) error = std::current_exception();
    }
  }
  void work() {
    uint64_t seen = 0;
    for (;;) {
      std::unique_lock lock(mutex);
      start.wait(lock, [&] { return stop || loop != seen; });
      if (stop) return;
      seen = loop;
      lock.unlock();
      run_rounds();
      lock.lock();
      if (--busy == 0) done.notify_one();
    }
  }
};

ThreadPool::ThreadPool(unsigned threads) : state_(std::make_unique<State>()) {
  if (threads == 0) threads = std::max(1u, std::thread::hardware_concurrency());
  for (unsigned k = 1; k < threads; ++k) state_->workers.emplace_back([s = state_.get()] { s->work(); });
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stop = true;
  }
  state_->start.notify_all();
  for (std::thread& t : state_->workers) t.join();
}

unsigned ThreadPool::size() const { return static_cast<unsigned>(state_->workers.size()) + 1; }

void ThreadPool::parallel_for(size_t count, const std::function<void(size_t)>& fn) {
  State& s = *state_;
  if (count <= 1 || s.workers.empty()) {
    for (size_t k = 0; k < count; ++k) fn(k);
    return;
  }
  {
    const std::lock_guard lock(s.mutex);
    s.fn = &fn;
    s.count = count;
    s.next = 0;
    s.error = nullptr;
    s.busy = s.workers.size();
    ++s.loop;
  }
  s.start.notify_all();
  s.run_rounds();
  std::unique_lock lock(s.mutex);
  s.done.wait(lock, [&] { return s.busy == 0; });
  if (s.error) std::rethrow_exception(s.error);
}

}  // namespace tpuc
