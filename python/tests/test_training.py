"""Stores, runs and models from Python, beside what the program makes of the same. AGEWISE_PROGRAM: the program."""

import csv
import json
import logging
import multiprocessing
import os
import pickle
import shutil
import subprocess
import sys
import threading
import time

import numpy
import pandas
import pytest
import tqdm.auto
from PIL import Image

import agewise
from agewise._training import _Shown

PROGRAM = os.environ["AGEWISE_PROGRAM"]
SMALL = {"train.epochs": 3, "train.batch": 16, "whiten.method": "none"}


def program(*arguments):
    command = [PROGRAM, "--kernels", "default", "--threads", "2", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """Pictures that are brighter the older, and a table of their ages; one row has no picture."""
    folder = tmp_path_factory.mktemp("drawn")
    (folder / "pictures").mkdir()
    noise = numpy.random.default_rng(1)
    with open(folder / "labels.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "age", "gender"])
        for i in range(160):
            pixels = (3 * (20 + i % 60) + noise.integers(0, 20, (32, 32, 3))).astype(numpy.uint8)
            Image.fromarray(pixels).save(folder / "pictures" / f"{i}.png")
            table.writerow([f"{i}.png", 20 + i % 60, "female" if i % 2 else "male"])
        table.writerow(["missing.png", 30, "male"])
    return folder


@pytest.fixture(scope="module")
def path(drawn):
    prepared = agewise.prepare(drawn / "faces.db", drawn / "labels.csv", drawn / "pictures", settings={"face.size": 16})
    assert prepared.faces == 160
    return drawn / "faces.db"


@pytest.fixture(scope="module")
def store(path):
    return agewise.Store(path)


@pytest.fixture(scope="module")
def run(path):
    return agewise.train(path.parent / "run", path, settings=SMALL, threads=2, kernels="standard")


def test_prepare_tells_what_became_of_the_rows_and_makes_the_programs_store(drawn, path, tmp_path):
    seen = []
    again = agewise.prepare(
        str(tmp_path / "faces.db"), [drawn / "labels.csv"], [drawn / "pictures"], settings=["face.size=16"], progress=seen.append
    )
    assert again.rejects == {"no such file": 1} and not again.resumed and not again.was_complete
    assert repr(again) == "<Prepared 160 faces, 1 no such file>"
    assert seen and seen[-1].total == 161
    program("prepare", tmp_path / "program.db", "--labels", drawn / "labels.csv", "--pictures", drawn / "pictures",
            "--set", "face.size=16")  # fmt: skip
    ours, its = agewise.Store(tmp_path / "faces.db"), agewise.Store(tmp_path / "program.db")
    assert (ours.pictures() == its.pictures()).all()
    assert agewise.prepare(path, drawn / "labels.csv", drawn / "pictures", settings={"face.size": 16}).was_complete


def test_a_store_has_labels_splits_and_pictures_as_arrays(store, path):
    assert len(store) == 160 and store.shape == (16, 16, 1) and store.complete
    labels = store.labels
    assert {len(values) for values in labels.values()} == {160}
    numbers = numpy.array([int(name[:-4]) for name in labels["file"]])
    assert (labels["age"] == 20 + numbers % 60).all() and (labels["age_low"] == labels["age"]).all()
    assert (labels["gender"] == numpy.where(numbers % 2, "female", "male")).all()
    assert labels["box"].shape == (160, 4)
    splits = store.splits
    assert sorted(numpy.concatenate(list(splits.values()))) == list(range(160))
    assert (labels["part"][splits["train"]] == "train").all() and len(splits["train"]) > len(splits["test"]) > 0
    pictures = store.pictures()
    assert pictures.shape == (160, 16, 16, 1) and pictures.dtype == numpy.uint8
    assert numpy.corrcoef(pictures.mean((1, 2, 3)), labels["age"])[0, 1] > 0.99
    assert (store[7] == pictures[7]).all() and store[7].shape == (16, 16, 1)
    assert (store[-1] == pictures[-1]).all()
    assert (store[3:9] == pictures[3:9]).all()
    assert (store.pictures([5, 1, 5]) == pictures[[5, 1, 5]]).all()
    assert (store[labels["age"] > 70] == pictures[labels["age"] > 70]).all()
    assert store.rejects == {"no such file": 1} and "labels.csv" in store.made_from and "size = 16" in store.recipe
    assert repr(store) == f"<agewise.Store {path}: 160 grey faces of 16×16>"


def test_a_store_becomes_a_frame_and_is_pickled(store):
    frame = store.to_frame()
    assert isinstance(frame, pandas.DataFrame) and len(frame) == 160
    assert frame["age"][3] == store.labels["age"][3] and "left" in frame
    assert (pickle.loads(pickle.dumps(store))[3] == store[3]).all()


def test_a_store_of_a_relative_path_is_opened_in_any_folder(path, tmp_path, monkeypatch):
    monkeypatch.chdir(path.parent)
    pickled = pickle.dumps(agewise.Store(path.name))
    monkeypatch.chdir(tmp_path)
    assert pickle.loads(pickled).path == str(path)


def test_names_of_files_need_not_be_utf8(drawn, path, tmp_path):
    folder = tmp_path / os.fsdecode(b"\xff")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("the file system has no such names")
    shutil.copy(drawn / "labels.csv", folder)
    (folder / "pictures").symlink_to(drawn / "pictures")
    agewise.prepare(folder / "faces.db", folder / "labels.csv", folder / "pictures", settings={"face.size": 16})
    store = agewise.Store(folder / "faces.db")
    assert len(store) == 160 and pickle.loads(pickle.dumps(store)).path == str(folder / "faces.db")
    run = agewise.train(folder / "run", path, settings={**SMALL, "train.epochs": 1}, threads=2, kernels="standard")
    run.model.to_safetensors(folder / "model.safetensors")
    assert agewise.Estimator(folder / "model.safetensors", threads=1, ready_crops=True).model == str(folder / "model.safetensors")
    assert agewise.evaluate(agewise.Model(folder / "model.safetensors"), store.path, threads=2, kernels="standard").pictures > 0
    assert agewise.evaluate(run.model, threads=2, kernels="standard").pictures > 0
    with pytest.raises(agewise.Error, match="labels.csv"):
        agewise.Store(folder / "labels.csv")


def _mean_in_a_child(place):
    return float(inherited[place].mean())


def test_a_store_is_read_by_threads_and_by_forked_processes(store):
    global inherited
    inherited = store
    wanted = [float(face.mean()) for face in store.pictures()]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map_async(_mean_in_a_child, range(160)).get(timeout=120) == wanted
    wrong = []

    def work():
        wrong.extend(place for place in range(160) if float(store[place].mean()) != wanted[place])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and store[0].mean() == wanted[0]


def test_what_is_no_place_of_a_store_is_refused(store):
    with pytest.raises(IndexError):
        store[160]
    with pytest.raises(IndexError):
        store.pictures([0, 160])


def test_train_makes_the_programs_run_and_a_log_of_arrays(run, path, tmp_path):
    told = []
    same = agewise.train(
        tmp_path / "run", path, settings=SMALL, threads=2, kernels="standard", epoch_done=told.append, progress=lambda now: None
    )
    program("train", tmp_path / "program", "--data", path, *(x for k, v in SMALL.items() for x in ("--set", f"{k}={v}")))
    best = [(folder / "best.safetensors").read_bytes() for folder in (path.parent / "run", tmp_path / "run", tmp_path / "program")]
    assert best[0] == best[1] == best[2]
    log = same.log
    assert list(log["epoch"]) == [1, 2, 3]
    assert [epoch["train_loss"] for epoch in told] == list(log["train_loss"])
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["validation_mae"] for line in lines] == list(log["validation_mae"])
    assert log["best"].dtype == bool and same.best["epoch"] == log["epoch"][log["best"]][-1]
    assert isinstance(same.to_frame(), pandas.DataFrame) and "epochs = 3" in same.recipe
    assert repr(same).startswith(f"<agewise.Run {tmp_path / 'run'}: best epoch ")


def test_several_networks_are_runs_in_a_run(path, tmp_path):
    folds = agewise.train(tmp_path / "folds", path, settings={**SMALL, "train.epochs": 1}, folds=2, threads=2)
    assert [len(one.log["epoch"]) for one in folds.networks] == [1, 1]


def test_several_stores_are_trained_on_together_and_validated_apart(drawn, path, tmp_path):
    (tmp_path / "pictures").mkdir()
    with open(tmp_path / "labels.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "age"])
        for i in range(40):
            Image.new("RGB", (32, 32), (3 * (20 + i), 0, i)).save(tmp_path / "pictures" / f"{i}.png")
            table.writerow([f"{i}.png", "20-39" if i < 20 else "40-59"])
    second = tmp_path / "ranges.db"
    agewise.prepare(second, tmp_path / "labels.csv", tmp_path / "pictures", settings={"face.size": 16})
    told = []
    settings = {**SMALL, "train.epochs": 1, "train.data_weights": [1, 0.5]}
    both = agewise.train(tmp_path / "both", [path, second], settings=settings, threads=2, epoch_done=told.append)
    counts = [len(agewise.Store(store).splits["test"]) for store in (path, second)]
    apart = [scores["mae"] for scores in told[0]["validation_by_store"]]
    assert told[0]["validation_mae"] == pytest.approx(numpy.average(apart, weights=counts))
    with pytest.raises(agewise.Error, match="was trained on 2 stores"):
        agewise.evaluate(both)


def test_evaluate_tells_what_the_program_tells(run, path, tmp_path):
    evaluation = agewise.evaluate(run, threads=2, kernels="standard")
    its = json.loads(program("evaluate", run.path, "--json", "--report", tmp_path / "report.html"))
    assert evaluation.to_dict() == its
    assert (evaluation.part, evaluation.pictures) == ("test", len(agewise.Store(path).splits["test"]))
    assert evaluation.mae == its["all"]["model"]["mae"] and evaluation.cs[5] == its["all"]["model"]["cs5"]
    estimates = evaluation.estimates
    assert numpy.abs(estimates["estimate"] - estimates["age"]).mean() == pytest.approx(evaluation.mae)
    assert f"MAE {evaluation.mae:.2f} years" in repr(evaluation)
    assert agewise.evaluate(run.path, path, part="train", threads=2).pictures == len(agewise.Store(path).splits["train"])
    assert agewise.evaluate(run.model, threads=2, kernels="standard").to_dict() == its  # on the run's own store
    with pytest.raises(ValueError, match="part"):
        agewise.evaluate(run, part="all")


def test_a_model_is_exported_and_estimates(run, path, tmp_path):
    model = run.model
    assert model.networks == 1 and len(model.classes) == 4 and "run" in model.file
    model.to_onnx(tmp_path / "model.onnx")
    model.to_safetensors(tmp_path / "model.safetensors")
    program("export", run.path, "-o", tmp_path / "program.onnx")
    assert (tmp_path / "model.onnx").read_bytes() == (tmp_path / "program.onnx").read_bytes()
    bright, dark = numpy.full((32, 32, 3), 230, numpy.uint8), numpy.full((32, 32, 3), 70, numpy.uint8)
    exported = agewise.Model(tmp_path / "model.safetensors").estimator(threads=1, ready_crops=True)
    assert exported.estimate(bright).age > exported.estimate(dark).age
    with pytest.raises(ValueError, match=".onnx"):
        model.to_onnx(tmp_path / "model.pth")
    assert "parameters" in repr(model)


def test_what_is_missing_or_wrong_is_told(path, drawn, tmp_path):
    for call in (
        lambda: agewise.Store(tmp_path / "none.db"),
        lambda: agewise.Run(tmp_path / "none"),
        lambda: agewise.Model(tmp_path / "none.safetensors"),
        lambda: agewise.train(tmp_path / "run", tmp_path / "none.db"),
        lambda: agewise.evaluate(tmp_path / "none", path),
        lambda: agewise.prepare(tmp_path / "s.db", tmp_path / "none.csv", drawn / "pictures"),
    ):
        with pytest.raises(FileNotFoundError, match="none"):
            call()
    with pytest.raises(agewise.Error, match="train.epochs"):
        agewise.train(tmp_path / "run", path, settings={"train.epoch": 3})
    with pytest.raises(agewise.Error, match="labels.csv"):
        agewise.Store(drawn / "labels.csv")
    with pytest.raises(agewise.Error, match="no run"):
        agewise.Run(tmp_path)
    with pytest.raises(TypeError):
        agewise.train(tmp_path / "run", path, settings="train.epochs=3")
    (tmp_path / "empty").mkdir()
    with pytest.raises(agewise.Error, match="no face was prepared"):
        agewise.prepare(tmp_path / "s.db", drawn / "labels.csv", tmp_path / "empty")


def test_an_exception_in_a_callback_is_raised_when_the_run_is_saved(path, tmp_path):
    def enough(_):
        raise ZeroDivisionError("enough")

    with pytest.raises(ZeroDivisionError, match="enough"):
        agewise.train(tmp_path / "run", path, settings={**SMALL, "train.epochs": 500}, threads=2, epoch_done=enough)
    epochs = len(agewise.Run(tmp_path / "run").log["epoch"])
    assert 1 <= epochs < 500
    resumed = []
    agewise.train(tmp_path / "run", path, settings={**SMALL, "train.epochs": epochs + 2}, threads=2, epoch_done=resumed.append)
    assert [epoch["epoch"] for epoch in resumed] == [epochs + 1, epochs + 2]


def test_sentences_for_the_user_go_to_logging(drawn, tmp_path, caplog):
    with caplog.at_level(logging.WARNING, logger="agewise"):
        agewise.prepare(tmp_path / "s.db", drawn / "labels.csv", drawn / "pictures", settings={"split.rule": "ordered"}, recipe="seed")
        agewise.prepare(tmp_path / "s.db", drawn / "labels.csv", drawn / "pictures", settings={"split.rule": "ordered", "train.batch": 7})
    assert "keeps the recipe that it was made with" in caplog.text


_INTERRUPTED = """
import agewise, sys
def told(epoch):
    if epoch["epoch"] == 2: print("training", flush=True)
settings = {"train.epochs": 100000, "train.batch": 16, "whiten.method": "none"}
agewise.train(sys.argv[1], sys.argv[2], settings=settings, threads=1, kernels="standard", epoch_done=told)
"""


def test_ctrl_c_saves_the_run_and_the_same_call_resumes_to_the_same_bits(path, tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", _INTERRUPTED, str(tmp_path / "run"), str(path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "training\n"
    process.send_signal(2)
    assert "KeyboardInterrupt" in process.communicate(timeout=120)[1]
    assert (tmp_path / "run" / "last.safetensors").exists()
    epochs = len(agewise.Run(tmp_path / "run").log["epoch"])
    how = {"settings": {**SMALL, "train.epochs": epochs + 3}, "threads": 1, "kernels": "standard"}
    resumed = agewise.train(tmp_path / "run", path, **how)
    whole = agewise.train(tmp_path / "whole", path, **how)
    assert list(resumed.log["train_loss"]) == list(whole.log["train_loss"])
    assert (tmp_path / "run" / "last.safetensors").read_bytes() == (tmp_path / "whole" / "last.safetensors").read_bytes()


def test_python_runs_on_while_a_network_is_trained(path, tmp_path):
    ticks = []
    done = threading.Event()

    def tick():
        while not done.is_set():
            ticks.append(time.monotonic())
            time.sleep(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    began = time.monotonic()
    agewise.train(tmp_path / "run", path, settings={**SMALL, "train.epochs": 20}, threads=1)
    seconds = time.monotonic() - began
    done.set()
    thread.join()
    assert len(ticks) > 20 * seconds


def test_a_bar_is_drawn_with_tqdm(path, tmp_path, capsys):
    agewise.train(tmp_path / "run", path, settings={**SMALL, "train.epochs": 20}, threads=1, progress=True)
    assert "epoch " in capsys.readouterr().err


@pytest.mark.parametrize("disable", [False, True])
def test_each_kind_of_work_has_one_bar(monkeypatch, disable):
    bars = []

    class Bar(tqdm.auto.tqdm):
        def __init__(self, *arguments, **options):
            bars.append(self)
            super().__init__(*arguments, **options, disable=disable)

    monkeypatch.setattr(tqdm.auto, "tqdm", Bar)
    with _Shown(True) as shown:
        for done in (1, 5, 9):
            shown.sink("preparing", done, 10, 0)
        for done in (2, 4):
            shown.sink("epoch 1 of 2", done, 4, 0)
    assert [(bar.n, bar.total) for bar in bars] == ([(1, 10), (2, 4)] if disable else [(9, 10), (4, 4)])


def test_a_package_that_is_missing_is_named(store, monkeypatch):
    for name in ("torch", "pandas"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match="pip install torch"):
        store.as_torch_dataset()
    with pytest.raises(ImportError, match="pip install pandas"):
        store.to_frame()


def test_a_torch_dataset_feeds_a_data_loader(store):
    torch = pytest.importorskip("torch")
    dataset = store.as_torch_dataset("train", transform=lambda face: face.float() / 255)
    assert len(dataset) == len(store.splits["train"])
    place = dataset.places[4]
    face, age = dataset[4]
    assert face.shape == (1, 16, 16) and age.dtype == torch.float32 and age == store.labels["age"][place]
    assert torch.allclose(face[0], torch.from_numpy(store[place][:, :, 0] / 255).float())
    for workers in (0, 2):
        ages = [float(age) for _, batch in torch.utils.data.DataLoader(dataset, batch_size=8, num_workers=workers) for age in batch]
        assert ages == [float(age) for age in store.labels["age"][dataset.places]]
    everything = store.as_torch_dataset(None, target=lambda place: store.labels["gender"][place] == "male")
    assert len(everything) == 160 and everything[3][1] == (store.labels["gender"][3] == "male")
    with pytest.raises(ValueError, match="part"):
        store.as_torch_dataset("all")
