# Sourced by the root commands: messages, and long commands whose output goes to a log while the time is shown.

logs=build/logs

say() { printf '%s\n' "$*"; }
heading() { printf '\n== %s\n' "$*"; }

# fail WHAT [ADVICE...]: one line on stderr, and out.
fail() {
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# logged NAME TITLE COMMAND...: runs COMMAND into build/logs/NAME.log; on failure shows what matters of it.
# A line every 30 seconds says that it still runs.
logged() {
    local name=$1 title=$2 log started status=0
    shift 2
    mkdir -p "$logs"
    log=$logs/$name.log
    started=$SECONDS
    printf '%s ...\n' "$title"
    # A session of its own, so that an interrupt can end the command with all its children.
    setsid "$@" >"$log" 2>&1 </dev/null &
    local child=$!
    trap 'kill -- "-$child" 2>/dev/null; exit 130' INT TERM
    while kill -0 "$child" 2>/dev/null; do
        sleep 0.2
        if ((SECONDS - started >= ${next_note:=30})); then
            printf '   %s s: %s\n' "$next_note" "$(tail -n 1 "$log" | tr -d '\r' | cut -c1-90)"
            next_note=$((next_note + 30))
        fi
    done
    unset next_note
    wait "$child" || status=$?
    trap - INT TERM
    if ((status != 0)); then
        # A compiler's first error is worth more than the last lines of the others.
        grep -n -m 5 -E -A 3 '(^|[^-])(error:|Error|FAILED:|^E: )' "$log" | cut -c1-300 || true
        printf '%s\n' '--- last lines:'
        tail -n 15 "$log" | cut -c1-300
        printf '%s failed (exit %s, %s s); all of it is in %s\n' "$title" "$status" \
            "$((SECONDS - started))" "$log"
    else
        printf '   done in %s s\n' "$((SECONDS - started))"
    fi
    return "$status"
}

# Parallel compiles: one per core, as far as about 1 GB of memory each reaches.
build_jobs() {
    local cores memory_kb jobs
    cores=$(nproc)
    memory_kb=$(awk '/^MemAvailable:/ {print $2}' /proc/meminfo 2>/dev/null)
    jobs=$((${memory_kb:-2097152} / 1048576))
    ((jobs < 1)) && jobs=1
    ((jobs > cores)) && jobs=$cores
    printf '%s' "$jobs"
}
