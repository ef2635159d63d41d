#include "decode.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace morphogen;
    return fuzz::decode_compressor({codec::Compressor::zstd, 1},
                                   std::as_bytes(std::span(data, size)));
}
