#include "morphogen/config/load.hpp"
#include "morphogen/core/atomic_file.hpp"
#include "morphogen/mpi/agreement.hpp"
#include "morphogen/store/reader.hpp"

#include "frameless_sink.hpp"
#include "session.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <chrono>

// What happens before the first step.
namespace morphogen::run {
namespace {

constexpr long nfs_magic = 0x6969; // statfs(2), f_type of NFS

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

/// Joins simulation, which knows no files, to store.
class InitialFiles final : public simulation::InitialFileReader {
public:
    void read(const config::InitialFile& file, const core::Extents& global, const core::Box& box,
              double* out) override {
        store::read_initial_file(file, global, box, out);
    }
};

bool is_on_nfs(const std::filesystem::path& directory) {
    struct statfs info {};
    return ::statfs(directory.c_str(), &info) == 0 && info.f_type == nfs_magic;
}

} // namespace

void Session::prepare() {
    const NodeResources node = find_node_resources(comm_);
    mpi::run_collectively(comm_, [&] {
        tiling_policy_ = options_.tiling
                             ? *options_.tiling
                             : simulation::tiling_policy_from_environment(config_.grid.dims, comm_);
        plan_ = make_plan(config_, comm_.size(), node, tiling_policy_);
    });
    choose_isa();
    warn_about_cores(node);
    find_beginning();
    if (is_finished_before()) {
        layout_ = store::make_layout(config_, plan_->grid.block(comm_.rank()));
        return;
    }
    make_simulation();
    mpi::run_collectively(comm_, [&] { prepare_directory(); });
    owns_directory_ = true;
    layout_ = store::make_layout(config_, simulation_->block());
    checkpointer_.emplace(config_, directory_, comm_, *simulation_, isa_);
    if (start_.checkpoint) checkpointer_->has_checkpoint_of(start_.step);
    mpi::run_collectively(comm_, [&] {
        checkpointer_->reserve();
        if (!config_.output.enabled)
            scratch_ = core::AlignedBuffer<std::byte>(simulation_->field_bytes());
        if (is_root())
            time_limit_.emplace(config_.limits, options_.started,
                                [this](const std::string& text) { note(text); });
    });
    open_writer();
}

/// Before anything is changed: is there a run, and may it be replaced, or gone on with?
void Session::find_beginning() {
    mpi::run_collectively(comm_, [&] {
        if (!is_root()) return;
        if (std::filesystem::is_directory(directory_.root)) lock_.emplace(directory_.root);
        if (!options_.resume && !options_.force && directory_.holds_run())
            throw core::UsageError(
                core::ErrorText{.what = "the output directory already holds a run",
                                .where = directory_.root.native(),
                                .advice = "go on with it by --resume, replace it by --force, or "
                                          "choose another output.directory"});
    });
    if (!options_.resume) return;
    start_ = find_start({.config = config_,
                         .directory = directory_,
                         .comm = comm_,
                         .fma = kernel::uses_fma(isa_),
                         .force = options_.force,
                         .note = [this](const std::string& text) { note(text); }});
    next_frame_ = start_.frames;
    records_ = std::move(start_.records);
    if (start_.fresh)
        note("there is no run to go on with: it starts anew");
    else if (is_finished_before())
        note(fmt::format("the run is finished: all of its {} frames are stored",
                         config_.total_frames()));
    else
        note(fmt::format("resumed at step {}, from {}; {} frames are stored", start_.step,
                         start_.checkpoint ? "checkpoint " + start_.checkpoint->directory.native()
                                           : "the initial state: there is no checkpoint for it",
                         start_.stored));
}

bool Session::is_finished_before() const noexcept {
    return !start_.fresh && config_.output.enabled && start_.stored >= config_.total_frames();
}

/// Before anything is removed: the initial state may lack a file, or come from the run that is
/// replaced.
void Session::make_simulation() {
    InitialFiles files;
    config::Config config = config_;
    if (start_.checkpoint) config.initial = {}; // its files may be gone by now
    mpi::run_collectively(comm_, [&] {
        simulation_.emplace(config, comm_,
                            simulation::Options{plan_->compute_threads, isa_, &files,
                                                tiling_policy_, options_.sweep_probe});
    });
    group_steps_ = simulation_->depth();
    if (!start_.checkpoint) return;
    mpi::run_collectively(comm_, [&] {
        core::AlignedBuffer<std::byte> u(simulation_->field_bytes());
        core::AlignedBuffer<std::byte> v(simulation_->field_bytes());
        store::read_checkpoint(*start_.checkpoint, simulation_->block(), u.span(), v.span());
        simulation_->restore(start_.step, u.span(), v.span());
    });
}

void Session::choose_isa() {
    if (config_.threads.isa) {
        isa_ = *config_.threads.isa;
        return;
    }
    // Machines may differ: the best that all have. Later ones in the list are better, on any one
    // architecture.
    const auto index = comm_.allreduce(static_cast<std::int64_t>(kernel::best_isa()), mpi::Op::min);
    isa_ = static_cast<kernel::Isa>(index);
}

void Session::warn_about_cores(const NodeResources& node) const {
    const auto few = [&](int rank_threads) {
        return rank_threads > node.cores ? rank_threads - node.cores : 0;
    };
    const auto lacking =
        comm_.allreduce(static_cast<std::int64_t>(few(plan_->compute_threads)), mpi::Op::max);
    if (lacking > 0)
        note(fmt::format(
            "a rank may use {} core(s) fewer than its {} computing threads and will be slow; start "
            "it with "
            "`mpirun --bind-to none` or `--map-by slot:PE={}`, or lower threads.compute",
            lacking, plan_->compute_threads, plan_->compute_threads));
}

void Session::prepare_directory() {
    if (!is_root()) return;
    if (options_.force && !options_.resume) directory_.remove_run();
    std::error_code failure;
    std::filesystem::create_directories(directory_.root, failure);
    if (failure)
        throw core::Error(
            core::ErrorText{.what = "cannot create the output directory",
                            .where = directory_.root.native(),
                            .why = failure.message(),
                            .advice = "set output.directory to a place where you may write"});
    if (!lock_) lock_.emplace(directory_.root);
    core::replace_file(directory_.config(), config::to_toml(config_), durability(config_));
    // Replaced at the end; what a kill leaves is true as well.
    Report begun;
    begun.error = "this launch has not ended: it runs, or was killed";
    begun.launches = start_.launches_before + 1;
    begun.ranks = comm_.size();
    begun.frames = start_.stored;
    begun.steps = start_.step;
    begun.cells = core::volume(config_.grid.shape);
    core::replace_file(directory_.report(), to_json(begun), core::Durability::none);
    if (is_on_nfs(directory_.root))
        note("the output directory is on NFS: the files cannot be read reliably while the run "
             "writes them");
}

void Session::open_writer() {
    // For shared files a context of its own: the writer thread's collective calls must not meet the
    // halo exchange's.
    mpi::Communicator writers = comm_.duplicate();
    const bool collective_file = config_.output.enabled && comm_.size() > 1 &&
                                 config_.output.layout == config::Layout::shared;
    if (collective_file)
        file_errors_.emplace([this](const std::string& why) {
            end_job(std::make_exception_ptr(
                core::Error(core::ErrorText{.what = "cannot read or write the shared file",
                                            .where = directory_.frames().native(),
                                            .why = why})));
        });
    mpi::run_collectively(comm_, [&] {
        WriterOptions writer_options;
        writer_options.first_frame = start_.frames;
        writer_options.compares = start_.compares;
        writer_options.queue_frames = config_.output.queue_frames;
        writer_options.flush_every = config_.output.flush_every;
        writer_options.threads = plan_->io_threads;
        writer_options.rounding = {config_.output.keep_bits, config_.output.max_error};
        writer_options.probe = options_.probe;
        if (collective_file)
            writer_options.on_failure = [this](const std::exception_ptr& error) { end_job(error); };
        std::unique_ptr<store::FrameSink> sink = open_sink(std::move(writers));
        if (options_.wrap_sink) sink = options_.wrap_sink(std::move(sink));
        writer_.emplace(std::move(sink), layout_, std::move(writer_options));
    });
    writing_ = true;
}

std::unique_ptr<store::FrameSink> Session::open_sink(mpi::Communicator writers) {
    if (!config_.output.enabled) return std::make_unique<FramelessSink>();
    const store::Provenance provenance{
        .config_toml = config::to_toml(config_),
        .host = host_name(),
        .ranks = comm_.size(),
        .compute_threads = plan_->compute_threads,
        .io_threads = plan_->io_threads,
        .isa = std::string(kernel::name_of(isa_)),
        .time = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)))};
    return store::open_sink(config_, directory_, layout_, provenance, std::move(writers),
                            start_.fresh ? std::nullopt : std::optional(start_.stored));
}

} // namespace morphogen::run
