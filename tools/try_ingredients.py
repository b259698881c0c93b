#!/usr/bin/env python3
"""What each ingredient of the bundled model's training gives, for docs/model-card.md: networks that differ by one ingredient
each, trained for eight short epochs, on half of the `train` pictures. A tenth of the groups of UTKFace's `train` part stands
for new people; its `val` is not looked at.
try_ingredients.py AGEWISE FOLDER --utkface CSV TAR --fairface CSV TAR --portraits CSV TAR --start ONNX    (Pillow, numpy)
Prints a row of Markdown for each network. FOLDER keeps labels, stores and runs: started again, it goes on where it was stopped.
About an hour on two idle cores."""
import argparse
import csv
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

FOLDS = 10
TRAIN = 'train.epochs=8', 'train.monitor=last', 'train.patience=0'
NO_SCANS, BALANCED, DISTILLED = 'augment.scan=0', 'train.age_weights=[0.2,1]', 'train.distillation_weight=0.5'


class Network(NamedTuple):
    run: str
    says: str
    settings: tuple = ()
    data: tuple = ('utkface', 'fairface')
    detector: str = 'yunet'
    pixels: int = 64
    teacher: str = ''


NETWORKS = [  # each but the seeds and the first of FairFace's adds to the one before it
    Network('seed-1', "UTKFace, cut by dlib's detector", (NO_SCANS,), ('utkface',), 'hog'),
    Network('seed-2', 'the same, another seed', (NO_SCANS, 'train.seed=2'), ('utkface',), 'hog'),
    Network('seed-3', 'the same, another seed', (NO_SCANS, 'train.seed=3'), ('utkface',), 'hog'),
    Network('cut', 'UTKFace, cut by the bundled detector', (NO_SCANS,), ('utkface',)),
    Network('middles', 'and FairFace, the middle of a range for an age', (NO_SCANS,), ('utkface', 'middles')),
    Network('ranges', 'and FairFace, its ranges as they are', (NO_SCANS,)),
    Network('balanced', "and FairFace's ages weighing alike", (NO_SCANS, BALANCED)),
    Network('scans', 'and imitated scans', (BALANCED,)),
    Network('distilled', 'and the network before as teacher', (BALANCED, DISTILLED), teacher='scans'),
    Network('large', 'and 128×128 pixels instead of 64×64', (BALANCED, DISTILLED), pixels=128, teacher='scans'),
]


def share_of(text, parts):
    return int(hashlib.md5(text.encode()).hexdigest(), 16) % parts


def rows_of(file):
    with open(file, newline='') as table:
        return list(csv.DictReader(table))


def write_rows(file, rows):
    with open(file, 'w', newline='') as out:
        table = csv.DictWriter(out, rows[0].keys())
        table.writeheader()
        table.writerows(rows)


def write_labels(folder, utkface, fairface):
    """fold.csv: half of UTKFace's `train` part and, as `val`, another tenth, alone in tested.csv; fairface.csv: half of FairFace's
    `train` part and its own `val`; middles.csv: the same by one age each."""
    people = [row for row in rows_of(utkface) if row['split'] == 'train']
    tested = [{**row, 'split': 'val'} for row in people if share_of(row['group'], FOLDS) == 0]
    write_rows(folder / 'tested.csv', tested)
    write_rows(folder / 'fold.csv', [row for row in people if share_of(row['group'], FOLDS) % 2] + tested)
    some = [row for row in rows_of(fairface) if row['split'] == 'val' or share_of(row['file'], 2)]
    write_rows(folder / 'fairface.csv', some)
    write_rows(folder / 'middles.csv', [{'file': row['file'], 'age': (int(row['age_low']) + int(row['age_high']) + 1) / 2,
                                         'split': row['split']} for row in some])


def cells(figures):
    """Of the figures that `evaluate --json` prints for the fold, FairFace's tenth, the portraits and the fold's imitated scans."""
    def group(groups, name):
        return next(each for each in groups if each['name'] == name)

    fold, fairface, portraits, scans = figures
    teenagers, ranges = group(fold['decades'], '10–19')['model'], fairface['ranges']
    return [f"{fold['all']['model']['mae']:.2f}", f"{teenagers['mean_error']:+.1f}", f"{100 * ranges['within_2_years']:.0f} %",
            f"{group(ranges['groups'], '10–19')['mean_distance']:+.1f}", f"{100 * group(ranges['groups'], '20–29')['inside']:.0f} %",
            f"{portraits['ranges']['distance']:.2f}", f"{group(scans['sources'], 'dust')['model']['mae']:.2f}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('program')
    parser.add_argument('folder', type=Path)
    for each in ('utkface', 'fairface', 'portraits'):
        parser.add_argument('--' + each, nargs=2, metavar=('CSV', 'TAR'), required=True)
    parser.add_argument('--start', required=True, metavar='ONNX', help='dlib_age_v1.onnx')
    given = parser.parse_args()
    folder = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    write_labels(folder, given.utkface[0], given.fairface[0])
    scans = folder / 'scans.tar', folder / 'scans.csv'
    if not scans[1].exists():
        subprocess.run([sys.executable, Path(__file__).with_name('make_old_scans.py'), folder / 'tested.csv', given.utkface[1], *scans],
                       check=True)
    pictures = {'utkface': (folder / 'fold.csv', given.utkface[1]), 'fairface': (folder / 'fairface.csv', given.fairface[1]),
                'middles': (folder / 'middles.csv', given.fairface[1]), 'portraits': given.portraits, 'scans': scans[::-1]}

    def agewise(*words):
        print('agewise', *words, file=sys.stderr)
        return subprocess.run([given.program, *map(str, words)], check=True, stdout=subprocess.PIPE, text=True).stdout

    def prepared(name, detector):
        labels, pictures_of = pictures[name]
        store = folder / f'{name}-{detector}.db'
        agewise('prepare', store, '--labels', labels, '--pictures', pictures_of, '--recipe', 'compact',
                *options([f'face.detector={detector}']))
        return store

    start, faces = folder / 'start.safetensors', folder / 'start.db'
    if not start.exists():  # as `make model` imports it
        agewise('prepare', faces, '--labels', folder / 'fold.csv', '--pictures', given.utkface[1], '--recipe', 'compact',
                '--limit', 2500, '--sample', 1,
                *options(['face.size=64', 'face.margin=0.05', 'network.size=0', 'network.center_crop=0']))
        agewise('import', given.start, '--statistics', faces, '-o', start)

    print('| trained on | fold: MAE | 10–19: bias | FairFace: within 2 years | its 10–19: bias | its 20–29: inside '
          '| portraits: years off | fold, strong grain: MAE |\n|---|---|---|---|---|---|---|---|')
    for network in NETWORKS:
        run = folder / network.run
        data = [word for name in network.data for word in ('--data', prepared(name, network.detector))]
        teacher = ['--teacher', folder / network.teacher] if network.teacher else []
        agewise('train', run, *data, '--recipe', 'compact', '--from', start, *teacher,
                *options([f'face.detector={network.detector}', f'network.size={network.pixels}', *TRAIN, *network.settings]))
        figures = [json.loads(agewise('evaluate', run, '--data', prepared(name, network.detector), '--json'))
                   for name in ('utkface', 'fairface', 'portraits', 'scans')]
        print(f"| {network.says} | {' | '.join(cells(figures))} |", flush=True)


def options(settings):
    return [word for setting in settings for word in ('--set', setting)]


if __name__ == '__main__':
    main()
