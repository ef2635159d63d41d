#include "store/hdf5/missing_sources.hpp"

#include <algorithm>

namespace morphogen::store::hdf5 {
namespace {

MissingSources* hiding = nullptr;
std::string last_opened;

} // namespace

MissingSources::MissingSources() {
    hiding = this;
    last_opened.clear();
}

MissingSources::~MissingSources() {
    hiding = nullptr;
}

bool MissingSources::add_last_opened() {
    if (last_opened.empty()) return false;
    names_.push_back(last_opened);
    last_opened.clear();
    return true;
}

bool may_open(const char* name) noexcept {
    if (hiding == nullptr) return true;
    if (std::ranges::find(hiding->names_, name) != hiding->names_.end()) return false;
    try {
        last_opened = name;
    } catch (...) { // without memory the call that opens fails with its own error
        last_opened.clear();
    }
    return true;
}

} // namespace morphogen::store::hdf5
