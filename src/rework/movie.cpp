#include "morphogen/rework/movie.hpp"

#include "morphogen/core/contract.hpp"
#include "morphogen/core/error.hpp"

#include <fmt/format.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <deque>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

extern char** environ;

namespace morphogen::rework {
namespace {

/// Beside the final name and with its extension, from which ffmpeg takes the format.
std::filesystem::path unfinished_name(const std::filesystem::path& path) {
    return path.parent_path() / (path.stem().string() + ".unfinished" + path.extension().string());
}

std::vector<std::string> command_line(const std::filesystem::path& to, core::Index width,
                                      core::Index height, double rate) {
    std::vector<std::string> words{
        "ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-f", "rawvideo",
        "-pix_fmt", "rgb24", "-video_size", fmt::format("{}x{}", width, height), "-framerate",
        fmt::format("{}", rate), "-i", "pipe:0",
        // Players take untagged video of this size for BT.709, ffmpeg converts as BT.601 unless
        // told.
        "-vf", "scale=out_color_matrix=bt709:out_range=tv", "-colorspace", "bt709",
        "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv",
        // What every player can show.
        "-pix_fmt", "yuv420p", "-crf", "18"};
    const std::string extension = to.extension().string();
    if (extension == ".webm") // else the encoder's default bit rate is a ceiling
        words.insert(words.end(), {"-b:v", "0"});
    if (extension == ".mp4" || extension == ".mov") // plays before it is loaded
        words.insert(words.end(), {"-movflags", "+faststart"});
    words.push_back(fmt::format("file:{}", to.native()));
    return words;
}

std::string ending(int status) {
    if (WIFSIGNALED(status))
        return fmt::format("it was ended by signal {} ({})", WTERMSIG(status),
                           ::strsignal(WTERMSIG(status)));
    return fmt::format("it ended with code {}", WEXITSTATUS(status));
}

} // namespace

struct Movie::Process {
    Process(std::filesystem::path to, core::Index width, core::Index height, double rate)
        : path(std::move(to)), unfinished(unfinished_name(path)),
          bytes(static_cast<std::size_t>(3 * width * height)) {
        start(command_line(unfinished, width, height, rate));
    }
    ~Process() {
        if (finished) return;
        close_input();
        wait();
        std::error_code ignored;
        std::filesystem::remove(unfinished, ignored);
        if (words != nullptr) std::fclose(words);
    }
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;

    void start(std::vector<std::string> arguments);
    void write(const std::uint8_t* data, std::size_t size);
    void close_input() noexcept {
        if (input >= 0) ::close(std::exchange(input, -1));
    }
    /// ffmpeg's exit status; 0 if it was not started.
    int wait() noexcept;
    /// With what it said and how it ended.
    [[noreturn]] void fail(int status);
    std::string last_words();

    std::filesystem::path path;
    std::filesystem::path unfinished;
    std::size_t bytes; // of a picture
    pid_t child = -1;
    int input = -1;
    std::FILE* words = nullptr; // what ffmpeg prints
    bool finished = false;
};

void Movie::Process::start(std::vector<std::string> arguments) {
    // A socket instead of a pipe: a write to a child that has died gives EPIPE without a SIGPIPE,
    // whose handling is the host program's business.
    std::array<int, 2> ends{-1, -1};
    words = std::tmpfile();
    if (words == nullptr ||
        ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        const std::string why = core::errno_text(errno);
        if (words != nullptr) std::fclose(std::exchange(words, nullptr));
        throw core::Error(
            core::ErrorText{.what = "cannot start ffmpeg", .where = path.native(), .why = why});
    }
    std::vector<char*> argv;
    for (std::string& argument : arguments)
        argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ::fileno(words), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ::fileno(words), STDERR_FILENO);
    const int status = ::posix_spawnp(&child, "ffmpeg", &actions, nullptr, argv.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    input = ends[0];
    if (status == 0) return;
    child = -1;
    close_input();
    std::fclose(std::exchange(words, nullptr));
    throw core::Error(
        core::ErrorText{.what = "cannot make a movie",
                        .where = path.native(),
                        .why = "the program ffmpeg does not start: " + core::errno_text(status),
                        .advice = "install ffmpeg (the package ffmpeg of Debian, Ubuntu, conda and "
                                  "Homebrew), or write pictures: -o 'img/%05d.png'"});
}

void Movie::Process::write(const std::uint8_t* data, std::size_t size) {
    while (size > 0) {
        const ssize_t n = ::send(input, data, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) { // it no longer reads: it has ended, or is about to
            close_input();
            fail(wait());
        }
        data += n;
        size -= static_cast<std::size_t>(n);
    }
}

int Movie::Process::wait() noexcept {
    int status = 0;
    if (child < 0) return 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    child = -1;
    return status;
}

void Movie::Process::fail(int status) {
    const std::string said = last_words();
    const std::string how = ending(status);
    throw core::Error(core::ErrorText{
        .what = "ffmpeg failed",
        .where = path.native(),
        .why = said.empty() ? how : fmt::format("{}, its last words: {}", how, said)});
}

std::string Movie::Process::last_words() {
    // The reason often comes some lines before the last one.
    constexpr std::size_t most = 3;
    std::rewind(words);
    std::deque<std::string> lines;
    std::array<char, 512> line{};
    while (std::fgets(line.data(), static_cast<int>(line.size()), words) != nullptr) {
        std::string text(line.data());
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
            text.pop_back();
        if (text.empty()) continue;
        lines.push_back(std::move(text));
        if (lines.size() > most) lines.pop_front();
    }
    return fmt::format("{}", fmt::join(lines, " / "));
}

Movie::Movie(std::filesystem::path path, core::Index width, core::Index height,
             double frames_per_second)
    : process_(std::make_unique<Process>(std::move(path), width, height, frames_per_second)) {
    MORPHOGEN_EXPECT(width % 2 == 0 && height % 2 == 0);
}
Movie::~Movie() = default;
Movie::Movie(Movie&&) noexcept = default;
Movie& Movie::operator=(Movie&&) noexcept = default;

void Movie::add(const Image& image) {
    MORPHOGEN_EXPECT(image.rgb.size() == process_->bytes);
    process_->write(image.rgb.data(), image.rgb.size());
}

void Movie::close() {
    Process& p = *process_;
    p.close_input();
    if (const int status = p.wait(); status != 0) p.fail(status);
    std::error_code error;
    std::filesystem::rename(p.unfinished, p.path, error);
    if (error)
        throw core::Error(core::ErrorText{
            .what = "cannot rename file", .where = p.path.native(), .why = error.message()});
    p.finished = true;
    std::fclose(std::exchange(p.words, nullptr));
}

} // namespace morphogen::rework
