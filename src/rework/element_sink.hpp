#pragma once

#include "morphogen/core/nd_box.hpp"
#include "morphogen/store/dataset_writer.hpp"

#include <cstddef>
#include <span>

namespace morphogen::rework {

/// Where the elements of one dataset go. One thread, the one that may use HDF5.
class ElementSink {
public:
    ElementSink() = default;
    ElementSink(const ElementSink&) = delete;
    ElementSink& operator=(const ElementSink&) = delete;
    virtual ~ElementSink() = default;

    /// As store::DatasetWriter's.
    virtual void write_chunk(const core::Dims& lo, std::span<const std::byte> stored) = 0;
    virtual void write_box(const core::NdBox& box, std::span<const std::byte> elements) = 0;
    /// Between pieces of other work: what others need of this one.
    virtual void poll() {}
    /// Everything of this process is written.
    virtual void finish() = 0;
};

/// Straight into the file.
class LocalSink final : public ElementSink {
public:
    explicit LocalSink(store::DatasetWriter& writer) : writer_(writer) {}
    void write_chunk(const core::Dims& lo, std::span<const std::byte> stored) override {
        writer_.write_chunk(lo, stored);
    }
    void write_box(const core::NdBox& box, std::span<const std::byte> elements) override {
        writer_.write_box(box, elements);
    }
    void finish() override { writer_.close(); }

private:
    store::DatasetWriter& writer_;
};

} // namespace morphogen::rework
