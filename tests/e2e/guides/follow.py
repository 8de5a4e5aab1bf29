"""Follows guides as a reader would, against the platform of TRIVIUM_HOME. Prints TAP lines: one for each step of each guide.

usage: follow.py [--keep] WORK GUIDE...    (WORK: an empty folder; --keep leaves what the guides made in it)
"""

import argparse
import concurrent.futures
import os
import pathlib
import shlex
import shutil
import signal
import subprocess
import sys

import guide

ROOT = pathlib.Path(__file__).resolve().parents[3]
# On two cores: one compiles while another waits.
AT_ONCE = 2
GUIDE_SECONDS = 600


def clone(folder):
    """What a reader has: a clone, here made of links, whose platform is the test's."""
    folder.mkdir(parents=True)
    for entry in ROOT.iterdir():
        if entry.name not in (".git", ".trv"):
            (folder / entry.name).symlink_to(entry)
    (folder / ".trv").symlink_to(os.environ["TRIVIUM_HOME"])


def script(steps, notes):
    """Bash that does the steps in one shell. notes: a folder that gets the blocks, outputs (N.out) and a file N.done for each step that succeeded."""
    lines = ["set -euo pipefail"]
    for number, step in enumerate(steps):
        block = notes / f"{number}.block"
        block.write_text(step.text, encoding="utf-8")
        output = shlex.quote(str(notes / f"{number}.out"))
        if step.kind == "file":
            name = shlex.quote(step.name)
            lines.append(f'{{ mkdir -p "$(dirname {name})" && cp {shlex.quote(str(block))} {name}; }} >{output} 2>&1')
        else:
            lines.append(f"{{ source {shlex.quote(str(block))}; }} >{output} 2>&1")
        lines.append(f"date +%s.%N >{shlex.quote(str(notes / f'{number}.done'))}")
    return "\n".join(lines) + "\n"


def run_shell(text, folder):
    """Runs it in its own process group, which ends with it. Returns what was wrong, or None."""
    process = subprocess.Popen(["bash", "-c", text], cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        status = process.wait(GUIDE_SECONDS)
        return None if status == 0 else f"exit status {status}"
    except subprocess.TimeoutExpired:
        return f"not done within {GUIDE_SECONDS} s"
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def judge(step, number, notes, failure):
    """What is wrong with a step that was done, or with the first that was not."""
    output = notes / f"{number}.out"
    printed = output.read_text(encoding="utf-8", errors="replace") if output.exists() else ""
    if not (notes / f"{number}.done").exists():
        return f"{failure}\n{printed}"
    if step.output is not None and not guide.matches(step.output, printed):
        return f"printed:\n{printed}want:\n{step.output}"
    return None


def follow(path, work):
    """TAP lines of one guide, and whether all is well."""
    name = path.name
    try:
        steps = guide.steps(path.read_text(encoding="utf-8"))
    except guide.GuideError as error:
        return [f"# {error}", f"not ok - {name}: its blocks say what they are"], False
    notes = work / "notes"
    notes.mkdir(parents=True)
    clone(work / "clone")
    failure = run_shell(script(steps, notes), work / "clone")
    lines, good = [], True
    for number, step in enumerate(steps):
        wrong = judge(step, number, notes, failure)
        if wrong is None and step.kind == "file":
            continue
        if wrong is not None:
            lines += [f"# {line}" for line in wrong.rstrip("\n").splitlines()[-40:]]
        lines.append(f"{'ok' if wrong is None else 'not ok'} - {name}:{step.line}: {step.name}")
        good = good and wrong is None
        if not (notes / f"{number}.done").exists():
            break
    if not any(step.kind == "run" for step in steps):
        lines.append(f"ok - {name}: nothing to run")
    return lines, good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("guides", nargs="+", type=pathlib.Path)
    arguments = parser.parse_args()
    good = True
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        for lines, well in pool.map(lambda path: follow(path, arguments.work / path.stem), arguments.guides):
            print("\n".join(lines), flush=True)
            good = good and well
    if not arguments.keep:
        shutil.rmtree(arguments.work, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
