#include "morphogen/core/error.hpp"

#include "rework/element_text.hpp"
#include "rework/series_output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>
#include <system_error>

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
        std::error_code failed;
        if (!replace && fs::exists(path, failed))
            throw core::UsageError(core::ErrorText{.what = "file exists already",
                                                   .where = path.native(),
                                                   .advice = "choose another name, or use "
                                                             "--force"});
        if (fs::is_directory(path, failed))
            throw core::UsageError(core::ErrorText{.what = "cannot create file",
                                                   .where = path.native(),
                                                   .why = "it is a directory",
                                                   .advice = "choose another name"});
        beside_ = path;
        beside_ += ".new";
        file_ = std::fopen(beside_.c_str(), "we");
        if (!file_) fail("cannot create file", errno);
    }
    ~TextFile() {
        if (beside_.empty()) return;
        if (file_) std::fclose(file_);
        ::unlink(beside_.c_str());
    }
    TextFile(const TextFile&) = delete;
    TextFile& operator=(const TextFile&) = delete;

    void write(std::string_view text) {
        if (std::fwrite(text.data(), 1, text.size(), file_) != text.size())
            fail("cannot write", errno);
    }
    void close() {
        if (beside_.empty()) {
            if (std::fflush(file_) != 0) fail("cannot write", errno);
            return;
        }
        if (std::fclose(std::exchange(file_, nullptr)) != 0) fail("cannot write file", errno);
        if (std::rename(beside_.c_str(), path_.c_str()) != 0) fail("cannot rename file", errno);
        beside_.clear();
    }

private:
    [[noreturn]] void fail(const char* what, int code) const {
        throw core::Error(
            core::ErrorText{.what = what,
                            .where = path_.empty() ? "standard output" : path_.native(),
                            .why = core::errno_text(code)});
    }

    fs::path path_;
    fs::path beside_;
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
