"""BENCHMARKS.md, and the figures of it that README.md states."""
import os
import platform
import re
import subprocess
import time

HEAD = """\
# Benchmarks

What `python3 tests/bench` printed on {date}, at commit {commit}. It wrote this page, and the table of costs in
README.md. "Asked" is what the project asks of itself. Ratios are to a baseline of the same run; a machine's other load
is in the seconds, hardly in the ratios.

The machine: {machine}.
"""
FROM, TO = "<!-- from BENCHMARKS.md, written by tests/bench -->\n", "<!-- end of figures -->"
ROW = re.compile(r"^\| (.+?) \|(.*?)\|(?:(.*?)\|(.*?)\|)?$", re.M)


def write(project, found):
    """found: figures by the heading of their part."""
    text = HEAD.format(date=time.strftime("%Y-%m-%d"), commit=commit(project), machine=machine())
    for heading, figures in found.items():
        if figures:
            text += f"\n## {heading}\n\n| what | figure | beside | asked |\n| --- | --- | --- | --- |\n"
            text += "".join(f"| {' | '.join(figure)} |\n" for figure in figures)
    put(os.path.join(project, "BENCHMARKS.md"), text)
    readme = os.path.join(project, "README.md")
    with open(readme, encoding="utf-8") as file:
        put(readme, with_figures(file.read(), text))


def with_figures(readme, benchmarks):
    """README with the figures of BENCHMARKS.md in the rows of its table."""
    before, _, rest = readme.partition(FROM)
    table, end, after = rest.partition(TO)
    stated = {what: ", ".join(filter(None, (figure.strip(), (beside or "").strip())))
              for what, figure, beside, _ in ROW.findall(benchmarks) if what not in ("what", "---")}
    rows = ROW.sub(lambda row: f"| {row[1]} | {stated[row[1]]} |" if row[1] in stated else row[0], table)
    return f"{before}{FROM}{rows}{end}{after}"


def machine():
    """The machine in words: nothing that names it."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    kernel = ".".join(platform.release().split(".")[:2])
    parts = [f"{os.cpu_count()} cores ({processor()})", f"{memory:.0f} GB of memory",
             f"{platform.system()} {kernel}", f"Python {platform.python_version()}"]
    return ", ".join([*parts, *tautulli()])


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        found = re.search(r"^model name\s*: (.+)$", file.read(), re.M)
    return found[1] if found else platform.machine()


def tautulli():
    home = os.environ.get("TAUTULLI_HOME")
    if home:
        with open(os.path.join(home, "plexpy", "version.py"), encoding="utf-8") as file:
            found = re.search(r'PLEXPY_RELEASE_VERSION = "v?([\w.-]+)"', file.read())
        yield f"Tautulli {found[1] if found else 'of unknown version'}"


def commit(project):
    def git(*arguments):
        return subprocess.run(["git", "-C", project, *arguments], capture_output=True, text=True).stdout.strip()
    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")


def put(path, text):
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
