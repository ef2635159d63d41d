#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace morphogen::core {

/// Exit codes of the program (SPEC section 3); `interrupted` is a second Ctrl-C.
enum class ExitCode : int { done = 0, failed = 1, usage = 2, stopped = 75, interrupted = 130 };

/// The parts of an error's one line: `what happened (where): why; what to do`. Empty parts are left
/// out.
struct ErrorText {
    std::string_view what;
    std::string_view where = {};
    std::string_view why = {};
    std::string_view advice = {};
};

/// An error that a user or a file can provoke. Its message is one line without control characters.
class Error : public std::runtime_error {
public:
    explicit Error(const ErrorText& text, ExitCode code = ExitCode::failed);
    explicit Error(const std::string& line, ExitCode code = ExitCode::failed);

    ExitCode exit_code() const noexcept { return code_; }

private:
    ExitCode code_;
};

/// Bad usage or configuration: exit code 2.
class UsageError : public Error {
public:
    explicit UsageError(const ErrorText& text) : Error(text, ExitCode::usage) {}
    explicit UsageError(const std::string& line) : Error(line, ExitCode::usage) {}
};

/// @p text with a space for each control character: names that come from a file may hold some,
/// which would drive a terminal.
std::string single_line(std::string text);

/// "EACCES" and friends as words: the text of `errno` value @p code.
std::string errno_text(int code);

} // namespace morphogen::core
