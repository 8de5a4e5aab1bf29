"""Tests of tools/proto_breaking.py and tools/proto_comments.py: protos in text, compiled by protoc."""

import os
import subprocess
import tempfile
import unittest

import proto_breaking
import proto_comments
import proto_descriptors

BASE = """
syntax = "proto3";
package acme.v1;
message Order { string name = 1; int64 amount = 2; State state = 3; enum State { UNKNOWN = 0; PAID = 1; } }
service Orders { rpc Get(Order) returns (Order); }
"""


def compile_proto(text):
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, "a.proto"), "w", encoding="utf-8") as file:
            file.write(text)
        subprocess.run(["protoc", f"-I{folder}", "--include_source_info", f"--descriptor_set_out={folder}/a.binpb", f"{folder}/a.proto"], check=True)
        return proto_descriptors.load([f"{folder}/a.binpb"])


class Breaking(unittest.TestCase):
    def breaks(self, old, new):
        return list(proto_breaking.breaks(compile_proto(BASE), compile_proto(BASE.replace(old, new))))

    def test_additions_are_fine(self):
        self.assertEqual(self.breaks("int64 amount = 2;", "int64 amount = 2; string note = 4;"), [])
        self.assertEqual(self.breaks("PAID = 1;", "PAID = 1; LATE = 2;"), [])
        self.assertEqual(self.breaks("service Orders {", "service Orders { rpc List(Order) returns (stream Order);"), [])

    def test_a_field_taken_away_must_be_reserved(self):
        self.assertEqual(len(self.breaks("int64 amount = 2;", "")), 1)
        self.assertEqual(self.breaks("int64 amount = 2;", "reserved 2;"), [])

    def test_changes_of_a_field_are_breaks(self):
        self.assertIn("renamed to sum", self.breaks("amount = 2", "sum = 2")[0])
        self.assertIn("was optional int64, is optional string", self.breaks("int64 amount", "string amount")[0])
        self.assertIn("is repeated int64", self.breaks("int64 amount", "repeated int64 amount")[0])

    def test_enum_values_and_methods_are_kept(self):
        self.assertIn("renamed to DONE", self.breaks("PAID = 1", "DONE = 1")[0])
        self.assertIn("Orders.Get: taken away", self.breaks("rpc Get", "rpc Fetch")[0])
        self.assertIn("returns (stream", self.breaks("returns (Order)", "returns (stream Order)")[0])


class Comments(unittest.TestCase):
    def test_each_bare_element_is_named_with_its_line(self):
        files = compile_proto('syntax = "proto3";\npackage acme;\n// An order.\nmessage Order {\n  string name = 1;\n  int64 sum = 2;  // Minor units.\n}\n')
        self.assertEqual(list(proto_comments.missing_comments(files["a.proto"])), ["a.proto:5: acme.Order.name has no comment"])


if __name__ == "__main__":
    unittest.main()
