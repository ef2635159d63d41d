#include "config/rules.hpp"
#include "config/schema.hpp"

namespace morphogen::config {
namespace {

constexpr Index most_threads = 4096;

std::vector<std::string> isa_names() {
    std::vector<std::string> names{"auto"};
    for (const kernel::Isa isa : kernel::available_isas())
        names.emplace_back(kernel::name_of(isa));
    return names;
}

Rule<Threads> isa() {
    return {alternatives(isa_names()), in_quotes("auto"),
            [](const Value& value, Threads& threads, Reader&) {
                const auto* text = std::get_if<std::string>(&value.data);
                if (text && *text == "auto") {
                    threads.isa = std::nullopt;
                    return none();
                }
                const auto isa = text ? kernel::parse_isa(*text) : std::nullopt;
                if (!isa) return not_a_choice(value, isa_names());
                const auto here = kernel::available_isas();
                if (std::find(here.begin(), here.end(), *isa) == here.end())
                    return problem(fmt::format(
                        "asks for {}, which this processor or this build does not have; write {}",
                        show(value), alternatives(isa_names())));
                threads.isa = isa;
                return none();
            },
            [](const Threads& threads, const Config&) {
                return in_quotes(threads.isa ? kernel::name_of(*threads.isa) : "auto");
            }};
}

Rule<Mpi> hints() {
    return {"a table of texts in quotes", R"({ striping_factor = "4" })",
            [](const Value& value, Mpi& mpi, Reader&) {
                const auto* table = std::get_if<Table>(&value.data);
                if (!table) return not_as_expected();
                mpi.hints.clear();
                for (const Member& member : *table) {
                    const auto* text = std::get_if<std::string>(&member.value.data);
                    if (!text || member.name.empty() || !is_plain_text(*text) ||
                        !is_plain_text(member.name))
                        return not_as_expected();
                    mpi.hints.emplace(member.name, *text);
                }
                return none();
            },
            [](const Mpi& mpi, const Config&) {
                std::string text;
                for (const auto& [name, hint] : mpi.hints)
                    text += fmt::format("{}{} = {}", text.empty() ? " " : ", ", show_key(name),
                                        in_quotes(hint));
                return text.empty() ? "{}" : "{" + text + " }";
            }};
}

} // namespace

const std::vector<Key<Threads>>& threads_keys() {
    using R = Rules<Threads>;
    static const std::vector<Key<Threads>> keys{
        {"compute", "per rank; 0 = every core the rank may use",
         R::integer(&Threads::compute, 0, most_threads), "threads simulation"},
        {"io", "compression team; 0 = chosen by the program",
         R::integer(&Threads::io, 0, most_threads), "writer compression_threads"},
        {"isa", "or an instruction set that --version lists; ranks agree on one", isa(),
         "simd instruction_set"},
    };
    return keys;
}

const std::vector<Key<Mpi>>& mpi_keys() {
    using R = Rules<Mpi>;
    static const std::vector<Key<Mpi>> keys{
        {"ranks", "or [2, 4]: ranks along each axis of the grid",
         R::per_axis_or_auto(&Mpi::ranks, std::numeric_limits<std::int32_t>::max(), "[2, 4]",
                             "[2, 2, 2]"),
         "process_grid"},
        {"hints", "MPI_Info for output.layout = \"shared\"", hints(), "info"},
    };
    return keys;
}

} // namespace morphogen::config
