#!/usr/bin/env python3
"""Makes generated/ from boards.yaml: Prometheus rules, and one Grafana dashboard a board.

usage: dashboards/generate.py [--check]
--check writes nothing and ends with status 1 when generated/ is not what boards.yaml says.
"""

import argparse
import json
import pathlib
import sys

import yaml

HERE = pathlib.Path(__file__).resolve().parent
HEADER = "# Made by dashboards/generate.py from dashboards/boards.yaml: change that, not this.\n"
RUNBOOKS = "docs/runbooks/"
GRAFANA_UNITS = {
    "count": "short", "per_second": "cps", "ratio": "percentunit", "seconds": "s", "minor": "short", "bytes": "bytes", "cores": "short",
}
COLUMNS, HEIGHT = 2, 8


def alert_name(alert_id):
    """payment-unknown -> PaymentUnknown, as Prometheus users expect."""
    return "".join(word.capitalize() for word in alert_id.split("-"))


def prometheus_rules(source):
    recording = [{"record": r["record"], "expr": r["query"]} for r in source["recording_rules"]]
    alerts = [{
        "alert": alert_name(a["id"]),
        "expr": a["query"],
        "for": a["for"],
        "labels": {"severity": a["severity"]},
        "annotations": {
            "summary": a["title"]["en"],
            "summary_zh": a["title"]["zh"],
            "runbook": f"{RUNBOOKS}{a['id']}.md",
        },
    } for a in source["alerts"]]
    groups = [{"name": "trivium-recording", "interval": "15s", "rules": recording},
              {"name": "trivium-alerts", "interval": "15s", "rules": alerts}]
    return HEADER + yaml.safe_dump({"groups": groups}, allow_unicode=True, sort_keys=False, width=140)


def grafana_panel(panel, index):
    stacked = panel["chart"] == "area"
    return {
        "id": index + 1,
        "type": "stat" if panel["chart"] == "stat" else "timeseries",
        "title": f"{panel['title']['zh']} {panel['title']['en']}",
        "description": f"{panel['empty']['zh']}\n\n{panel['empty']['en']}",
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "gridPos": {"x": index % COLUMNS * 12, "y": index // COLUMNS * HEIGHT, "w": 12, "h": HEIGHT},
        "fieldConfig": {
            "defaults": {
                "unit": GRAFANA_UNITS[panel["unit"]],
                "min": 0,
                "custom": {
                    "drawStyle": "bars" if panel["chart"] == "bar" else "line",
                    "fillOpacity": 20 if stacked else 0,
                    "stacking": {"mode": "normal" if stacked else "none"},
                },
            },
            "overrides": [],
        },
        "options": {} if panel["chart"] == "stat" else {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": [{
            "refId": "A",
            "expr": panel["query"].replace("$window", "$__rate_interval"),
            "legendFormat": panel["label"],
        }],
    }


def grafana_board(board):
    variables = [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]
    if not board.get("platform"):
        variables.append({
            "name": "product", "type": "query", "label": "产品 Product", "includeAll": True, "allValue": ".*", "refresh": 2, "sort": 1,
            "datasource": {"type": "prometheus", "uid": "${datasource}"},
            "query": 'label_values(trivium_rpc_server_calls_total{product!=""}, product)',
        })
    dashboard = {
        "uid": f"trivium-{board['id']}",
        "title": f"Trivium · {board['title']['zh']} {board['title']['en']}",
        "tags": ["trivium"],
        "timezone": "browser",
        "refresh": "5s",
        "time": {"from": "now-1h", "to": "now"},
        "schemaVersion": 39,
        "templating": {"list": variables},
        "panels": [grafana_panel(p, i) for i, p in enumerate(board["panels"])],
    }
    return json.dumps(dashboard, ensure_ascii=False, indent=2) + "\n"


def generate(source):
    """All generated files: path under dashboards/ -> text."""
    files = {"generated/prometheus-rules.yaml": prometheus_rules(source)}
    for board in source["boards"]:
        files[f"generated/grafana/{board['id']}.json"] = grafana_board(board)
    return files


def stale(files):
    """Names of generated files that are missing, different, or no longer made."""
    wrong = [name for name, text in files.items()
             if not (HERE / name).exists() or (HERE / name).read_text(encoding="utf-8") != text]
    there = (p.relative_to(HERE).as_posix() for p in (HERE / "generated").rglob("*") if p.is_file())
    return sorted(wrong + [name for name in there if name not in files])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    files = generate(yaml.safe_load((HERE / "boards.yaml").read_text(encoding="utf-8")))
    wrong = stale(files)
    if check:
        for name in wrong:
            print(f"dashboards/{name}: not what boards.yaml says, run dashboards/generate.py", file=sys.stderr)
        return 1 if wrong else 0
    for name in wrong:
        if name not in files:
            (HERE / name).unlink()
            continue
        (HERE / name).parent.mkdir(parents=True, exist_ok=True)
        (HERE / name).write_text(files[name], encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
