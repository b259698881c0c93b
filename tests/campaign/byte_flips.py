#!/usr/bin/env python3
"""One bit of a file is flipped, in every kind of file that agewise writes: what reads the file refuses it in a sentence,
or gives what it gives without the flip."""
import os, shutil, signal, subprocess, time
from common import PLAIN, Bench, Table, arguments, contents, rows_of

options = arguments(__doc__)
flips_wanted = options.trials or (600 if options.long else 36)
bench = Bench(options)
made = bench.folder / 'made'
store = made / 'faces.db'
recipe = bench.training(store)
pictures = sorted((bench.folder / 'pictures').rglob('*.jpg'))[:8]
# A teacher says a distribution over classes of a year.
YEARS = ['--set', 'classes.edges=[]', '--set', 'classes.names=[]', '--set', 'classes.years=101', '--set',
         'train.loss=label-distribution']
MORE = ['--resume', '--set', 'train.epochs=3']  # what the unfinished runs lack


def make_unfinished_store(to):
    """What a prepare that was killed leaves: some rows, no end."""
    command = bench.command(*bench.prepare(to))
    wait = 0.05
    while True:
        process = subprocess.Popen(command, env=bench.environment, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        time.sleep(wait)
        process.send_signal(signal.SIGTERM)
        if process.wait() == 130 and to.exists() and any(name == 'faces' and rows for name, rows in rows_of(to)): return
        wait = wait * 0.7 if process.returncode == 0 else wait * 1.3
        for file in to.parent.glob(to.name + '*'): file.unlink()


def make_all():
    if made.exists(): return
    made.mkdir()
    make_unfinished_store(made / 'unfinished.db')
    bench.good(*bench.prepare(store))
    two = ['--set', 'train.epochs=2']
    bench.good('train', made / 'whitened', *recipe, *two)
    plain = [*recipe, *PLAIN, *two]
    bench.good('train', made / 'plain', *plain)
    bench.good('train', made / 'ensemble', *plain, '--ensemble', '2')
    frozen = ['--set', 'train.frozen=["conv1", "bn1"]', '--set', 'train.features=pool1']
    bench.good('train', made / 'features', *plain, *frozen, '--from', made / 'plain')
    bench.good('train', made / 'years', *plain, *YEARS)
    bench.good('train', made / 'distilled', *plain, *YEARS, '--set', 'train.distillation_weight=0.3', '--teacher',
               made / 'years')
    bench.good(*bench.calibrate(made / 'plain', store, made / 'calibrated.safetensors'))
    bench.good('train', made / 'timed', *plain, kernels='best')


def resumed(run, kernels='default'):
    """Of a resumed run: its weights, optimiser and log; of an ensemble the model of all."""
    def outcome(folder):
        ended = bench.run('train', folder / run, *MORE, kernels=kernels)
        files = ['best.safetensors'] if run == 'ensemble' else ['last.safetensors', 'log.jsonl']
        return ended, contents(folder, [f'{run}/{file}' for file in files]) if ended.code == 0 else None
    return outcome


def printed(*words):
    def outcome(folder):
        ended = bench.run(*(folder / word[1:] if str(word).startswith('@') else word for word in words))
        return ended, ended.out
    return outcome


def finished_store(folder):
    ended = bench.run(*bench.prepare(folder / 'unfinished.db'))
    return ended, contents(folder, ['unfinished.db']) if ended.code == 0 else None


def trained(folder):
    ended = bench.run('train', folder / 'new', *bench.training(folder / 'faces.db'), '--set', 'train.epochs=1')
    return ended, contents(folder, ['new/last.safetensors']) if ended.code == 0 else None


evaluated = printed('evaluate', '@whitened', '--data', store, '--json')
kinds = [  # file, what lies beside it, what reads it
    ('faces.db', [], trained),
    ('faces.db', ['plain'], printed('evaluate', '@plain', '--data', '@faces.db', '--json')),
    ('faces.db', [], printed('info', '@faces.db', '--json')),
    ('unfinished.db', [], finished_store),
    ('calibrated.safetensors', [], printed('predict', '--json', '--distribution', '--model', '@calibrated.safetensors', *pictures)),
    ('ensemble/best.safetensors', ['ensemble'], printed('predict', '--json', '--model', '@ensemble', *pictures)),
    ('ensemble/multirun.json', ['ensemble'], resumed('ensemble')),
    ('whitened/best.safetensors', ['whitened'], evaluated),
    ('whitened/whiten.safetensors', ['whitened'], evaluated),
    ('plain/log.jsonl', ['plain'], printed('info', '@plain', '--json')),
    *((f'whitened/{name}', ['whitened'], resumed('whitened')) for name in
      ['last.safetensors', 'whiten.safetensors', 'whiten.key', 'faces.f32', 'faces.key', 'recipe.toml', 'run.json',
       'log.jsonl']),
    ('timed/kernels.json', ['timed'], resumed('timed', kernels='best')),
    *((f'features/{name}', ['features'], resumed('features')) for name in
      ['features-0.f32', 'features-1.f32', 'features-1.key']),
    *((f'distilled/{name}', ['distilled'], resumed('distilled')) for name in ['soft-targets.f32', 'soft-targets.key']),
]

make_all()
table = Table('flipped bits', ['flips', 'refused', 'same result', 'OTHER RESULT', 'no sentence'])


def copied(beside, file):
    folder = bench.fresh('flipped')
    for name in {*beside, file.split('/')[0]}:
        source = made / name
        shutil.copytree(source, folder / name) if source.is_dir() else shutil.copy(source, folder / name)
    return folder


def flip(file):
    """One in three in the first 4 KiB, where headers are."""
    size = file.stat().st_size
    place = bench.random.randrange(min(size, 4096) if bench.random.random() < 1 / 3 else size)
    bit = bench.random.randrange(8)
    with open(file, 'r+b') as data:
        data.seek(place)
        byte = data.read(1)[0]
        data.seek(place)
        data.write(bytes([byte ^ 1 << bit]))
    return f'bit {bit} of byte {place} of {size}'


wanted = []
for file, beside, outcome in kinds:
    ended, result = outcome(copied(beside, file))
    if ended.code != 0: raise SystemExit(f'{file}: exit code {ended.code} without a flip: {ended.error}')
    wanted.append(result)

for trial in range(flips_wanted):
    number = trial % len(kinds)
    file, beside, outcome = kinds[number]
    folder = copied(beside, file)
    where = flip(folder / file)
    table.count(file, 'flips')
    try:
        ended, result = outcome(folder)
    except Exception as problem:  # hangs, or leaves what is no JSON
        table.count(file, 'no sentence')
        table.fail(f'{file}: {where}: {problem!r}'[:400])
        continue
    if ended.code == 0 and result == wanted[number]: table.count(file, 'same result')
    elif ended.code == 0:
        table.count(file, 'OTHER RESULT')
        shutil.copy(folder / file, bench.folder / f'other-{trial}-{os.path.basename(file)}')
        table.fail(f'{file}: {where}: accepted with another result')
    elif ended.is_refusal(): table.count(file, 'refused')
    else:
        table.count(file, 'no sentence')
        table.fail(f'{file}: {where}: exit code {ended.code}, {ended.error[-300:]!r}')
table.end()
