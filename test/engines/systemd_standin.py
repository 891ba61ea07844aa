#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A stand-in for systemd on a message bus: a few units, and what is asked of them.

usage: systemd_standin.py ADDRESS

The bus is a real one and checks every message; only who answers is made up.
"""
import sys

import dbus
import dbus.mainloop.glib
import dbus.service
from gi.repository import GLib

MANAGER = "org.freedesktop.systemd1"
ROOT = "/org/freedesktop/systemd1"
UNBOUNDED = 2**64 - 1
MANY = 300  # units, so that questions take several rounds

ABOUT = {"Version": dbus.String("252.39-1~deb12u2"), "Virtualization": dbus.String("kvm"),
         "SystemState": dbus.String("degraded")}  # fmt: skip


def service(kind, restarts, tasks, most):
    return {"Type": dbus.String(kind), "NRestarts": dbus.UInt32(restarts), "TasksCurrent": dbus.UInt64(tasks),
            "TasksMax": dbus.UInt64(most), "ActiveEnterTimestamp": dbus.UInt64(1_700_000_000_123_456)}  # fmt: skip


# name: load state, active state, properties
UNITS = {
    "nginx.service": ("loaded", "active", service("forking", 3, 5, 4915)),
    "db.service": ("loaded", "failed", service("notify", 7, UNBOUNDED, UNBOUNDED)),
    "endless.service": ("loaded", "active", service("simple", 0, 2, UNBOUNDED)),
    "backup@tank-photos.service": ("loaded", "inactive", service("oneshot", 0, UNBOUNDED, 4915)),
    "scrub.timer": ("loaded", "active", {"LastTriggerUSec": dbus.UInt64(1_699_999_999_000_000),
                                         "ActiveEnterTimestamp": dbus.UInt64(1_690_000_000_000_000)}),
    "ssh.socket": ("loaded", "active", {"NAccepted": dbus.UInt32(41), "NConnections": dbus.UInt32(2),
                                        "NRefused": dbus.UInt32(1),
                                        "ActiveEnterTimestamp": dbus.UInt64(1_690_000_000_000_000)}),
    "gone.service": ("not-found", "inactive", service("", 0, 0, 0)),
    "tank-photos.mount": ("loaded", "active", {}),
    "system.slice": ("loaded", "active", {}),
    "multi-user.target": ("loaded", "active", {}),
    "reloading.path": ("loaded", "activating", {}),
}  # fmt: skip
UNITS |= {f"job{n}.service": ("loaded", "inactive", service("oneshot", n, 0, 0)) for n in range(MANY)}


class Thing(dbus.service.Object):
    """What has properties."""

    def __init__(self, bus, path, properties):
        super().__init__(bus, path)
        self.path, self.properties = path, properties

    @dbus.service.method("org.freedesktop.DBus.Properties", in_signature="ss", out_signature="v")
    def Get(self, interface, name):  # pylint: disable=invalid-name
        if name not in self.properties:
            why = f"Unknown property {name} of {interface}"
            raise dbus.exceptions.DBusException(why, name="org.freedesktop.DBus.Error.UnknownProperty")
        return self.properties[name]


class Manager(Thing):
    """systemd itself."""

    def __init__(self, bus):
        super().__init__(bus, ROOT, ABOUT)
        self.units = [(name, of, Thing(bus, f"{ROOT}/unit/{self.escaped(name)}", of[2])) for name, of in UNITS.items()]

    @staticmethod
    def escaped(name):
        return "".join(c if c.isascii() and c.isalnum() else f"_{ord(c):02x}" for c in name)

    @dbus.service.method(MANAGER + ".Manager", in_signature="", out_signature="a(ssssssouso)")
    def ListUnits(self):  # pylint: disable=invalid-name
        return [(name, name, load, active, "", "", dbus.ObjectPath(unit.path), 0, "", dbus.ObjectPath("/"))
                for name, (load, active, _), unit in self.units]  # fmt: skip


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    bus = dbus.bus.BusConnection(sys.argv[1])
    manager = Manager(bus)
    name = dbus.service.BusName(MANAGER, bus, do_not_queue=True)
    print(f"{name.get_name()} with {len(manager.units)} units", flush=True)
    GLib.MainLoop().run()


if __name__ == "__main__":
    main()
