#include "bench/provenance.hpp"

#include "morphogen/core/build_info.hpp"
#include "morphogen/core/processor.hpp"
#include "morphogen/kernel/isa.hpp"
#include "morphogen/parallel/affinity.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <mntent.h>

#include <cstdio>
#include <ctime>
#include <memory>
#include <ostream>
#include <string_view>
#include <system_error>

namespace morphogen::bench {
namespace {

bool holds(std::string_view mount, std::string_view path) {
    if (mount == "/") return true;
    return path.starts_with(mount) && (path.size() == mount.size() || path[mount.size()] == '/');
}

std::string counted(int n, std::string_view what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
}

} // namespace

std::string file_system_of(const std::filesystem::path& directory) {
    std::error_code ignored;
    const std::filesystem::path meant =
        directory.empty() ? std::filesystem::temp_directory_path(ignored) : directory;
    const std::string path = std::filesystem::weakly_canonical(meant, ignored).native();
    std::string type = "unknown";
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> mounts(
        ::setmntent("/proc/self/mounts", "r"), ::endmntent);
    if (!mounts || path.empty()) return type;
    std::size_t longest = 0;
    while (const mntent* const entry = ::getmntent(mounts.get())) {
        const std::string_view mount = entry->mnt_dir;
        if (mount.size() < longest || !holds(mount, path)) continue;
        longest = mount.size(); // of two at one place the later hides the other
        type = entry->mnt_type;
    }
    return type;
}

Provenance provenance_of(const Context& context) {
    const core::BuildInfo& build = core::build_info();
    return {.version = build.version,
            .revision = build.revision,
            .compiler = build.compiler,
            .build_type = build.build_type,
            .instruction_set = std::string(kernel::name_of(kernel::best_isa())),
            .processor = core::processor_name(),
            .cores = parallel::usable_cores(),
            .ranks = context.ranks.size(),
            .threads = context.threads,
            .seconds = context.seconds,
            .file_system = file_system_of(context.directory),
            .date = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))};
}

void write(core::JsonWriter& json, const Provenance& made) {
    json.key(provenance_key)
        .begin_object()
        .member("version", made.version)
        .member("revision", made.revision)
        .member("compiler", made.compiler)
        .member("build_type", made.build_type)
        .member("instruction_set", made.instruction_set)
        .member("processor", made.processor)
        .member("cores", made.cores)
        .member("ranks", made.ranks)
        .member("threads", made.threads)
        .member("seconds", made.seconds)
        .member("file_system", made.file_system)
        .member("date", made.date)
        .end_object();
}

void print(std::ostream& out, const Provenance& made, bool brief) {
    out << fmt::format("morphogen {}, revision {}, {}, {}; {}\n", made.version, made.revision,
                       made.compiler, made.build_type, made.date);
    out << fmt::format("{}, {}, {}; {}, {}, {} s per number, files on {}\n",
                       made.processor.empty() ? "a processor without a name" : made.processor,
                       counted(made.cores, "core"), made.instruction_set,
                       counted(made.ranks, "rank"), counted(made.threads, "thread"), made.seconds,
                       made.file_system);
    if (brief) out << "everything is made small, only to try it out: see --seconds\n";
    out << '\n';
}

} // namespace morphogen::bench
