#include "morphogen/core/error.hpp"

#include "config/rules.hpp"
#include "config/schema.hpp"
#include "config/units.hpp"

namespace morphogen::config {
namespace {

Rule<Output> fields() {
    return {R"(a list of "u", "v" or both, each once)", R"(["v"])",
            [](const Value& value, Output& output, Reader&) {
                const auto* array = std::get_if<Array>(&value.data);
                if (!array || array->empty()) return not_as_expected();
                std::vector<Field> list;
                for (const Value& item : *array) {
                    const auto* name = std::get_if<std::string>(&item.data);
                    if (!name || (*name != "u" && *name != "v")) return not_as_expected();
                    list.push_back(*name == "u" ? Field::u : Field::v);
                }
                if (list.size() > 2 || (list.size() == 2 && list[0] == list[1]))
                    return not_as_expected();
                output.fields = list;
                return none();
            },
            [](const Output& output, const Config&) {
                std::string text;
                for (const Field field : output.fields)
                    text += (text.empty() ? "" : ", ") + in_quotes(name_of(field));
                return "[" + text + "]";
            }};
}

std::optional<codec::Codec> codec_from(const std::string& text) {
    try {
        return codec::parse_codec(text);
    } catch (const core::Error&) {
        return std::nullopt; // the key's own message says what is allowed
    }
}

} // namespace

const std::vector<Key<Output>>& output_keys() {
    using R = Rules<Output>;
    static const std::vector<Key<Output>> keys{
        {"enabled", "false: compute only", R::flag(&Output::enabled)},
        {"directory", "made if it does not exist; must not hold a run",
         R::finished(R::text(&Output::directory, "")), "dir path folder"},
        {"fields", "any of \"u\", \"v\"", fields(), "variables"},
        {"chunk", "or [270, 480]: cells per chunk; one frame deep; clipped to a rank's block",
         R::per_axis_or_auto(&Output::chunk, largest_count, "[270, 480]", "[64, 64, 64]"),
         "chunks chunk_shape"},
        {"codec", "\"none\" | \"deflate:1\"..\"deflate:9\" | \"zstd:1\"..\"zstd:19\" | \"lz4\"",
         R::parsed(&Output::codec,
                   R"("none", "deflate:1" to "deflate:9", "zstd:1" to "zstd:19" or "lz4")",
                   codec_from, [](const codec::Codec& c) { return codec::to_string(c); }),
         "compression compressor"},
        {"shuffle", "HDF5's shuffle filter: bytes of equal weight together",
         R::flag(&Output::shuffle)},
        {"checksum", "HDF5's fletcher32, per chunk", R::flag(&Output::checksum), "fletcher32"},
        {"keep_bits",
         "lossy: mantissa bits kept (relative error <= 2^-(keep_bits+1)); 0 = lossless",
         R::integer(&Output::keep_bits, 0, 52)},
        {"max_error", "lossy: absolute error bound; 0 = lossless", R::real(&Output::max_error),
         "tolerance error"},
        {"layout",
         "several ranks: \"parts\" (a file per rank + a virtual dataset) | \"shared\" (one file, "
         "MPI-IO)",
         R::choice(&Output::layout, {{"parts", Layout::parts}, {"shared", Layout::shared}})},
        {"frames_per_file",
         "a new segment of files every N frames; closed segments never change again; 0 = one",
         R::integer(&Output::frames_per_file, 0, largest_count)},
        {"queue_frames", "frames that may wait for the writer, at least 1: the bound on memory",
         R::integer(&Output::queue_frames, 1, 1 << 20), "queue"},
        {"flush_every", "frames per commit to the file",
         R::integer(&Output::flush_every, 1, largest_count), "flush"},
        {"sync", "fsync of files and directories: \"never\" | \"close\" | \"frame\"",
         R::choice(&Output::sync,
                   {{"never", Sync::never}, {"close", Sync::close}, {"frame", Sync::frame}}),
         "fsync"},
    };
    return keys;
}

const std::vector<Key<Checkpoint>>& checkpoint_keys() {
    using R = Rules<Checkpoint>;
    static const std::vector<Key<Checkpoint>> keys{
        {"every", "\"90s\", \"10min\", \"2h\", \"50 frames\", \"never\"",
         R::parsed(
             &Checkpoint::every,
             R"(a time such as "90s", "10min" or "2h", a number of frames such as "50 frames", or "never")",
             parse_every, show_every),
         "interval"},
        {"keep", "checkpoints kept", R::integer(&Checkpoint::keep, 1, 1 << 20)},
    };
    return keys;
}

const std::vector<Key<Limits>>& limits_keys() {
    using R = Rules<Limits>;
    static const std::vector<Key<Limits>> keys{
        {"walltime",
         "or \"HH:MM:SS\", or \"slurm\": ask the scheduler; stops in time, with a checkpoint",
         R::with_example(
             R::parsed(
                 &Limits::walltime,
                 R"("none", "slurm" or a time such as "12:00:00" or "1-12:00:00" (days-hours:minutes:seconds))",
                 parse_walltime, show_walltime),
             "\"12:00:00\""),
         "time_limit"},
        {"margin", "time kept for the last checkpoint",
         R::parsed(&Limits::margin_seconds, R"(a time such as "60s" or "5min")", parse_duration,
                   show_duration)},
    };
    return keys;
}

} // namespace morphogen::config
