"""What pyproject.toml cannot say: the wheel carries data-manifest.yaml, kept at the top, and the long
description is README.md with links that work away from the repository.

An editable install reads the manifest where it is.
"""

import re
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

MANIFEST = "data-manifest.yaml"
FILES = "https://github.com/handson-imaging/handson/blob/main/"


class BuildWithManifest(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:
            self.copy_file(MANIFEST, Path(self.build_lib, "handson", "datasets", MANIFEST))

    def get_source_files(self):
        return [*super().get_source_files(), MANIFEST]


def absolute_links(text: str) -> str:
    """Markdown whose links to files of the repository lead to the repository's own pages."""
    return re.sub(r"\]\((?![a-z]+:|#)", "](" + FILES, text)


setup(
    cmdclass={"build_py": BuildWithManifest},
    long_description=absolute_links(Path("README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
)
