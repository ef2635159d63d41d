#include "bench/comparing_sink.hpp"

#include "catch.hpp"
#include "temporary_directory.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace bench = morphogen::bench;
namespace store = morphogen::store;
namespace test = morphogen::test;
using morphogen::core::Index;

namespace {

struct Calls {
    std::string made; // a letter each
    std::size_t bytes = 0;
};

/// Notes what is called.
class NotingSink final : public store::FrameSink {
public:
    explicit NotingSink(Calls& calls) : calls_(&calls) {}
    bool takes_chunks() const noexcept override { return true; }
    void check_stored(const store::Frame&) override { calls_->made += 'k'; }
    void begin_frame(const store::FrameRecord&) override { calls_->made += 'b'; }
    void put_chunk(std::size_t, Index, std::span<const std::byte> stored) override {
        calls_->made += 'p';
        calls_->bytes += stored.size();
    }
    void put_frame(const store::Frame&) override { calls_->made += 'f'; }
    void end_frame() override { calls_->made += 'e'; }
    void commit() override { calls_->made += 'c'; }
    void secure() override { calls_->made += 's'; }
    Index segment_start() const noexcept override { return 3; }
    Index flushed() const noexcept override { return 4; }
    void publish(Index) override { calls_->made += 'u'; }
    Index committed() const noexcept override { return 5; }
    void close() override { calls_->made += 'l'; }
    void abandon() noexcept override { calls_->made += 'a'; }
    std::uint64_t bytes_stored() const noexcept override { return 6; }
    double sync_seconds() const noexcept override { return 7.0; }

private:
    Calls* calls_;
};

} // namespace

TEST_CASE("a run that is compared with write() is stored like any other") {
    const test::TemporaryDirectory directory;
    Calls calls;
    bench::WriteCosts costs;
    const std::array<std::byte, 100> chunk{};
    {
        bench::ComparingSink sink(std::make_unique<NotingSink>(calls), costs, directory / "plain");
        for (Index n = 0; n < 3; ++n) {
            store::FrameRecord record;
            record.number = n;
            sink.begin_frame(record);
            sink.put_chunk(0, 0, std::span(chunk).first(40));
            sink.put_chunk(0, 1, chunk);
            sink.end_frame();
            sink.commit();
        }
        CHECK(std::filesystem::file_size(directory / "plain") == 140); // of the frame between
        CHECK(sink.takes_chunks());
        CHECK(sink.segment_start() == 3);
        CHECK(sink.flushed() == 4);
        CHECK(sink.committed() == 5);
        CHECK(sink.bytes_stored() == 6);
        CHECK(sink.sync_seconds() == 7.0);
        sink.check_stored({});
        sink.put_frame({});
        sink.secure();
        sink.publish(1);
        sink.close();
        sink.abandon();
    }
    CHECK(calls.made == "bppecbppecbppeckfsula");
    CHECK(calls.bytes == 3 * 140);
    CHECK(costs.sink.seconds.size() == 2);
    CHECK(costs.sink.bytes == 2 * 140);
    CHECK(costs.plain.seconds.size() == 1);
    CHECK(costs.plain.bytes == 140);
    CHECK(costs.plain.per_byte() > 0.0);
}

TEST_CASE("what storing a frame takes beyond write() is the median of neighbours") {
    bench::WriteCosts costs;
    CHECK(costs.beyond_plain() == 0.0);
    costs.sink.seconds = {3.0, 30.0, 5.0, 9.0};
    costs.plain.seconds = {1.0, 2.0, 4.0};
    CHECK(costs.beyond_plain() == 2.0); // of 2, 28 and 1
}
