#!/usr/bin/env python3
"""agewise-mpi on two machines: two network namespaces with names and addresses of their own, joined by a cable of 1 Gbit/s
and 1 ms there and back. As root, with iproute2 and Open MPI:

  tests/cluster/two_hosts.py PROGRAM PROGRAM_MPI [--kills 10] [--seconds 20]

PROGRAM and PROGRAM_MPI are agewise and agewise-mpi. It shows that two machines learn what one learns; that training ends within seconds
and is resumed to the same bits when a process is killed at a random moment, or the cable is cut; and how the speed over the cable compares
with what docs/cluster.md predicts. Exit code 0 if all holds."""
import argparse, json, os, pathlib, random, shutil, signal, subprocess, sys, tempfile, time

HOSTS = {"agewa": "10.87.0.1", "agewb": "10.87.0.2"}  # name of namespace and machine: address
GIGABIT = 1e9 / 8

RECIPE = """
name = "two-hosts"
[face]
size = 32
[classes]
edges = [30, 45, 60]
[train]
batch = 48
epochs = {epochs}
learning_rate = 0.01
optimiser = "sgd"
monitor = "last"
[network]
scale = 0.00390625
[[network.layers]]
kind = "convolution"
channels = 16
kernel = 3
[[network.layers]]
kind = "relu"
[[network.layers]]
kind = "max-pool"
kernel = 2
[[network.layers]]
kind = "fully-connected"
outputs = {width}
[[network.layers]]
kind = "relu"
[[network.layers]]
kind = "fully-connected"
outputs = "classes"
"""


def shell(text, **options):
    return subprocess.run(text, shell=True, check=True, **options)


def plug_in():
    for name in HOSTS:
        shell(f"ip netns add {name}")
    shell("ip link add agewa0 netns agewa type veth peer name agewb0 netns agewb")
    for name, address in HOSTS.items():
        shell(f"ip -n {name} addr add {address}/24 dev {name}0 && ip -n {name} link set {name}0 up && ip -n {name} link set lo up")
        cable = f"ip netns exec {name} tc qdisc add dev {name}0 root"
        if subprocess.run(f"{cable} netem rate 1gbit delay 500us limit 20000", shell=True, stderr=subprocess.DEVNULL).returncode != 0:
            shell(f"{cable} tbf rate 1gbit burst 256kb latency 50ms")
            print(f"     {name}: this kernel has no netem: 1 Gbit/s, without the delay", flush=True)


def unplug():
    for name in HOSTS:
        subprocess.run(f"ip netns del {name}", shell=True, stderr=subprocess.DEVNULL)


class Cluster:
    """Runs agewise in the first machine, mpirun in the first, which reaches the second as over ssh."""

    def __init__(self, options, folder):
        self.options, self.folder = options, folder
        self.agent = folder / "agent"
        self.agent.write_text("#!/bin/sh\ncase $1 in agewa|10.87.0.1) name=agewa;; *) name=agewb;; esac\nshift\n"
                              "exec ip netns exec $name unshare --uts sh -c \"hostname $name; $*\"\n")
        self.agent.chmod(0o755)
        (folder / "hosts").write_text("10.87.0.1 slots=1\n10.87.0.2 slots=1\n")

    def mpirun(self):
        settings = {"plm_rsh_agent": self.agent, "btl": "tcp,self", "btl_tcp_if_include": "10.87.0.0/24", "oob_tcp_if_include": "10.87.0.0/24",
                    "oob_tcp_keepalive_time": 2, "oob_tcp_keepalive_intvl": 1, "oob_tcp_keepalive_probes": 3}
        mca = " ".join(f"--mca {key} {value}" for key, value in settings.items())
        return (f"mpirun --allow-run-as-root --bind-to none --hostfile {self.folder}/hosts -n 2 {mca} {self.options.program_mpi}")

    def start(self, program, run, recipe):
        command = (f"exec ip netns exec agewa unshare --uts sh -c 'hostname agewa; exec {program} --kernels default --threads 1 train {run} "
                   f"--data {self.folder}/faces.db --recipe {recipe}'")
        return subprocess.Popen(command, shell=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def train(self, program, run, recipe):
        process = self.start(program, run, recipe)
        output, _ = process.communicate(timeout=600)
        if process.returncode != 0:
            sys.exit(f"training failed with {process.returncode}:\n{output}")
        return log_of(run)


def log_of(run):
    file = run / "log.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def recipe_file(folder, name, **values):
    path = folder / f"{name}.toml"
    path.write_text(RECIPE.format(**values))
    return path


def prepare(options, folder, recipe):
    """A store of drawn faces; the same script as bench/scaling.py draws them."""
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "bench"))
    import scaling
    pictures = folder / "pictures"
    pictures.mkdir()
    with open(folder / "labels.csv", "w") as labels:
        labels.write("file,age,split\n")
        for i in range(490):
            scaling.write_bmp(pictures / f"{i}.bmp", i)
            labels.write(f"{i}.bmp,{20 + i * 7 % 60},{'train' if i < 480 else 'val'}\n")
    subprocess.run([options.program, "prepare", folder / "faces.db", "--labels", folder / "labels.csv", "--pictures", pictures, "--recipe", recipe],
                   check=True, stdout=subprocess.DEVNULL)


def processes(program, run):
    """Of agewise-mpi that train `run`."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else [b""]
        except OSError:
            continue
        if words[0] == os.fsencode(program) and os.fsencode(run) in words:
            found.append(int(entry.name))
    return sorted(found)


def check(name, holds, text=""):
    print(f"{'ok  ' if holds else 'MISS'} {name} {text}", flush=True)
    return holds


def same_network(cluster, folder, recipe):
    alone = cluster.train(cluster.options.program, folder / "alone", recipe)
    two = cluster.train(cluster.mpirun(), folder / "two", recipe)
    worst = max(abs(a["train_loss"] - b["train_loss"]) for a, b in zip(alone, two))
    return check("two machines learn what one learns", len(alone) == len(two) and worst < 1e-5, f"largest difference of losses {worst:.1e}")


def survives(cluster, folder, recipe, kills):
    """Kills a process, now on the one machine, now on the other, then cuts the cable; the same command resumes."""
    whole = (folder / "two" / "last.safetensors").read_bytes()
    holds, slowest, chance = True, 0, random.Random(1)
    for i in range(kills + 1):
        run = folder / f"killed{i}"
        process = cluster.start(cluster.mpirun(), run, recipe)
        while len(log_of(run)) < 1 + i % 3 and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.5))
        cut = i == kills
        began = time.monotonic()
        if cut:
            shell("ip -n agewb link set agewb0 down")
        else:
            os.kill(chance.choice(processes(cluster.options.program_mpi, run) or [process.pid]), signal.SIGKILL)
        output, _ = process.communicate(timeout=120)
        took = time.monotonic() - began
        if cut:
            shell("ip -n agewb link set agewb0 up")
            for pid in processes(cluster.options.program_mpi, run):  # on the machine that nobody can reach
                os.kill(pid, signal.SIGKILL)
            print(f"     the cable was cut: ended after {took:.1f} s with {process.returncode}: {output.strip().splitlines()[-1:]}")
        slowest = max(slowest, took)
        cluster.train(cluster.mpirun(), run, recipe)
        holds &= (run / "last.safetensors").read_bytes() == whole
    return check("killed and resumed, nothing is lost", holds, f"{kills} kills and a cut cable, ended within {slowest:.1f} s") and check(
        "all end within half a minute", slowest < 30)


def speed(cluster, folder):
    """A network of some 4 MB a step, against the formula."""
    width = 256
    recipe = recipe_file(folder, "wide", epochs=4, width=width)
    gradients = 4 * (16 * 9 + 16 + 15 * 15 * 16 * width + width + width * 4 + 4)
    alone = cluster.train(cluster.options.program, folder / "speed1", recipe)[-1]["images_per_second"]
    both = cluster.train(cluster.mpirun(), folder / "speed2", recipe)[-1]["images_per_second"]
    computed = 48 / alone / 2  # a machine's half of the batch
    exchange = gradients / GIGABIT  # 2 (n - 1) / n times the gradients, for two
    predicted = computed / max(computed, computed / 3 + exchange)
    seen = both / alone / 2
    print(f"     {gradients / 1e6:.1f} MB a step, {1000 * computed:.1f} ms computed, {1000 * exchange:.1f} ms exchanged")
    return check("efficiency over 1 Gbit/s", seen > 0.3 * predicted, f"{seen:.2f}, predicted {predicted:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", type=os.path.abspath)
    parser.add_argument("program_mpi", type=os.path.abspath)
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    unplug()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="agewise-cluster-"))
    try:
        plug_in()
        cluster = Cluster(options, folder)
        recipe = recipe_file(folder, "small", epochs=8, width=32)
        prepare(options, folder, recipe)
        results = [same_network(cluster, folder, recipe), survives(cluster, folder, recipe, options.kills), speed(cluster, folder)]
    finally:
        unplug()
        shutil.rmtree(folder)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
