#include "morphogen/core/error.hpp"
#include "morphogen/store/checkpoint.hpp"

#include "catch.hpp"
#include "sample_checkpoint.hpp"
#include "temporary_directory.hpp"
#include "traced_child.hpp"

#include <hdf5.h>

#include <algorithm>
#include <iostream>
#include <string>

using namespace morphogen;
using core::Index;
using test::Mishap;
using test::SampleCheckpoint;
using test::TracedChild;
namespace fs = std::filesystem;

namespace {

/// Checkpoints at steps 100 and 200; then 200 again on other ranks and 300, and a rotation to two.
class Scene {
public:
    Scene() {
        sample.write(before, 100, sample.split(1, 1, 1));
        sample.write(before, 200, sample.split(1, 1, 2));
        reset();
    }

    void reset() const {
        fs::remove_all(run.root);
        fs::copy(before.root, run.root,
                 fs::copy_options::recursive | fs::copy_options::copy_symlinks);
    }

    void act() {
        sample.write(run, 200, sample.split(1, 1, 3), core::Durability::synced);
        sample.write(run, 300, sample.split(1, 1, 2), core::Durability::synced);
        store::rotate_checkpoints(run, 2, 0);
    }

    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::recursive_directory_iterator(run.root))
            found.push_back(entry.path().lexically_relative(run.root).native());
        std::sort(found.begin(), found.end());
        return found;
    }

    SampleCheckpoint sample{2, core::Precision::f32};
    const test::TemporaryDirectory directory;
    const store::RunDirectory before{made(directory / "before")};
    const store::RunDirectory run{directory / "run"};

private:
    static fs::path made(const fs::path& path) {
        fs::create_directory(path);
        return path;
    }
};

bool can_trace(Scene& scene) {
    if (TracedChild::run([] { return 0; }, Mishap::none, 0)) return true;
    WARN("skipped: this system does not let a process trace its child");
    scene.reset();
    return false;
}

bool can_inject() {
    if (TracedChild::can_inject()) return true;
    WARN("skipped: errors are injected on x86-64 only");
    return false;
}

/// Nothing that counts is damaged, and the newest is not older than it was.
void expect_sound(Scene& scene) {
    const auto entries = store::list_checkpoints(scene.run);
    REQUIRE_FALSE(entries.empty());
    CHECK(entries.front().step >= 200);
    for (const auto& entry : entries) {
        CHECK(store::check_checkpoint(entry).empty());
        CHECK(scene.sample.reads_back(entry, scene.sample.split(1, 2, 2)));
    }
    // It may point at a name that its checkpoint is just about to take over.
    const bool is_between_names = entries.front().directory.extension() == ".old";
    CHECK((is_between_names || fs::exists(scene.run.checkpoints() / "latest" / "state.h5")));
}

/// What the next launch does leaves the directory as if nothing had happened.
void expect_recovery(Scene& scene, const std::vector<std::string>& undisturbed) {
    store::remove_unfinished_checkpoints(scene.run);
    scene.act();
    CHECK(scene.names() == undisturbed);
    for (const auto& entry : store::list_checkpoints(scene.run))
        CHECK(store::check_checkpoint(entry).empty());
}

/// 0: nothing happened; 1: an error that says where, after which HDF5 and the disk work again.
int act_and_recover(Scene& scene) {
    int code = 0;
    try {
        scene.act();
    } catch (const core::Error& error) {
        code = std::string(error.what()).find("run") == std::string::npos ? 3 : 1;
        try {
            scene.act();
        } catch (const std::exception& again) {
            std::cerr << again.what() << '\n';
            code = 4;
        }
    }
    return H5close() < 0 ? 5 : code;
}

} // namespace

TEST_CASE("a kill before any change to a file loses no checkpoint") {
    Scene scene;
    if (!can_trace(scene)) return;
    const auto whole = TracedChild::run([&] { return act_and_recover(scene); }, Mishap::none, 0);
    REQUIRE(whole->exit_code == 0);
    CHECK(whole->calls > 40);
    const auto undisturbed = scene.names();
    for (int nth = 1; nth <= whole->calls; ++nth) {
        INFO("killed before change " << nth << " of " << whole->calls);
        scene.reset();
        const auto end =
            TracedChild::run([&] { return act_and_recover(scene); }, Mishap::kill, nth);
        REQUIRE(end->ended_by_signal == SIGKILL);
        expect_sound(scene);
        expect_recovery(scene, undisturbed);
    }
}

TEST_CASE("a failure of any change is an error that names the file, and loses no checkpoint") {
    const auto mishap = GENERATE(Mishap::io_error, Mishap::full_disk);
    Scene scene;
    if (!can_trace(scene) || !can_inject()) return;
    scene.act();
    const auto undisturbed = scene.names();
    for (int nth = 1;; ++nth) {
        INFO("failure of change " << nth);
        scene.reset();
        const auto end = TracedChild::run([&] { return act_and_recover(scene); }, mishap, nth);
        if (!end->met) {
            CHECK(nth > 40);
            break;
        }
        INFO("system call " << end->number);
        REQUIRE(end->ended_by_signal == 0);
        REQUIRE(end->exit_code == 1);
        expect_sound(scene);
        CHECK(scene.names() == undisturbed);
    }
}

TEST_CASE("short and interrupted writes go on") {
    const auto mishap = GENERATE(Mishap::short_write, Mishap::interrupted);
    Scene scene;
    if (!can_trace(scene) || !can_inject()) return;
    for (int nth = 1;; ++nth) {
        INFO("write " << nth);
        scene.reset();
        const auto end = TracedChild::run([&] { return act_and_recover(scene); }, mishap, nth);
        REQUIRE(end->exit_code == 0);
        if (!end->met) {
            CHECK(nth > 15);
            break;
        }
        expect_sound(scene);
    }
}
