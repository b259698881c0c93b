"""What the programs of the campaign share: a small collection, commands, and what is compared of what they made."""
import argparse, csv, json, os, random, shutil, sqlite3, subprocess, sys, tarfile, tempfile, time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LIMIT = 300  # seconds that a command may take, on a busy machine
# Of a log's lines and other JSON: differs from run to run, and so does the checksum of a text that holds it.
VOLATILE = {'seconds', 'images_per_second', 'wait_seconds', 'seconds_left', 'checksum'}
PLAIN = ['--set', 'whiten.method=none', '--set', 'network.scale=0.0078125']  # no whitening


def arguments(what):
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument('--program', default=str(HERE.parents[1] / 'build/release/agewise'), help='agewise')
    parser.add_argument('--shim', help='libfailing_calls.so, which the build of the tests makes')
    parser.add_argument('--long', action='store_true', help='as docs/reliability.md has it; else what fits a CI')
    parser.add_argument('--trials', type=int, help='instead of the number of --long or the short form')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--work', help='a folder to keep everything in; a temporary one by default')
    return parser.parse_args()


class Outcome:
    def __init__(self, code, out, error):
        self.code, self.out, self.error = code, out, error

    def sentence(self):
        """The line by which agewise says why it failed, or nothing."""
        lines = [line for line in self.error.replace('\r', '\n').split('\n') if 'agewise: ' in line]
        return lines[-1][lines[-1].index('agewise: '):] if lines else ''

    def is_refusal(self):
        return self.code in (1, 2) and len(self.sentence()) > len('agewise: x')


class Bench:
    """A folder with a drawn collection: labels.csv, pictures/, recipe.toml."""

    def __init__(self, options):
        self.program = str(Path(options.program).resolve())
        self.random = random.Random(options.seed)
        self.temporary = None if options.work else tempfile.TemporaryDirectory(prefix='agewise-campaign-')
        self.folder = Path(options.work or self.temporary.name).resolve()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.environment = dict(os.environ, XDG_CACHE_HOME=str(self.folder / 'cache'), OMP_WAIT_POLICY='passive')
        self.draw()

    def draw(self):
        if (self.folder / 'pictures').exists(): return
        self.good('demo', self.folder / 'drawn', '--people', '100', '--epochs', '1')
        self.good('info', self.folder / 'drawn/wiki.mat', '--list', self.folder / 'kept.csv')
        with open(self.folder / 'kept.csv', newline='') as kept, open(self.folder / 'labels.csv', 'w', newline='') as out:
            rows = list(csv.DictReader(kept))
            writer = csv.DictWriter(out, rows[0].keys())
            writer.writeheader()
            for number, row in enumerate(rows):  # calibrate and resuming need a val part
                writer.writerow(dict(row, split=('val' if number % 4 == 0 else 'test' if number % 4 == 1 else 'train')))
        shutil.copy(HERE / 'recipe.toml', self.folder / 'recipe.toml')
        with tarfile.open(self.folder / 'drawn/wiki_crop.tar') as tar:
            tar.extractall(self.folder / 'new-pictures')
        shutil.rmtree(self.folder / 'drawn')
        (self.folder / 'new-pictures').rename(self.folder / 'pictures')

    def command(self, *words, kernels='default'):
        return [self.program, '--threads', '2', '--kernels', kernels, *map(str, words)]

    def run(self, *words, environment=None, kernels='default'):
        done = subprocess.run(self.command(*words, kernels=kernels), capture_output=True, text=True, errors='replace', timeout=LIMIT,
                              env=environment or self.environment, stdin=subprocess.DEVNULL)
        return Outcome(done.returncode, done.stdout, done.stderr)

    def good(self, *words, kernels='default'):
        outcome = self.run(*words, kernels=kernels)
        if outcome.code != 0: sys.exit(f'agewise {" ".join(map(str, words))}: exit code {outcome.code}\n{outcome.error}')
        return outcome

    def fresh(self, name):
        """A new empty folder."""
        folder = self.folder / name
        if folder.exists(): shutil.rmtree(folder)
        folder.mkdir()
        return folder

    def prepare(self, store):
        return ['prepare', store, '--labels', self.folder / 'labels.csv', '--pictures', self.folder / 'pictures',
                '--recipe', self.folder / 'recipe.toml']

    def training(self, store):
        """What `train` is told beside the run."""
        return ['--data', store, '--recipe', self.folder / 'recipe.toml']

    def calibrate(self, run, store, to):
        return ['calibrate', run, '--data', store, '--coverage', '0.6', '--force', '-o', to]

    def trained(self):
        """A store of the collection and a run on it, made where they are not there yet."""
        store, run = self.folder / 'faces.db', self.folder / 'run'
        if not store.exists(): self.good(*self.prepare(store))
        if not run.exists(): self.good('train', run, *self.training(store))
        return store, run


def rows_of(store):
    """All rows of all tables. An empty list: not finished."""
    with sqlite3.connect(f'file:{store}?mode=ro', uri=True) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY 1")]
        return [(table, database.execute(f'SELECT * FROM "{table}" ORDER BY 1').fetchall()) for table in tables]


def without_times(value):
    if isinstance(value, dict): return {k: without_times(v) for k, v in value.items() if k not in VOLATILE}
    return [without_times(v) for v in value] if isinstance(value, list) else value


def content_of(file):
    """What must be the same bit by bit."""
    if file.suffix == '.db': return rows_of(file)
    if file.suffix == '.jsonl': return [without_times(json.loads(line)) for line in file.read_text().splitlines()]
    if file.suffix == '.json': return without_times(json.loads(file.read_text()))
    return file.read_bytes()


def contents(folder, names):
    return {name: content_of(folder / name) if (folder / name).exists() else None for name in names}


def difference(found, wanted):
    return [name for name in wanted if found.get(name) != wanted[name]]


class Table:
    """Counts a part of the campaign, and what went wrong."""

    def __init__(self, title, columns):
        self.title, self.columns, self.rows, self.wrong, self.begin = title, columns, {}, [], time.monotonic()

    def count(self, row, column):
        self.rows.setdefault(row, dict.fromkeys(self.columns, 0))[column] += 1

    def fail(self, what):
        self.wrong.append(what)
        print(f'WRONG: {what}', flush=True)

    def end(self):
        width = max(len(row) for row in [*self.rows, 'all'])
        print(f'{self.title}, {time.monotonic() - self.begin:.0f} s')
        print(' ' * width + ''.join(f'{column:>{len(column) + 3}}' for column in self.columns))
        total = {c: sum(row[c] for row in self.rows.values()) for c in self.columns}
        for name, row in [*self.rows.items(), ('all', total)]:
            print(f'{name:{width}}' + ''.join(f'{row[c]:{len(c) + 3}}' for c in self.columns))
        sys.exit(1 if self.wrong else 0)
