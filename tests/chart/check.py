#!/usr/bin/python3
"""What must hold of the rendered chart, as a cluster would see it. Prints what does not, a line each; status 1 when there is any.

    check.py objects NAMESPACE=FILE...      Pods, Services, references, budgets, certificates of each file
    check.py network NAMESPACE=FILE...      who may talk to whom, over all files together
    check.py configs FILE FOLDER BIN        each service's config by BIN/<service> --check_config, with files of its own under FOLDER
    check.py normal FILE VERSION            the rendering as it is committed: without versions, and without what dashboards/ makes
"""

import itertools
import os
import pathlib
import re
import subprocess
import sys

import yaml

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SERVICES = ("control", "payment", "push", "live", "gateway", "ops")
PORTS = {"grpc": 9000, "admin": 9001, "clients": 9002, "console": 9003, "callbacks": 9004, "ads": 9005, "psp": 9030}
# Secrets that people make before an install, by docs/guides/deploy.md: name -> keys.
SECRETS = {
    "trivium-mysql": {"control", "payment", "push", "live", "ops"},
    "trivium-redis": {"password"},
    "trivium-live": {"resume-key", "media-key"},
    "trivium-people": {"admin", "ketang"},
    "trivium-sandbox": {"sandbox-merchants.yaml"},
}
TLS_KEYS = {"tls.crt", "tls.key", "ca.crt"}
HOOK = "helm.sh/hook"


def load(path):
    return [d for d in yaml.safe_load_all(pathlib.Path(path).read_text()) if d]


def of_kind(documents, *kinds):
    return [d for d in documents if d["kind"] in kinds]


def named(document):
    return f"{document['kind']} {document['metadata']['name']}"


def pods(documents):
    """(the object, its Pods' template) of all that runs Pods."""
    return [(d, d["spec"]["template"]) for d in of_kind(documents, "Deployment", "StatefulSet", "Job")]


def containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def labels(template):
    return template["metadata"]["labels"]


def selects(selector, found):
    """Whether matchLabels take these labels; {} takes all."""
    return all(found.get(k) == v for k, v in (selector or {}).get("matchLabels", {}).items())


def seconds(text):
    return sum(float(n) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[u] for n, u in re.findall(r"([0-9.]+)(ms|s|m|h)", text))


# ---- objects

def hardened(documents):
    for document, template in pods(documents):
        spec, security = template["spec"], template["spec"].get("securityContext", {})
        if not (security.get("runAsNonRoot") is True and security.get("runAsUser", 0) >= 10000 and security.get("runAsGroup", 0) >= 10000):
            yield f"{named(document)}: may run as root"
        if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{named(document)}: no seccomp profile"
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{named(document)}: has a token of Kubernetes"
        for word in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(word):
                yield f"{named(document)}: {word}"
        for volume in spec.get("volumes", []):
            if "hostPath" in volume:
                yield f"{named(document)}: volume {volume['name']} is the machine's"
        for container in containers(template):
            yield from (f"{named(document)}/{container['name']}: {what}" for what in weak(container))


def weak(container):
    security, amounts = container.get("securityContext", {}), container.get("resources", {})
    if security.get("readOnlyRootFilesystem") is not True:
        yield "its root can be written"
    if security.get("allowPrivilegeEscalation") is not False or security.get("privileged"):
        yield "may gain privileges"
    if security.get("capabilities") != {"drop": ["ALL"]}:
        yield "has capabilities"
    if security.get("runAsUser") == 0 or security.get("runAsNonRoot") is False:
        yield "may run as root"
    if not {"cpu", "memory"} <= set(amounts.get("requests", {})) or "memory" not in amounts.get("limits", {}):
        yield "without requests of CPU and memory and a limit of memory"
    if not re.search(r":[A-Za-z0-9_.-]+$", container["image"]) or container["image"].endswith(":latest"):
        yield f"image {container['image']}: no version"


def probed(documents):
    for document, template in pods(documents):
        if document["kind"] == "Job":
            continue
        for container in containers(template):
            ports = {p["name"] for p in container.get("ports", [])}
            for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
                target = container.get(probe, {}).get("httpGet", {}).get("port")
                if target not in ports:
                    yield f"{named(document)}/{container['name']}: {probe} on {target}, want one of {sorted(ports)}"


def drains_in_time(documents):
    configs = {d["metadata"]["name"]: d["data"] for d in of_kind(documents, "ConfigMap")}
    for document, template in pods(documents):
        component = labels(template)["app.kubernetes.io/component"]
        if component not in SERVICES:
            continue
        server = yaml.safe_load(configs[document["metadata"]["name"]][f"{component}.yaml"])["server"]
        hook = template["spec"]["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
        # 5 s: kAfterDrain of libs/server.
        need = float(hook[-1]) + seconds(server["lame_duck"]) + seconds(server["drain_timeout"]) + 5
        if template["spec"]["terminationGracePeriodSeconds"] < need:
            yield f"{named(document)}: killed after {template['spec']['terminationGracePeriodSeconds']} s, want {need} or more"
        # Balancers in front ask every few seconds.
        if component == "gateway" and float(hook[-1]) + seconds(server["lame_duck"]) < 5:
            yield f"{named(document)}: leaves {server['lame_duck']} to balancers, want 5 s or more"
        if document["spec"]["strategy"]["rollingUpdate"] != {"maxSurge": 1, "maxUnavailable": 0}:
            yield f"{named(document)}: a rollout takes an instance away before the new one is ready"


def services_lead_somewhere(documents):
    services = {}
    for service in of_kind(documents, "Service"):
        services[service["metadata"]["name"]] = {p["name"] for p in service["spec"]["ports"]}
        behind = [t for _, t in pods(documents) if service["spec"]["selector"].items() <= labels(t).items()]
        if not behind:
            yield f"{named(service)}: selects nothing"
        for template, port in itertools.product(behind, service["spec"]["ports"]):
            known = {p["name"] for c in containers(template) for p in c.get("ports", [])}
            if port["targetPort"] not in known:
                yield f"{named(service)}: port {port['targetPort']}, want one of {sorted(known)}"
    for ingress in of_kind(documents, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                target = path["backend"]["service"]
                if target["port"]["name"] not in services.get(target["name"], ()):
                    yield f"{named(ingress)}: leads to {target}, which is not there"


def ports_are_the_contract(documents):
    for document, template in pods(documents):
        for container in containers(template):
            for port in container.get("ports", []):
                if port["containerPort"] != PORTS.get(port["name"]):
                    yield f"{named(document)}: port {port['name']} is {port['containerPort']}, want {PORTS.get(port['name'])}"


def addresses_exist(documents, namespace):
    """Hosts that a config or an argument names are Services of this release, with that port; or somebody else's."""
    known = {(s["metadata"]["name"], p["port"]) for s in of_kind(documents, "Service") for p in s["spec"]["ports"]}
    texts = [(named(d), text) for d in of_kind(documents, "ConfigMap") for text in d["data"].values()]
    texts += [(named(d), " ".join(a for c in containers(t) for a in c.get("args", []))) for d, t in pods(documents)]
    for where, text in texts:
        for host, port in re.findall(rf"(?<![.\w-])(trivium-[a-z0-9-]+)(?:\.{namespace}(?:\.svc\.cluster\.local)?)?:([0-9]+)\b", text):
            if (host, int(port)) not in known and not host.startswith("trivium-mysql"):
                yield f"{where}: {host}:{port}, which is no Service of the release"


def references(template):
    """(ConfigMap or Secret, its name, keys or None for all) of a Pod."""
    for volume in template["spec"].get("volumes", []):
        for source in [volume] + volume.get("projected", {}).get("sources", []):
            for kind, word in (("ConfigMap", "configMap"), ("Secret", "secret")):
                if word in source:
                    entry = source[word]
                    yield kind, entry.get("name") or entry.get("secretName"), [i["key"] for i in entry["items"]] if "items" in entry else None
    for container in containers(template):
        for entry in container.get("env", []):
            for kind, word in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
                if word in entry.get("valueFrom", {}):
                    yield kind, entry["valueFrom"][word]["name"], [entry["valueFrom"][word]["key"]]


def references_are_there(documents):
    known = {("ConfigMap", d["metadata"]["name"]): set(d["data"]) for d in of_kind(documents, "ConfigMap")}
    known.update({("Secret", d["spec"]["secretName"]): TLS_KEYS for d in of_kind(documents, "Certificate")})
    known.update({("Secret", name): keys for name, keys in SECRETS.items()})
    if not of_kind(documents, "Certificate"):  # tls.mode: secrets
        known.update({("Secret", f"trivium-{name}-tls"): TLS_KEYS for name in (*SERVICES, "publish")})
    guide = (ROOT / "docs/guides/deploy.md").read_text()
    for document, template in pods(documents):
        for kind, name, keys in references(template):
            if (kind, name) not in known:
                yield f"{named(document)}: {kind} {name} is nowhere"
                continue
            for key in keys or ():
                if key not in known[kind, name]:
                    yield f"{named(document)}: {kind} {name} has no key {key}, only {sorted(known[kind, name])}"
            if name in SECRETS and name not in guide:
                yield f"docs/guides/deploy.md does not say how to make the Secret {name}"
        hook = document["metadata"].get("annotations", {}).get(HOOK, "")
        # What a hook needs before the install must not be part of the release.
        for kind, name, _ in references(template) if hook.startswith("pre-install") else ():
            if name not in SECRETS:
                yield f"{named(document)}: needs {kind} {name} before the release has made it"


def mounts_fit(documents):
    for document, template in pods(documents):
        volumes = {v["name"]: v for v in template["spec"].get("volumes", [])}
        for container in containers(template):
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"{named(document)}/{container['name']}: mounts {mount['name']}, which is no volume"
                elif "emptyDir" not in volumes[mount["name"]] and not mount.get("readOnly"):
                    yield f"{named(document)}/{container['name']}: could write to {mount['mountPath']}"


def selectors_match(documents):
    for document, template in pods(documents):
        if document["kind"] != "Job" and not selects(document["spec"]["selector"], labels(template)):
            yield f"{named(document)}: does not select its own Pods"
    deployments = {d["metadata"]["name"]: (d, t) for d, t in pods(documents)}
    for first, second in itertools.combinations(of_kind(documents, "Deployment"), 2):
        if selects(first["spec"]["selector"], labels(second["spec"]["template"])):
            yield f"{named(first)}: selects the Pods of {named(second)}, too"
    for budget in of_kind(documents, "PodDisruptionBudget"):
        behind = [d for d, t in pods(documents) if selects(budget["spec"]["selector"], labels(t))]
        if not behind or budget["spec"].get("maxUnavailable") != 1:
            yield f"{named(budget)}: want one Pod at a time of a service that is there"
    for scaler in of_kind(documents, "HorizontalPodAutoscaler"):
        target = deployments.get(scaler["spec"]["scaleTargetRef"]["name"])
        if target is None:
            yield f"{named(scaler)}: scales what is not there"
        elif "replicas" in target[0]["spec"]:
            yield f"{named(scaler)}: an upgrade would set the replicas back, want none in {named(target[0])}"
        elif scaler["spec"]["minReplicas"] < 2 or scaler["spec"]["maxReplicas"] < scaler["spec"]["minReplicas"]:
            yield f"{named(scaler)}: {scaler['spec']['minReplicas']} to {scaler['spec']['maxReplicas']} replicas, want two at least"
    for monitor in of_kind(documents, "PodMonitor"):
        for name in SERVICES:
            template = deployments[f"trivium-{name}"][1]
            if not selects(monitor["spec"]["selector"], labels(template)) or monitor["spec"]["podMetricsEndpoints"][0]["port"] != "admin":
                yield f"{named(monitor)}: does not scrape {name}"


def certificates_have_their_names(documents):
    found = {}
    for certificate in of_kind(documents, "Certificate"):
        spec = certificate["spec"]
        if spec.get("isCA"):
            continue
        # Two names would be two callers: libs/rpc/identity.h.
        if len(spec["uris"]) != 1 or not re.fullmatch(r"spiffe://trivium/(service|product|operator)/[a-z0-9][a-z0-9_-]*", spec["uris"][0]):
            yield f"{named(certificate)}: {spec['uris']}, want one name that libs/rpc knows"
        found[spec["uris"][0].removeprefix("spiffe://trivium/")] = spec
    for name in SERVICES if found else ():
        spec = found.get(f"service/{name}", {})
        if spec.get("dnsNames") != [f"{name}.trivium", f"*.{name}.trivium"]:
            yield f"Certificate of {name}: {spec.get('dnsNames')}, want the names that gRPC asks for, the wildcard last"


def schemas_are_all_migrated(documents):
    jobs = [d for d in of_kind(documents, "Job") if d["metadata"]["name"].endswith("-migrate")]
    folders = sorted(p.name for p in (ROOT / "migrations").iterdir() if p.is_dir())
    for job in jobs:
        arguments = [a for c in containers(job["spec"]["template"]) for a in c["args"]]
        found = sorted(a.rsplit("/", 1)[1] for a in arguments if a.startswith("--folder="))
        if found != folders or not job["metadata"]["annotations"][HOOK] == "pre-install,pre-upgrade":
            yield f"{named(job)}: migrates {found}, want {folders} before an install and an upgrade"


def dashboards_are_those_generated(documents):
    for rule in of_kind(documents, "PrometheusRule"):
        if rule["spec"] != yaml.safe_load((ROOT / "dashboards/generated/prometheus-rules.yaml").read_text()):
            yield f"{named(rule)}: not the rules of dashboards/generated"
    boards = {name: text for d in of_kind(documents, "ConfigMap") for name, text in d["data"].items() if name.endswith(".json")}
    for name, text in boards.items():
        if text.rstrip("\n") != (ROOT / "dashboards/generated/grafana" / name).read_text().rstrip("\n"):
            yield f"board {name}: not that of dashboards/generated"
    if boards and set(boards) != {p.name for p in (ROOT / "dashboards/generated/grafana").iterdir()}:
        yield f"boards: {sorted(boards)}, want all of dashboards/generated"


def names_are_unique(documents):
    seen = set()
    for document in documents:
        if (name := named(document)) in seen:
            yield f"{name}: twice"
        seen.add(name)
        # "<cell>-<Deployment's name>-<10>-<5>" is an instance's id: 64 characters at most.
        if document["kind"] == "Deployment" and len(document["metadata"]["labels"]["trivium/cell"]) + len(document["metadata"]["name"]) > 46:
            yield f"{name}: its instances' ids would be too long"


OBJECTS = (hardened, probed, drains_in_time, services_lead_somewhere, ports_are_the_contract, references_are_there, mounts_fit, selectors_match,
           certificates_have_their_names, schemas_are_all_migrated, dashboards_are_those_generated, names_are_unique)


def check_objects(cells):
    for namespace, documents in cells.items():
        for check in OBJECTS:
            yield from (f"{namespace}: {what}" for what in check(documents))
        yield from (f"{namespace}: {what}" for what in addresses_exist(documents, namespace))


# ---- network

# Who calls whom, by DESIGN's tables (who owns what, method policy): caller -> callee and port. The rest is denied.
CALLS = {("payment", "control", "grpc"), ("payment", "control", "ads"),
         ("push", "control", "grpc"), ("push", "control", "ads"),
         ("live", "control", "grpc"), ("live", "control", "ads"), ("live", "push", "grpc"),
         ("gateway", "control", "grpc"), ("gateway", "control", "ads"), ("gateway", "payment", "grpc"), ("gateway", "push", "grpc"), ("gateway", "live", "grpc"),
         ("ops", "control", "grpc"), ("ops", "control", "ads"), ("ops", "payment", "grpc"), ("ops", "push", "grpc"), ("ops", "live", "grpc")}
# The sandbox PSP, one for all cells.
TRIAL = {("payment", "sandbox-psp", "psp"), ("sandbox-psp", "payment", "callbacks")}
# From outside, by the Pods' namespaces.
VISITORS = {
    "monitoring": {(name, "admin") for name in SERVICES},
    "ingress-nginx": {("gateway", "clients"), ("payment", "callbacks"), ("ops", "console")},
    "ketang-backend": {("payment", "grpc"), ("push", "grpc"), ("live", "grpc"), ("control", "ads"), ("gateway", "clients")},
    "stranger": {("gateway", "clients")},
}
DATABASES = {"mysql": (3306, {"control", "payment", "push", "live", "ops", "migrate"}), "redis": (6379, {"push", "live", "gateway"}),
             "kafka": (9092, {"control", "payment", "push", "live", "ops"}), "prometheus": (9090, {"ops"})}


class Pod:
    def __init__(self, namespace, pod_labels, namespace_labels=None):
        self.namespace, self.labels = namespace, pod_labels
        self.namespace_labels = {"kubernetes.io/metadata.name": namespace, **(namespace_labels or {})}


def peer_takes(peer, policy_namespace, pod):
    if "ipBlock" in peer:
        return False  # Here all Pods are of one cluster.
    if "namespaceSelector" in peer:
        if not selects(peer["namespaceSelector"], pod.namespace_labels):
            return False
    elif pod.namespace != policy_namespace:
        return False
    return selects(peer.get("podSelector"), pod.labels)


def lets(policies, pod, direction, other, port):
    """As Kubernetes: without a policy of the direction all may; else one rule of one policy must."""
    word, side = ("ingress", "from") if direction == "Ingress" else ("egress", "to")
    ours = [p for namespace, p in policies if namespace == pod.namespace and direction in p["spec"]["policyTypes"] and selects(p["spec"]["podSelector"], pod.labels)]
    if not ours:
        return True
    for rule in (r for p in ours for r in p["spec"].get(word) or []):
        if "ports" in rule and port not in {p["port"] for p in rule["ports"]}:
            continue
        if side not in rule or any(peer_takes(peer, pod.namespace, other) for peer in rule[side]):
            return True
    return False


def may_talk(policies, source, target, port):
    return lets(policies, source, "Egress", target, port) and lets(policies, target, "Ingress", source, port)


def check_network(cells):
    policies = [(namespace, d) for namespace, documents in cells.items() for d in of_kind(documents, "NetworkPolicy")]
    if not policies:
        yield "no network policies"
    members = {}
    for namespace, documents in cells.items():
        for _, template in pods(documents):
            members.setdefault((namespace, labels(template)["app.kubernetes.io/component"]), Pod(namespace, labels(template)))
    for (source_key, source), (target_key, target) in itertools.permutations(members.items(), 2):
        (home, caller), (away, callee) = source_key, target_key
        for name, port in PORTS.items():
            # Each cell has its own control; services are called across.
            want = (caller, callee, name) in CALLS and (home == away or callee != "control")
            want = want or (caller, callee, name) in TRIAL or (home == away and (caller, callee, name) == ("publish", "control", "grpc"))
            if may_talk(policies, source, target, port) != want:
                yield f"{home}/{caller} to {away}/{callee}:{name}: want it {'let through' if want else 'denied'}"
    yield from check_visitors(policies, members)
    yield from check_databases(policies, members)


def check_visitors(policies, members):
    for visitor, doors in VISITORS.items():
        source = Pod(visitor, {"app": visitor}, {"trivium/backends": "true"} if visitor == "ketang-backend" else None)
        for (namespace, component), target in members.items():
            for name, port in PORTS.items():
                want = component in SERVICES and ((component, name) in doors or (component, name) == ("gateway", "clients"))
                if lets(policies, target, "Ingress", source, port) != want:
                    yield f"{visitor} to {namespace}/{component}:{name}: want it {'let through' if want else 'denied'}"


def check_databases(policies, members):
    for what, (port, users) in DATABASES.items():
        target = Pod("monitoring" if what == "prometheus" else "databases", {"app": what})
        for (namespace, component), source in members.items():
            if lets(policies, source, "Egress", target, port) != (component in users):
                yield f"{namespace}/{component} to {what}: want it {'let through' if component in users else 'denied'}"
    for (namespace, component), source in members.items():
        if not lets(policies, source, "Egress", Pod("kube-system", {"k8s-app": "kube-dns"}), 53):
            yield f"{namespace}/{component}: cannot ask for names"
        if lets(policies, source, "Egress", Pod("stranger", {}), 443):
            yield f"{namespace}/{component}: may go anywhere by HTTPS"


# ---- configs

def check_configs(path, folder, programs):
    """As in a Pod, but for the folders."""
    folder = pathlib.Path(folder)
    environment = {**os.environ, "POD_NAME": "trivium-service-5d8f7c9b6d-abcde", "POD_IP": "10.244.1.7"}
    documents = load(path)
    count = 0
    for config in of_kind(documents, "ConfigMap"):
        component = config["metadata"]["labels"].get("app.kubernetes.io/component")
        if component not in SERVICES:
            continue
        count += 1
        text = config["data"][f"{component}.yaml"]
        for inside in re.findall(r"\$\{file:(/run/secrets/[^}]+)\}|(/run/secrets/[^ \"\n}]+\.yaml)", text):
            secret = folder / (inside[0] or inside[1]).lstrip("/")
            secret.parent.mkdir(parents=True, exist_ok=True)
            # A password's hash where a person's is wanted: of the form, and of no password.
            secret.write_text(f"scrypt$15$8$1${'A' * 22}${'A' * 43}\n" if "people" in secret.parts else "0123456789abcdef0123456789abcdef\n")
        (folder / "var/lib/trivium").mkdir(parents=True, exist_ok=True)
        for inside, outside in (("/etc/trivium/tls", folder / "tls"), ("/run/secrets", folder / "run/secrets"), ("/var/lib/trivium", folder / "var/lib/trivium"),
                                ("/opt/trivium/share/boards.yaml", ROOT / "dashboards/boards.yaml"), ("/opt/trivium/share/console", folder)):
            text = text.replace(inside, str(outside))
        file = folder / f"{config['metadata']['name']}.yaml"
        file.write_text(text)
        done = subprocess.run([f"{programs}/{component}", "--config", str(file), "--check_config"], env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            yield f"{config['metadata']['name']}: {(done.stderr + done.stdout).strip()}"
    if count < len(SERVICES):
        yield f"{count} configs, want {len(SERVICES)} or more"


# ---- the committed rendering

def normal(path, version):
    text = pathlib.Path(path).read_text()
    kept = []
    for document in re.split(r"^---\n", text, flags=re.M):
        if re.search(r"^kind: (PrometheusRule|ConfigMap)$", document, re.M) and "templates/monitoring.yaml" in document:
            document = re.sub(r"^(spec|data):\n.*", r"\1: of dashboards/generated\n", document, flags=re.M | re.S)
        kept.append(document)
    return "---\n".join(kept).replace(version, "@version@")


def main():
    command, arguments = sys.argv[1], sys.argv[2:]
    if command == "normal":
        sys.stdout.write(normal(*arguments))
        return 0
    if command == "configs":
        wrong = list(check_configs(*arguments))
    else:
        cells = {namespace: load(path) for namespace, path in (a.split("=", 1) for a in arguments)}
        wrong = list({"objects": check_objects, "network": check_network}[command](cells))
    for what in wrong:
        print(what)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
