// The child that feeds commands to the vendor's library, and the parent that waits for it.
#include "backends/bm1684x/sim/vendor_engine.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <new>
#include <thread>

#include "backends/bm1684x/sim/queue_order.h"
#include "backends/bm1684x/sim/stage_memory.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint64_t kGuardBytes = uint64_t{1} << 20;  // DDR behind the last region: the library reads whole bursts
constexpr size_t kCommandBufferBytes = 256;          // the library may read a long form where a short one stands
constexpr size_t kTextBytes = 512;
constexpr int kExitTrouble = 3;
constexpr auto kPoll = std::chrono::milliseconds(5);

// What the library exports, found out from the outside: names and argument types.
struct Library {
  int (*init)(int node, int64_t ddr_bytes);
  void (*load_tables)();
  uint8_t* (*ddr)(int node);
  int (*execute)(int node, void* command, unsigned engine);
};

// Memory that parent and child share.
struct Board {
  uint64_t steps;  // commands begun
  char trouble[kTextBytes];
};

class SharedMemory {
 public:
  explicit SharedMemory(size_t bytes) : bytes_(bytes) {
    data_ = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (data_ == MAP_FAILED) throw std::bad_alloc();
  }
  ~SharedMemory() { ::munmap(data_, bytes_); }
  SharedMemory(const SharedMemory&) = delete;
  SharedMemory& operator=(const SharedMemory&) = delete;
  std::byte* data() const { return static_cast<std::byte*>(data_); }

 private:
  void* data_;
  size_t bytes_;
};

template <class Fn>
void find(void* handle, const char* name, Fn& fn) {
  fn = reinterpret_cast<Fn>(::dlsym(handle, name));
  if (fn == nullptr) throw UserError(diagnostic(ErrorCode::E6006, "the library has no function {}", name));
}

Library open_library(const std::string& path) {
  void* handle = ::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw UserError(diagnostic(ErrorCode::E6006, "{}", ::dlerror()));
  Library lib{};
  find(handle, "cmodel_init", lib.init);
  find(handle, "load_lookup_tables", lib.load_tables);
  find(handle, "get_global_memaddr", lib.ddr);
  find(handle, "execute_command", lib.execute);
  return lib;
}

// One planned command: its bytes, and its text for messages.
struct Step {
  Engine engine;
  const bmodel::Command* command;
  std::span<const std::byte> bytes;
};

std::vector<Step> plan_steps(const std::vector<bmodel::StageGroup>& groups, const VendorOptions& options) {
  std::vector<Step> steps;
  for (const bmodel::StageGroup& g : groups) {
    QueueOrder order(g.commands, options.order, options.seed);
    while (const std::optional<Engine> e = order.next(g.where)) {
      const bmodel::Command& c = order.front(*e);
      const bmodel::Command& behind = *(&c + 1);  // the end command is never in front
      const auto stream = *e == Engine::Tiu ? g.source->tiu : g.source->gdma;
      steps.push_back({*e, &c, stream.subspan(c.offset_bytes, behind.offset_bytes - c.offset_bytes)});
      order.pop(*e);
    }
  }
  return steps;
}

class Child {
 public:
  Child(const bmodel::Stage& stage, const SimInputs& inputs, const std::vector<Step>& steps, Board& board,
        std::byte* out)
      : stage_(stage), inputs_(inputs), steps_(steps), board_(board), out_(out) {}

  void run(const std::string& path) {
    const uint64_t ddr_bytes = ddr_bytes_of(stage_) + kGuardBytes;
    const Library lib = open_library(path);
    if (lib.init(0, static_cast<int64_t>(ddr_bytes)) != 0)
      throw UserError(diagnostic(ErrorCode::E6006, "cmodel_init failed"));
    lib.load_tables();
    ddr_ = lib.ddr(0);
    if (stage_.coefficients) put(stage_.coefficients->address, stage_.coefficients->bytes);
    for (const bmodel::Tensor& t : stage_.inputs) put(t.device_addr, bytes_for(t, inputs_));
    for (const Step& s : steps_) {
      ++board_.steps;
      std::byte command[kCommandBufferBytes] = {};
      std::memcpy(command, s.bytes.data(), std::min(s.bytes.size(), sizeof command));
      lib.execute(0, command, static_cast<unsigned>(s.engine));
    }
    for (const bmodel::Tensor& t : stage_.outputs) {
      std::memcpy(out_, at(t.device_addr, t.byte_count()), t.byte_count());
      out_ += t.byte_count();
    }
  }

 private:
  uint8_t* at(uint64_t address, uint64_t bytes) const {
    const uint64_t limit = kDdrBase + ddr_bytes_of(stage_);
    if (address < kDdrBase || address > limit || bytes > limit - address)
      throw UserError(diagnostic(ErrorCode::E6002, "a tensor at {:#x} lies outside of the stage's memory", address));
    return ddr_ + (address - kDdrBase);
  }
  void put(uint64_t address, std::span<const std::byte> bytes) const {
    if (!bytes.empty()) std::memcpy(at(address, bytes.size()), bytes.data(), bytes.size());
  }

  const bmodel::Stage& stage_;
  const SimInputs& inputs_;
  const std::vector<Step>& steps_;
  Board& board_;
  std::byte* out_;
  uint8_t* ddr_ = nullptr;
};

// Never returns. The library is talkative: its output goes nowhere.
[[noreturn]] void run_child(Child child, const std::string& path, Board& board) {
  const int nowhere = ::open("/dev/null", O_WRONLY);
  ::dup2(nowhere, STDOUT_FILENO);
  ::dup2(nowhere, STDERR_FILENO);
  int status = 0;
  try {
    child.run(path);
  } catch (const std::exception& e) {
    std::snprintf(board.trouble, sizeof board.trouble, "%s", e.what());
    status = kExitTrouble;
  }
  ::_exit(status);
}

std::optional<int> wait_for(pid_t pid, double timeout_seconds) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(timeout_seconds);
  int status = 0;
  while (::waitpid(pid, &status, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) {
      ::kill(pid, SIGKILL);
      ::waitpid(pid, &status, 0);
      return {};
    }
    std::this_thread::sleep_for(kPoll);
  }
  return status;
}

[[noreturn]] void explain(std::optional<int> status, const Board& board, const std::vector<Step>& steps,
                          const VendorOptions& options) {
  std::string why = fmt::format("ran longer than {} s", options.timeout_seconds);
  if (status && WIFSIGNALED(*status))
    why = fmt::format("ended by signal {} ({})", WTERMSIG(*status), ::strsignal(WTERMSIG(*status)));
  if (status && WIFEXITED(*status))
    why = board.trouble[0] != 0 ? board.trouble : fmt::format("exit status {}", WEXITSTATUS(*status));
  Diagnostic d = diagnostic(ErrorCode::E6006, "`{}`: {}", options.library, why);
  if (board.steps > 0 && board.steps <= steps.size()) {
    const Step& s = steps[board.steps - 1];
    d.notes.emplace_back("at", fmt::format("{} command {}, step {}", name_of(s.engine), s.command->id, board.steps));
    d.notes.emplace_back("command", to_text(*s.command));
  }
  throw UserError(std::move(d));
}

}  // namespace

SimResult run_on_vendor_library(const bmodel::Net& net, size_t stage, const SimInputs& inputs,
                                const VendorOptions& options) {
  const bmodel::Stage& s = net.stages.at(stage);
  for (const bmodel::Tensor& t : s.inputs) bytes_for(t, inputs);
  const std::vector<bmodel::StageGroup> groups = bmodel::decode_stage(net, stage);
  const std::vector<Step> steps = plan_steps(groups, options);
  uint64_t output_bytes = 0;
  for (const bmodel::Tensor& t : s.outputs) output_bytes += t.byte_count();
  const SharedMemory shared(sizeof(Board) + output_bytes);
  Board& board = *new (shared.data()) Board{};
  std::byte* out = shared.data() + sizeof(Board);
  const pid_t pid = ::fork();
  if (pid < 0) throw UserError(diagnostic(ErrorCode::E6006, "no process could be started: {}", std::strerror(errno)));
  if (pid == 0) run_child(Child(s, inputs, steps, board, out), options.library, board);
  const std::optional<int> status = wait_for(pid, options.timeout_seconds);
  if (status != 0) explain(status, board, steps, options);
  SimResult result;
  result.command_count = steps.size();
  for (const bmodel::Tensor& t : s.outputs) {
    result.outputs.push_back({t.name, t.type, t.shape, {out, out + t.byte_count()}});
    out += t.byte_count();
  }
  return result;
}

}  // namespace tpuc::bm1684x
