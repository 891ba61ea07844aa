# SPDX-License-Identifier: Apache-2.0
"""A site of its own, as a server of metrics beside Prometheus and VictoriaMetrics."""
import json

from lab import DIARCHY, make_key
from peers.servers import Server, free_port


class Diarchy(Server):
    """`metrics` is that section of lab.yaml.  Its state is kept in `folder`."""

    def __init__(self, folder, metrics):
        folder.mkdir(exist_ok=True)
        host, self.data = "127.0.0.1", folder / "state"
        key = folder / "dublin.key"
        public = make_key(key)
        address = (host, free_port())
        site = {"address": f"{host}:{free_port()}", "key": public, "timezone": "Europe/Dublin",
                "http": f"{host}:{address[1]}"}
        (folder / "lab.yaml").write_text(json.dumps({"lab": "bench", "sites": {"dublin": site}, "metrics": metrics}))
        super().__init__([DIARCHY, "serve", "--lab", folder / "lab.yaml", "--site", "dublin", "--key", key, "--state",
                          self.data, "--log-level", "info"], folder / "diarchy.log", address)

    def start(self, wait=True):
        super().start(wait)
        if wait:
            self.wait_until_ready("/healthz")
