"""redis_tests: one suite on one Redis and on a cluster of three masters."""

def redis_tests(name, deps, tags = ["integration"]):
    """Makes `name`_redis_test and `name`_cluster_redis_test of `name`_redis_test.cc, which is compiled once.

    The suite starts its servers by libs/redis/any_test_redis.h, which asks the environment.

    Args:
      name: of the suite.
      deps: of the suite; they must have gtest_main.
      tags: of both tests.
    """
    native.cc_library(
        name = name + "_redis_suite",
        testonly = True,
        srcs = [name + "_redis_test.cc"],
        deps = deps,
        alwayslink = True,
    )
    for suffix, env in [
        ("_redis_test", {}),
        ("_cluster_redis_test", {"TRIVIUM_TEST_REDIS": "cluster"}),
    ]:
        native.cc_test(
            name = name + suffix,
            size = "medium",
            env = env,
            tags = tags,
            deps = [":" + name + "_redis_suite"],
        )
