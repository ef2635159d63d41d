#include "morphogen/core/error.hpp"

#include <system_error>

namespace morphogen::core {
namespace {

std::string compose(const ErrorText& text) {
    std::string line{text.what};
    if (!text.where.empty()) line.append(" (").append(text.where).append(")");
    if (!text.why.empty()) line.append(": ").append(text.why);
    if (!text.advice.empty()) line.append("; ").append(text.advice);
    return single_line(std::move(line));
}

} // namespace

Error::Error(const ErrorText& text, ExitCode code)
    : std::runtime_error(compose(text)), code_(code) {}

Error::Error(const std::string& line, ExitCode code) : std::runtime_error(line), code_(code) {}

std::string single_line(std::string text) {
    for (char& c : text)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return text;
}

std::string errno_text(int code) {
    return std::generic_category().message(code);
}

} // namespace morphogen::core
