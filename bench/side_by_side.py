#!/usr/bin/env python3
"""agewise beside the programs that a user could take instead, in turn on the same machine: a table with the ratios, and whether each reaches its goal.

  bench/side_by_side.py PEERS [--agewise build/release/agewise] [--rounds 3] [--only seed] [--isa avx2] [--json]
      [--labels utkface.csv --pictures utkface.tar] [--photographs FOLDER]

PEERS is a folder with bench_torch.py, bench_infer.py and prepare_article_way.py, to be run by a Python that has PyTorch,
ONNX Runtime, OpenCV and Pillow: the one that runs this. Each side's best of the rounds counts, which alternate. Two
threads each. With --labels and --pictures preparing is measured too: as they are, and enlarged to 500x500. With --photographs
whole photographs are, decoding included, beside PEERS/bench_photos.py: to the faces that are cut out (as they are, and enlarged to 12
megapixels), and to ages with the bundled model, beside the peer without and with the mirror image."""
import argparse, csv, io, json, os, subprocess, sys, tarfile, tempfile, time

# case of `agewise bench`: (peer script, its arguments, goal with AVX-512, goal with AVX2), goals as ratios to the best peer
CASES = {
    "seed-train-128": ("bench_torch.py", ["--net", "seed", "--mode", "train"], 5.5, 4.5),
    "vgg16-train-8": ("bench_torch.py", ["--net", "vgg16", "--mode", "train"], 3.0, 1.5),
    "resnet10-train-64": ("bench_torch.py", ["--net", "resnet10", "--mode", "train"], 1.5, 1.3),
    "vgg16-infer-1": ("bench_infer.py", ["--net", "vgg16"], 1.1, 1.0),
    "vgg16-infer-8": ("bench_infer.py", ["--net", "vgg16"], 1.8, 1.2),
    "seed-infer-1": ("bench_infer.py", ["--net", "seed"], 1.2, 1.2),
    "seed-infer-128": ("bench_infer.py", ["--net", "seed"], 1.25, 1.2),
    "resnet10-infer-1": ("bench_infer.py", ["--net", "resnet10"], 1.3, 1.2),
    "resnet10-infer-64": ("bench_infer.py", ["--net", "resnet10"], 1.4, 1.2),
}
PREPARE_GOALS = {"prepare-200": 2.0, "prepare-500": 4.0}  # per core, to 128x128 grey in the store
# case: (megapixels to which photographs are enlarged, agewise's arguments, the peer's, goal)
PHOTOGRAPHS = {
    "photographs-cut": (None, ["--no-network"], ["--no-network"], 2.5),
    "photographs-ages": (None, [], [], 1.5),
    "photographs-ages-mirror": (None, [], ["--mirror"], 2.0),
    "photographs-12-megapixels-cut": (12, ["--no-network"], ["--no-network"], 2.0),
}


def run_json_lines(command, **options):
    out = subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout.decode()
    return [json.loads(line) for line in out.splitlines() if line.startswith("{")]


def agewise_rates(options, cases):
    command = [options.agewise, "bench", *cases, "--json", "--seconds", str(options.seconds), "--threads", "2"]
    if options.isa:
        command += ["--isa", options.isa]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return report, {case["name"]: case for case in report["cases"]}


def peer_rates(options, script, arguments):
    """From case to {peer: images/s}."""
    rates = {}
    command = [sys.executable, os.path.join(options.peers, script), *arguments, "--threads", "2", "--json",
               "--seconds", str(options.seconds)]
    for row in run_json_lines(command):
        rates.setdefault(f'{row["net"]}-{row["mode"]}-{row["batch"]}', {})[row["peer"]] = row["images_per_s"]
    return rates


def measure_networks(options):
    wanted = [case for case in CASES if not options.only or case.startswith(options.only)]
    ours, theirs, report = {}, {case: {} for case in wanted}, {}
    calls = sorted({(CASES[case][0], *CASES[case][1]) for case in wanted})
    for _ in range(options.rounds):
        for script, *arguments in calls:
            mine = [case for case in wanted if (CASES[case][0], *CASES[case][1]) == (script, *arguments)]
            report, cases = agewise_rates(options, mine)
            for name, case in cases.items():
                if name not in ours or case["images_per_s"] > ours[name]["images_per_s"]:
                    ours[name] = case
            for name, peers in peer_rates(options, script, arguments).items():
                for peer, rate in peers.items():
                    if name in theirs:
                        theirs[name][peer] = max(rate, theirs[name].get(peer, 0))
    wide = "AVX-512" in report.get("engine", "")
    rows = []
    for case in wanted:
        peer, rate = max(theirs[case].items(), key=lambda item: item[1])
        rows.append({"case": case, "unit": "images/s", "agewise": ours[case]["images_per_s"], "peer": peer, "peer_rate": rate,
                     "ratio": ours[case]["images_per_s"] / rate, "goal": CASES[case][2 if wide else 3],
                     "share_of_peak": ours[case]["share_of_peak"], "memory_mb": ours[case]["memory_bytes"] / 1e6})
    return report.get("engine", ""), rows


def enlarged(labels, pictures, folder, size, count):
    """The first `count` pictures of a tar, enlarged, in a tar of their own with labels."""
    from PIL import Image
    tar, table = os.path.join(folder, "pictures.tar"), os.path.join(folder, "labels.csv")
    known = {row["file"]: row["age"] for row in csv.DictReader(open(labels))}
    with tarfile.open(pictures) as given, tarfile.open(tar, "w") as made, open(table, "w") as text:
        text.write("file,age\n")
        for member in given:
            name = os.path.basename(member.name)
            if not member.isfile() or name not in known:
                continue
            image = Image.open(io.BytesIO(given.extractfile(member).read())).convert("RGB").resize((size, size), Image.BICUBIC)
            jpeg = io.BytesIO()
            image.save(jpeg, "JPEG", quality=90)
            info = tarfile.TarInfo(name)
            info.size = jpeg.tell()
            jpeg.seek(0)
            made.addfile(info, jpeg)
            text.write(f"{name},{known[name]}\n")
            count -= 1
            if count == 0:
                break
    return table, tar


def prepare_rate(options, labels, pictures, folder):
    """Pictures a second of one core (processor time of all threads), and peak memory in MB."""
    store = os.path.join(folder, "faces.db")
    if os.path.exists(store):
        os.remove(store)
    command = [options.agewise, "prepare", store, "--labels", labels, "--pictures", pictures, "--recipe", "seed", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    report = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)} failed")
    return (report["faces"] + sum(report["rejects"].values())) / (usage.ru_utime + usage.ru_stime), usage.ru_maxrss * 1024 / 1e6


def measure_preparing(options):
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for case, (labels, pictures) in {"prepare-200": (options.labels, options.pictures),
                                         "prepare-500": enlarged(options.labels, options.pictures, folder, 500, 4000)}.items():
            best, memory, peer = 0, 0, 0
            for _ in range(options.rounds):
                rate, used = prepare_rate(options, labels, pictures, folder)
                best, memory = max(best, rate), max(memory, used)
                command = [sys.executable, os.path.join(options.peers, "prepare_article_way.py"), labels, pictures,
                           os.path.join(folder, "out.pkl")]
                peer = max(peer, run_json_lines(command)[0]["pictures_per_s"])
            rows.append({"case": case, "unit": "pictures/s of a core", "agewise": best, "peer": "Pillow, as the article",
                         "peer_rate": peer, "ratio": best / peer, "goal": PREPARE_GOALS[case], "memory_mb": memory})
    return rows


def enlarged_photographs(folder, into, megapixels):
    """Every JPEG of a folder, enlarged in a folder of its own."""
    from PIL import Image
    for name in sorted(os.listdir(folder)):
        if not name.lower().endswith((".jpg", ".jpeg")):
            continue
        image = Image.open(os.path.join(folder, name)).convert("RGB")
        factor = (megapixels * 1e6 / (image.width * image.height)) ** 0.5
        size = (round(image.width * factor), round(image.height * factor))
        image.resize(size, Image.BICUBIC).save(os.path.join(into, name), "JPEG", quality=90)


def photographs_row(options, folder, case, ours, theirs, goal):
    best, peer, shares = 0, 0, {}
    for _ in range(options.rounds):
        command = [options.agewise, "bench", "photographs", folder, "--threads", "2", "--seconds", str(options.seconds), "--json", *ours]
        if options.isa:
            command += ["--isa", options.isa]
        report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        if report["photographs_per_s"] > best:
            best, shares = report["photographs_per_s"], report["shares"]
        command = [sys.executable, os.path.join(options.peers, "bench_photos.py"), folder, "--threads", "2", "--json", "--seconds",
                   str(options.seconds), *theirs]
        peer = max(peer, run_json_lines(command)[0]["photographs_per_s"])
    return {"case": case, "unit": "photographs/s", "agewise": best, "peer": "OpenCV's YuNet, ONNX Runtime", "peer_rate": peer,
            "ratio": best / peer, "goal": goal, "share_of_decoding": shares["decoding"], "shares": shares}


def measure_photographs(options):
    rows = []
    for case, (megapixels, *how) in PHOTOGRAPHS.items():
        with tempfile.TemporaryDirectory() as folder:
            if megapixels:
                enlarged_photographs(options.photographs, folder, megapixels)
            rows.append(photographs_row(options, folder if megapixels else options.photographs, case, *how))
    return rows


def table(engine, rows):
    print(f"{engine}; {time.strftime('%Y-%m-%d')}\n")
    print("| case | agewise | best peer | ratio | goal | | of peak | memory |")
    print("|---|---|---|---|---|---|---|---|")
    for row in rows:
        share = f'{100 * row["share_of_peak"]:.0f} %' if "share_of_peak" in row else ""
        if "share_of_decoding" in row:
            share = f'decoding {100 * row["share_of_decoding"]:.0f} % of the time'
        memory = f'{row["memory_mb"]:,.0f} MB' if "memory_mb" in row else ""
        verdict = "met" if row["ratio"] >= row["goal"] else "missed"
        print(f'| {row["case"]} | {row["agewise"]:,.1f} {row["unit"]} | {row["peer_rate"]:,.1f} ({row["peer"]}) | {row["ratio"]:.2f} '
              f'| {row["goal"]} | {verdict} | {share} | {memory} |')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peers")
    parser.add_argument("--agewise", default=os.path.join(os.path.dirname(__file__), "../build/release/agewise"))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--only", help="cases whose names begin so")
    parser.add_argument("--isa", help="agewise's at most: avx2")
    parser.add_argument("--labels")
    parser.add_argument("--pictures")
    parser.add_argument("--photographs", help="a folder of JPEG photographs")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    engine, rows = ("", []) if options.only == "photographs" else measure_networks(options)
    if options.photographs and (not options.only or options.only == "photographs"):
        rows += measure_photographs(options)
    if options.labels and options.pictures and not options.only:
        rows += measure_preparing(options)
    if options.json:
        print(json.dumps({"engine": engine, "rows": rows}, indent=1))
    else:
        table(engine, rows)


if __name__ == "__main__":
    main()
