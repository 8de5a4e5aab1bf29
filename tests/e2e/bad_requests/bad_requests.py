#!/usr/bin/python3
"""Bad requests to each API of a running platform, by a stock gRPC client that knows nothing of ours (Debian's python3-grpcio): each gets the
right code, reason and field; afterwards the same processes run, answer, and have not grown.

    bad_requests.py --pki DIR --payment 127.0.0.1:P --control 127.0.0.1:P --payment_admin 127.0.0.1:P --control_admin 127.0.0.1:P
                    --product NAME --other_product NAME

Prints a line a case and `N passed, N failed` last.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile
import urllib.request
import uuid

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

ROOT = pathlib.Path(__file__).resolve().parents[3]
ROUNDS = 20  # Of the whole table, to see a leak.
LEAK_BYTES = 48 << 20


def load_protos():
    """Message classes of all public protos, through protoc."""
    with tempfile.NamedTemporaryFile() as out:
        protos = [str(p.relative_to(ROOT / "proto")) for p in (ROOT / "proto").rglob("*.proto") if "envoy" not in p.parts and "xds" not in p.parts]
        subprocess.run(["protoc", "-Iproto", "--include_imports", f"--descriptor_set_out={out.name}", *protos], cwd=ROOT, check=True)
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return pool, message_factory.MessageFactory(pool)


POOL, FACTORY = load_protos()


def message(name):
    return FACTORY.GetPrototype(POOL.FindMessageTypeByName(name))


STATUS, ERROR_INFO, BAD_REQUEST = message("google.rpc.Status"), message("google.rpc.ErrorInfo"), message("google.rpc.BadRequest")
SERVICES = {"PaymentService": "trivium.payment.v1", "ConfigService": "trivium.control.v1", "RoutePlanService": "trivium.control.v1",
            "RegistryService": "trivium.control.v1"}


def certificate(pki, name):
    return (pki / f"{name}.key").read_bytes(), (pki / f"{name}.crt").read_bytes()


def channel(target, ca, server_name, key_and_cert=(None, None)):
    credentials = grpc.ssl_channel_credentials(ca, *key_and_cert)
    return grpc.secure_channel(target, credentials, options=[("grpc.ssl_target_name_override", server_name),
                                                            ("grpc.max_send_message_length", 64 << 20)])


class Failure(Exception):
    """What a call answered instead of a message."""

    def __init__(self, error):
        self.code = error.code().name
        self.text = error.details()
        self.reason, self.fields, self.metadata = "", set(), {}
        for key, value in error.trailing_metadata() or ():
            if key == "grpc-status-details-bin":
                for detail in STATUS.FromString(value).details:
                    if detail.type_url.endswith("google.rpc.ErrorInfo"):
                        info = ERROR_INFO.FromString(detail.value)
                        self.reason, self.metadata = info.reason, dict(info.metadata)
                    elif detail.type_url.endswith("google.rpc.BadRequest"):
                        self.fields = {v.field for v in BAD_REQUEST.FromString(detail.value).field_violations}
        super().__init__(f"{self.code} {self.reason} {sorted(self.fields)} {self.text}")


def call(on, method, request, metadata=(), timeout=10):
    """Calls "Service/Method" with a dict; the answer as a dict. Raises Failure."""
    service, name = method.split("/")
    descriptor = POOL.FindServiceByName(f"{SERVICES[service]}.{service}").methods_by_name[name]
    sent = json_format.ParseDict(request, FACTORY.GetPrototype(descriptor.input_type)(), descriptor_pool=POOL)
    answer = FACTORY.GetPrototype(descriptor.output_type)
    path, serialize = f"/{SERVICES[service]}.{service}/{name}", type(sent).SerializeToString
    try:
        if descriptor.name.startswith("Watch"):
            return next(on.unary_stream(path, serialize, answer.FromString)(sent, timeout=timeout, metadata=metadata))
        if descriptor.name == "Register":
            return next(on.stream_stream(path, serialize, answer.FromString)(iter([sent]), timeout=timeout, metadata=metadata))
        got = on.unary_unary(path, serialize, answer.FromString)(sent, timeout=timeout, metadata=metadata)
        return json_format.MessageToDict(got, descriptor_pool=POOL)
    except grpc.RpcError as error:
        raise Failure(error) from None
    except StopIteration:
        return None


def key():
    return f"bad-{uuid.uuid4()}"


def good_payment(**change):
    request = {"request_id": key(), "order_ref": f"bad-{uuid.uuid4()}", "amount": {"amount_minor": "100", "currency_code": "CNY"},
               "subject": "一节课", "institution_id": "inst-1"}
    request.update(change)
    return {k: v for k, v in request.items() if v is not None}


def money(minor, currency="CNY"):
    return {"amount_minor": str(minor), "currency_code": currency}


def payment_cases(backend, other):
    """(name, channel, method, request, code, reason, a field or None)"""
    made = call(backend, "PaymentService/CreatePayment", good_payment())
    pay_id, unknown = made["paymentId"], "pay_" + "0" * 26
    form = [
        ("request_id", None), ("request_id", "short"), ("request_id", "has space in it"), ("request_id", "x" * 65), ("order_ref", None),
        ("order_ref", "x" * 65), ("order_ref", "a\u0007b"), ("amount", None), ("subject", None), ("subject", "字" * 121), ("institution_id", None),
        ("institution_id", "no/slash"), ("timeout", "0.5s"), ("timeout", "90000s"), ("timeout", "-1s")]
    for field, value in form:
        yield f"CreatePayment {field}={value!r:.24}", backend, "PaymentService/CreatePayment", good_payment(**{field: value}), "INVALID_ARGUMENT", "FIELD_INVALID", field
    for minor, currency, field in ((0, "CNY", "amount.amount_minor"), (-1, "CNY", "amount.amount_minor"), (2**62, "CNY", "amount.amount_minor"),
                                   (1, "cny", "amount.currency_code"), (1, "XXX", "amount.currency_code"), (1, "", "amount.currency_code")):
        yield (f"CreatePayment {minor} {currency}", backend, "PaymentService/CreatePayment", good_payment(amount=money(minor, currency)),
               "INVALID_ARGUMENT", "FIELD_INVALID", field)
    used = good_payment()
    call(backend, "PaymentService/CreatePayment", used)
    yield ("same request_id, another payload", backend, "PaymentService/CreatePayment", {**used, "amount": money(101)}, "INVALID_ARGUMENT",
           "IDEMPOTENCY_KEY_REUSED", "amount")
    yield ("a second payment of an order", backend, "PaymentService/CreatePayment", {**used, "request_id": key()}, "ALREADY_EXISTS", "ORDER_HAS_PAYMENT", None)
    yield "GetPayment nothing", backend, "PaymentService/GetPayment", {}, "INVALID_ARGUMENT", "FIELD_INVALID", "payment_id"
    yield "GetPayment malformed", backend, "PaymentService/GetPayment", {"payment_id": "pay_?"}, "INVALID_ARGUMENT", "FIELD_INVALID", "payment_id"
    yield "GetPayment unknown", backend, "PaymentService/GetPayment", {"payment_id": unknown}, "NOT_FOUND", "PAYMENT_NOT_FOUND", None
    yield "GetPayment of another product", other, "PaymentService/GetPayment", {"payment_id": pay_id}, "NOT_FOUND", "PAYMENT_NOT_FOUND", None
    yield ("CancelPayment of another product", other, "PaymentService/CancelPayment", {"request_id": key(), "payment_id": pay_id}, "NOT_FOUND",
           "PAYMENT_NOT_FOUND", None)
    yield "CancelPayment nothing", backend, "PaymentService/CancelPayment", {}, "INVALID_ARGUMENT", "FIELD_INVALID", "request_id"
    refund = {"request_id": key(), "payment_id": pay_id, "amount": money(1), "reason": "test"}
    yield "CreateRefund of an unpaid one", backend, "PaymentService/CreateRefund", refund, "FAILED_PRECONDITION", "PAYMENT_NOT_SUCCEEDED", None
    yield ("CreateRefund declined again, another payload", backend, "PaymentService/CreateRefund", {**refund, "amount": money(2)}, "INVALID_ARGUMENT",
           "IDEMPOTENCY_KEY_REUSED", "amount")
    yield "CreateRefund of another product", other, "PaymentService/CreateRefund", {**refund, "request_id": key()}, "NOT_FOUND", "PAYMENT_NOT_FOUND", None
    for field in ("payment_id", "amount", "reason"):
        yield (f"CreateRefund without {field}", backend, "PaymentService/CreateRefund", {k: v for k, v in refund.items() if k != field}, "INVALID_ARGUMENT",
               "FIELD_INVALID", field)
    yield "GetRefund unknown", backend, "PaymentService/GetRefund", {"refund_id": "ref_" + "0" * 26}, "NOT_FOUND", "REFUND_NOT_FOUND", None
    for method in ("ListPayments", "ListRefunds"):
        yield f"{method} page_size", backend, f"PaymentService/{method}", {"page_size": -1}, "INVALID_ARGUMENT", "FIELD_INVALID", "page_size"
        yield f"{method} page_token", backend, f"PaymentService/{method}", {"page_token": "x"}, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token"
        yield f"{method} state", backend, f"PaymentService/{method}", {"state": 99}, "INVALID_ARGUMENT", "FIELD_INVALID", "state"
    token = call(backend, "PaymentService/ListPayments", {"page_size": 1}).get("nextPageToken", "")
    yield ("ListPayments token of other filters", backend, "PaymentService/ListPayments", {"page_size": 1, "page_token": token, "state": "EXPIRED"},
           "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token")
    yield ("ListPayments token of another product", other, "PaymentService/ListPayments", {"page_size": 1, "page_token": token}, "INVALID_ARGUMENT",
           "PAGE_TOKEN_INVALID", "page_token")
    for day in ("2026-13-40", "today", "26-1-1", "x" * 1000):
        yield f"GetDailySummary {day:.12}", backend, "PaymentService/GetDailySummary", {"day": day}, "INVALID_ARGUMENT", "FIELD_INVALID", "day"
    for method in ("ListEvents", "WatchEvents"):
        yield f"{method} cursor", backend, f"PaymentService/{method}", {"cursor": "nonsense"}, "INVALID_ARGUMENT", "CURSOR_INVALID", "cursor"
    yield "ListEvents page_size", backend, "PaymentService/ListEvents", {"page_size": -5}, "INVALID_ARGUMENT", "FIELD_INVALID", "page_size"
    yield ("over 4 MiB", backend, "PaymentService/CreatePayment", good_payment(subject="x" * (5 << 20)), "RESOURCE_EXHAUSTED", "", None)


def config(**change):
    value = {"@type": "type.googleapis.com/trivium.common.v1.ProductProfile", "displayNameZh": "坏", "displayNameEn": "bad",
             "timeZone": "Asia/Shanghai", "payment": {"currencyCodes": ["CNY"], "commissionBps": 100, "psp": "sandbox"}}
    value.update(change.pop("value", {}))
    return {"request_id": key(), "kind": "product_profile", "name": "bad-requests", "value": value, "reason": "test", **change}


def control_cases(operator, backend):
    publish = "ConfigService/PublishConfig"
    yield "PublishConfig unknown kind", operator, publish, config(kind="nonsense"), "INVALID_ARGUMENT", "KIND_UNKNOWN", "kind"
    wrong = {"@type": "type.googleapis.com/trivium.common.v1.Money", "amountMinor": "1"}
    yield "PublishConfig wrong type", operator, publish, {**config(), "value": wrong}, "INVALID_ARGUMENT", "FIELD_INVALID", "value"
    yield "PublishConfig bad zone", operator, publish, config(value={"timeZone": "Mars/Base"}), "INVALID_ARGUMENT", "FIELD_INVALID", "value.time_zone"
    yield "PublishConfig no reason", operator, publish, config(reason=""), "INVALID_ARGUMENT", "FIELD_INVALID", "reason"
    yield "PublishConfig bad name", operator, publish, config(name="No Good"), "INVALID_ARGUMENT", "FIELD_INVALID", "name"
    yield "PublishConfig percentage", operator, publish, config(percentage=101), "INVALID_ARGUMENT", "FIELD_INVALID", "percentage"
    yield "PublishConfig version", operator, publish, config(expected_version="77"), "ABORTED", "VERSION_CONFLICT", None
    yield "PublishConfig by a product", backend, publish, config(), "PERMISSION_DENIED", "METHOD_NOT_ALLOWED", None
    yield "GetConfig unknown", operator, "ConfigService/GetConfig", {"kind": "product_profile", "name": "nobody"}, "NOT_FOUND", "CONFIG_NOT_FOUND", None
    yield "ListConfigs page_token", operator, "ConfigService/ListConfigs", {"page_token": "x"}, "INVALID_ARGUMENT", "PAGE_TOKEN_INVALID", "page_token"
    yield ("RollbackConfig unknown version", operator, "ConfigService/RollbackConfig",
           {"request_id": key(), "kind": "product_profile", "name": "nobody", "to_version": "3", "reason": "test"}, "NOT_FOUND", "CONFIG_NOT_FOUND", None)
    yield "WatchConfigs no kinds", operator, "ConfigService/WatchConfigs", {}, "INVALID_ARGUMENT", "FIELD_INVALID", "kinds"
    route = {"request_id": key(), "product": "*", "service": "payment", "cells": [{"cell": "cell-a"}], "reason": "test"}
    for name, change, field in (("no cells", {"cells": []}, "cells"), ("a cell twice", {"cells": [{"cell": "cell-a"}] * 2}, "cells[1].cell"),
                                ("all drained", {"cells": [{"cell": "cell-a", "drained": True}]}, "cells"), ("unknown product", {"product": "nobody"}, "product"),
                                ("unknown service", {"service": "nothing"}, "service"), ("no reason", {"reason": ""}, "reason")):
        yield f"SetRoute {name}", operator, "RoutePlanService/SetRoute", {**route, "request_id": key(), **change}, "INVALID_ARGUMENT", "FIELD_INVALID", field
    yield "SetRoute old epoch", operator, "RoutePlanService/SetRoute", {**route, "expected_epoch": "999999"}, "ABORTED", "EPOCH_CONFLICT", None
    yield "SetRoute by a product", backend, "RoutePlanService/SetRoute", route, "PERMISSION_DENIED", "METHOD_NOT_ALLOWED", None
    yield "DeleteRoute *", operator, "RoutePlanService/DeleteRoute", {"request_id": key(), "product": "*", "service": "payment", "reason": "x"}, "INVALID_ARGUMENT", "FIELD_INVALID", "product"
    yield "ListAuditEntries page_size", operator, "RoutePlanService/ListAuditEntries", {"page_size": -1}, "INVALID_ARGUMENT", "FIELD_INVALID", "page_size"
    yield "Register by a product", backend, "RegistryService/Register", {"instance": {"instance_id": "x"}}, "PERMISSION_DENIED", "METHOD_NOT_ALLOWED", None


def make_strangers(pki, folder):
    """Certificates that must not get in: expired, and of another CA. Returns their names' (key, cert)."""
    def run(*command):
        subprocess.run(command, check=True, capture_output=True)
    extension = folder / "san"
    extension.write_text("subjectAltName=URI:spiffe://trivium/product/ketang\n")
    for name, ca in (("expired", pki / "ca"), ("foreign", folder / "otherca")):
        if name == "foreign":
            run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=other", "-days", "2",
                "-keyout", f"{ca}.key", "-out", f"{ca}.crt")
        run("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}", "-keyout", folder / f"{name}.key",
            "-out", folder / f"{name}.csr")
        days = "-1" if name == "expired" else "2"
        run("openssl", "x509", "-req", "-in", folder / f"{name}.csr", "-CA", f"{ca}.crt", "-CAkey", f"{ca}.key", "-set_serial",
            str(uuid.uuid4().int >> 65), "-days", days, "-extfile", extension, "-out", folder / f"{name}.crt")
    return certificate(folder, "expired"), certificate(folder, "foreign")


def identity_cases(options, ca, backend, strangers):
    name, request = "payment.trivium", {"payment_id": "pay_" + "0" * 26}
    method = "PaymentService/GetPayment"
    expired, foreign = strangers
    yield "no certificate", channel(options.payment, ca, name), method, request, "UNAUTHENTICATED", "NO_CLIENT_CERTIFICATE", None
    operator = channel(options.payment, ca, name, certificate(options.pki, "operator-dev"))
    yield "a certificate of another role", operator, "PaymentService/CreatePayment", good_payment(), "PERMISSION_DENIED", "METHOD_NOT_ALLOWED", None
    yield "an expired certificate", channel(options.payment, ca, name, expired), method, request, "UNAVAILABLE", "", None
    yield "a certificate of another CA", channel(options.payment, ca, name, foreign), method, request, "UNAVAILABLE", "", None
    yield ("another product in the metadata", backend, method, request, "PERMISSION_DENIED", "PRODUCT_NOT_ALLOWED", None,
           (("x-trivium-product", options.other_product),))


def check(case):
    """'' when the case answers as it must, else what it answered."""
    _, on, method, request, code, reason, field, *metadata = case
    try:
        got = call(on, method, request, *metadata)
    except Failure as failure:
        wrong = failure.code != code or (reason and failure.reason != reason)
        if field and not any(f == field or f.startswith((field + ".", field + "[")) for f in failure.fields):
            wrong = True
        return f"got {failure}, want {code} {reason} {field or ''}" if wrong else ""
    return f"got an answer {str(got)[:80]}, want {code} {reason}"


def measure(admin):
    text = urllib.request.urlopen(f"http://{admin}/metrics", timeout=5).read().decode()
    values = dict(line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    return float(values["process_start_time_seconds"]), float(values["process_resident_memory_bytes"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("pki", "payment", "control", "payment_admin", "control_admin", "product", "other_product"):
        parser.add_argument(f"--{name}", required=True)
    options = parser.parse_args()
    options.pki = pathlib.Path(options.pki)
    ca = (options.pki / "ca.crt").read_bytes()
    backend, other = (channel(options.payment, ca, "payment.trivium", certificate(options.pki, f"product-{p}"))
                      for p in (options.product, options.other_product))
    operator = channel(options.control, ca, "control.trivium", certificate(options.pki, "operator-dev"))
    backend_at_control = channel(options.control, ca, "control.trivium", certificate(options.pki, f"product-{options.product}"))
    failures, passed, before = {}, 0, None
    with tempfile.TemporaryDirectory() as folder:
        strangers = make_strangers(options.pki, pathlib.Path(folder))
        for round_number in range(ROUNDS):
            cases = [*payment_cases(backend, other), *control_cases(operator, backend_at_control),
                     *identity_cases(options, ca, backend, strangers)]
            for case in cases:
                wrong = check(case)
                if wrong:
                    failures.setdefault(case[0], wrong)
                elif round_number == 0:
                    passed += 1
                    print(f"PASSED {case[0]}")
            if round_number == 1:
                before = [measure(options.payment_admin), measure(options.control_admin)]
    for service, (was_start, was_size), (start, size) in zip(("payment", "control"), before, [measure(options.payment_admin), measure(options.control_admin)]):
        if start != was_start:
            failures[f"{service} stays up"] = "it was restarted"
        elif size - was_size > LEAK_BYTES:
            failures[f"{service} does not grow"] = f"{was_size:.0f} -> {size:.0f} bytes resident over {ROUNDS - 2} rounds"
        else:
            passed += 1
            print(f"PASSED {service} is the same process, {was_size / 1e6:.0f} -> {size / 1e6:.0f} MB resident")
    for name, wrong in failures.items():
        print(f"FAILED {name}: {wrong}")
    print(f"{passed} passed, {len(failures)} failed")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
