// What the convolutions share of oneDNN: the engine, and layouts as oneDNN describes them.
#pragma once

#include <oneapi/dnnl/dnnl.hpp>

#include "runtime/fast/fast.h"

namespace tpuc::fast {

// The same one every time: descriptions of primitives do not keep theirs alive.
const dnnl::engine& host_engine();

dnnl::memory::desc described(const Dims& dims, Layout layout);
// RowMajor for what is none of the others.
Layout layout_of(const dnnl::memory::desc& d);

}  // namespace tpuc::fast
