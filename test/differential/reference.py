# SPDX-License-Identifier: Apache-2.0
"""The real Prometheus with a data set in it."""
import collections
import pathlib
import shutil
import tempfile

from peers import remote_write
from peers.servers import Prometheus

BATCH_MS = 300_000


def encoded(sample):
    t_ms, value = sample
    return remote_write.histogram(t_ms, value) if isinstance(value, dict) else remote_write.sample(t_ms, value)


def runs(samples, begin):
    """(request's number, samples) in order of time.  A request takes a series' floats before its histograms, so that
    they are never mixed."""
    found, last = [], None
    for t_ms, value in samples:
        number = (t_ms - begin) // BATCH_MS, 0
        if last and last[0] >= number:
            number = last[0] if isinstance(value, dict) == last[1] else (last[0][0], last[0][1] + 1)
        if not last or number != last[0]:
            found.append((number, []))
        found[-1][1].append(encoded((t_ms, value)))
        last = number, isinstance(value, dict)
    return found


def batches(all_series):
    """Requests in order of time, since Prometheus takes nothing older than an hour before its newest."""
    begin = min(s.samples[0][0] for s in all_series)
    requests = collections.defaultdict(list)
    for series in all_series:
        for number, samples in runs(series.samples, begin):
            requests[number].append(remote_write.series(series.labels, samples))
    return [b"".join(requests[number]) for number in sorted(requests)]


def ask(server, query):
    if query.step_ms == 0:
        return server.api("query", query=query.text, time=query.start_ms / 1000)
    return server.api("query_range", query=query.text, start=query.start_ms / 1000, end=query.end_ms / 1000,
                      step=f"{query.step_ms}ms")


class Reference:
    """`with Reference(series) as prometheus: prometheus.answer(query)`"""

    def __init__(self, all_series, experimental=False):
        self.all_series = all_series
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="diarchy-differential-"))
        features = ["native-histograms", *(["promql-experimental-functions"] if experimental else [])]
        self.server = Prometheus(self.folder, "{}", f"--enable-feature={','.join(features)}")

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
