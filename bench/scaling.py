#!/usr/bin/env python3
"""Two processes of one thread beside one process of two threads, on one machine: how much of the speed data-parallel
training keeps. A table, or with --json an object a case.

  bench/scaling.py [--agewise build/release/agewise] [--mpi build/release/agewise-mpi] [--only vgg16] [--rounds 3] [--json]
      [--peers FOLDER --python PYTHON_WITH_TORCH]

The batch is the same for both: each of the two processes takes half. Rounds alternate, the median counts. Speeds are those
of the log's last epoch, and so is the share of its time in which the first process waited for the other. With --peers, a
folder with nets.py (the networks in PyTorch), PyTorch's DistributedDataParallel over gloo does the same beside it. Pictures
are drawn, and nothing is learned from them: the rate is 0. The machine should have nothing else to do."""
import argparse, json, os, pathlib, shutil, statistics, struct, subprocess, sys, tempfile

HERE = pathlib.Path(__file__).resolve().parent
# name: (recipe, batch, steps an epoch, goal, network of nets.py or None)
CASES = {
    "article-128": ("seed", 128, 24, 0.8, "seed"),
    "shipped-64": ("compact", 64, 8, 0.9, None),
    "resnet10-64": (str(HERE / "networks" / "resnet10.toml"), 64, 16, 0.9, "resnet10"),
    "vgg16-8": (str(HERE / "networks" / "vgg16.toml"), 8, 6, 0.75, "vgg16"),
    "vgg16-32": (str(HERE / "networks" / "vgg16.toml"), 32, 2, 0.9, "vgg16"),
}
SIDE, VALIDATION, EPOCHS = 96, 2, 2

TORCH = """
import os, sys, time, torch, torch.distributed as dist, torch.multiprocessing as mp, torch.nn.functional as F
sys.path.insert(0, sys.argv[1]); from nets import NETS
def work(rank, size, threads, name, batch, steps):
    torch.set_num_threads(threads)
    make, shape, classes = NETS[name]
    net = make(classes)
    if size > 1:
        os.environ.update(MASTER_ADDR='127.0.0.1', MASTER_PORT='29571')
        dist.init_process_group('gloo', rank=rank, world_size=size)
        net = torch.nn.parallel.DistributedDataParallel(net)
    x = torch.rand(batch // size, *shape); y = torch.randint(0, classes, (batch // size,))
    optimiser = torch.optim.SGD(net.parameters(), 1e-4, .9, weight_decay=5e-4)
    def step(): optimiser.zero_grad(); F.cross_entropy(net(x), y).backward(); optimiser.step()
    step(); step()
    start = time.perf_counter()
    for _ in range(steps): step()
    if rank == 0: print(batch * steps / (time.perf_counter() - start), flush=True)
if __name__ == '__main__':
    size, threads, name, batch, steps = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5]), int(sys.argv[6])
    mp.spawn(work, (size, threads, name, batch, steps), nprocs=size) if size > 1 else work(0, 1, threads, name, batch, steps)
"""


def write_bmp(path, number):
    """A drawn picture: a slope of grey that depends on its number."""
    row = bytes(c for x in range(SIDE) for c in [(x * 2 + number * 7) % 256] * 3)
    pixels = row * SIDE
    header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + len(pixels), 0, 0, 54, 40, SIDE, SIDE, 1, 24, 0, len(pixels), 0, 0, 0, 0)
    path.write_bytes(header + pixels)


def make_store(options, folder, recipe, pictures):
    folder.mkdir()
    with open(folder / "labels.csv", "w") as labels:
        labels.write("file,age,split\n")
        for i in range(pictures + VALIDATION):
            write_bmp(folder / f"{i}.bmp", i)
            labels.write(f"{i}.bmp,{20 + i % 50},{'train' if i < pictures else 'val'}\n")
    subprocess.run([options.agewise, "prepare", folder / "faces.db", "--labels", folder / "labels.csv", "--pictures", folder, "--recipe",
                    recipe, "--set", "face.detect=false"], check=True, stdout=subprocess.DEVNULL)
    return folder / "faces.db"


def train(command, run, store, recipe, batch, threads):
    """The log of the last epoch."""
    shutil.rmtree(run, ignore_errors=True)
    result = subprocess.run([*command, "--threads", str(threads), "train", run, "--data", store, "--recipe", recipe, "--set", f"train.batch={batch}",
                             "--set", f"train.epochs={EPOCHS}", "--set", "whiten.method=none", "--set", "train.patience=0",
                             "--set", "face.detect=false", "--set", "train.learning_rate=0"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {result.stdout}")
    return json.loads((run / "log.jsonl").read_text().splitlines()[-1])


def torch_rate(options, size, threads, network, batch, steps):
    return float(subprocess.run([options.python, options.torch_script, options.peers, *map(str, (size, threads, network, batch, steps))],
                                check=True, stdout=subprocess.PIPE, text=True).stdout.split()[-1])


def measure(options, folder, name):
    recipe, batch, steps, goal, network = CASES[name]
    store = make_store(options, folder / name, recipe, batch * steps)
    mpirun = ["mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", "2", options.mpi]
    alone, together, waiting, torch_alone, torch_together = [], [], [], [], []
    for _ in range(options.rounds):
        alone.append(train([options.agewise], folder / "run", store, recipe, batch, 2)["images_per_second"])
        log = train(mpirun, folder / "run", store, recipe, batch, 1)
        together.append(log["images_per_second"])
        waiting.append(log["exchange_seconds"] * log["images_per_second"] / (batch * steps))
        if options.peers and network:
            torch_alone.append(torch_rate(options, 1, 2, network, batch, steps))
            torch_together.append(torch_rate(options, 2, 1, network, batch, steps))
    row = {"case": name, "one_process": statistics.median(alone), "two_processes": statistics.median(together),
           "efficiency": statistics.median(b / a for a, b in zip(alone, together)), "goal": goal,
           "waiting": statistics.median(waiting)}
    if torch_alone:
        row |= {"torch_one_process": statistics.median(torch_alone), "torch_two_processes": statistics.median(torch_together),
                "torch_efficiency": statistics.median(b / a for a, b in zip(torch_alone, torch_together))}
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agewise", default="build/release/agewise")
    parser.add_argument("--mpi", default="build/release/agewise-mpi")
    parser.add_argument("--only", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peers")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        options.torch_script = folder / "torch_ddp.py"
        options.torch_script.write_text(TORCH)
        for case in (case for case in CASES if case.startswith(options.only)):
            row = measure(options, folder, case)
            if options.json:
                print(json.dumps(row), flush=True)
                continue
            text = (f"{row['case']:12} one process {row['one_process']:8.1f}/s, two {row['two_processes']:8.1f}/s: {row['efficiency']:.2f} "
                    f"(goal {row['goal']}), waiting {100 * row['waiting']:.0f} %")
            if "torch_efficiency" in row:
                text += f"; PyTorch {row['torch_one_process']:.1f}/s, {row['torch_two_processes']:.1f}/s: {row['torch_efficiency']:.2f}"
            print(text, flush=True)


if __name__ == "__main__":
    main()
