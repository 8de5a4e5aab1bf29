"""Tests of what `trv drill upgrade` takes for "control tells everybody of it"."""

import unittest

import registered


def listing(**changes):
    instance = {"instanceId": "payment-2", "service": "payment", "version": "0.2.0", "ready": True}
    status = {"instance": instance, "alive": True}
    for name, value in changes.items():
        (status if name == "alive" else instance)[name] = value
    return {"instances": [{"instance": {"instanceId": "payment-1", "version": "0.1.0", "ready": True}, "alive": True}, status]}


class Registered(unittest.TestCase):
    def test_only_an_instance_that_lives_is_ready_and_has_the_version(self):
        self.assertTrue(registered.registered(listing(), "payment-2", "0.2.0"))
        for changes in ({"alive": False}, {"ready": False}, {"version": "0.1.0"}, {"instanceId": "payment-3"}):
            self.assertFalse(registered.registered(listing(**changes), "payment-2", "0.2.0"), changes)
        self.assertFalse(registered.registered({}, "payment-2", "0.2.0"))


if __name__ == "__main__":
    unittest.main()
