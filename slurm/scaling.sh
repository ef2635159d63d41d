#!/bin/bash
# Strong or weak scaling on your cluster: submits a job per number of ranks, and one that prints the table at the end.
#
#   slurm/scaling.sh strong configs/cluster-large.toml --ranks "1 2 4 8 16" --threads 16 -- --ntasks-per-node=2
#   slurm/scaling.sh weak configs/cluster-large.toml --ranks "1 4 16 64" --threads 8 --set output.enabled=true
#
# strong: the configuration's grid on every number of ranks. weak: its grid on the first number given, and on n ranks one
# that is cut into n blocks of the first's size: longer along all axes, as evenly as the ranks' own grid allows, so that
# every rank keeps its block and inner ones get neighbours on all sides (docs/scaling.md predicts the same experiment).
#
#   --ranks "N..."       numbers of MPI ranks (default "1 2 4")
#   --threads N          cores per rank (default 1)
#   --repeat N           launches per number of ranks; the fastest counts (default 3)
#   --directory D        where results go; must not exist (default scaling-strong or scaling-weak)
#   --set KEY=VALUE      as for `morphogen run`. Unless you set them: output.enabled=false, checkpoint.every="never"
#   --                   what follows goes to sbatch, for each job: partition, account, --time, --exclusive ...
#
# The last job, which starts when all others have ended however they did, writes D/table.txt: ranks, threads, cell updates
# per second, efficiency against the first line, and the share of time in halo exchange. `slurm/scaling_table.py D` prints
# the same at any time. Environment: see common.sh (MORPHOGEN, MORPHOGEN_LAUNCHER, ...).
set -euo pipefail

folder=${MORPHOGEN_SLURM_FOLDER:-$(cd "$(dirname "$0")" && pwd)}
# shellcheck source=SCRIPTDIR/common.sh
. "$folder/common.sh"
find_morphogen "$folder"

# point DIRECTORY REPEAT ARGUMENT...: the job of one number of ranks; below it is submitted as `scaling.sh point ...`.
point() {
    local directory=$1 repeat=$2 i status
    shift 2
    for ((i = 1; i <= repeat; ++i)); do
        status=0
        launch run "$@" --set "output.directory=\"$directory/$i\"" || status=$?
        ((status == 0)) || fail "launch $i ended with exit code $status"
    done
}
if [[ ${1:-} == point ]]; then
    shift
    point "$@"
    exit
fi

usage() { sed -n '2,/^set/ { /^#/ s/^# \{0,1\}//p }' "$0"; }
case ${1:-} in
-h | --help) usage; exit 0 ;;
strong | weak) mode=$1 ;;
*) usage >&2; exit 2 ;;
esac
config=${2:-}
[[ -r $config ]] || fail "no configuration '$config'; $0 --help tells more"
shift 2
ranks="1 2 4" threads=1 repeat=3 directory=scaling-$mode settings=() sbatch_options=()
while (($#)); do
    case $1 in
    --ranks) ranks=${2:?} ;;
    --threads) threads=${2:?} ;;
    --repeat) repeat=${2:?} ;;
    --directory) directory=${2:?} ;;
    --set) settings+=(--set "${2:?}") ;;
    --) shift; sbatch_options=("$@"); break ;;
    *) fail "unknown option '$1'; $0 --help tells more" ;;
    esac
    shift 2
done
[[ ! -e $directory ]] || fail "$directory exists already: --directory elsewhere, or remove it"

# The defaults come first, so that --set can change them.
settings=(--set output.enabled=false --set 'checkpoint.every="never"' ${settings[@]+"${settings[@]}"})
resolved=$("$morphogen" config "$config" "${settings[@]}")
shape=$(sed -n 's/^shape = \[\(.*\)\]$/\1/p' <<<"$resolved")
[[ $shape ]] || fail "$config: no grid.shape in what 'morphogen config' prints"

# cut_of RANKS SHAPE: how the program cuts it, "2 x 4" and "largest block": "540 x 480", with a comma between.
cut_of() {
    local told
    told=$("$morphogen" validate "$config" "${settings[@]}" --set "grid.shape=[$2]" --ranks "$1") || return
    sed -n 's/^ranks .* as \(.*\), largest block \(.*\) cells$/\1,\2/p' <<<"$told"
}
# cuts RANKS AXES: every one, the most even first (the smallest sum of their numbers), of equal ones the longest slower axis.
cuts() {
    awk -v n="$1" -v axes="$2" 'BEGIN {
        for (a = 1; a <= n; ++a) if (n % a == 0) for (b = 1; b <= n / a; ++b) if (n / a % b == 0) {
            c = n / a / b
            if (axes == 3) print a + b + c, a, b, c
            else if (c == 1) print a + b, a, b
        }
    }' | sort -k1,1n -k2,2nr -k3,3nr | cut -d' ' -f2-
}
# weak_shape RANKS BLOCK: the grid that the program cuts into so many blocks of "rows columns".
weak_shape() {
    local cut block parts grid i
    read -ra block <<<"$2"
    while read -ra parts; do
        grid=
        for i in "${!parts[@]}"; do grid+=${grid:+, }$((parts[i] * block[i])); done
        cut=$(cut_of "$1" "$grid") || return
        if [[ $cut == "$(join "${parts[@]}"),$(join "${block[@]}")" ]]; then
            echo "$grid"
            return
        fi
    done < <(cuts "$1" ${#block[@]})
    return 1
}
join() {
    local text
    printf -v text ' x %s' "$@"
    echo "${text# x }"
}

read -ra counts <<<"$ranks"
[[ $mode == strong ]] || cut=$(cut_of "${counts[0]}" "$shape") || fail "${counts[0]} ranks are refused"
shapes=() jobs=()
for n in "${counts[@]}"; do # all are checked before the first is submitted
    if [[ $mode == weak ]] && ((n != counts[0])); then
        shapes[n]=$(weak_shape "$n" "$(tr -d x <<<"${cut#*,}")") || fail "no grid is cut into $n blocks of ${cut#*,} cells"
    else
        shapes[n]=$shape
        [[ $(cut_of "$n" "$shape") ]] || fail "$n ranks are refused"
    fi
done
mkdir -p "$directory"
directory=$(cd "$directory" && pwd)
export MORPHOGEN="$morphogen" MORPHOGEN_SLURM_FOLDER="$folder"
for n in "${counts[@]}"; do
    results=$directory/$(printf '%05d' "$n")
    mkdir -p "$results"
    job=$(sbatch --parsable --job-name="scaling-$n" --output="$results/job.log" --ntasks="$n" --cpus-per-task="$threads" \
        --hint=nomultithread ${sbatch_options[@]+"${sbatch_options[@]}"} \
        "$folder/scaling.sh" point "$results" "$repeat" "$config" "${settings[@]}" --set "grid.shape=[${shapes[n]}]" \
        --set "threads.compute=$threads")
    jobs+=("${job%%;*}")
done
waiting=$(IFS=:; echo "${jobs[*]}")
table=$(sbatch --parsable --job-name=scaling-table --output="$directory/table.txt" --ntasks=1 --cpus-per-task=1 \
    --dependency="afterany:$waiting" --wrap "python3 '$folder/scaling_table.py' '$directory'")
echo "jobs ${jobs[*]}; the table will be in $directory/table.txt (job ${table%%;*})"
