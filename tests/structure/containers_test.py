"""Tests of tools/local/compose_file.py and of how containers.py turns deploy/compose into podman's words."""

import json
import os
import subprocess
import tempfile
import unittest

import compose_file
import containers

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/compose")
VARIABLES = {"TRIVIUM_VERSION": "1.2.3", "TRIVIUM_STATE": "/state"}


def load(*texts, variables=None):
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, text in enumerate(texts):
            paths.append(f"{folder}/{number}.yaml")
            with open(paths[-1], "w", encoding="utf-8") as file:
                file.write(text)
        return compose_file.load(paths, variables or {})


class Variables(unittest.TestCase):
    def test_forms(self):
        cases = [("$$x ${A}", "$x one"), ("${B:-two}", "two"), ("${A:-two}", "one"), ("${EMPTY:-full}", "full"), ("${EMPTY-full}", ""), ("${B}", ""),
                 ("${B:-${A}", "${A"), ("plain $ sign", "plain $ sign"), ("${A:?want it}", "one")]
        for text, wanted in cases:
            self.assertEqual(compose_file.expand(text, {"A": "one", "EMPTY": ""}), wanted, text)

    def test_a_required_one_that_is_missing_is_named(self):
        with self.assertRaisesRegex(compose_file.ComposeError, "TAG is not set: the tag of the images"):
            load("services: {a: {image: \"x:${TAG:?the tag of the images}\"}}")


class Merging(unittest.TestCase):
    def test_later_files_go_over_earlier_ones(self):
        document = load("services: {a: {image: x, command: [1, 2], environment: {A: 1}, volumes: ['./a:/etc/a:ro', 'data:/data'], cap_drop: [ALL]}}",
                        "services: {a: {command: [3], environment: {B: 2}, volumes: ['./b:/etc/a:ro']}, b: {image: y}}")
        self.assertEqual(document["services"]["a"], {"image": "x", "command": [3], "environment": {"A": 1, "B": 2}, "cap_drop": ["ALL"],
                                                     "volumes": ["data:/data", "./b:/etc/a:ro"]})
        self.assertEqual(list(document["services"]), ["a", "b"])


class Checks(unittest.TestCase):
    def test_what_would_be_ignored_is_refused(self):
        for text, wanted in [("services: {a: {image: x, privileged: true}}", "services.a.privileged: not known here"),
                             ("services: {a: {image: x}}\nconfigs: {}", "configs: not known here"),
                             ("services: {a: {command: [x]}}", "services.a: has no image"),
                             ("services: {a: {image: x, depends_on: [b]}}", "services.a.depends_on: b is no service"),
                             ("services: {a: {image: x, depends_on: {a: {condition: ready}}}}", "condition ready, want one of"),
                             ("services: {a: {image: x, secrets: [s]}}", "services.a.secrets: s is not among"),
                             ("services: [", "0.yaml: ")]:
            with self.assertRaisesRegex(compose_file.ComposeError, wanted, msg=text):
                load(text)

    def test_a_circle_is_refused(self):
        document = load("services: {a: {image: x, depends_on: [b]}, b: {image: x, depends_on: [a]}}")
        with self.assertRaisesRegex(compose_file.ComposeError, "a -> b -> a is a circle"):
            compose_file.start_order(document["services"])


class OurFiles(unittest.TestCase):
    def setUp(self):
        self.one = compose_file.load([f"{FOLDER}/compose.yaml"], VARIABLES)
        self.three = compose_file.load([f"{FOLDER}/compose.yaml", f"{FOLDER}/three-cells.yaml"], VARIABLES)

    def test_every_service_is_locked_in(self):
        for name, service in self.three["services"].items():
            self.assertTrue(service.get("read_only"), name)
            self.assertEqual(service.get("cap_drop"), ["ALL"], name)
            self.assertEqual(service.get("security_opt"), ["no-new-privileges:true"], name)
            self.assertRegex(service.get("user", ""), r"^[1-9]\d*:[1-9]\d*$", name)

    def test_every_mounted_file_is_there_and_readable_by_others(self):
        for name, service in self.three["services"].items():
            for volume in service.get("volumes", []):
                source = volume.split(":")[0]
                if source.startswith("."):
                    path = os.path.join(FOLDER, source)
                    self.assertTrue(os.path.isfile(path), f"{name}: {path}")

    def test_every_volume_is_declared_and_has_one_user(self):
        for document in (self.one, self.three):
            used = [volume.split(":")[0] for service in document["services"].values() for volume in service.get("volumes", []) if volume[0] not in "./"]
            self.assertEqual(sorted(used), sorted(document["volumes"]))

    def test_the_order_has_databases_first_and_the_gateway_after_the_command_table(self):
        order = compose_file.start_order(self.one["services"])
        for earlier, later in [("mariadb", "migrate"), ("migrate", "control"), ("control", "publish"), ("publish", "gateway"), ("sandbox", "payment")]:
            self.assertLess(order.index(earlier), order.index(later))

    def test_three_cells_have_each_their_own(self):
        cells = {}
        for name, service in self.three["services"].items():
            environment = service.get("environment", {})
            if "TRIVIUM_REDIS" in environment:
                cells.setdefault(environment["TRIVIUM_CELL"], set()).add(environment["TRIVIUM_REDIS"])
        self.assertEqual(cells, {"cell-a": {"redis:6379"}, "cell-b": {"redis-b:6379"}, "cell-c": {"redis-c:6379"}})


class Words(unittest.TestCase):
    def words(self, name):
        document = compose_file.load([f"{FOLDER}/compose.yaml"], VARIABLES)
        engine = containers.Podman(document, "trivium-x")
        addresses = {service: f"10.0.0.{10 + i}" for i, service in enumerate(engine.services)}
        return engine.arguments(name, addresses)

    def test_payment(self):
        words = " ".join(self.words("payment"))
        for part in ["--name trivium-x_payment", "--hostname payment", "--user 65532:65532", "--read-only ", "--cap-drop ALL",
                     "--security-opt no-new-privileges", "--stop-timeout 30", "--restart unless-stopped", "--add-host control:10.0.0.",
                     "--volume /state/secrets/payment-mysql-password:/run/secrets/mysql-password:ro",
                     "--volume trivium-x_payment:/var/lib/trivium", "--env TRIVIUM_CELL=cell-a"]:
            self.assertIn(part, words)
        self.assertTrue(words.endswith(" trivium-payment:1.2.3"), words[-60:])

    def test_an_entry_point_and_a_health_check_keep_their_words(self):
        words = self.words("mariadb")
        self.assertEqual(words[words.index("--entrypoint") + 1], '["bash", "/etc/trivium/start-mariadb"]')
        self.assertIn("mariadb --no-defaults", words[words.index("--health-cmd") + 1])
        kafka = self.words("kafka")
        self.assertEqual(kafka[kafka.index("--health-cmd") + 1], "bash -c ': </dev/tcp/127.0.0.1/9092'")
        self.assertIn("redis-cli ping", self.words("redis")[self.words("redis").index("--health-cmd") + 1])

    def test_the_day_shares_the_sandbox_s_network(self):
        document = compose_file.load([f"{FOLDER}/compose.yaml"], VARIABLES)
        words = containers.Podman(document, "trivium-x").arguments("school-day", {"sandbox": "10.0.0.5"}, detached=False)
        self.assertEqual(words[words.index("--network") + 1], "container:trivium-x_sandbox")
        self.assertNotIn("--add-host", words)

    def test_durations(self):
        for text, wanted in [("30s", 30), ("1m30s", 90), ("500ms", 0.5), ("2h", 7200), (None, 7)]:
            self.assertEqual(containers.seconds(text, 7), wanted)


class FakePodman(containers.Podman):
    """podman's answers from memory: containers run at once, tasks end at once, health comes after some questions."""

    def __init__(self, text, questions=2, exit_codes=None):
        super().__init__(load(text), "p")
        self.questions, self.exit_codes = questions, exit_codes or {}
        self.containers_by_name, self.events, self.asked = {}, [], {}

    def podman(self, *words, check=True):
        handler = getattr(self, f"on_{words[0]}", None)
        code, out = handler(words) if handler else (0, "")
        if check and code:
            raise containers.Failure(f"{words}: {out}")
        return subprocess.CompletedProcess(words, code, out, "")

    def on_network(self, words):
        return {"inspect": (0, '[{"subnets": [{"subnet": "10.1.0.0/24"}]}]'), "exists": (1, "")}.get(words[1], (0, ""))

    def on_image(self, words):
        return 0, json.dumps([{"Id": words[2]}])

    def on_run(self, words):
        name, labels = words[words.index("--name") + 1], [words[i + 1] for i, word in enumerate(words) if word == "--label"]
        task = words[words.index("--restart") + 1] == "no"
        self.events.append(f"run {name[2:]}")
        self.containers_by_name[name] = {
            "State": {"Status": "exited" if task else "running", "ExitCode": self.exit_codes.get(name[2:], 0)}, "RestartCount": 0, "ImageName": "x",
            "Config": {"Labels": dict(label.split("=", 1) for label in labels), "Healthcheck": {} if "--health-cmd" not in words else {"Test": ["CMD"]}}}
        return 0, ""

    def on_container(self, words):
        found = self.containers_by_name.get(words[2])
        return (0, json.dumps([found])) if found else (125, "")

    def on_healthcheck(self, words):
        self.asked[words[2]] = self.asked.get(words[2], 0) + 1
        if self.asked[words[2]] < self.questions:
            return 1, ""
        self.events.append(f"healthy {words[2][2:]}")
        return 0, ""

    def on_wait(self, words):
        self.events.append(f"done {words[1][2:]}")
        return 0, str(self.exit_codes.get(words[1][2:], 0))

    def on_logs(self, words):
        return 0, "first\nno such table\n"

    def on_rm(self, words):
        self.events.append(f"rm {words[-1][2:]}")
        self.containers_by_name.pop(words[-1], None)
        return 0, ""


PLATFORM = """
services:
  gateway: {image: g, restart: unless-stopped, depends_on: {publish: {condition: service_completed_successfully}}, healthcheck: {test: [CMD, x]}}
  publish: {image: t, depends_on: {control: {condition: service_healthy}}}
  control: {image: c, restart: unless-stopped, healthcheck: {test: [CMD, x]}}
  day: {image: t, profiles: [day]}
"""


class Up(unittest.TestCase):
    def setUp(self):
        containers.HEALTH_PAUSE = 0

    def test_each_waits_for_what_it_needs_and_all_are_healthy_at_the_end(self):
        engine = FakePodman(PLATFORM)
        engine.up(lambda text: None)
        self.assertEqual(engine.events, ["run control", "healthy control", "run publish", "done publish", "run gateway", "healthy gateway"])

    def test_again_runs_tasks_alone(self):
        engine = FakePodman(PLATFORM)
        engine.up(lambda text: None)
        engine.events.clear()
        engine.up(lambda text: None)
        self.assertEqual([event for event in engine.events if event.startswith(("run", "rm"))], ["rm publish", "run publish"])

    def test_what_changed_is_made_anew(self):
        engine = FakePodman(PLATFORM)
        engine.up(lambda text: None)
        engine.events.clear()
        engine.services["control"]["environment"] = {"A": "b"}
        engine.up(lambda text: None)
        self.assertIn("rm control", engine.events)
        self.assertNotIn("rm gateway", engine.events)

    def test_a_task_that_fails_ends_it_with_its_last_words(self):
        engine = FakePodman(PLATFORM, exit_codes={"publish": 1})
        with self.assertRaisesRegex(containers.Failure, "publish ended with status 1: no such table"):
            engine.up(lambda text: None)
        self.assertNotIn("run gateway", engine.events)

    def test_a_service_that_keeps_dying_ends_it(self):
        engine = FakePodman(PLATFORM, questions=10**9)
        original = engine.on_run

        def run(words):
            answer = original(words)
            engine.containers_by_name["p_control"]["RestartCount"] = containers.STARTS_MAX
            return answer

        engine.on_run = run
        with self.assertRaisesRegex(containers.Failure, "control does not stay: no such table"):
            engine.up(lambda text: None)

    def test_status_tells_tasks_that_are_done_from_services_that_are_not_healthy(self):
        engine = FakePodman(PLATFORM)
        engine.up(lambda text: None)
        engine.questions = 10**9
        self.assertEqual({row["service"]: row["ready"] for row in engine.status()}, {"control": False, "publish": True, "gateway": False})


if __name__ == "__main__":
    unittest.main()
