# SPDX-License-Identifier: Apache-2.0
"""A whole site with a data set in it: what came by remote write, asked over HTTP."""
import pathlib
import shutil
import tempfile

from alone import Diarchy
from reference import ask, batches


class Served:
    """`with Served(series) as site: site.answer(query)`"""

    def __init__(self, all_series):
        self.all_series = all_series
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="diarchy-differential-"))
        # What it scrapes of itself the reference doesn't have: that must not begin while the queries run.
        rarely = {"scrape_interval": "30d"}
        self.server = Diarchy(self.folder, {"receive": ["remote_write"], "host": False, "global": rarely})

    def __enter__(self):
        try:
            self.server.start()
            for request in batches(self.all_series):
                self.server.write(request)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def answer(self, query):
        return ask(self.server, query)
