# SPDX-License-Identifier: Apache-2.0
"""Makes a query and its series smaller while they still show the difference."""
import dataclasses
import re

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`|#[^\n]*\n|\s+|[A-Za-z_:][\w:.]*|[0-9.][\w.]*|[=!<>]=|=~|!~|.', re.S)
TRIES = 600


def without_runs(items):
    """Each list that lacks one run of the items, long runs first."""
    length = len(items)
    while length >= 1:
        for at in range(0, len(items) - length + 1, max(1, length // 2)):
            yield items[:at] + items[at + length:]
        length //= 2


def unwrapped(tokens):
    """Each list in which a call or parentheses are replaced by what is in them."""
    for at, token in enumerate(tokens):
        if token != "(":
            continue
        depth = 0
        for end in range(at, len(tokens)):
            depth += {"(": 1, ")": -1}.get(tokens[end], 0)
            if depth == 0:
                yield tokens[at + 1:end]
                yield tokens[:at] + tokens[at + 1:end] + tokens[end + 1:]
                break


def simpler(tokens):
    for at, token in enumerate(tokens):
        for other in ("1", "up", " "):
            if token != other and len(token) > len(other) and token.isspace() == other.isspace():
                yield tokens[:at] + [other] + tokens[at + 1:]


def smaller_texts(text):
    tokens = TOKEN.findall(text)
    for make in (unwrapped, without_runs, simpler):
        for found in make(tokens):
            yield "".join(found)


def smaller_times(query):
    if query.step_ms == 0:
        return
    for t_ms in range(query.start_ms, query.end_ms + 1, query.step_ms):
        yield dataclasses.replace(query, start_ms=t_ms, end_ms=t_ms, step_ms=0)
    for t_ms in range(query.start_ms, query.end_ms + 1, query.step_ms):
        yield dataclasses.replace(query, start_ms=t_ms, end_ms=t_ms + query.step_ms)


def query_smaller(query, is_different):
    """The smallest query found; `is_different(query)` says whether one still shows it."""
    for other in smaller_times(query):
        if is_different(other):
            query = other
            break
    tries, is_better = 0, True
    while is_better and tries < TRIES:
        is_better = False
        for text in smaller_texts(query.text):
            tries += 1
            other = dataclasses.replace(query, text=text)
            if len(text) < len(query.text) and is_different(other):
                query, is_better = other, True
                break
            if tries >= TRIES:
                break
    return query


def list_smaller(items, is_different, tries):
    """Fewer of the items, by halves, quarters, ...; `is_different(items)` is costly."""
    length = len(items) // 2
    while length >= 1 and tries > 0:
        at, is_better = 0, False
        while at < len(items) and tries > 0:
            other = items[:at] + items[at + length:]
            tries -= 1
            if is_different(other):
                items, is_better = other, True
            else:
                at += length
        if not is_better or length > len(items) // 2:
            length //= 2
    return items
