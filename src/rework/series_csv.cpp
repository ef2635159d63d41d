#include "morphogen/core/error.hpp"
#include "morphogen/store/output_name.hpp"

#include "rework/element_text.hpp"
#include "rework/series_output.hpp"

#include <cerrno>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>

namespace morphogen::rework {
namespace {

namespace fs = std::filesystem;
using core::Dims;
using core::Index;

constexpr std::size_t text_at_a_time = std::size_t{1} << 16;

/// A text file that appears under its name when it is complete; or standard output, which stays
/// open.
class TextFile {
public:
    TextFile(const fs::path& path, bool replace) : path_(path) {
        if (path.empty()) {
            file_ = stdout;
            return;
        }
        name_.emplace(path, replace);
        file_ = std::fopen(name_->beside().c_str(), "wxe");
        if (!file_) fail("cannot create file", errno);
        name_->hold(::fileno(file_));
    }
    ~TextFile() {
        if (name_ && file_) std::fclose(file_);
    }
    TextFile(const TextFile&) = delete;
    TextFile& operator=(const TextFile&) = delete;

    void write(std::string_view text) {
        if (std::fwrite(text.data(), 1, text.size(), file_) != text.size())
            fail("cannot write", errno);
    }
    void close() {
        if (!name_) {
            if (std::fflush(file_) != 0) fail("cannot write", errno);
            return;
        }
        if (std::fclose(std::exchange(file_, nullptr)) != 0) fail("cannot write file", errno);
        name_->complete();
    }

private:
    [[noreturn]] void fail(const char* what, int code) const {
        throw core::Error(
            core::ErrorText{.what = what,
                            .where = path_.empty() ? "standard output" : path_.native(),
                            .why = core::errno_text(code)});
    }

    fs::path path_;
    std::optional<store::OutputName> name_; // of a file
    std::FILE* file_ = nullptr;
};

class CsvOutput final : public SeriesOutput {
public:
    CsvOutput(const SeriesTable& table, const fs::path& path, bool replace)
        : table_(table), file_(path, replace), value_(append_text(table.reader.type())) {
        if (table_.step) cell([&] { text_ += "step"; });
        if (table_.time) cell([&] { text_ += "time"; });
        for (const Dims& point : table.points)
            cell([&] {
                for (int a = 0; a < point.rank(); ++a)
                    text_ += (a > 0 ? ";" : "") + std::to_string(point[a]);
            });
        end_row();
    }

    void put(Index first, Index count, std::span<const std::byte> values) override {
        const std::byte* element = values.data();
        for (Index t = first; t < first + count; ++t) {
            for (const auto* numbers : {&table_.step, &table_.time})
                if (*numbers) cell([&] { append(**numbers, t); });
            for (std::size_t p = 0; p < table_.points.size(); ++p) {
                cell([&] { value_(element, text_); });
                element += table_.reader.element_size();
            }
            end_row();
        }
    }
    void close() override {
        file_.write(text_);
        text_.clear();
        file_.close();
    }

private:
    template <typename Append>
    void cell(Append&& append) {
        if (!row_is_empty_) text_ += ',';
        row_is_empty_ = false;
        append();
    }
    void append(const FrameNumbers& numbers, Index t) {
        append_text(numbers.type)(
            numbers.values.data() + static_cast<std::size_t>(t) * numbers.type.size, text_);
    }
    void end_row() {
        text_ += '\n';
        row_is_empty_ = true;
        if (text_.size() < text_at_a_time) return;
        file_.write(text_);
        text_.clear();
    }

    SeriesTable table_;
    TextFile file_;
    AppendText value_;
    std::string text_;
    bool row_is_empty_ = true;
};

} // namespace

std::unique_ptr<SeriesOutput> csv_output(const SeriesTable& table, const fs::path& path,
                                         bool replace) {
    return std::make_unique<CsvOutput>(table, path, replace);
}

} // namespace morphogen::rework
