#include "morphogen/store/hdf5/call.hpp"

#include "morphogen/core/error.hpp"

#include <utility>

namespace morphogen::store::hdf5 {
namespace {

struct Messages {
    std::string innermost;
};

herr_t keep_first(unsigned, const H5E_error2_t* entry, void* data) noexcept {
    auto& messages = *static_cast<Messages*>(data);
    try {
        if (messages.innermost.empty() && entry->desc != nullptr) messages.innermost = entry->desc;
    } catch (...) { // without memory the failure is told without words
    }
    return 0;
}

/// The system's own words where HDF5 quotes them ("... error message = 'No space left on device',
/// ..."), else HDF5's, which may run over several lines.
std::string essence(const std::string& message) {
    constexpr std::string_view key = "error message = '";
    const auto begin = message.find(key);
    if (begin == std::string::npos) return message;
    const auto text = begin + key.size();
    const auto end = message.find('\'', text);
    return message.substr(text, end == std::string::npos ? end : end - text);
}

std::string innermost_message() {
    Messages messages;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_first, &messages);
    H5Eclear2(H5E_DEFAULT);
    return essence(messages.innermost);
}

const char* advice_for(std::string_view why) {
    const auto says = [&](const char* text) { return why.find(text) != std::string_view::npos; };
    if (says("No space left") || says("quota exceeded")) return "free space, then run again";
    if (says("file signature not found")) return "give an HDF5 file";
    if (says("already open for write") || says("already open for SWMR write"))
        return "if its writer still runs, open it with swmr; if the writer was killed, repair the "
               "file";
    if (says("unable to lock file"))
        return "another process has it open, or the file system has no locks (then set "
               "HDF5_USE_FILE_LOCKING=FALSE)";
    return "";
}

template <typename Get>
std::string name_from(Get&& get) {
    const QuietErrors quiet;
    const ssize_t length = get(nullptr, 0);
    if (length <= 0) return {};
    std::string name(static_cast<std::size_t>(length) + 1, '\0');
    get(name.data(), name.size());
    name.pop_back();
    return name;
}

bool lives_in_file(hid_t object) {
    const QuietErrors quiet;
    switch (H5Iget_type(object)) {
    case H5I_FILE:
    case H5I_GROUP:
    case H5I_DATASET:
    case H5I_ATTR:
        return true;
    default:
        return false;
    }
}

} // namespace

QuietErrors::QuietErrors() noexcept {
    if (alive_++ > 0) return;
    unsigned is_current = 1;
    H5Eauto_is_v2(H5E_DEFAULT, &is_current);
    is_current_ = is_current != 0;
    if (is_current_) {
        H5Eget_auto2(H5E_DEFAULT, &current_, &data_);
        H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);
    } else {
        H5Eget_auto1(&old_, &data_);
        H5Eset_auto1(nullptr, nullptr);
    }
}

QuietErrors::~QuietErrors() {
    if (--alive_ > 0) return;
    if (is_current_)
        H5Eset_auto2(H5E_DEFAULT, current_, data_);
    else
        H5Eset_auto1(old_, data_);
}

std::string file_name_of(hid_t object) {
    return name_from([&](char* out, std::size_t n) { return H5Fget_name(object, out, n); });
}

std::string name_of(hid_t object) {
    return name_from([&](char* out, std::size_t n) { return H5Iget_name(object, out, n); });
}

std::string describe(const Subject& subject) {
    std::string text;
    if (lives_in_file(subject.object)) {
        text = file_name_of(subject.object);
        // HDF5 knows a file by the name it was opened with, from before it was renamed.
        for (const std::string_view suffix : {unfinished_suffix, in_memory_suffix})
            if (text.ends_with(suffix)) text.resize(text.size() - suffix.size());
        const auto object = name_of(subject.object);
        if (!object.empty() && object != "/") text.append(", ").append(object);
    }
    if (!subject.name.empty()) {
        if (!text.empty()) text += ", ";
        text += subject.name;
    }
    return text;
}

void throw_failure(const char* function, const Subject& subject) {
    const std::string why = innermost_message(); // first: asking for names clears the stack
    const std::string what = std::string(function) + " failed";
    const std::string where = describe(subject);
    throw core::Error(
        core::ErrorText{.what = what, .where = where, .why = why, .advice = advice_for(why)});
}

void throw_write_failure(const char* function, const Subject& subject) {
    const WriteFailure failure = std::exchange(pending_write_failure, WriteFailure{});
    std::string where = describe(subject);
    if (where.empty()) where = failure.path; // the object may be closed by now
    const std::string what = std::string(function) + " failed";
    throw core::Error(core::ErrorText{
        .what = what, .where = where, .why = failure.why, .advice = advice_for(failure.why)});
}

} // namespace morphogen::store::hdf5
