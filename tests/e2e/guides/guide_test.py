"""Tests of guide.py."""

import unittest

import guide


class Steps(unittest.TestCase):
    def test_files_and_commands_in_order_with_their_outputs(self):
        found = guide.steps("# A\n```go a/b.go\npackage b\n```\n\n```sh run\nls a\n```\n```text output\nb.go\n```\n```text picture\n-->\n```\n")
        self.assertEqual([(step.line, step.kind, step.name, step.output) for step in found], [(2, "file", "a/b.go", None), (6, "run", "ls a", "b.go\n")])
        self.assertEqual(found[0].text, "package b\n")

    def test_refuses_what_says_not_what_it_is(self):
        for markdown in ("```\nls\n```\n", "```sh\nls\n```\n", "```go\nfunc f()\n```\n", "```go run\nx\n```\n", "```go ../a.go\nx\n```\n", "```go /a.go\nx\n```\n",
                         "```text output\nx\n```\n", "```sh run\nls\n"):
            with self.subTest(markdown), self.assertRaises(guide.GuideError):
                guide.steps(markdown)

    def test_one_output_for_commands(self):
        with self.assertRaisesRegex(guide.GuideError, "line 7"):
            guide.steps("```sh run\nls\n```\n```text output\na\n```\n```text output\na\n```\n")


class Matches(unittest.TestCase):
    def test_cases(self):
        for pattern, text, want in (
            ("a\n", "a\n", True),
            ("a\n", "a", True),
            ("a\n", "b\n", False),
            ("a\n", "a\nb\n", False),
            ("pay_... PAID\n", "pay_01 PAID\n", True),
            ("pay_... PAID\n", "pay_01 LOST\n", False),
            ("pay_... PAID\n", "pay_01\n PAID\n", False),
            ("a\n...\nc\n", "a\nc\n", True),
            ("a\n...\nc\n", "a\nb\nb\nc\n", True),
            ("a\n...\nc\n", "a\nb\n", False),
            ("a.c (1)\n", "abc (1)\n", False),
        ):
            with self.subTest(pattern=pattern, text=text):
                self.assertEqual(guide.matches(pattern, text), want)


if __name__ == "__main__":
    unittest.main()
