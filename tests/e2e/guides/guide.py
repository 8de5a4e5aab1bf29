"""The code blocks of a guide, as a reader follows them: files are written, commands run in one shell from top to bottom, outputs compared.

A block's fence says what it is, after the language:
    ```go pay/main.go    a file, written to the folder in which the shell is by then
    ```sh run            commands
    ```text output       what the commands before it print: "..." stands for any text, alone on a line for any lines
    ```text picture      nothing to run: a drawing, a table of words
"""

import dataclasses
import re

FENCE = re.compile(r"^```(\S*) ?(.*)$")
SHELLS = ("sh", "bash")


class GuideError(Exception):
    """A block that says not what it is."""


@dataclasses.dataclass
class Step:
    """A block that is written or run. output: what it must print, or None."""

    line: int
    kind: str  # "file" or "run"
    name: str  # The file's, or the first command.
    text: str
    output: str | None = None


def blocks(markdown):
    """(line, language, mark, text) of each fenced block."""
    found, begin = [], None
    for number, line in enumerate(markdown.splitlines(), 1):
        fence = FENCE.match(line)
        if begin is None and fence:
            begin, text = (number, fence.group(1), fence.group(2).strip()), []
        elif begin is not None and line == "```":
            found.append((*begin, "".join(f"{each}\n" for each in text)))
            begin = None
        elif begin is not None:
            text.append(line)
    if begin is not None:
        raise GuideError(f"line {begin[0]}: the block has no end")
    return found


def steps(markdown):
    """The guide's steps, in order. Raises GuideError for a block without a mark that is known."""
    result = []
    for line, language, mark, text in blocks(markdown):
        if mark == "picture":
            continue
        if mark == "output":
            if not result or result[-1].kind != "run" or result[-1].output is not None:
                raise GuideError(f"line {line}: an output must follow commands")
            result[-1].output = text
        elif mark == "run" and language in SHELLS:
            result.append(Step(line, "run", text.splitlines()[0] if text else "", text))
        elif re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_./-]*\.[a-z]+", mark) and ".." not in mark:
            result.append(Step(line, "file", mark, text))
        else:
            raise GuideError(f"line {line}: '```{language} {mark}', want 'sh run', 'text output', 'text picture' or a language and a file's name")
    return result


def matches(pattern, text):
    """Whether text is what an output block says."""
    expression = ""
    for line in pattern.splitlines():
        expression += "(?:.*\n)*?" if line == "..." else re.escape(line).replace(r"\.\.\.", ".*") + "\n"
    return re.fullmatch(expression, text if text.endswith("\n") or not text else f"{text}\n") is not None
