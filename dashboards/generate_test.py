#!/usr/bin/env python3
"""boards.yaml keeps its promises: generated files are its, Prometheus takes the rules, every metric is declared in code, each alert has a runbook."""

import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

import yaml

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent
SOURCE = yaml.safe_load((HERE / "boards.yaml").read_text(encoding="utf-8"))


def queries():
    for board in SOURCE["boards"]:
        for panel in board["panels"]:
            yield f"{board['id']}.{panel['id']}", panel["query"]
    for rule in SOURCE["recording_rules"]:
        yield rule["record"], rule["query"]
    for alert in SOURCE["alerts"]:
        yield alert["id"], alert["query"]


def declared_metrics():
    text = "".join(path.read_text(encoding="utf-8")
                   for folder in ("libs", "services")
                   for pattern in ("*.h", "*.cc")
                   for path in (ROOT / folder).rglob(pattern) if not path.name.endswith("_test.cc"))
    return set(re.findall(r'"(trivium_[a-z0-9_]+)"', text))


class BoardsTest(unittest.TestCase):

    def test_generated_files_are_up_to_date(self):
        done = subprocess.run([HERE / "generate.py", "--check"], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)

    @unittest.skipUnless(shutil.which("promtool"), "promtool comes with the package prometheus")
    def test_prometheus_takes_the_rules(self):
        rules = HERE / "generated" / "prometheus-rules.yaml"
        done = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(shutil.which("promtool"), "promtool comes with the package prometheus")
    def test_alerts_fire_for_what_they_are_there_for(self):
        for rules in HERE.glob("*.test.yaml"):
            done = subprocess.run(["promtool", "test", "rules", rules], capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(shutil.which("promtool"), "promtool comes with the package prometheus")
    def test_prometheus_parses_every_panel(self):
        rules = [{"record": "panel", "expr": query.replace("$product", "acme").replace("$window", "30s")} for _, query in queries()]
        text = yaml.safe_dump({"groups": [{"name": f"panel-{i}", "rules": [rule]} for i, rule in enumerate(rules)]})
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(text)
            file.flush()
            done = subprocess.run(["promtool", "check", "rules", file.name], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_metric_is_declared_in_code(self):
        declared = declared_metrics()
        for name, query in queries():
            for metric in re.findall(r"\btrivium_[a-z0-9_]+", query):
                base = re.sub(r"_(bucket|sum|count)$", "", metric)
                self.assertIn(base, declared, f"{name}: {metric}")

    def test_each_alert_has_a_runbook_and_each_runbook_an_alert(self):
        alerts = {alert["id"] for alert in SOURCE["alerts"]}
        runbooks = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")} - {"README"}
        self.assertEqual(alerts, runbooks)

    def test_an_owners_panel_names_the_product(self):
        for board in SOURCE["boards"]:
            for panel in board["panels"]:
                if not board.get("platform") and not panel.get("platform"):
                    self.assertIn("$product", panel["query"], f"{board['id']}.{panel['id']}")


if __name__ == "__main__":
    unittest.main()
