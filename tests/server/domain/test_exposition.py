"""What Prometheus reads."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as parse

from sandbox_server.domain.exposition import Family, text


def test_a_counter_is_read_as_it_was_said() -> None:
    family = Family("sandbox_requests_total", "counter", "HTTP requests.")
    family.add({"app": "sales"}, 12)
    [found] = parse(text([family]))
    assert (found.name, found.type, found.documentation) == ("sandbox_requests", "counter", "HTTP requests.")
    assert [(sample.labels, sample.value) for sample in found.samples] == [({"app": "sales"}, 12)]


def test_a_histogram_adds_up_its_classes() -> None:
    family = Family("wait", "histogram", "Waits.")
    family.observe({}, (0.1, 1.0), {0: 2, 2: 1}, total=31.5)
    [found] = parse(text([family]))
    assert [(s.name, s.labels.get("le"), s.value) for s in found.samples] == [
        ("wait_bucket", "0.1", 2), ("wait_bucket", "1", 2), ("wait_bucket", "+Inf", 3), ("wait_sum", None, 31.5),
        ("wait_count", None, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("value", ['a"b', "a\\b", "a\nb", "grüezi", "}"])
def test_labels_survive(value: str) -> None:
    family = Family("x", "gauge", "X.")
    family.add({"app": value}, 1)
    [found] = parse(text([family]))
    assert found.samples[0].labels == {"app": value}


def test_a_family_without_samples_is_left_out() -> None:
    assert text([Family("x", "gauge", "X.")]) == ""
