#!/usr/bin/env python3
"""kill -9 at random moments, then the same command again: what it makes in the end is, bit by bit, what it makes when
nobody kills it, and at no moment is a file damaged."""
import subprocess, time
from common import PLAIN, Bench, Table, arguments, contents, difference

options = arguments(__doc__)
kills_wanted = options.trials or (200 if options.long else 12)
bench = Bench(options)
store, run = bench.trained()
recipe = bench.training(store)

RUN = ['recipe.toml', 'run.json', 'log.jsonl', 'last.safetensors', 'best.safetensors']
members = [f'made/member-0{i}/{name}' for i in (1, 2) for name in RUN]
# By name: the command, and what is compared.
scenarios = {
    'prepare': (lambda made: bench.prepare(made / 'made.db'), ['made.db']),
    'train, whitened': (lambda made: ['train', made / 'made', *recipe],
                        [f'made/{name}' for name in [*RUN, 'whiten.safetensors', 'faces.f32']]),
    'ensemble': (lambda made: ['train', made / 'made', *recipe, *PLAIN, '--set', 'train.epochs=2', '--ensemble', '2'],
                 ['made/multirun.json', 'made/best.safetensors', *members]),
    'calibrate': (lambda made: bench.calibrate(run, store, made / 'made.safetensors'), ['made.safetensors']),
}

wanted, seconds = {}, {}
for name, (command, files) in scenarios.items():
    folder = bench.fresh('whole')
    begin = time.monotonic()
    bench.good(*command(folder))
    wanted[name], seconds[name] = contents(folder, files), time.monotonic() - begin
    missing = [file for file, content in wanted[name].items() if content is None]
    if missing: raise SystemExit(f'{name}: made no {missing}')

table = Table('kill -9 at random moments', ['kills', 'same result', 'WRONG'])


def one_trial(name):
    """Kills the command up to three times, has it end, and compares."""
    command, files = scenarios[name]
    folder, kills = bench.fresh('killed'), 0
    for _ in range(bench.random.randint(1, 3)):
        process = subprocess.Popen(bench.command(*command(folder)), env=bench.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begin = time.monotonic()
        try:
            process.wait(bench.random.uniform(0, seconds[name]))
        except subprocess.TimeoutExpired:
            process.kill()
        if process.wait() == -9: kills += 1
        else: seconds[name] = 0.7 * seconds[name] + 0.3 * (time.monotonic() - begin)  # others want the machine less
        checked = bench.run('verify', folder)
        if checked.code != 0: return kills, f'a kill left a damaged file:\n{checked.out}{checked.error}'
    ended = bench.run(*command(folder))
    if ended.code != 0: return kills, f'exit code {ended.code}: {ended.sentence()}'
    other = difference(contents(folder, files), wanted[name])
    return kills, f'other content: {other}' if other else ''


kills = 0
while kills < kills_wanted:
    for name in scenarios:
        hit, problem = one_trial(name)
        kills += hit
        for _ in range(hit): table.count(name, 'kills')
        table.count(name, 'WRONG' if problem else 'same result')
        if problem: table.fail(f'{name}: {problem}')
table.end()
