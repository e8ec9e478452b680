"""Tries mutants: pytest has collected the tests once; each mutant is put in place in a fork of that process, where the
tests that reach its line are run until one fails. POSIX only."""
import contextlib
import gc
import hashlib
import json
import os
import resource
import sys
import time
import types
from pathlib import Path

import coverage
import pytest
from _pytest.runner import runtestprotocol

from tests.mutation import mutants
from tests.mutation.equivalent import EQUIVALENT

PROJECT = Path(__file__).resolve().parents[2]
POLICY = PROJECT / "shared" / "policy"
MEASURED = Path(__file__).with_name("measured.json")
MEMORY = 2 << 30  # bytes that a mutant may take: some never stop making a list
KILLED, SURVIVED, ALIKE = "killed", "survived", "equivalent"


class Runner:
    """A plugin of pytest. `only` are the modules to change; `seconds` is what the tests of one mutant may take, as
    measured without a mutant: the quickest first. `again`: only these (module, text, change)."""

    def __init__(self, only, seconds, again=None):
        self.only, self.seconds, self.again = only, seconds, again
        self.found = []  # (Mutant, what became of it)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session):
        out, began = os.fdopen(os.dup(1), "w", buffering=1), time.time()
        reached, took = measured(session.items)
        print(f"{len(took)} tests, {sum(took.values()):.0f} s of processor time; measured in {time.time() - began:.0f}",
              file=out)
        gc.collect()
        gc.freeze()
        for module in self.only:
            path = POLICY / f"{module}.py"
            began = time.time()
            for mutant in mutants.of(module, path.read_text(encoding="utf-8"), str(path)):
                key = mutant[0], mutant[2], mutant[3]
                if self.again is not None and key not in self.again:
                    continue
                killed = self.tried(mutant, self.chosen(session.items, module, mutant, reached, took), took)
                self.found.append((mutant, KILLED if killed else ALIKE if key in EQUIVALENT else SURVIVED))
                if self.found[-1][1] == SURVIVED:
                    print(f"{module}:{mutant.line}: {mutant.text}\n    {mutant.change}", file=out)
            mine = [what for mutant, what in self.found if mutant.module == module]
            told = ", ".join(f"{mine.count(what)} {what}" for what in (KILLED, SURVIVED, ALIKE))
            print(f"{module}: {len(mine)} mutants, {told}, {time.time() - began:.0f} s", file=out)
        return True

    def chosen(self, items, module, mutant, reached, took):
        """The tests that reach the line; for what is no line of a function its own tests and those that reach the
        module. Its own tests first, the quickest first."""
        lines = reached.get(module, {})
        own = f"tests/policy/test_{module}.py"
        names = lines.get(mutant.line) or {i.nodeid for i in items if i.nodeid.startswith(own)}.union(*lines.values())
        mine = sorted((i for i in items if i.nodeid in names),
                      key=lambda i: (took[i.nodeid] > 0.5, not i.nodeid.startswith(own), took[i.nodeid]))
        total, found = 0.0, []
        for item in mine:
            total += took[item.nodeid]
            if found and total > self.seconds:
                break
            found.append(item)
        return found

    def tried(self, mutant, items, took):
        """Whether a test fails, or does not end."""
        pid = os.fork()
        if pid:
            return os.waitpid(pid, 0)[1] != 0
        status = 1
        with contextlib.suppress(BaseException):
            null = os.open(os.devnull, os.O_RDWR)
            for fd in (0, 1, 2):
                os.dup2(null, fd)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            put_in_place(mutant)
            for item, after in zip(items, [*items, None][1:], strict=True):
                most = int(time.process_time() + 3 + 5 * took[item.nodeid])
                resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))
                if _fails(item, after):
                    os._exit(1)
            status = 0
        os._exit(status)


def measured(items):
    """Which tests reach which line of which module, and the seconds that each takes: as measured before, where neither
    the policy nor the test's file has changed since."""
    known = json.loads(MEASURED.read_text(encoding="utf-8")) if MEASURED.exists() else {}
    policy = _digest(*sorted(POLICY.glob("*.py")), PROJECT / "tests" / "policy" / "words_of_tests.py")
    files = {item.path: f"{policy} {_digest(item.path)}" for item in items}
    new = [item for item in items if known.get(item.path.name, {}).get("made from") != files[item.path]]
    cover = coverage.Coverage(data_file=None, include=[f"{POLICY}/*"])
    cover.start()
    for item, after in zip(new, [*new, None][1:], strict=True):
        cover.switch_context(item.nodeid)
        began = time.process_time()
        if _fails(item, after):
            sys.exit(f"{item.nodeid} fails as it is")
        of_file = known.setdefault(item.path.name, {})
        if of_file.get("made from") != files[item.path]:
            of_file.clear()
            of_file.update({"made from": files[item.path], "took": {}, "reached": {}})
        of_file["took"][item.nodeid] = time.process_time() - began
    cover.stop()
    for name in cover.get_data().measured_files():
        for line, tests in cover.get_data().contexts_by_lineno(name).items():
            for test in set(tests) - {""}:
                file = known[test.partition("::")[0].rpartition("/")[2]]
                file["reached"].setdefault(Path(name).stem, {}).setdefault(str(line), []).append(test)
    MEASURED.write_text(json.dumps(known), encoding="utf-8")
    reached = {}
    for one in known.values():
        for module, lines in one["reached"].items():
            for line, tests in lines.items():
                reached.setdefault(module, {}).setdefault(int(line), set()).update(tests)
    return reached, {test: seconds for one in known.values() for test, seconds in one["took"].items()}


def _digest(*paths):
    return hashlib.sha256(b"".join(path.read_bytes() for path in paths)).hexdigest()


def _fails(item, after):
    return any(report.failed for report in runtestprotocol(item, log=False, nextitem=after))


def put_in_place(mutant):
    """Change the module as it is loaded: the functions that others have imported are given the mutant's code."""
    module = sys.modules[f"shared.policy.{mutant.module}"]
    fresh = dict(vars(module))
    exec(mutant.code, fresh)
    for name in mutant.within:
        old, new = vars(module)[name], fresh[name]
        if not _graft(old, new) and old != new:
            for other in list(sys.modules.values()):
                if getattr(other, "__name__", "").startswith(("shared.", "tests.")) and vars(other).get(name) is old:
                    setattr(other, name, new)


def _graft(old, new):
    """Whether it was something that can be changed where it is: a function, or a class."""
    old, new = getattr(old, "__wrapped__", old), getattr(new, "__wrapped__", new)
    if isinstance(old, property):
        return _graft(old.fget, new.fget)
    if isinstance(old, type):
        for name in vars(old):
            if name in vars(new):
                _graft(vars(old)[name], vars(new)[name])
        old._field_defaults.update(new._field_defaults)
        return True
    if not isinstance(old, types.FunctionType):
        return False
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
    return True
