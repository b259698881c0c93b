#!/usr/bin/env python3
"""What two builds of the program made of the same things, compared bit for bit; `compare_builds.sh` calls it.
compare_builds.py OLD_FOLDER NEW_FOLDER   prints a line a file, and exits with 1 if any differs.

Stores are compared row by row in the columns that both have, safetensors array by array and their headers apart, JSON
key by key without the times and paths in it; a key, column or table that only the new build has is told but is no
difference. All other files are compared byte by byte."""
import json, sqlite3, sys
from pathlib import Path

# Differ from run to run of one and the same program.
VOLATILE = {'seconds', 'images_per_second', 'wait_seconds', 'seconds_left', 'store'}
# By what a run tells its store and its derived files apart: each version of that rule (store/content.h) writes its own.
VOLATILE |= {'store_content'}
VOLATILE |= {'checksum'}  # of texts that hold such values
SKIPPED = {'report.html', 'kernels.json', 'accuracy.png', 'loss.png'}  # times, and axes made of them

def json_differences(old, new, place=''):
    if isinstance(old, dict) and isinstance(new, dict):
        found = []
        for key in old:
            if key in VOLATILE: continue
            if key not in new: found.append(f'{place}.{key} is gone')
            else: found += json_differences(old[key], new[key], f'{place}.{key}')
        return found
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new): return [f'{place}: {len(old)} elements, now {len(new)}']
        return [d for i, (a, b) in enumerate(zip(old, new)) for d in json_differences(a, b, f'{place}[{i}]')]
    return [] if old == new and type(old) is type(new) else [f'{place}: {old!r}, now {new!r}'[:300]]

def json_additions(old, new, place=''):
    if isinstance(old, dict) and isinstance(new, dict):
        return [f'{place}.{key}' for key in new if key not in old] + \
               [d for key in old if key in new for d in json_additions(old[key], new[key], f'{place}.{key}')]
    if isinstance(old, list) and isinstance(new, list):
        return [d for a, b in zip(old, new) for d in json_additions(a, b, f'{place}[]')]
    return []

def parsed(text):
    """A text within JSON that is JSON itself, as safetensors' metadata are."""
    try: value = json.loads(text)
    except ValueError: return text
    return {key: parsed(v) if isinstance(v, str) else v for key, v in value.items()} if isinstance(value, dict) else value

def compare_json(old, new):
    found = json_differences(old, new)
    return found, sorted(set(json_additions(old, new)))

def read_safetensors(file):
    data = file.read_bytes()
    size = int.from_bytes(data[:8], 'little')
    header = json.loads(data[8:8 + size])
    metadata = {key: parsed(value) for key, value in header.pop('__metadata__', {}).items()}
    body = data[8 + size:]
    return metadata, {name: (t['dtype'], t['shape'], body[slice(*t['data_offsets'])]) for name, t in header.items()}

def compare_safetensors(old, new):
    (old_header, old_arrays), (new_header, new_arrays) = read_safetensors(old), read_safetensors(new)
    found = [f'array {name} is gone' for name in old_arrays if name not in new_arrays]
    added = [f'array {name}' for name in new_arrays if name not in old_arrays]
    for name, array in old_arrays.items():
        if name not in new_arrays or array == new_arrays[name]: continue
        other = new_arrays[name]
        if array[:2] != other[:2]: found.append(f'array {name}: {array[:2]}, now {other[:2]}')
        else: found.append(f'array {name}: {sum(a != b for a, b in zip(array[2], other[2]))} of {len(array[2])} bytes')
    return (found, added), compare_json(old_header, new_header)

def compare_stores(old, new):
    found, added = [], []
    with sqlite3.connect(f'file:{old}?mode=ro', uri=True) as a, sqlite3.connect(f'file:{new}?mode=ro', uri=True) as b:
        def tables(db): return {n: [c[1] for c in db.execute(f'PRAGMA table_info("{n}")')]
                                for (n,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        olds, news = tables(a), tables(b)
        added += [f'table {name}' for name in news if name not in olds]
        for name, columns in olds.items():
            if name not in news: found.append(f'table {name} is gone'); continue
            found += [f'{name}.{c} is gone' for c in columns if c not in news[name]]
            added += [f'{name}.{c}' for c in news[name] if c not in columns]
            common = ', '.join(f'"{c}"' for c in columns if c in news[name])
            query = f'SELECT {common} FROM "{name}" ORDER BY 1'
            rows, others = a.execute(query).fetchall(), b.execute(query).fetchall()
            if len(rows) != len(others): found.append(f'{name}: {len(rows)} rows, now {len(others)}')
            differing = [(r, o) for r, o in zip(rows, others) if r != o]
            if differing:
                row, other = differing[0]
                what = next((f'{x!r}, now {y!r}'[:200] for x, y in zip(row, other) if x != y), '')
                found.append(f'{name}: {len(differing)} rows, the first {row[0]!r}: {what}')
    return found, added

def compare_bytes(old, new):
    a, b = old.read_bytes(), new.read_bytes()
    if a == b: return [], []
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return [f'{len(a)} and {len(b)} bytes, from byte {at} on'], []

different = 0
def tell(name, result):
    global different
    found, added = result
    note = f' (new: {", ".join(added[:5])}{" …" if len(added) > 5 else ""})' if added else ''
    if found: different += 1
    print(f'{name}: DIFFERENT: {"; ".join(found[:4])}{" …" if len(found) > 4 else ""}{note}' if found else f'{name}: same{note}')

def lines(file):
    return [json.loads(line) for line in file.read_text().splitlines()]

def compare(name, old, new):
    kind = old.suffix
    try:
        if kind == '.db': tell(name, compare_stores(old, new))
        elif kind == '.safetensors':
            arrays, header = compare_safetensors(old, new)
            tell(name, arrays)
            tell(name + ', header', header)
        elif kind == '.json': tell(name, compare_json(json.loads(old.read_text()), json.loads(new.read_text())))
        elif kind == '.jsonl': tell(name, compare_json(lines(old), lines(new)))
        else: tell(name, compare_bytes(old, new))
    except (ValueError, sqlite3.Error) as problem:
        tell(name, ([f'cannot be read: {problem}'], []))

def files(folder):
    return {str(f.relative_to(folder)) for f in folder.rglob('*')
            if f.is_file() and f.name not in SKIPPED and f.suffix not in ('.db-wal', '.db-shm', '.key')}

old, new = Path(sys.argv[1]), Path(sys.argv[2])
olds, news = files(old), files(new)
for name in sorted(olds | news):
    if name not in news: tell(name, (['only the old build makes it'], []))
    elif name not in olds: tell(name, ([], ['the whole file']))
    else: compare(name, old / name, new / name)
print(f'{different} of {len(olds | news)} files differ' if different else f'all {len(olds | news)} files are the same')
sys.exit(different > 0)
