#include "crash_message.hpp"

#include "morphogen/core/error.hpp"
#include "morphogen/store/unfinished_files.hpp"

#include <unistd.h>

#include <cstddef>
#include <string_view>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define MORPHOGEN_SANITIZED
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#        define MORPHOGEN_SANITIZED
#    endif
#endif

namespace app {
namespace {

#ifdef MORPHOGEN_SANITIZED
constexpr bool enabled = false;
#else
constexpr bool enabled = true;
#endif

/// Of its own: what crashed may have used up the other.
std::array<std::byte, 64 * 1024> handlers_stack;

// In a handler: no allocation, no lock.
void handle(int) {
    morphogen::store::remove_unfinished_files();
    constexpr std::string_view text = "morphogen: crashed: a damaged file can do that to HDF5; see "
                                      "whether h5dump reads the input, and if it does, "
                                      "report this\n";
    [[maybe_unused]] const auto n = ::write(STDERR_FILENO, text.data(), text.size());
    ::_exit(static_cast<int>(morphogen::core::ExitCode::failed));
}

} // namespace

CrashMessage::CrashMessage() {
    if (!enabled) return;
    stack_t stack{};
    stack.ss_sp = handlers_stack.data();
    stack.ss_size = handlers_stack.size();
    ::sigaltstack(&stack, &stack_before_);
    struct sigaction action {};
    action.sa_handler = handle;
    action.sa_flags = static_cast<int>(SA_RESETHAND | SA_ONSTACK);
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < caught_.size(); ++i)
        ::sigaction(caught_[i], &action, &before_[i]);
}

CrashMessage::~CrashMessage() {
    if (!enabled) return;
    for (std::size_t i = 0; i < caught_.size(); ++i)
        ::sigaction(caught_[i], &before_[i], nullptr);
    ::sigaltstack(&stack_before_, nullptr);
}

} // namespace app
