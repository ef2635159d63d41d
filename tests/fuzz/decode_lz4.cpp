#include "decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace morphogen;
    return fuzz::decode_compressor({codec::Compressor::lz4, 0},
                                   std::as_bytes(std::span(data, size)));
}
