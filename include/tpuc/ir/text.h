// The text form of graphs (.tpuir): golden tests, bug reports, input of `tpuc opt`. parse(print(m)) equals m.
// Constants of at most 16 elements stand in the text; larger ones are `const #<hash>`, their data in the .npz beside.
#pragma once

#include <string>
#include <string_view>

#include "tpuc/ir/graph.h"
#include "tpuc/support/npz.h"

namespace tpuc {

inline constexpr int64_t kInlineElements = 16;

std::string print(const Module& module);
std::string print(const Graph& graph);
std::string print(const Op& op);  // one statement, without indentation and newline

// Value names, with quotes where they need them: `%conv_0`, `%"onnx::Conv_1"`.
std::string print_name(const Value& v);
// One attribute value as the text form writes it.
std::string print_attr(const AttrValue& value);
// "pads=[1,1,1,1], group=2": attributes away from their defaults, in the order of the operator's fields.
std::string print_attrs(const OpDef& d, const std::any& attrs);

// `const #<this>`, also the member's name in the .npz.
std::string constant_key(const Hash& hash);
// The constants that the text names by hash.
NamedArrays text_weights(const Module& module);

// All errors at once, each with line:column (E1101 to E1106). `file` is for the messages.
Module parse_module(std::string_view text, const NamedArrays& weights = {}, std::string_view file = "graph");

// PATH (.tpuir) and, where large constants are used, the .npz of the same stem.
void save_module(const Module& module, const std::string& path);
Module load_module(const std::string& path);

}  // namespace tpuc
