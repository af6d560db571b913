// The words for the choices of a preprocessing, in one table each.
#include "tpuc/runtime/preprocess.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

template <class E>
struct Word {
  E value;
  std::string_view text;
};
constexpr Word<Fit> kFits[] = {
    {Fit::Stretch, "stretch"}, {Fit::Letterbox, "letterbox"}, {Fit::Corner, "corner"}, {Fit::Crop, "crop"}};
constexpr Word<ChannelOrder> kOrders[] = {
    {ChannelOrder::Auto, "auto"}, {ChannelOrder::Rgb, "rgb"}, {ChannelOrder::Bgr, "bgr"}, {ChannelOrder::Gray, "gray"}};
constexpr Word<ImageLayout> kLayouts[] = {
    {ImageLayout::Auto, "auto"}, {ImageLayout::Nchw, "nchw"}, {ImageLayout::Nhwc, "nhwc"}};

template <class E, size_t N>
std::string_view word_of(const Word<E> (&words)[N], E value) {
  for (const auto& word : words)
    if (word.value == value) return word.text;
  return "?";
}

template <class E, size_t N>
E value_of(const Word<E> (&words)[N], const std::string& text, const std::string& option) {
  std::string all;
  for (const auto& word : words) {
    if (word.text == text) return word.value;
    all += fmt::format("{}{}", all.empty() ? "" : ", ", word.text);
  }
  throw UserError(diagnostic(ErrorCode::E2001, "{} `{}` is not known", option, text).note("hint", "one of " + all));
}

}  // namespace

std::string_view to_string(Fit fit) { return word_of(kFits, fit); }
std::string_view to_string(ChannelOrder order) { return word_of(kOrders, order); }
std::string_view to_string(ImageLayout layout) { return word_of(kLayouts, layout); }
Fit parse_fit(const std::string& text, const std::string& option) { return value_of(kFits, text, option); }
ChannelOrder parse_channels(const std::string& text, const std::string& option) {
  return value_of(kOrders, text, option);
}
ImageLayout parse_layout(const std::string& text, const std::string& option) {
  return value_of(kLayouts, text, option);
}

}  // namespace tpuc
