"""A real history of thousands of orders: every anomaly that the rules demand, and no other."""
import collections

import pytest

import check_olist_anomalies as olist


@pytest.fixture(scope="module")
def history():
    path = olist.events_file()
    if path is None:
        pytest.skip("the Olist history is not here (PLO_OLIST)")
    return path


def test_exactly_the_anomalies_of_the_rules(history, tmp_path):
    must = olist.expected(olist.read_events(history))
    assert {rule for _, rule, _ in must} == set(olist.RULES), "the history has cases of each"
    does = olist.reported(olist.run(history, tmp_path))
    wrong = olist.differences(must, does)
    assert not wrong, (len(wrong), wrong[:20])


def test_every_way_an_anomaly_ends_is_in_the_history(history):
    ends = collections.Counter(outcome[3] for found in olist.expected(olist.read_events(history)).values() for outcome in found)
    assert set(ends) == {None, "system", "late_event"}
