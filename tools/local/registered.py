#!/usr/bin/env python3
"""registered.py INSTANCE VERSION: reads control's ListInstances from standard input; exit status 0 when that instance serves with that version."""

import json
import sys


def registered(listing, instance_id, version):
    for status in listing.get("instances", []):
        instance = status.get("instance", {})
        # Fields that have their default are left out.
        if instance.get("instanceId") == instance_id:
            return bool(status.get("alive") and instance.get("ready") and instance.get("version") == version)
    return False


if __name__ == "__main__":
    try:
        raise SystemExit(0 if registered(json.load(sys.stdin), *sys.argv[1:]) else 1)
    except ValueError:
        raise SystemExit(1)
