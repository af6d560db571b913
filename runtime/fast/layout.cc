// Changes of layout by oneDNN.
#include "runtime/fast/layout_dnnl.h"

namespace tpuc::fast {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;
constexpr std::pair<Layout, Tag> kTags[] = {
    {Layout::ChannelsLast, Tag::nhwc}, {Layout::Blocks8, Tag::nChw8c}, {Layout::Blocks16, Tag::nChw16c}};

}  // namespace

const dnnl::engine& host_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

memory::desc described(const Dims& dims, Layout layout) {
  for (const auto& [known, tag] : kTags)
    if (known == layout) return {dims, memory::data_type::f32, tag};
  return {dims, memory::data_type::f32, row_major_strides(dims)};
}

Layout layout_of(const memory::desc& d) {
  const auto dims = d.dims();
  if (dims.size() != 4 || d.get_size() != static_cast<size_t>(element_count(dims)) * sizeof(float))
    return Layout::RowMajor;
  for (const auto& [layout, tag] : kTags)
    if (d == memory::desc(dims, memory::data_type::f32, tag)) return layout;
  return Layout::RowMajor;
}

Kernel change_layout(const Dims& dims, Layout from, Layout to) {
  const dnnl::engine& engine = host_engine();
  const memory::desc source = described(dims, from), target = described(dims, to);
  const dnnl::reorder reorder(dnnl::reorder::primitive_desc(engine, source, engine, target));
  return [=, engine = engine, stream = dnnl::stream(engine)](EvalArgs in, std::span<Tensor> out) mutable {
    // dnnl takes no const pointers; the source is not written.
    memory x(source, engine, const_cast<std::byte*>(in[0].bytes().data()));
    memory y(target, engine, out[0].mutable_bytes().data());
    reorder.execute(stream, {{DNNL_ARG_FROM, x}, {DNNL_ARG_TO, y}});
    stream.wait();
  };
}

}  // namespace tpuc::fast
