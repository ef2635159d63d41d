#include "morphogen/store/dataset_writer.hpp"
#include "morphogen/store/file_copy.hpp"
#include "morphogen/store/hdf5/attribute.hpp"

#include "catch.hpp"
#include "hdf5_samples.hpp"
#include "temporary_directory.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

using namespace morphogen;
namespace fs = std::filesystem;
namespace hdf5 = store::hdf5;

namespace {

struct Pair {
    std::int32_t number;
    const char* text;
};

hdf5::Type text_type() {
    hdf5::Type type(H5Tcopy(H5T_C_S1));
    REQUIRE(H5Tset_size(type.get(), H5T_VARIABLE) >= 0);
    return type;
}

hdf5::Type pair_type() {
    hdf5::Type type(H5Tcreate(H5T_COMPOUND, sizeof(Pair)));
    REQUIRE(H5Tinsert(type.get(), "number", HOFFSET(Pair, number), H5T_NATIVE_INT32) >= 0);
    REQUIRE(H5Tinsert(type.get(), "text", HOFFSET(Pair, text), text_type().get()) >= 0);
    return type;
}

hdf5::Type enum_type() {
    hdf5::Type type(H5Tenum_create(H5T_STD_I16LE));
    for (const std::int16_t value : {std::int16_t{3}, std::int16_t{5}})
        REQUIRE(H5Tenum_insert(type.get(), value == 3 ? "three" : "five", &value) >= 0);
    return type;
}

hdf5::Type opaque_type() {
    hdf5::Type type(H5Tcreate(H5T_OPAQUE, 2));
    REQUIRE(H5Tset_tag(type.get(), "a tag") >= 0);
    return type;
}

void add_attribute(hid_t object, const char* name, hid_t type, const hdf5::Space& space,
                   const void* data) {
    const hdf5::Attribute attribute(
        H5Acreate2(object, name, type, space.get(), H5P_DEFAULT, H5P_DEFAULT));
    REQUIRE(attribute.valid());
    REQUIRE((data == nullptr || H5Awrite(attribute.get(), type, data) >= 0));
}

/// One attribute of every kind of type, and of every kind of space.
void add_attributes(hid_t object, hid_t committed) {
    const hdf5::Space one = hdf5::scalar_space();
    const Pair pair{.number = 6, .text = "six"};
    const char* text = "some text";
    const std::int16_t five = 5;
    hobj_ref_t reference{};
    REQUIRE(H5Rcreate(&reference, object, "/numbers", H5R_OBJECT, H5I_INVALID_HID) >= 0);
    add_attribute(object, "pair", pair_type().get(), one, &pair);
    add_attribute(object, "committed", committed, one, &pair);
    add_attribute(object, "text", text_type().get(), one, &text);
    add_attribute(object, "enum", enum_type().get(), one, &five);
    add_attribute(object, "opaque", opaque_type().get(), one, "op");
    add_attribute(object, "reference", H5T_STD_REF_OBJ, one, &reference);
    add_attribute(object, "null", H5T_STD_I32LE, hdf5::Space(H5Screate(H5S_NULL)), nullptr);
    const std::vector<std::int32_t> row{1, 2, 3};
    add_attribute(object, "row", H5T_NATIVE_INT32, hdf5::simple_space(std::array{hsize_t{3}}),
                  row.data());
}

hdf5::Dataset add_dataset(const hdf5::File& file, const char* name, hid_t type, const void* fill,
                          const void* values) {
    const std::array<hsize_t, 1> shape{4};
    const hdf5::Properties creation = hdf5::dataset_creation();
    hdf5::set_chunk(creation, std::array{hsize_t{2}});
    REQUIRE(H5Pset_deflate(creation.get(), 3) >= 0);
    REQUIRE(H5Pset_fill_value(creation.get(), type, fill) >= 0);
    auto data = hdf5::create_dataset(file.get(), name, type, hdf5::simple_space(shape), creation);
    hdf5::write(data, type, values);
    return data;
}

/// A file that keeps messages of the kinds @p shared in its shared heap.
void write_file(const fs::path& path, unsigned shared) {
    const auto creation = hdf5::file_creation();
    REQUIRE(H5Pset_shared_mesg_nindexes(creation.get(), 1) >= 0);
    REQUIRE(H5Pset_shared_mesg_index(creation.get(), 0, shared, 1) >= 0);
    const hdf5::File file = hdf5::create_file(path, creation, hdf5::file_access());
    const hdf5::Type committed = pair_type();
    REQUIRE(H5Tcommit2(file.get(), "type", committed.get(), H5P_DEFAULT, H5P_DEFAULT,
                       H5P_DEFAULT) >= 0);
    const float seven = 7;
    const std::array<float, 4> numbers{1, 2, 3, 4};
    const auto floats = add_dataset(file, "numbers", H5T_IEEE_F32LE, &seven, numbers.data());
    add_attributes(floats.get(), committed.get());
    const char* filler = "filler";
    const std::array<const char*, 4> texts{"a", "", "ccc", "d"};
    add_attributes(add_dataset(file, "texts", text_type().get(), static_cast<const void*>(&filler),
                               texts.data())
                       .get(),
                   committed.get());
    const hobj_ref_t nothing{};
    std::array<hobj_ref_t, 4> references{};
    REQUIRE(H5Rcreate(&references[1], file.get(), "/type", H5R_OBJECT, H5I_INVALID_HID) >= 0);
    add_dataset(file, "references", H5T_STD_REF_OBJ, &nothing, references.data());
    add_dataset(file, "pairs", committed.get(), nullptr,
                std::array<Pair, 4>{{{1, "1"}, {2, "2"}, {3, ""}, {4, "4"}}}.data());
}

/// As rechunking does it: /numbers made anew.
void copy_anew(const fs::path& from, const fs::path& to) {
    const auto reader = std::make_shared<store::FileReader>(from);
    const store::DatasetReader numbers(reader, "/numbers");
    const hdf5::File file = hdf5::create_file(to, hdf5::file_creation(), hdf5::file_access());
    const auto notes = store::copy_file(
        *reader, file, [&](const store::ObjectId& old, hid_t parent, const std::string& name) {
            return old == numbers.info().id
                       ? store::create_dataset_like(numbers, parent, name, {.chunk = {4}})
                       : hdf5::Dataset();
        });
    if (!notes.empty()) throw std::runtime_error(notes.front());
}

void open_all(const fs::path& path) {
    const hdf5::File file = hdf5::open_file(path, hdf5::Mode::read);
    for (const char* name : {"numbers", "texts", "references", "pairs", "type"}) {
        const hdf5::Object object(H5Oopen(file.get(), name, H5P_DEFAULT));
        if (!object.valid()) throw std::runtime_error(name);
        for (const std::string& attribute : hdf5::attribute_names(object.get())) {
            const hdf5::Attribute opened(H5Aopen(object.get(), attribute.c_str(), H5P_DEFAULT));
            if (!opened.valid()) throw std::runtime_error(attribute);
        }
    }
}

/// Whether @p work ends well, also where it may crash.
bool ends_well(const std::function<void()>& work) {
    const pid_t child = ::fork();
    if (child == 0) {
        for (const int signal : {SIGSEGV, SIGABRT, SIGBUS})
            std::signal(signal, SIG_DFL);
        ::alarm(60);
        try {
            work();
        } catch (const std::exception& error) {
            ::fputs(error.what(), stderr);
            ::_exit(1);
        }
        ::_exit(0);
    }
    int status = -1;
    return ::waitpid(child, &status, 0) == child && status == 0;
}

template <typename Value>
Value attribute_value(hid_t object, const char* name, const hdf5::Type& type) {
    const hdf5::Attribute attribute(H5Aopen(object, name, H5P_DEFAULT));
    const hdf5::Type stored(H5Aget_type(attribute.get()));
    CHECK(H5Tequal(stored.get(), type.get()) > 0); // members, names and tags too
    Value value{};
    CHECK(H5Aread(attribute.get(), type.get(), &value) >= 0);
    return value;
}

std::string target_of(hid_t object, const hobj_ref_t& reference) {
    const hdf5::Object target(H5Rdereference2(object, H5P_DEFAULT, H5R_OBJECT, &reference));
    return hdf5::name_of(target.get());
}

void check_attributes(hid_t object) {
    for (const char* name : {"pair", "committed"}) {
        auto pair = attribute_value<Pair>(object, name, pair_type());
        CHECK(pair.number == 6);
        CHECK(std::string(pair.text) == "six");
        H5free_memory(const_cast<char*>(pair.text));
    }
    auto* text = attribute_value<char*>(object, "text", text_type());
    CHECK(std::string(text) == "some text");
    H5free_memory(text);
    CHECK(attribute_value<std::int16_t>(object, "enum", enum_type()) == 5);
    CHECK(attribute_value<std::array<char, 2>>(object, "opaque", opaque_type()) ==
          std::array{'o', 'p'});
    const hdf5::Type reference(H5Tcopy(H5T_STD_REF_OBJ));
    CHECK(target_of(object, attribute_value<hobj_ref_t>(object, "reference", reference)) ==
          "/numbers");
    const hdf5::Type int32(H5Tcopy(H5T_STD_I32LE));
    const std::array<std::int32_t, 3> row{1, 2, 3};
    CHECK(attribute_value<std::array<std::int32_t, 3>>(object, "row", int32) == row);
    const hdf5::Attribute null(H5Aopen(object, "null", H5P_DEFAULT));
    const hdf5::Space space(H5Aget_space(null.get()));
    CHECK(H5Sget_simple_extent_type(space.get()) == H5S_NULL);
}

void check_texts(const hdf5::Dataset& data) {
    const hdf5::Type type = text_type();
    std::array<char*, 4> texts{};
    REQUIRE(H5Dread(data.get(), type.get(), H5S_ALL, H5S_ALL, H5P_DEFAULT, texts.data()) >= 0);
    CHECK(std::string(texts[0]) == "a");
    CHECK(std::string(texts[2]) == "ccc");
    for (char* text : texts)
        H5free_memory(text);
    const hdf5::Properties creation = hdf5::creation_of(data);
    CHECK(H5Pget_nfilters(creation.get()) == 1);
    char* fill = nullptr;
    REQUIRE(H5Pget_fill_value(creation.get(), type.get(), static_cast<void*>(&fill)) >= 0);
    CHECK(std::string(fill) == "filler");
    H5free_memory(fill);
}

} // namespace

TEST_CASE("files with shared object header messages are copied whole, in any kind of message") {
    const test::TemporaryDirectory directory;
    const fs::path in = directory / "in.h5";
    const fs::path out = directory / "out.h5";
    for (const unsigned shared :
         {H5O_SHMESG_SDSPACE_FLAG, H5O_SHMESG_DTYPE_FLAG, H5O_SHMESG_FILL_FLAG,
          H5O_SHMESG_PLINE_FLAG, H5O_SHMESG_ATTR_FLAG, H5O_SHMESG_ALL_FLAG}) {
        CAPTURE(shared);
        write_file(in, shared);
        CHECK(ends_well([&] { open_all(in); }));
        // A place in another file's heap crashes HDF5: not here.
        REQUIRE(ends_well([&] { copy_anew(in, out); }));
        REQUIRE(ends_well([&] { open_all(out); }));
        const hdf5::File file = hdf5::open_file(out, hdf5::Mode::read);
        for (const char* name : {"numbers", "texts"})
            check_attributes(hdf5::open_dataset(file.get(), name).get());
        check_texts(hdf5::open_dataset(file.get(), "texts"));
        const auto references = hdf5::open_dataset(file.get(), "references");
        std::array<hobj_ref_t, 4> values{};
        REQUIRE(H5Dread(references.get(), H5T_STD_REF_OBJ, H5S_ALL, H5S_ALL, H5P_DEFAULT,
                        values.data()) >= 0);
        CHECK(values[0] == 0);
        CHECK(target_of(references.get(), values[1]) == "/type");
        float fill = 0;
        const auto numbers = hdf5::creation_of(hdf5::open_dataset(file.get(), "numbers"));
        CHECK(H5Pget_fill_value(numbers.get(), H5T_NATIVE_FLOAT, &fill) >= 0);
        CHECK(fill == 7);
        fs::remove(in);
        fs::remove(out);
    }
}
