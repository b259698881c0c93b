#!/usr/bin/env python3
"""One system call after the other fails, once or from then on: the command says so in a sentence, damages no file, and
the same command run again makes what it makes when nothing fails."""
import errno, sys
from common import Bench, Table, arguments, contents, difference

options = arguments(__doc__)
if not options.shim: sys.exit('--shim libfailing_calls.so is needed')
bench = Bench(options)
store, run = bench.trained()
recipe = bench.training(store)

FAILURES = {'open': [errno.EMFILE, errno.EACCES], 'read': [errno.EIO], 'write': [errno.ENOSPC, errno.EIO],
            'sync': [errno.EIO], 'rename': [errno.ENOSPC], 'reserve': [errno.ENOSPC], 'map': [errno.ENOMEM],
            'unlink': [errno.EACCES], 'mkdir': [errno.ENOSPC]}
RUN = ['recipe.toml', 'log.jsonl', 'last.safetensors', 'best.safetensors', 'whiten.safetensors', 'faces.f32']
# By name: the command, and what is compared.
scenarios = {
    'prepare': (lambda made: bench.prepare(made / 'made.db'), ['made.db']),
    'train, whitened': (lambda made: ['train', made / 'made', *recipe], [f'made/{name}' for name in RUN]),
    'calibrate': (lambda made: bench.calibrate(run, store, made / 'made.safetensors'), ['made.safetensors']),
    'evaluate': (lambda made: ['evaluate', run, '--data', store, '--json'], []),
}


def shimmed(**values):
    environment = dict(bench.environment, LD_PRELOAD=options.shim, AGEWISE_FAIL_UNDER=str(bench.folder) + '/')
    environment.update({f'AGEWISE_FAIL_{name}': str(value) for name, value in values.items()})
    return environment


table = Table('failing system calls', ['failures', 'refused', 'borne', 'WRONG'])


def one_trial(name, wanted, call, at, number, lasting):
    command, files = scenarios[name]
    folder = bench.fresh('failing')
    extra = {'LASTING': 1} if lasting else {}
    outcome = bench.run(*command(folder), environment=shimmed(CALL=call, AT=at, ERRNO=number, **extra))
    table.count(name, 'failures')
    if outcome.code != 0 and not outcome.is_refusal():
        return f'exit code {outcome.code}, {outcome.error[-300:]!r}'
    table.count(name, 'refused' if outcome.code else 'borne')
    if outcome.code == 0 and (difference(contents(folder, files), wanted[0]) or (not files and outcome.out != wanted[1])):
        return 'exit code 0 with another result'
    checked = bench.run('verify', folder)
    if checked.code != 0: return f'left a damaged file:\n{checked.out}{checked.error}'
    again = bench.run(*command(folder))
    if again.code != 0: return f'run again: exit code {again.code}, {again.sentence()}'
    other = difference(contents(folder, files), wanted[0])
    if other or (not files and again.out != wanted[1]): return f'run again: other content {other}'
    return ''


for name, (command, files) in scenarios.items():
    folder = bench.fresh('whole')
    counts_file = bench.folder / 'counts'
    out = bench.run(*command(folder), environment=shimmed(COUNTS=counts_file))
    if out.code != 0: sys.exit(f'{name}: {out.error}')
    wanted = contents(folder, files), out.out
    counts = {call: int(count) for call, count in (line.split() for line in counts_file.read_text().splitlines())}
    trials = [(call, at, number, lasting) for call, count in counts.items() for at in range(1, count + 1)
              for number in FAILURES[call] for lasting in (False, True)]
    # Of calls that come a hundred times, such as reads, every one is much the same: some of each family.
    most = options.trials or (40 if options.long else 2)
    chosen = []
    for call in counts:
        of_call = [trial for trial in trials if trial[0] == call]
        chosen += bench.random.sample(of_call, min(most, len(of_call)))
    for call, at, number, lasting in chosen:
        problem = one_trial(name, wanted, call, at, number, lasting)
        if problem:
            table.count(name, 'WRONG')
            table.fail(f'{name}: {call} number {at} of {counts[call]}, {errno.errorcode[number]}'
                       f'{", and all after it" if lasting else ""}: {problem}')
table.end()
