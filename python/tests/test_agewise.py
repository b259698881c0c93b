"""The installed module, as a user meets it. AGEWISE_PROGRAM: the program, AGEWISE_PICTURES: a folder of photographs."""

import json
import multiprocessing
import os
import pathlib
import pickle
import re
import shutil
import subprocess
import sys
import threading
import time

import numpy
import pandas
import pytest
from PIL import Image

import agewise

PROGRAM = os.environ["AGEWISE_PROGRAM"]
PICTURES = sorted(pathlib.Path(os.environ["AGEWISE_PICTURES"]).iterdir())


@pytest.fixture(scope="module")
def estimator():
    return agewise.Estimator(threads=2, kernels="standard", distribution=True, at_least=18)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """Tells an age of every picture, also of one that shows nothing."""
    model = str(tmp_path_factory.mktemp("model") / "always.safetensors")
    subprocess.run([PROGRAM, "export", agewise.Model().file, "--set", "predict.widest_interval=0", "-o", model], check=True)
    return agewise.Estimator(model, threads=2, kernels="standard", ready_crops=True)


@pytest.fixture
def photo(tmp_path):
    """A picture without a face, of three unlike colours."""
    pixels = numpy.random.default_rng(1).integers(0, 255, (160, 160, 3), dtype=numpy.uint8)
    pixels[:, :, 2] //= 4
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def predicted(*pictures):
    command = [PROGRAM, "--kernels", "default", "--threads", "2", "predict", "--json", "--distribution",
               "--at-least", "18", *pictures]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)


def test_is_the_module_of_the_wheel_and_not_of_the_checkout():
    assert "site-packages" in agewise.__file__
    assert re.fullmatch(r"\d+\.\d+\.\d+", agewise.__version__)


def test_the_same_picture_has_the_same_answer_as_from_the_program(estimator):
    assert len(PICTURES) > 1
    told = []
    for picture in estimator.estimate(PICTURES):
        for face in picture.faces:
            entry = {"file": picture.name, **face.to_dict()}
            entry.pop("points", None)
            if face.age is not None:
                entry["distribution"] = [
                    {"class": name, "probability": p} for (name, _), p in zip(estimator.classes, entry["distribution"])
                ]
            told.append(entry)
        if not picture.faces:
            told.append({"file": picture.name, "box": None, "age": None, "reason": picture.reason})
    assert told == predicted(*PICTURES)


def test_a_path_its_bytes_an_array_and_an_image_are_the_same_picture(crops, photo):
    image = Image.open(photo)
    array = numpy.asarray(image)
    ways = [str(photo), photo, photo.read_bytes(), bytearray(photo.read_bytes()), array, image]
    ages = [crops.estimate(way).age for way in ways]
    assert ages[0] is not None
    assert ages == [ages[0]] * len(ways)
    assert [picture.age for picture in crops.estimate(ways)] == pytest.approx(ages, abs=0.0011)


def test_of_a_picture_that_shows_nothing_it_says_between_which_ages_it_cannot_tell(photo):
    face = agewise.Estimator(threads=2, kernels="standard", ready_crops=True).estimate(photo).faces[0]
    low, high, _ = face.interval
    assert face.age is None and high - low > 48
    assert face.reason == f"cannot tell: {low:.0f} to {high:.0f} years"
    assert face.to_dict()["interval"]["high"] == high and face.to_dict()["reason"] == face.reason


def test_arrays_in_opencvs_order_are_said_to_be(crops, photo):
    array = numpy.asarray(Image.open(photo))
    assert crops.estimate(array[:, :, ::-1].copy(), bgr=True).age == crops.estimate(array).age
    assert crops.estimate(array[:, :, ::-1].copy()).age != crops.estimate(array).age


def test_parts_and_mirrored_arrays_are_taken_as_they_look(crops, photo):
    array = numpy.asarray(Image.open(photo))
    for view in (array[10:130, 20:140], array[::-1], array[:, ::2], array[:, :, 0], array[:, :, :1]):
        assert crops.estimate(view).age == crops.estimate(view.copy()).age


def test_an_image_that_is_stored_on_its_side_stands_upright(crops, photo, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.open(photo).crop((0, 0, 160, 100)).save(tmp_path / "side.png", exif=exif)
    from_path, from_image = crops.estimate([tmp_path / "side.png", Image.open(tmp_path / "side.png")])
    assert (from_path.width, from_path.height) == (from_image.width, from_image.height) == (100, 160)
    assert from_path.age == from_image.age


def test_lists_and_iterators_have_a_list_of_answers_in_order(crops, photo):
    results = crops.estimate(iter([photo, b"no picture", numpy.zeros((9, 9), numpy.uint8)] * 100))
    assert len(results) == 300
    assert [bool(picture.faces) for picture in results] == [True, False, True] * 100
    assert crops.estimate([]) == []


def test_what_cannot_be_read_has_a_reason_and_what_is_missing_raises(estimator, photo):
    picture = estimator.estimate(b"no picture")
    assert not picture.readable and picture.reason and picture.age is None
    assert estimator.estimate(photo).reason == "no face found"
    with pytest.raises(FileNotFoundError, match="nowhere.jpg"):
        estimator.estimate("nowhere.jpg")


def test_arrays_that_are_no_picture_are_refused_by_a_sentence(estimator):
    with pytest.raises(TypeError, match="uint8"):
        estimator.estimate(numpy.zeros((9, 9)))
    with pytest.raises(ValueError, match="1, 3 or 4 channels"):
        estimator.estimate(numpy.zeros((3, 9, 9), numpy.uint8))
    with pytest.raises(ValueError, match="dimensions"):
        estimator.estimate(numpy.zeros((1, 9, 9, 3), numpy.uint8))
    with pytest.raises(TypeError, match="a path, bytes"):
        estimator.estimate(3)
    with pytest.raises(agewise.Error):
        estimator.estimate(numpy.zeros((0, 9), numpy.uint8))


def test_a_model_that_is_missing_or_none_is_told(tmp_path):
    with pytest.raises(FileNotFoundError):
        agewise.Estimator(tmp_path / "m.safetensors")
    (tmp_path / "m.safetensors").write_text("no model")
    with pytest.raises(agewise.Error, match="m.safetensors"):
        agewise.Estimator(tmp_path / "m.safetensors")
    with pytest.raises(agewise.Error, match="cannot be combined with ready crops"):
        agewise.Estimator(ready_crops=True, detect=True)
    with pytest.raises(ValueError):
        agewise.Estimator(kernels="slow")


def test_the_bundled_model_says_what_it_may_be_used_for(estimator):
    assert "research" in json.dumps(estimator.notes)
    assert "agewise_model_compact" in estimator.model
    assert agewise.Model().file == estimator.model
    assert estimator.classes[30][1] == pytest.approx(30, abs=1)


def test_the_permissive_model_is_named_and_comes_along():
    model = agewise.Model("permissive")
    assert "CC BY 4.0" in model.notes["licence"] and "research" not in model.notes["licence"]
    assert agewise.Estimator("permissive", ready_crops=True).model == model.file
    for attempt in (agewise.Model, lambda name: agewise.train("run", "faces.db", start=name)):
        with pytest.raises(FileNotFoundError):
            attempt("permissiv")


def test_without_a_model_it_says_which_package_to_install(tmp_path):
    script = "import sys; sys.modules['agewise_model_compact'] = None; import agewise; agewise.estimate(b'')"
    told = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, stderr=subprocess.PIPE, text=True, check=False).stderr
    assert "agewise.Error: the bundled model compact, which is taken where none is named, is not at its place" in told and "install the package agewise-model-compact" in told


def test_results_print_pickle_and_become_json_and_a_frame(crops, photo):
    result = crops.estimate(str(photo))
    age = f"{result.age:.1f}"
    assert repr(result).startswith("<Picture 160×160: 1 face, " + age)
    assert repr(result.faces[0]).startswith("<Face " + age)
    assert json.loads(json.dumps(result.to_dict()))["faces"][0]["age"] == result.age
    assert pickle.loads(pickle.dumps(result)).faces == result.faces
    frame = agewise.to_frame([result, crops.estimate(b"no picture")])
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame["picture"]) == [str(photo), 1]
    assert frame["age"][0] == result.age and pandas.isna(frame["age"][1])
    assert list(frame.columns)[-1] == "reason"
    asked = agewise.Estimator(threads=2, kernels="standard", ready_crops=True, at_least=18).estimate(str(photo))
    assert asked.faces[0].at_least[0] == 18 and 0 < asked.faces[0].at_least[1] < 1
    assert agewise.to_frame(asked)["at_least_18"][0] == asked.faces[0].at_least[1]


def test_a_notebook_shows_the_picture_with_boxes_and_ages(estimator, crops, photo):
    page = crops.estimate(numpy.asarray(Image.open(photo)))._repr_html_()
    assert 'href="data:image/png;base64,' in page
    with_faces = [picture for picture in estimator.estimate(PICTURES) if picture.faces]
    for picture in with_faces:
        assert picture._repr_html_().count("<rect ") == len(picture.faces)
    assert "<svg" not in crops.estimate(b"<b>")._repr_html_()


def test_many_threads_use_one_estimator_and_python_runs_on(crops, photo):
    array = numpy.asarray(Image.open(photo))
    age, wrong = crops.estimate(array).age, []

    def work():
        for _ in range(20):
            wrong.extend([1] * (crops.estimate(array).age != age))

    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    ticks = 0
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.001)
        ticks += 1
    assert not wrong
    assert ticks > 10


def _age_in_a_child(picture):
    return agewise.estimate(picture).reason


def test_a_forked_process_opens_its_own_model(photo):
    assert agewise.estimate(photo).reason == "no face found"
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply_async(_age_in_a_child, (photo,)).get(timeout=120) == "no face found"


def test_is_imported_within_150_ms_of_processor_time_and_without_numpy():
    def seconds(script):  # what others do on the machine does not count
        process = subprocess.Popen([sys.executable, "-c", script])
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return usage.ru_utime + usage.ru_stime

    script = "import agewise, sys; assert 'numpy' not in sys.modules"
    times = [seconds(script) - seconds("pass") for _ in range(5)]
    print("import agewise:", [f"{1000 * time:.0f} ms" for time in times])
    assert min(times) < 0.150


def test_ctrl_c_ends_a_long_list(photo):
    script = (
        "import agewise, itertools, sys\n"
        f"e = agewise.Estimator(threads=1, kernels='standard')\nprint('ready', flush=True)\n"
        f"e.estimate(itertools.repeat({str(photo)!r}))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(2)
    assert "KeyboardInterrupt" in process.communicate(timeout=120)[1]


def test_types_are_right():
    mypy = shutil.which("mypy", path=os.path.dirname(sys.executable))
    told = subprocess.run([mypy, "--strict", "-p", "agewise"], stdout=subprocess.PIPE, text=True, check=False)
    assert told.returncode == 0, told.stdout
