"""The library's taggings, the service's replies and the client's models name the same fields."""

from __future__ import annotations

from dataclasses import fields

from tousu import client
from tousu.classifier import tagging
from tousu_service import schemas


def test_a_tagging_is_the_same_in_the_library_on_the_wire_and_in_the_client():
    names = {field.name for field in fields(tagging.Tagging)}
    assert set(schemas.TaggingOut.model_fields) == names
    reasons = {
        "evidence",
        "signal_evidence",
        "probabilities_kind",
        "probabilities_route",
        "attention_reasons",
        "acceptance",
        "statutes",
        "order_numbers",
    }
    assert set(client.Tagging.model_fields) == names | reasons | {"id"}
    assert set(schemas.ClassifyReply.model_fields) == names | reasons | {"id", "request_id"}
    assert set(schemas.BatchTagging.model_fields) == names | {"id"}


def test_a_tagging_s_choices_are_the_same_in_all_three():
    choices = tagging.Decision.__args__
    assert schemas.TaggingOut.model_fields["decision"].annotation.__args__ == choices
    assert client.Tagging.model_fields["decision"].annotation.__args__ == choices


def test_evidence_is_the_same_in_all_three():
    names = [field.name for field in fields(tagging.Evidence)]
    assert list(schemas.EvidenceOut.model_fields) == list(client.Evidence.model_fields) == names


def test_reasons_of_an_item_are_the_same_in_service_and_client():
    assert set(schemas.ItemError.model_fields) | {"id"} == set(client.ItemError.model_fields)
