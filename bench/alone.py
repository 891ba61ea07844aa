# SPDX-License-Identifier: Apache-2.0
"""A site of its own, as a server of metrics beside Prometheus and VictoriaMetrics."""
import json

from lab import DIARCHY, make_key
from peers.servers import Server, free_port


OURS = "ours"


def _own_key(folder):
    """(private key's path, public key), the same whenever the site is started again."""
    key, public = folder / "dublin.key", folder / "dublin.pub"
    if not public.exists():
        public.write_text(make_key(key))
    return key, public.read_text()


class Diarchy(Server):
    """`metrics` is that section of lab.yaml.  Its state is kept in `folder`, its samples in `data` there."""

    def __init__(self, folder, metrics, port=None):
        folder.mkdir(exist_ok=True)
        host, state = "127.0.0.1", folder / "state"
        self.data = state / "metrics"
        key, public = _own_key(folder)
        address = (host, port or free_port())
        site = {"address": f"{host}:{free_port()}", "key": public, "timezone": "Europe/Dublin",
                "http": f"{host}:{address[1]}"}
        (folder / "lab.yaml").write_text(json.dumps({"lab": "bench", "sites": {"dublin": site}, "metrics": metrics}))
        super().__init__([DIARCHY, "serve", "--lab", folder / "lab.yaml", "--site", "dublin", "--key", key, "--state",
                          state, "--log-level", "info"], folder / "diarchy.log", address)

    def start(self, wait=True):
        super().start(wait)
        if wait:
            self.wait_until_ready("/healthz")
