"""Cells of tables: what somebody typed stays text, for the files that people load and for those that they look at."""

from __future__ import annotations

import pytest

from sync_jobs.kit.sheet import cell


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "|x", "%x", "\t=1", "\r=1", "\n=1", " =1", "＝1", "\ufeff=1"])
def test_no_cell_can_begin_a_formula(text):
    assert cell(text) == f"'{text}"


def test_a_cell_stays_as_it_is_otherwise():
    assert [cell(one) for one in ("Zoë", "rsu:7", 12, None, "O’Neil-Smith", "-")] == ["Zoë", "rsu:7", "12", "", "O’Neil-Smith", "-"]
