// The reader: every encoding of tensors, damaged and hostile files.
#include "frontends/onnx/reader.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "frontends/onnx/model_builder.h"

namespace tpuc::test {

namespace {

using P = onnx::TensorProto;

// Reads back the initializer `w` of a model; throws what the reader found wrong with it.
Tensor read(const onnx::TensorProto& t, Source source = {}) {
  ModelBuilder b;
  *b.graph()->add_initializer() = t;
  const std::string bytes = b.model.SerializeAsString();
  source.bytes = std::as_bytes(std::span(bytes));
  auto record = frontend::read_onnx(source);
  auto& w = record.graph.initializers.at("w");
  if (!w.problem.empty()) throw UserError(w.problem);
  Tensor copy(w.tensor.type);  // the record's memory ends here
  const auto from = w.tensor.bytes();
  std::copy(from.begin(), from.end(), copy.mutable_bytes().begin());
  return copy;
}

P proto(int32_t type, const std::vector<int64_t>& dims) {
  P t;
  t.set_name("w");
  t.set_data_type(type);
  for (const int64_t d : dims) t.add_dims(d);
  return t;
}

int error_of(const P& t, const Source& source = {}) {
  try {
    read(t, source);
    return 0;
  } catch (const UserError& e) {
    return static_cast<int>(e.diagnostics().at(0).code);
  }
}

int parse_error(std::string_view bytes) {
  try {
    Source source;
    source.bytes = std::as_bytes(std::span(bytes));
    frontend::read_onnx(source);
    return 0;
  } catch (const UserError& e) {
    return static_cast<int>(e.diagnostics().at(0).code);
  }
}

template <class T>
P raw(int32_t type, const std::vector<T>& values) {
  P t = proto(type, {static_cast<int64_t>(values.size())});
  t.set_raw_data(values.data(), values.size() * sizeof(T));
  return t;
}

P external(const std::string& location, const std::string& offset = "0", const std::string& length = "8") {
  P t = proto(P::FLOAT, {2});
  t.set_data_location(P::EXTERNAL);
  for (const auto& [key, value] :
       {std::pair<std::string, std::string>{"location", location}, {"offset", offset}, {"length", length}}) {
    auto* e = t.add_external_data();
    e->set_key(key);
    e->set_value(value);
  }
  return t;
}

}  // namespace

TEST_CASE("raw data of every element type", "[onnx]") {
  CHECK(read(raw<float>(P::FLOAT, {1.5f, -2})).to_f64() == std::vector<double>{1.5, -2});
  CHECK(read(raw<double>(P::DOUBLE, {1.5, -2})).to_f64() == std::vector<double>{1.5, -2});
  CHECK(read(raw<uint16_t>(P::FLOAT16, {0x3c00, 0xc000})).to_f64() == std::vector<double>{1, -2});
  CHECK(read(raw<uint16_t>(P::BFLOAT16, {0x3f80, 0xc000})).to_f64() == std::vector<double>{1, -2});
  CHECK(read(raw<int8_t>(P::INT8, {-1, 5})).to_i64() == std::vector<int64_t>{-1, 5});
  CHECK(read(raw<uint64_t>(P::UINT64, {7})).dtype() == DType::U64);
  CHECK(read(raw<uint8_t>(P::BOOL, {0, 1, 7})).as<uint8_t>()[2] == 1);
  CHECK(read(raw<float>(P::FLOAT, std::vector<float>(5000, 2.0f))).to_f32()[4999] == 2.0f);  // large: not copied
}

TEST_CASE("typed fields", "[onnx]") {
  P f = proto(P::FLOAT, {2});
  f.add_float_data(1);
  f.add_float_data(2);
  CHECK(read(f).to_f64() == std::vector<double>{1, 2});
  for (const int type : {P::INT32, P::INT16, P::INT8}) {
    P i = proto(type, {2});
    i.add_int32_data(-3);
    i.add_int32_data(4);
    CHECK(read(i).to_i64() == std::vector<int64_t>{-3, 4});
  }
  P h = proto(P::FLOAT16, {1});
  h.add_int32_data(0xc000);
  CHECK(read(h).to_f64() == std::vector<double>{-2});
  P u = proto(P::UINT32, {1});
  u.add_uint64_data(4000000000u);
  CHECK(read(u).to_f64() == std::vector<double>{4e9});
  P d = proto(P::DOUBLE, {});
  d.add_double_data(0.5);
  CHECK(read(d).to_f64() == std::vector<double>{0.5});
  P n = proto(22, {3});  // INT4: two to a byte
  n.add_int32_data(0x2f);
  n.add_int32_data(0x01);
  CHECK(read(n).to_i64() == std::vector<int64_t>{-1, 2, 1});
}

TEST_CASE("lengths that do not fit the shape", "[onnx]") {
  P few = proto(P::FLOAT, {3});
  few.add_float_data(1);
  CHECK(error_of(few) == 1018);
  CHECK(error_of(proto(P::FLOAT, {3})) == 1018);
  P bytes = proto(P::FLOAT, {2});
  bytes.set_raw_data("1234567");
  CHECK(error_of(bytes) == 1018);
  CHECK(error_of(proto(P::FLOAT, {-1})) == 1023);
  CHECK(error_of(proto(P::FLOAT, {int64_t{1} << 62, 4})) == 1023);
  CHECK(error_of(proto(P::STRING, {1})) == 1020);
  CHECK(error_of(proto(P::COMPLEX64, {1})) == 1020);
  CHECK(error_of(proto(99, {1})) == 1020);
  CHECK(read(proto(P::FLOAT, {0, 3})).count() == 0);
}

TEST_CASE("external data stays inside the model's folder", "[onnx]") {
  Source memory;
  memory.external_data = [](std::string_view) {
    const std::vector<float> values{1, 2, 3};
    Bytes bytes(sizeof(float) * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  };
  CHECK(read(external("w.bin", "4"), memory).to_f64() == std::vector<double>{2, 3});
  CHECK(error_of(external("w.bin", "8"), memory) == 1019);
  CHECK(error_of(external("w.bin", "99"), memory) == 1019);
  CHECK(error_of(external("w.bin", "x"), memory) == 1019);
  CHECK(error_of(external("w.bin", "0", "4"), memory) == 1018);
  for (const char* location : {"../w.bin", "/etc/passwd", "a/../../w.bin", ""})
    CHECK(error_of(external(location), memory) == 1019);
  CHECK(error_of(external("w.bin")) == 1019);
}

TEST_CASE("external data beside a file", "[onnx]") {
  const auto folder = std::filesystem::temp_directory_path() / "tpuc_reader_test";
  std::filesystem::create_directories(folder);
  const std::vector<float> values{5, 6, 7};
  std::ofstream(folder / "w.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
  ModelBuilder b;
  *b.graph()->add_initializer() = external("w.bin", "4");
  std::ofstream(folder / "m.onnx", std::ios::binary) << b.model.SerializeAsString();
  Source source;
  source.path = (folder / "m.onnx").string();
  const auto record = frontend::read_onnx(source);
  CHECK(record.graph.initializers.at("w").tensor.to_f64() == std::vector<double>{6, 7});
  std::filesystem::remove_all(folder);
}

TEST_CASE("damaged files are refused", "[onnx]") {
  const std::string good =
      ModelBuilder().input("x", {1}).node("Relu", {"x"}, {"y"}).output("y").model.SerializeAsString();
  CHECK(parse_error(good) == 0);
  CHECK(parse_error("") == 1001);
  CHECK(parse_error("\x08") == 1001);
  const std::string_view text(good);
  for (size_t size = 3; size + 12 < good.size(); ++size) CHECK(parse_error(text.substr(0, size)) == 1001);
}

// A graph attribute within a graph attribute and so on: a parser without a limit would run out of stack.
TEST_CASE("nesting is limited", "[onnx]") {
  ModelBuilder b;
  auto* g = b.graph();
  for (int depth = 0; depth < 200; ++depth) {
    auto* a = g->add_node()->add_attribute();
    a->set_name("body");
    a->set_type(onnx::AttributeProto::GRAPH);
    g = a->mutable_g();
  }
  CHECK(parse_error(b.model.SerializeAsString()) == 1001);
}

}  // namespace tpuc::test
