"""The one thing pyproject.toml cannot say: the wheel carries data-manifest.yaml, kept at the top.

An editable install reads the file where it is.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

MANIFEST = "data-manifest.yaml"


class BuildWithManifest(build_py):
    def run(self):
        super().run()
        if not self.editable_mode:
            self.copy_file(MANIFEST, Path(self.build_lib, "handson", "datasets", MANIFEST))

    def get_source_files(self):
        return [*super().get_source_files(), MANIFEST]


setup(cmdclass={"build_py": BuildWithManifest})
