#!/usr/bin/python3
"""Writes trivium/values.schema.json: what stands here, and for each service's `config` the options of its config.proto. So a name that nobody knows is refused
by Helm, before anything is changed. `--check` writes nothing and fails when the file is not up to date.

    deploy/helm/schema.py [--check]
"""

import argparse
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(ROOT / "docs" / "reference"))
from generate import TYPES, Messages, descriptors  # noqa: E402

TARGET = HERE / "trivium" / "values.schema.json"
SERVICES = ("control", "payment", "push", "live", "gateway", "ops")


def closed(properties, required=()):
    """An object with these properties and no others."""
    schema = {"type": "object", "additionalProperties": False, "properties": properties}
    if required:
        schema["required"] = list(required)
    return schema


def text(pattern=None, longest=None, **more):
    schema = {"type": "string", **more}
    if pattern:
        schema["pattern"] = pattern
    if longest:
        schema["maxLength"] = longest
    return schema


def whole(low, high):
    return {"type": "integer", "minimum": low, "maximum": high}


def listed(items, **more):
    return {"type": "array", "items": items, **more}


def by_name(values, pattern="^.+$"):
    """A map whose names are free, of one form."""
    return {"type": "object", "additionalProperties": False, "patternProperties": {pattern: values}}


def one_of(*words):
    return {"type": "string", "enum": list(words)}


DEFINITIONS = {}


def shared(name, schema):
    """A reference to a schema that several places use."""
    DEFINITIONS[name] = schema
    return {"$ref": f"#/definitions/{name}"}


BOOL = {"type": "boolean"}
LABEL = text("^[a-z][a-z0-9-]{0,31}$")
SECRET = text("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", 253)
SECRET_OR_NONE = text("^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$", 253)
HOST_PORT = text("^[^:/ ]+:[0-9]{1,5}$")
DURATION = text("^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$")
QUANTITY = {"anyOf": [text("^[0-9]+(\\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$"), {"type": "number", "minimum": 0}]}
STRINGS = by_name({"type": "string"})
AMOUNTS = closed({"cpu": QUANTITY, "memory": QUANTITY, "ephemeral-storage": QUANTITY})
RESOURCES = shared("resources", closed({"requests": {**AMOUNTS, "required": ["cpu", "memory"]}, "limits": {**AMOUNTS, "required": ["memory"]}},
                                       ["requests", "limits"]))
# Kubernetes' own; a cluster checks what is inside.
PEERS = shared("peers", listed(closed({"podSelector": {"type": "object"}, "namespaceSelector": {"type": "object"},
                                       "ipBlock": closed({"cidr": text(), "except": listed(text())}, ["cidr"])})))
PORTS = listed(whole(1, 65535), minItems=1)
INGRESS = shared("ingress", {**closed({"enabled": BOOL, "className": text(), "host": text(), "tlsSecret": SECRET_OR_NONE, "annotations": STRINGS}, ["enabled", "host", "tlsSecret"]),
           "if": {"properties": {"enabled": {"const": True}}},
           "then": {"properties": {"host": {"minLength": 1}, "tlsSecret": {"minLength": 1}}}})
NUMBERS = {TYPES.TYPE_INT32: "integer", TYPES.TYPE_INT64: "integer", TYPES.TYPE_UINT32: "integer", TYPES.TYPE_UINT64: "integer",
           TYPES.TYPE_DOUBLE: "number", TYPES.TYPE_FLOAT: "number"}


def option(messages, field):
    """The schema of one option, as libs/config reads it."""
    if field.type_name == ".google.protobuf.Duration":
        schema = DURATION
    elif field.type == TYPES.TYPE_MESSAGE:
        schema = options(messages, field.type_name)
    elif field.type in NUMBERS:
        schema = {"type": NUMBERS[field.type]}
    else:
        schema = BOOL if field.type == TYPES.TYPE_BOOL else text()
    return listed(schema) if field.label == TYPES.LABEL_REPEATED else schema


def options(messages, name):
    message, _, _ = messages.by_name[name]
    return shared(name.removeprefix(".trivium."), closed({field.name: option(messages, field) for field in message.field}))


def config(service):
    """(Messages, full name) of a service's config.proto."""
    relative = pathlib.Path("services") / service / "config.proto"
    files = descriptors([relative]).file
    package = next(f.package for f in files if f.name == str(relative))
    return Messages(files), f".{package}.Config"


def service(name):
    """What all services have, and what this one has besides."""
    messages, message = config(name)
    own = options(messages, message)
    properties = {
        "enabled": BOOL,
        "replicas": whole(1, 100),
        "autoscaling": closed({"enabled": BOOL, "minReplicas": whole(1, 100), "maxReplicas": whole(1, 1000), "cpuPercent": whole(1, 100),
                               "scaleDownAfterSeconds": whole(0, 3600),
                               "podMetric": closed({"name": text("^[a-z_]*$"), "average": text("^[0-9]*m?$")}, ["name", "average"])},
                              ["enabled", "minReplicas", "maxReplicas", "cpuPercent", "scaleDownAfterSeconds", "podMetric"]),
        "resources": RESOURCES,
        "drain": closed({"preStopSeconds": whole(0, 300), "lameDuckSeconds": whole(0, 60), "timeoutSeconds": whole(0, 600)},
                        ["preStopSeconds", "lameDuckSeconds", "timeoutSeconds"]),
        "config": own,
        "canary": {**closed({"enabled": BOOL, "replicas": whole(1, 100), "tag": text("^[A-Za-z0-9_.-]*$", 128), "version": text("^[A-Za-z0-9_.-]*$", 64),
                             "percent": whole(0, 100), "config": own}, ["enabled", "replicas", "tag", "percent", "config"]),
                   "if": {"properties": {"enabled": {"const": True}}}, "then": {"properties": {"tag": {"minLength": 1}}}},
        "antiAffinity": one_of("preferred", "required", "none"),
        "extraSecrets": listed(SECRET),
        "podLabels": STRINGS,
        "podAnnotations": STRINGS,
        "nodeSelector": STRINGS,
        "tolerations": listed(closed({"key": text(), "operator": one_of("Exists", "Equal"), "value": text(), "effect": text(),
                                      "tolerationSeconds": whole(0, 86400)})),
        "priorityClassName": text(),
    }
    if name == "payment":
        properties["psps"] = DEFINITIONS["payment.Config"]["properties"]["psps"]
    if name in ("payment", "gateway", "ops"):
        properties["ingress"] = INGRESS
    if name == "live":
        properties["existingSecret"] = SECRET
    if name == "gateway":
        properties["service"] = closed({"type": one_of("ClusterIP", "NodePort", "LoadBalancer"), "port": whole(1, 65535), "annotations": STRINGS},
                                       ["type", "port"])
    if name == "ops":
        person = closed({"name": text("^[a-z0-9._@-]{1,64}$"), "role": one_of("owner", "platform_viewer", "platform_admin"), "products": listed(LABEL)},
                        ["name", "role"])
        # A Secret's keys know no @.
        person["properties"]["name"] = text("^[a-z0-9._-]{1,64}$")
        properties |= {"prometheusUrl": text("^https?://"), "secureCookie": BOOL, "people": listed(person), "peopleSecret": SECRET}
    return closed(properties, [p for p in properties if p not in ("podLabels", "podAnnotations")])


def job():
    return {"enabled": BOOL, "timeoutSeconds": whole(30, 86400), "resources": RESOURCES}


def schema():
    outside = closed({what: closed({"ports": PORTS, "to": PEERS}, ["ports"]) for what in ("mysql", "redis", "kafka", "prometheus")})
    rule = closed({"to": PEERS, "ports": listed({"type": "object"})})
    # What is in them is a proto of the platform's: control checks it when it is published.
    proto = {"type": "object"}
    properties = {
        "fullnameOverride": text("^([a-z]([a-z0-9-]*[a-z0-9])?)?$", 24),
        "clusterDomain": text("^[a-z0-9.-]+$"),
        "logLevel": one_of("debug", "info", "warning", "error"),
        "listenHost": one_of("0.0.0.0", "[::]"),
        "cell": closed({"name": LABEL, "all": listed(LABEL, minItems=1, maxItems=8, uniqueItems=True), "peerNamespaces": listed(text("^[a-z0-9-]{1,63}$")),
                        "peerCidrs": listed(text("^[0-9a-f.:]+/[0-9]{1,3}$"))}, ["name", "all"]),
        "image": closed({"registry": text("^[^ ]*[^/ ]$|^$"), "prefix": text("^[a-z0-9._-]*$"), "tag": text("^[A-Za-z0-9_.-]*$", 128),
                         "pullPolicy": one_of("Always", "IfNotPresent", "Never"), "pullSecrets": listed(SECRET)}),
        "mysql": closed({"host": text(minLength=1), "port": whole(1, 65535), "existingSecret": SECRET, "users": by_name(text(minLength=1), "^(control|payment|push|live|ops)$")},
                        ["host", "port", "existingSecret"]),
        "redis": closed({"addresses": listed(HOST_PORT, maxItems=100), "cluster": BOOL, "user": text(), "existingSecret": SECRET_OR_NONE, "secretKey": text("^[A-Za-z0-9._-]+$")},
                        ["addresses", "cluster"]),
        "kafka": closed({"brokers": text("^([^:/ ,]+:[0-9]{1,5}(,[^:/ ,]+:[0-9]{1,5})*)?$")}, ["brokers"]),
        "tls": closed({"mode": one_of("certManager", "secrets"), "secretNames": by_name(SECRET, "^[a-z0-9-]+$"),
                       "certManager": closed({"issuerRef": closed({"name": text(), "kind": text(), "group": text()}, ["name", "kind", "group"]), "createCa": BOOL,
                                              "duration": DURATION, "renewBefore": DURATION}, ["issuerRef", "createCa", "duration", "renewBefore"])}, ["mode"]),
        "products": by_name(closed({"certificate": BOOL, "profile": proto, "tokenKeys": listed(closed({"key_id": text(minLength=1), "public_key_pem": text("BEGIN PUBLIC KEY")},
                                                                                                      ["key_id", "public_key_pem"]), minItems=1)}), LABEL["pattern"]),
        "liveCapacity": by_name(proto, LABEL["pattern"]),
        "routes": listed(closed({"product": text("^([a-z][a-z0-9-]{0,31}|\\*)$"), "service": one_of(*SERVICES[1:]), "cells": listed(LABEL, minItems=1, maxItems=8, uniqueItems=True)},
                                ["product", "service", "cells"])),
        "podMetrics": BOOL,
        **{name: service(name) for name in SERVICES},
        "migrations": closed({**job(), "user": text(), "existingSecret": SECRET_OR_NONE, "secretKey": text("^[A-Za-z0-9._-]+$")}, ["enabled", "user", "resources"]),
        "publish": closed({**job(), "operator": text("^[a-z0-9][a-z0-9_-]{0,63}$")}, ["enabled", "operator", "resources"]),
        "sandboxPsp": closed({"enabled": BOOL, "merchantsSecret": SECRET, "allowNotify": listed(text("^https?://[^ ]+/$")), "resources": RESOURCES}, ["enabled", "merchantsSecret", "resources"]),
        "networkPolicy": closed({"enabled": BOOL, "monitoring": PEERS, "backends": PEERS, "operators": PEERS,
                                 "doors": closed({"clients": PEERS, "callbacks": PEERS, "console": PEERS}, ["clients", "callbacks", "console"]), "dns": PEERS, "outside": outside,
                                 "extraEgress": by_name(listed(rule), f"^({'|'.join(SERVICES)})$")}),
        "monitoring": closed({"scrapeInterval": text("^[0-9]+s$"), "labels": STRINGS, "podMonitor": closed({"enabled": BOOL}), "rules": closed({"enabled": BOOL}),
                              "dashboards": closed({"enabled": BOOL, "labels": STRINGS})}),
        "global": {"type": "object"},  # Helm's own, when this is another chart's part.
    }
    return {"$schema": "http://json-schema.org/draft-07/schema#", "title": "Values of a cell of Trivium; made by deploy/helm/schema.py", **closed(properties),
            "definitions": dict(sorted(DEFINITIONS.items()))}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; fail when the file is not up to date")
    check = parser.parse_args().check
    made = json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"
    if TARGET.exists() and TARGET.read_text() == made:
        return 0
    if check:
        print("deploy/helm/trivium/values.schema.json is not up to date: deploy/helm/schema.py makes it")
        return 1
    TARGET.write_text(made)
    return 0


if __name__ == "__main__":
    sys.exit(main())
