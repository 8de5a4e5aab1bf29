"""Tests of what `trv logs` makes of log files."""

import contextlib
import io
import json
import os
import tempfile
import unittest

import logs

TRACE = "0af7651916cd43dd8448eb211c80319c"


def line(time, service, message, trace=TRACE):
    return json.dumps({"time": time, "level": "info", "service": service, "trace_id": trace, "message": message}) + "\n"


class Trace(unittest.TestCase):
    def run_trace(self, files, trace=TRACE):
        with tempfile.TemporaryDirectory() as home:
            os.mkdir(f"{home}/log")
            for name, lines in files.items():
                with open(f"{home}/log/{name}", "w", encoding="utf-8") as file:
                    file.writelines(lines)
            output = io.StringIO()
            with contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
                status = logs.print_trace(home, trace, raw=True)
            return status, [json.loads(text)["message"] for text in output.getvalue().splitlines()]

    def test_merges_services_and_rotated_files_by_time(self):
        status, messages = self.run_trace({
            "payment.log.1": [line("2026-01-01T00:00:01Z", "payment", "first")],
            "payment.log": [line("2026-01-01T00:00:03Z", "payment", "third"), line("2026-01-01T00:00:04Z", "payment", "other", "f" * 32)],
            "control.log": [line("2026-01-01T00:00:02Z", "control", "second")],
        })
        self.assertEqual((status, messages), (0, ["first", "second", "third"]))

    def test_says_when_nothing_is_found(self):
        self.assertEqual(self.run_trace({"payment.log": []}), (1, []))


class Show(unittest.TestCase):
    def test_a_json_line_becomes_readable_and_others_stay(self):
        shown = logs.show(line("2026-01-01T00:00:01Z", "payment", "payment expired"), raw=False)
        self.assertEqual(shown, f"2026-01-01T00:00:01Z INFO    payment  payment expired  trace_id={TRACE}")
        self.assertEqual(logs.show("terminate called\n", raw=False), "terminate called")
        self.assertEqual(logs.show("[1, 2]\n", raw=False), "[1, 2]")


if __name__ == "__main__":
    unittest.main()
