"""What errors become at the edge."""

from __future__ import annotations

from tousu.errors import ExampleError
from tousu_service.http.error_handlers import status_of


def test_an_example_that_breaks_a_rule_is_no_failure_of_the_service():
    assert status_of(ExampleError("x")) == 422
