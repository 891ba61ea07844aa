# SPDX-License-Identifier: Apache-2.0
"""Remote write 1.0 as bytes, by hand: protobuf in a snappy block that is one literal after the other.

https://prometheus.io/docs/specs/prw/remote_write_spec/, https://github.com/google/snappy/blob/main/format_description.txt
"""
import struct

LITERAL_BYTES = 65536
VARINT, FIXED64, BYTES = 0, 1, 2


def varint(number):
    out = bytearray()
    number &= (1 << 64) - 1  # negative numbers are written as 64 bits
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def zigzag(number):
    return varint(number << 1 if number >= 0 else -number * 2 - 1)


def field(number, kind, content):
    return varint(number << 3 | kind) + content


def message(number, content):
    return field(number, BYTES, varint(len(content)) + content)


def text(number, content):
    return message(number, content.encode())


def double(number, value):
    return field(number, FIXED64, struct.pack("<d", value))


def snappy(content):
    out = [varint(len(content))]
    for i in range(0, len(content), LITERAL_BYTES):
        literal = content[i:i + LITERAL_BYTES]
        out += [b"\xf4", struct.pack("<H", len(literal) - 1), literal]
    return b"".join(out)


def sample(t_ms, value):
    """`value` is a float, or its 64 bits as an int: Python may make a NaN quiet that it only carries."""
    bits = value if isinstance(value, int) else struct.unpack("<Q", struct.pack("<d", value))[0]
    return message(2, field(1, FIXED64, struct.pack("<Q", bits)) + field(2, VARINT, varint(t_ms)))


def label(name, value):
    return message(1, text(1, name) + text(2, value))


def _buckets(first, spans, counts):
    """Spans and, as floats, absolute counts; `first` is the field of the spans."""
    out = [message(first, field(1, VARINT, zigzag(offset)) + field(2, VARINT, varint(length)))
           for offset, length in spans]
    if counts:
        out.append(message(first + 2, b"".join(struct.pack("<d", count) for count in counts)))
    return b"".join(out)


def histogram(t_ms, h):
    """A native histogram with float counts; `h` as dataset.py has them."""
    out = [double(2, h["count"]), double(3, h["sum"]), field(4, VARINT, zigzag(h["schema"])),
           double(5, h["zero_threshold"]), double(7, h["zero_count"]),
           _buckets(8, h["negative_spans"], h["negative"]), _buckets(11, h["positive_spans"], h["positive"]),
           field(14, VARINT, varint(h["reset"])), field(15, VARINT, varint(t_ms))]
    if h["bounds"]:
        out.append(message(16, b"".join(struct.pack("<d", bound) for bound in h["bounds"])))
    return message(4, b"".join(out))


def series(labels, samples):
    """`labels` in order of names; `samples` are encoded already."""
    return message(1, b"".join(label(*pair) for pair in labels) + b"".join(samples))
