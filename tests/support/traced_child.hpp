#pragma once

#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <functional>
#include <optional>

namespace morphogen::test {

/// What befalls a process at one of its system calls that change files.
enum class Mishap {
    none,
    kill,        // SIGKILL instead of the call
    io_error,    // the call is not made and fails with EIO
    full_disk,   // ... with ENOSPC
    interrupted, // a write fails with EINTR once
    short_write, // a write takes half of what it is given
};

struct TracedEnd {
    int calls = 0;      // changing calls seen
    bool met = false;   // whether the mishap took place
    long number = -1;   // of the call it took the place of (SYS_write, ...)
    int exit_code = -1; // of the child if it ended by itself
    int ended_by_signal = 0;
};

/// Runs @p work in a forked child; its result is the child's exit code. At the @p nth (from 1) call
/// that changes files @p mishap takes place. Nothing if tracing is not allowed here.
/// Errors are injected on x86-64 only.
class TracedChild {
public:
    static bool can_inject() noexcept {
#ifdef __x86_64__
        return true;
#else
        return false;
#endif
    }

    static std::optional<TracedEnd> run(const std::function<int()>& work, Mishap mishap, int nth) {
        const pid_t child = ::fork();
        if (child == 0) {
            if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(refused);
            ::raise(SIGSTOP);
            ::_exit(work());
        }
        int status = 0;
        ::waitpid(child, &status, 0);
        if (!WIFSTOPPED(status)) return std::nullopt; // refused, or no fork
        ::ptrace(PTRACE_SETOPTIONS, child, nullptr, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
        return TracedChild(child, mishap, nth).follow();
    }

private:
    static constexpr int refused = 111;

    TracedChild(pid_t child, Mishap mishap, int nth) : child_(child), mishap_(mishap), nth_(nth) {}

    TracedEnd follow() {
        int deliver = 0;
        while (true) {
            ::ptrace(PTRACE_SYSCALL, child_, nullptr, deliver);
            int status = 0;
            if (::waitpid(child_, &status, 0) != child_) return end_;
            if (WIFEXITED(status)) end_.exit_code = WEXITSTATUS(status);
            if (WIFSIGNALED(status)) end_.ended_by_signal = WTERMSIG(status);
            if (!WIFSTOPPED(status)) return end_;
            const bool at_call = WSTOPSIG(status) == (SIGTRAP | 0x80);
            deliver = at_call ? 0 : WSTOPSIG(status);
            if (at_call) at_system_call();
        }
    }

    void at_system_call() {
        __ptrace_syscall_info info{};
        ::ptrace(PTRACE_GET_SYSCALL_INFO, child_, sizeof info, &info);
        if (info.op == PTRACE_SYSCALL_INFO_EXIT && error_due_ != 0) return give_error();
        if (info.op != PTRACE_SYSCALL_INFO_ENTRY) return;
        const bool writes = is_write(info.entry.nr) && info.entry.args[0] > 2;
        if (!writes && (only_writes() || !changes_files(info.entry.nr, info.entry.args))) return;
        if (++end_.calls != nth_ || mishap_ == Mishap::none) return;
        end_.met = true;
        end_.number = static_cast<long>(info.entry.nr);
        if (mishap_ == Mishap::kill)
            ::kill(child_, SIGKILL);
        else
            spoil_call();
    }

    bool only_writes() const {
        return mishap_ == Mishap::short_write || mishap_ == Mishap::interrupted;
    }

    static bool is_write(unsigned long long call) {
        return call == SYS_pwrite64 || call == SYS_write;
    }

    static bool changes_files(unsigned long long call, const auto& args) {
        switch (call) {
        case SYS_openat:
            return (args[2] & O_CREAT) != 0;
        case SYS_ftruncate:
        case SYS_fsync:
        case SYS_fdatasync:
        case SYS_renameat2:
        case SYS_mkdirat:
        case SYS_unlinkat:
        case SYS_symlinkat:
        case SYS_renameat:
            return true;
        default:
            break;
        }
#ifdef __x86_64__
        switch (call) {
        case SYS_open:
            return (args[1] & O_CREAT) != 0;
        case SYS_rename:
        case SYS_mkdir:
        case SYS_rmdir:
        case SYS_unlink:
        case SYS_symlink:
            return true;
        default:
            break;
        }
#endif
        return false;
    }

#ifdef __x86_64__
    void spoil_call() {
        user_regs_struct registers{};
        ::ptrace(PTRACE_GETREGS, child_, nullptr, &registers);
        if (mishap_ == Mishap::short_write) {
            registers.rdx = (registers.rdx + 1) / 2;
        } else {
            registers.orig_rax = static_cast<unsigned long long>(-1); // no call at all
            error_due_ = mishap_ == Mishap::io_error    ? EIO
                         : mishap_ == Mishap::full_disk ? ENOSPC
                                                        : EINTR;
        }
        ::ptrace(PTRACE_SETREGS, child_, nullptr, &registers);
    }

    void give_error() {
        user_regs_struct registers{};
        ::ptrace(PTRACE_GETREGS, child_, nullptr, &registers);
        registers.rax = static_cast<unsigned long long>(-error_due_);
        ::ptrace(PTRACE_SETREGS, child_, nullptr, &registers);
        error_due_ = 0;
    }
#else
    void spoil_call() {}
    void give_error() {}
#endif

    pid_t child_;
    Mishap mishap_;
    int nth_;
    int error_due_ = 0;
    TracedEnd end_;
};

} // namespace morphogen::test
