#!/usr/bin/env python3
"""Counts the test cases of a Bazel run from its build events: prints "PASSED FAILED SKIPPED" and writes the failures' logs to a file.

    count_tests.py EVENTS.json FAILURES
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree

LOG_LINES = 60


def local_path(uri):
    return urllib.parse.unquote(urllib.parse.urlparse(uri).path)


def read_events(path):
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield json.loads(line)


def cases_of(xml_path):
    """(passed, names of failed, skipped) of a test.xml; googletest's say each case, Bazel's own have one for the program."""
    root = xml.etree.ElementTree.parse(xml_path).getroot()
    passed, failed, skipped = 0, [], 0
    for case in root.iter("testcase"):
        name = f"{case.get('classname', '')}.{case.get('name', '')}".lstrip(".")
        if case.find("failure") is not None or case.find("error") is not None:
            failed.append(name)
        elif case.find("skipped") is not None or case.get("status") == "notrun" or case.get("result") == "skipped":
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def tail(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()[-LOG_LINES:]
    except OSError:
        return []


def result_of(label, result):
    """(passed, failed, skipped, text of a failure) of one test program."""
    outputs = {output["name"]: local_path(output.get("uri", "")) for output in result.get("testActionOutput", [])}
    try:
        passed, failed, skipped = cases_of(outputs["test.xml"])
    except (KeyError, OSError, xml.etree.ElementTree.ParseError):
        passed, failed, skipped = 0, [], 0
    if result["status"] == "PASSED":
        return max(passed, 1) if not skipped else passed, 0, skipped, ""
    log = outputs.get("test.log", "")
    text = [f"{label}: {result['status']} {' '.join(failed)}"] + ["    " + line for line in tail(log)] + [f"    the whole log: {log}"]
    return passed, max(len(failed), 1), skipped, "\n".join(text)


def count(events):
    totals, texts, finished, not_built = [0, 0, 0], [], None, []
    for event in events:
        if "testResult" in event:
            *numbers, text = result_of(event["id"]["testResult"]["label"], event["testResult"])
            totals = [a + b for a, b in zip(totals, numbers)]
            texts += [text] if text else []
        elif "completed" in event and not event["completed"].get("success"):
            not_built.append(event["id"].get("targetCompleted", {}).get("label", "?"))
        elif "finished" in event:
            finished = event["finished"].get("exitCode", {}).get("name", "")
    # "NO_TESTS_FOUND" is fine for a tier that has none; a broken build is a failure even when the tests that were built pass.
    if not_built or finished not in ("SUCCESS", "TESTS_FAILED", "NO_TESTS_FOUND"):
        totals[1] += max(1, len(not_built))
        texts.append(f"the build ended with {finished}; not built: {' '.join(not_built) or 'nothing began'}")
    return totals, texts


def main(events, failures):
    totals, texts = count(read_events(events))
    with open(failures, "w", encoding="utf-8") as file:
        file.write("\n\n".join(texts))
    print(*totals)


if __name__ == "__main__":
    main(*sys.argv[1:])
