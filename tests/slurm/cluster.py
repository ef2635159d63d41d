"""A private Slurm with two virtual nodes on this machine, for tests: `with Cluster() as cluster: cluster.submit(...)`.

Needs root, util-linux's unshare, and Debian's slurm-wlm, slurm-wlm-basic-plugins and munge; no systemd, nothing of an
installed cluster is touched. Everything runs in a process namespace of its own (enter_own_namespace), so that whatever
happens to the test, its end is the end of every daemon and job too.
"""
import os
import pathlib
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "support"))
from program import skip  # noqa: E402

START_S = 30  # up in half a second on an idle machine
MARK = "MORPHOGEN_TEST_NAMESPACE"
TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol", "scancel", "squeue")

OVER = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "OUT_OF_MEMORY", "BOOT_FAIL", "DEADLINE", "GONE")

# A machine has this many cores or not: Slurm is told so (config_overrides), and nothing is bound.
CONFIGURATION = """
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={base}/run/munge.sock,cred_expire=5
SlurmctldPort={ports[0]}
StateSaveLocation={base}/state
SlurmdSpoolDir={base}/spool.%n
TmpFS={base}/tmp.%n
SlurmctldPidFile={base}/run/slurmctld.pid
SlurmdPidFile={base}/run/slurmd.%n.pid
SlurmctldLogFile={base}/log/slurmctld.log
SlurmdLogFile={base}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
MpiDefault=pmix
ReturnToService=2
JobRequeue=1
KillWait=5
MinJobAge=900
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,batch_sched_delay=0,bf_interval=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MailProg=/bin/true
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} {node}
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} {node}
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def enter_own_namespace():
    """Runs this script again as the child of a small init in a process namespace of its own, or skips the test with the
    reason why that cannot be."""
    if os.environ.get(MARK):
        return
    if os.geteuid() != 0:
        skip("a private Slurm needs root")
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    if missing:
        skip(f"no {', '.join(missing)}; Debian: slurm-wlm slurm-wlm-basic-plugins munge")
    # A shell as init: it collects the daemons' orphans. --kill-child: nothing outlives the test, even if it is killed.
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh"]
    probe = subprocess.run([*unshare, "true"], capture_output=True, text=True) if shutil.which(unshare[0]) else None
    if probe is None or probe.returncode != 0:
        skip(f"no process namespace of its own: {probe.stderr.strip() if probe else 'no unshare'}")
    os.environ[MARK] = "1"
    os.execvp(unshare[0], [*unshare, sys.executable, *sys.argv])


def slurm_version():
    """(22, 5) of "slurm-wlm 22.05.8"."""
    out = subprocess.run(["slurmd", "-V"], capture_output=True, text=True, check=True, timeout=START_S).stdout
    return tuple(map(int, re.search(r"(\d+)\.(\d+)", out).groups()))


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Cluster:
    """Two nodes, n1 and n2, of @p cpus each; self.path: a directory that both see."""

    def __init__(self, cpus=4):
        self._temporary = tempfile.TemporaryDirectory(prefix="morphogen-slurm-", ignore_cleanup_errors=True)
        self.path = pathlib.Path(self._temporary.name)
        self._daemons = []
        base = self.path / "slurm"
        for name in ("run", "state", "log", "spool.n1", "spool.n2", "tmp.n1", "tmp.n2"):
            (base / name).mkdir(parents=True)
        for directory in (self.path, base, base / "run", base / "log"):
            directory.chmod(0o755)  # munged insists
        self._base = base
        node = f"CPUs={cpus} Boards=1 SocketsPerBoard=1 CoresPerSocket={cpus} ThreadsPerCore=1 RealMemory=4000 State=UNKNOWN"
        self._config = base / "slurm.conf"
        self._config.write_text(CONFIGURATION.format(
            host=socket.gethostname().split(".")[0], base=base, ports=free_ports(3), node=node))
        if slurm_version() >= (24, 5):  # which knows this word; newer slurmds want a cgroup file system otherwise
            (base / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        # Jobs inherit this: what Open MPI needs as root and with more ranks than cores.
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("SLURM_", "SBATCH_", "OMPI_", "PMIX_"))},
            "SLURM_CONF": str(self._config), "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
            "OMPI_MCA_mpi_yield_when_idle": "1", "OMPI_MCA_btl_vader_single_copy_mechanism": "none",
            "OMPI_MCA_rmaps_base_oversubscribe": "1", "OMPI_MCA_hwloc_base_binding_policy": "none",
            # The same for Open MPI 5.
            "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe", "PRTE_MCA_hwloc_default_binding_policy": "none",
            "OMPI_MCA_smsc": "^cma", "OMPI_MCA_reachable": "weighted",
            "OMP_WAIT_POLICY": "passive"}

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if self._daemons and all(d.poll() is None for d in self._daemons):
            subprocess.run(["scancel", "--full", "--signal=KILL", "--state=RUNNING"], env=self.environment,
                           capture_output=True, timeout=START_S)
        for daemon in reversed(self._daemons):
            daemon.terminate()
        for daemon in self._daemons:
            try:
                daemon.wait(timeout=5)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait(timeout=5)
        self._temporary.cleanup()

    def _daemon(self, name, *command):
        with open(self._base / "log" / f"{name}.out", "w") as out:
            self._daemons.append(subprocess.Popen(
                command, env=self.environment, cwd=self._base, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True))

    def _start(self):
        key = self._base / "munge.key"
        key.write_bytes(secrets.token_bytes(128))
        key.chmod(0o600)
        munge_socket = self._base / "run/munge.sock"
        self._daemon("munged", "munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge_socket}",
                     f"--pid-file={self._base}/run/munged.pid", f"--log-file={self._base}/log/munged.log",
                     f"--seed-file={self._base}/munge.seed")
        self._wait_until(munge_socket.exists, "munged opened no socket")
        self._daemon("slurmctld", "slurmctld", "-D", "-f", str(self._config))
        for node in ("n1", "n2"):
            # A name and a /dev/shm of its own: Open MPI takes ranks with the same name for neighbours in memory.
            setup = f"hostname {node}; mount -t tmpfs -o mode=1777 tmpfs /dev/shm; exec slurmd -D -f $SLURM_CONF -N {node}"
            self._daemon(f"slurmd.{node}", "unshare", "--uts", "--mount", "sh", "-ec", setup)
        self._wait_until(lambda: self.command("sinfo", "-h", "-N", "-o", "%T").split() == ["idle", "idle"],
                         "the nodes do not get ready")

    def _wait_until(self, condition, what):
        end = time.monotonic() + START_S
        while not condition():
            dead = [d.args[0] for d in self._daemons if d.poll() is not None]
            if dead or time.monotonic() > end:
                raise RuntimeError(f"{what}; ended: {dead}\n{self.logs()}")
            time.sleep(0.05)

    def logs(self, only=".*", lines=30):
        """The daemons' last lines that match @p only."""
        return "\n".join("\n".join([f"--- {log.name}", *[line for line in log.read_text(errors="replace").splitlines()
                                                          if re.search(only, line)][-lines:]])
                         for log in sorted((self._base / "log").glob("*.log")))

    def command(self, *command, check=False, cwd=None, environment=None):
        """stdout of a Slurm command; bounded. @p check: failure is an error."""
        done = subprocess.run([str(c) for c in command], env={**self.environment, **(environment or {})},
                              cwd=cwd or self.path, capture_output=True, text=True, timeout=START_S)
        if check and done.returncode != 0:
            raise RuntimeError(f"{command}: exit {done.returncode}: {done.stdout}{done.stderr}")
        return done.stdout

    def submit(self, *arguments, cwd=None, environment=None):
        """sbatch; returns the Job."""
        out = self.command("sbatch", "--parsable", *arguments, check=True, cwd=cwd, environment=environment)
        return Job(self, out.strip().split(";")[0], pathlib.Path(cwd or self.path))


class Job:
    def __init__(self, cluster, number, directory):
        self.cluster, self.number, self.directory = cluster, number, directory

    def fields(self):
        """What `scontrol show job` says: JobState, ExitCode, Restarts, ..."""
        out = self.cluster.command("scontrol", "-o", "show", "job", self.number)
        return dict(re.findall(r"(\w+)=(\S*)", out.splitlines()[0])) if out.strip() else {}

    def state(self):
        return self.fields().get("JobState", "GONE")

    def exit_code(self):
        return int(self.fields()["ExitCode"].split(":")[0])

    def signal(self, name, *options):
        return self.cluster.command("scancel", *options, f"--signal={name}", self.number)

    def wait(self, *states, timeout=60):
        """The state once it is one of @p states; without any: once the job is over."""
        end = time.monotonic() + timeout
        while True:
            state = self.state()
            if state in states or state in OVER:
                return state
            if time.monotonic() > end:
                raise TimeoutError(f"job {self.number} is {state} after {timeout} s\n{self.log()}")
            time.sleep(0.2)

    def log(self):
        """All that the job has printed, whatever its log is called."""
        return "".join(f"--- {p.name}\n{p.read_text(errors='replace')}"
                       for p in sorted(self.directory.glob(f"*{self.number}*.log")))
