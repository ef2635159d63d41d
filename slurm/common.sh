# shellcheck shell=bash
# What the job scripts of this folder share; they source it from where they were submitted. Not a job by itself.
#
# Environment that every script takes:
#   MORPHOGEN            the program (default: the one on PATH, else the one built or installed with this folder)
#   MORPHOGEN_LAUNCHER   srun (default) or mpirun: what starts the ranks
#   MORPHOGEN_SRUN_MPI   what srun and the MPI library have in common (default: pmix; `srun --mpi=list` shows yours)
#   MORPHOGEN_SRUN_OPTIONS, MORPHOGEN_MPIRUN_OPTIONS
#                        instead of the pinning below, for example "--cpu-bind=none", "--bind-to none"

fail() {
    echo "$*" >&2
    exit 2
}

find_morphogen() { # FOLDER: sets `morphogen`
    local installed=$1/../../../bin/morphogen
    [[ -x $installed ]] || installed=
    morphogen=${MORPHOGEN:-$(command -v morphogen || echo "${installed:-$1/../build/release/app/morphogen}")}
    [[ -x $morphogen ]] || fail "no program at $morphogen: build it, or set MORPHOGEN=/path/to/morphogen"
}

# output_directory CONFIG [--set KEY=VALUE]...: where the run goes.
output_directory() {
    local resolved
    resolved=$("$morphogen" config "$@") || exit
    sed -n '/^\[output\]/,/^\[/ s/^directory = "\(.*\)"$/\1/p' <<<"$resolved"
}

# steps_of DIRECTORY: that the run in it has done, as its last launch reported; 0 before the first.
steps_of() {
    local steps=
    [[ -f $1/report.json ]] && steps=$(sed -n 's/.*"steps": *\([0-9][0-9]*\).*/\1/p' "$1/report.json" | head -n 1)
    echo "${steps:-0}"
}

# pin: one thread per core, neighbours next to each other, none of them moving. `threads.compute = 0` in the
# configuration means every core that the rank was given.
pin() {
    export OMP_PLACES=cores OMP_PROC_BIND=close
    # Since Slurm 22.05 srun does not take over --cpus-per-task: without this each rank gets one core.
    export SRUN_CPUS_PER_TASK=${SLURM_CPUS_PER_TASK:-1}
}

# launch ARGUMENT...: `morphogen ARGUMENT...` on every task of the job; returns the program's exit code.
#
# The launcher runs in the background, because a shell acts on a signal only once what runs in the foreground has ended;
# and USR1, which Slurm sends to the script ahead of the time limit (#SBATCH --signal=B:USR1@SECONDS), goes on to the
# launcher, which gives it to every rank. Both launchers return the ranks' exit code.
launch() {
    local command launcher signalled status
    pin
    case ${MORPHOGEN_LAUNCHER:-srun} in
    srun)
        # --cpu-bind=cores gives each rank its own cores; add ",verbose" to see the masks in the log.
        # --wait: once a rank has ended, the others have 15 s. Not --kill-on-bad-exit=1: the first rank to exit
        # with 75 would have the others killed in their last moments, and srun would return 143 instead.
        # shellcheck disable=SC2206 # options are words
        command=(srun --mpi="${MORPHOGEN_SRUN_MPI:-pmix}" --kill-on-bad-exit=0 --wait=15
            ${MORPHOGEN_SRUN_OPTIONS---cpu-bind=cores})
        ;;
    mpirun)
        # PE=N: N cores for each rank. Open MPI learns the nodes and their slots from Slurm.
        # shellcheck disable=SC2206
        command=(mpirun -n "${SLURM_NTASKS:-1}"
            ${MORPHOGEN_MPIRUN_OPTIONS---map-by slot:PE=$SRUN_CPUS_PER_TASK --bind-to core})
        ;;
    *) fail "MORPHOGEN_LAUNCHER is '$MORPHOGEN_LAUNCHER': srun or mpirun" ;;
    esac
    "${command[@]}" "$morphogen" "$@" &
    launcher=$!
    trap 'signalled=yes; kill -USR1 "$launcher" 2>/dev/null' USR1
    while :; do
        signalled="" status=0
        wait "$launcher" || status=$?
        # A signal interrupts `wait`: what it returned then is not the launcher's.
        [[ $signalled ]] || break
    done
    trap - USR1
    # Ended by USR1 itself: it came before the ranks listened, so nothing was begun that could be lost.
    ((status == 128 + 10)) && status=75
    return "$status"
}

# requeue_if_stopped STATUS STEPS_BEFORE DIRECTORY: ends the script. 75 is "stopped early with a valid checkpoint": the
# job goes back into the queue, under the same number, and does the same again, which then means to resume.
requeue_if_stopped() {
    local steps
    case $1 in
    0)
        echo "finished"
        exit 0
        ;;
    75)
        steps=$(steps_of "$3")
        ((steps > $2)) || fail "not requeued: this launch was stopped before it did a step (at step $steps, in $3); \
give the job a longer --time"
        echo "stopped at step $steps; requeued"
        scontrol requeue "$SLURM_JOB_ID" || exit 75
        # Requeueing ends this script; were it to end by itself, the job could pass for done.
        sleep 300
        exit 75
        ;;
    *)
        echo "failed with exit code $1; the lines above say why" >&2
        exit "$1"
        ;;
    esac
}
