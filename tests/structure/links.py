"""Prints every relative link of a Markdown file that leads nowhere."""

import os
import re
import subprocess

LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)")
CODE_BLOCK = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)


def markdown_files():
    listed = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
                            capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.splitlines() if os.path.exists(name)]


def broken_links(path):
    with open(path, encoding="utf-8") as file:
        text = CODE_BLOCK.sub("", file.read())
    for target in LINK.findall(text):
        name = target.split("#", 1)[0]
        if not name or re.match(r"[a-z][a-z0-9+.-]*:", name):
            continue
        if not os.path.exists(os.path.join(os.path.dirname(path), name)):
            yield f"{path}: {target}"


for markdown in markdown_files():
    for line in broken_links(markdown):
        print(line)
