// Convolutions by oneDNN, in the layouts that it likes. Constant filters are packed when the kernel is prepared;
// run-time filters at every call.
#include "ops/conv.h"

#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>

#include "runtime/fast/fast.h"
#include "runtime/fast/integer_sum.h"
#include "runtime/fast/ordered_sums.h"

namespace tpuc::fast {
namespace {

using dnnl::memory;
using Tag = memory::format_tag;

constexpr std::pair<Layout, Tag> kTags[] = {
    {Layout::ChannelsLast, Tag::nhwc}, {Layout::Blocks8, Tag::nChw8c}, {Layout::Blocks16, Tag::nChw16c}};

// The same one every time: descriptions of primitives do not keep theirs alive.
const dnnl::engine& host_engine() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

memory::desc described(const Dims& dims, Layout layout) {
  for (const auto& [known, tag] : kTags)
    if (known == layout) return {dims, memory::data_type::f32, tag};
  return {dims, memory::data_type::f32, row_major_strides(dims)};
}

// RowMajor for what is none of the others.
Layout layout_of(const memory::desc& d) {
  const auto dims = d.dims();
  if (dims.size() != 4 || d.get_size() != static_cast<size_t>(element_count(dims)) * sizeof(float))
    return Layout::RowMajor;
  for (const auto& [layout, tag] : kTags)
    if (d == memory::desc(dims, memory::data_type::f32, tag)) return layout;
  return Layout::RowMajor;
}

// dnnl's descriptions of a convolution's tensors.
struct Layouts {
  memory::desc x, w, y, b;
};

memory::desc plain(const Dims& dims) { return {dims, memory::data_type::f32, row_major_strides(dims)}; }
memory::desc any_like(const memory::desc& d) { return {d.dims(), memory::data_type::f32, Tag::any}; }

dnnl::primitive_attr post_ops(ops::Activation activation) {
  dnnl::primitive_attr attr;
  dnnl::post_ops chain;
  if (activation == ops::Activation::Relu) chain.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0, 0);
  if (activation == ops::Activation::Relu6) chain.append_eltwise(1.0f, dnnl::algorithm::eltwise_clip, 0, 6);
  attr.set_post_ops(chain);
  return attr;
}

memory::dims dilations_of(const std::vector<int64_t>& d) { return {d[0] - 1, d[1] - 1}; }  // dnnl counts gaps

// One primitive with the reorders around it.
class Runner {
 public:
  // `want` are the layouts the primitive asks for, `have` the graph's.
  Runner(dnnl::engine engine, dnnl::primitive primitive, Layouts have, Layouts want)
      : engine_(std::move(engine)),
        stream_(engine_),
        primitive_(std::move(primitive)),
        have_(std::move(have)),
        want_(std::move(want)) {}

  void pack_filter(const Tensor& w) { filter_ = converted(borrow(have_.w, w), want_.w, true); }

  void run(EvalArgs in, Tensor& out) {
    memory x = converted(borrow(have_.x, in[0]), want_.x, false);
    memory w = filter_ ? filter_ : converted(borrow(have_.w, in[1]), want_.w, false);
    memory y_plain(have_.y, engine_, out.mutable_bytes().data());
    memory y = want_.y == have_.y ? y_plain : memory(want_.y, engine_);
    std::unordered_map<int, memory> args{{DNNL_ARG_SRC, x}, {DNNL_ARG_WEIGHTS, w}, {DNNL_ARG_DST, y}};
    if (in.has(2)) args.emplace(DNNL_ARG_BIAS, borrow(have_.b, in[2]));
    primitive_.execute(stream_, args);
    if (!(want_.y == have_.y)) dnnl::reorder(y, y_plain).execute(stream_, y, y_plain);
    stream_.wait();
  }

 private:
  // dnnl takes no const pointers; sources are not written.
  memory borrow(const memory::desc& d, const Tensor& t) {
    return {d, engine_, const_cast<std::byte*>(t.bytes().data())};
  }
  memory converted(memory from, const memory::desc& to, bool keep) {
    if (to == from.get_desc() && !keep) return from;
    memory result(to, engine_);
    dnnl::reorder(from, result).execute(stream_, from, result);
    stream_.wait();
    return result;
  }

  dnnl::engine engine_;
  dnnl::stream stream_;
  dnnl::primitive primitive_;
  Layouts have_, want_;
  memory filter_;
};

Kernel kernel_of(Runner runner, const Site& site) {
  if (site.constant(1) != nullptr) runner.pack_filter(*site.constant(1));
  return [runner = std::move(runner)](EvalArgs in, std::span<Tensor> out) mutable { runner.run(in, out[0]); };
}

bool has_elements(const Site& site) {
  for (size_t i = 0; i < site.in.size(); ++i)
    if (site.present[i] && element_count(site.in[i]) == 0) return false;
  return element_count(site.out[0]) != 0;
}

// [O,I,R,S] as [G,O/G,I,R,S]: the same bytes.
Dims grouped_dims(const Dims& w, int64_t group) { return group == 1 ? w : Dims{group, w[0] / group, w[1], w[2], w[3]}; }

Layouts graph_layouts(const Site& site, memory::desc filter) {
  Layouts l{
      described(site.dims(0), site.layout_in), std::move(filter), described(site.out[0].dims, site.layout_out), {}};
  if (site.has(2)) l.b = plain(site.dims(2));
  return l;
}

// The primitive for tensors in whatever layouts it likes best.
template <class Primitive, class... Args>
typename Primitive::primitive_desc describe(const Site& site, const Layouts& have, ops::Activation activation,
                                            dnnl::algorithm algorithm, const Args&... window) {
  const auto direction = dnnl::prop_kind::forward_inference;
  const memory::desc x = any_like(have.x), w = any_like(have.w), y = any_like(have.y);
  const auto desc = site.has(2) ? typename Primitive::desc(direction, algorithm, x, w, have.b, y, window...)
                                : typename Primitive::desc(direction, algorithm, x, w, y, window...);
  return {desc, post_ops(activation), host_engine()};
}

template <class Description>
Kernel build(const Site& site, const Layouts& have, const Description& pd) {
  using Primitive = std::conditional_t<std::is_same_v<Description, dnnl::convolution_forward::primitive_desc>,
                                       dnnl::convolution_forward, dnnl::deconvolution_forward>;
  const Layouts want{pd.src_desc(), pd.weights_desc(), pd.dst_desc(), have.b};
  return kernel_of(Runner(host_engine(), Primitive(pd), have, want), site);
}

// oneDNN has its own limits (sizes, pads against kernels): what it refuses runs by `eval`.
template <Kernel (*kPrepare)(const Site&)>
Kernel or_none(const Site& site) {
  if (!has_elements(site)) return {};
  try {
    return kPrepare(site);
  } catch (const dnnl::error&) {
    return {};
  }
}

Layouts conv_layouts(const Site& site) {
  return graph_layouts(site, plain(grouped_dims(site.dims(1), site.attrs_of<ops::Conv2d>().group)));
}
auto describe_conv(const Site& site) {
  const auto& a = site.attrs_of<ops::Conv2d>();
  return describe<dnnl::convolution_forward>(
      site, conv_layouts(site), a.activation, dnnl::algorithm::convolution_direct, memory::dims(a.strides),
      dilations_of(a.dilations), memory::dims{a.pads[0], a.pads[1]}, memory::dims{a.pads[2], a.pads[3]});
}

Kernel prepare_conv(const Site& site) {
  if (site.is_rounded_next) return prepare_ordered_conv(site);
  return build(site, conv_layouts(site), describe_conv(site));
}

LayoutWish conv_wish(const Site& site) {
  if (site.is_rounded_next || !has_elements(site)) return {};
  try {
    const auto pd = describe_conv(site);
    return {.in = layout_of(pd.src_desc()), .out = layout_of(pd.dst_desc())};
  } catch (const dnnl::error&) {
    return {};
  }
}

// dnnl wants [G,O/G,I/G,R,S]; the graph holds [I,O/G,R,S] or [O,I/G,R,S]. Strides say so, no data moves here.
memory::desc transposed_filter(const Dims& w, int64_t group, ops::FilterOrder order) {
  const int64_t plane = w[2] * w[3], inner = w[1], outer = w[0] / group;
  const bool iohw = order == ops::FilterOrder::Iohw;
  Dims dims{group, iohw ? inner : outer, iohw ? outer : inner, w[2], w[3]};
  Dims strides{outer * inner * plane, iohw ? plane : inner * plane, iohw ? inner * plane : plane, w[3], 1};
  if (group == 1) {
    dims.erase(dims.begin());
    strides.erase(strides.begin());
  }
  return {dims, memory::data_type::f32, strides};
}

Kernel prepare_conv_transpose(const Site& site) {
  const auto& a = site.attrs_of<ops::ConvTranspose2d>();
  // Output pads are a smaller cut at the end: the same arithmetic, where the cut stays non-negative.
  const memory::dims end{a.pads[2] - a.output_pads[0], a.pads[3] - a.output_pads[1]};
  if (end[0] < 0 || end[1] < 0) return {};
  const Layouts have = graph_layouts(site, transposed_filter(site.dims(1), a.group, a.filter));
  return build(site, have,
               describe<dnnl::deconvolution_forward>(site, have, a.activation, dnnl::algorithm::deconvolution_direct,
                                                     memory::dims(a.strides), dilations_of(a.dilations),
                                                     memory::dims{a.pads[0], a.pads[1]}, end));
}

// ---- 8-bit integers

// What both convolutions have in common; `attrs` without what only integers have.
template <class Attrs>
IntegerSum integer_sum(const Site& site, const Attrs& attrs) {
  const Dims &w = site.dims(1), &y = site.out[0].dims;
  IntegerSum sum;
  sum.groups = attrs.group;
  sum.pad_value = attrs.pad_value;
  sum.terms = w[2] * w[3];
  sum.channels = y[1], sum.inner = y[2] * y[3];
  sum.place = [inner = w[1]](int64_t row) { return IntegerSum::Place{row / inner, row % inner}; };
  return sum;
}

template <class Attrs>
std::any float_attrs(Attrs attrs) {
  attrs.pad_value = 0;
  attrs.to = DType::I32;
  return attrs;
}

Kernel prepare_integer_conv(const Site& site) {
  const auto& a = site.attrs_of<ops::Conv2d>();
  IntegerSum sum = integer_sum(site, a);
  sum.w_zero = a.filter_zero;
  ops::Conv2d::Attrs plain = a;
  plain.filter_zero = 0;
  return prepare_integer_sum(site, sum, or_none<prepare_conv>, float_attrs(plain));
}

Kernel prepare_integer_conv_transpose(const Site& site) {
  const auto& a = site.attrs_of<ops::ConvTranspose2d>();
  IntegerSum sum = integer_sum(site, a);
  if (a.filter == ops::FilterOrder::Iohw) {
    sum.w_axis = 0;
    const int64_t in = site.dims(1)[0] / a.group, out = site.dims(1)[1];
    sum.place = [in, out](int64_t row) { return IntegerSum::Place{row / out / in * out + row % out, row / out % in}; };
  }
  return prepare_integer_sum(site, sum, or_none<prepare_conv_transpose>, float_attrs(a));
}

}  // namespace

// ---- Layouts

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

std::span<const Row> conv_rows() {
  static constexpr Row kRows[] = {
      {"conv2d", or_none<prepare_conv>, false, prepare_integer_conv, conv_wish},
      {"conv_transpose2d", or_none<prepare_conv_transpose>, false, prepare_integer_conv_transpose}};
  return kRows;
}

}  // namespace tpuc::fast
