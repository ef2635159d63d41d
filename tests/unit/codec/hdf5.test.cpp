// Stock HDF5 decodes what ChunkEncoder wrote, and ChunkDecoder what stock HDF5 wrote.
#include "morphogen/codec/decoder.hpp"
#include "morphogen/codec/encoder.hpp"

#include "catch.hpp"
#include "inputs.hpp"

#include <hdf5.h>

using namespace morphogen::codec;
using namespace morphogen::codec::test;

namespace {

constexpr std::size_t small = 24 * 100; // elements

/// One dataset of one chunk in a file in memory.
class Dataset {
public:
    Dataset(const FilterPipeline& pipeline, std::size_t elements)
        : type_(H5Tcreate(H5T_OPAQUE, pipeline.element_size)) {
        const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
        REQUIRE(H5Pset_fapl_core(access, 1 << 20, 0) >= 0);
        file_ = H5Fcreate("codec-test", H5F_ACC_TRUNC, H5P_DEFAULT, access);
        H5Pclose(access);
        const hid_t create = H5Pcreate(H5P_DATASET_CREATE);
        const hsize_t chunk[] = {1, elements};
        H5Pset_chunk(create, 2, chunk);
        for (const Hdf5Filter& f : hdf5_filters(pipeline))
            REQUIRE(H5Pset_filter(create, static_cast<H5Z_filter_t>(f.id),
                                  f.optional ? H5Z_FLAG_OPTIONAL : H5Z_FLAG_MANDATORY,
                                  f.values.size(), f.values.data()) >= 0);
        const hid_t space = H5Screate_simple(2, chunk, nullptr);
        id_ = H5Dcreate2(file_, "data", type_, space, H5P_DEFAULT, create, H5P_DEFAULT);
        H5Sclose(space);
        H5Pclose(create);
        REQUIRE(id_ >= 0);
    }
    Dataset(const Dataset&) = delete;
    Dataset& operator=(const Dataset&) = delete;
    ~Dataset() {
        H5Dclose(id_);
        H5Tclose(type_);
        H5Fclose(file_);
    }

    void write_stored(std::span<const std::byte> stored) {
        const hsize_t origin[] = {0, 0};
        REQUIRE(H5Dwrite_chunk(id_, H5P_DEFAULT, 0, origin, stored.size(), stored.data()) >= 0);
    }
    Bytes read_stored() {
        REQUIRE(H5Fflush(file_, H5F_SCOPE_LOCAL) >=
                0); // the library holds what it wrote in its chunk cache
        const hsize_t origin[] = {0, 0};
        hsize_t size = 0;
        REQUIRE(H5Dget_chunk_storage_size(id_, origin, &size) >= 0);
        Bytes stored(size);
        std::uint32_t mask = 0;
        REQUIRE(H5Dread_chunk(id_, H5P_DEFAULT, origin, &mask, stored.data()) >= 0);
        REQUIRE(mask == 0);
        return stored;
    }
    void write(const Bytes& raw) {
        REQUIRE(H5Dwrite(id_, type_, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()) >= 0);
    }
    void read(Bytes& raw) {
        REQUIRE(H5Dread(id_, type_, H5S_ALL, H5S_ALL, H5P_DEFAULT, raw.data()) >= 0);
    }

private:
    hid_t type_;
    hid_t file_;
    hid_t id_;
};

/// Those that the library itself can apply.
std::vector<FilterPipeline> stock_pipelines() {
    std::vector<FilterPipeline> pipelines;
    for (int level = 0; level <= 9; ++level)
        for (const bool shuffled : {false, true})
            for (const bool checksum : {false, true})
                for (const std::size_t element : Sizes{1, 2, 3, 4, 7, 8, 16})
                    pipelines.push_back({level == 0 ? Codec{Compressor::none, 0}
                                                    : Codec{Compressor::deflate, level},
                                         shuffled, checksum, element});
    return pipelines;
}

} // namespace

TEST_CASE("stock HDF5 reads what the encoder wrote") {
    for (const FilterPipeline& pipeline : stock_pipelines()) {
        CAPTURE(to_string(pipeline.codec), pipeline.shuffle, pipeline.checksum,
                pipeline.element_size);
        const std::size_t size = small * pipeline.element_size;
        ChunkEncoder encoder(pipeline, size);
        for (const Bytes& raw : all_inputs(size)) {
            Bytes stored(ChunkEncoder::bound(pipeline, size));
            stored.resize(encoder.encode(raw, stored));
            Dataset dataset(pipeline, small);
            dataset.write_stored(stored);
            Bytes back(size);
            dataset.read(back);
            REQUIRE(back == raw);
        }
    }
}

TEST_CASE("the decoder reads what stock HDF5 wrote") {
    for (const FilterPipeline& pipeline : stock_pipelines()) {
        CAPTURE(to_string(pipeline.codec), pipeline.shuffle, pipeline.checksum,
                pipeline.element_size);
        const std::size_t size = small * pipeline.element_size;
        ChunkDecoder decoder(pipeline, size);
        // Not random bytes: the library leaves out an optional filter that does not pay.
        for (const Bytes& raw : {Bytes(size), ramp_bytes(size), field_bytes(size)}) {
            Dataset dataset(pipeline, small);
            dataset.write(raw);
            Bytes back(size);
            decoder.decode(dataset.read_stored(), back);
            REQUIRE(back == raw);
        }
    }
}

TEST_CASE("stock HDF5 reads large chunks of stored and compressed segments") {
    for (const int level : {1, 2, 3, 6})
        for (const std::size_t element : Sizes{1, 4, 8})
            for (std::uint32_t seed = 0; seed < 4; ++seed) {
                const FilterPipeline pipeline{{Compressor::deflate, level}, true, true, element};
                const std::size_t size = element * (60000 + seed * 12345);
                CAPTURE(level, element, seed);
                ChunkEncoder encoder(pipeline, size);
                for (const Bytes& raw :
                     {mixed_bytes(size, seed), random_bytes(size), field_bytes(size)}) {
                    Bytes stored(ChunkEncoder::bound(pipeline, size));
                    stored.resize(encoder.encode(raw, stored));
                    Dataset dataset(pipeline, size / element);
                    dataset.write_stored(stored);
                    Bytes back(size);
                    dataset.read(back);
                    REQUIRE(back == raw);
                }
            }
}
