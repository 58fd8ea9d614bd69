"""A trace becomes a picture."""

from xml.etree import ElementTree

from media.bwe import plot
from media.bwe.estimator import TRACE_HEADER


def test_a_trace_is_drawn_with_its_gaps() -> None:
    rows = [
        "1.0,150000,150000,,0,0.4,0.1,12.5,0.000,normal",
        "2.0,9e5,9e5,8e5,7e5,30,2,12,0.1,over",
    ]
    columns = plot.read([TRACE_HEADER, *rows])
    assert columns["loss_bps"] == [None, 800000.0]
    root = ElementTree.fromstring(plot.svg(columns, "two lines"))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 3  # arriving, estimate, queue: the trace of a real line knows no link
    assert all(len((line.get("points") or "").split()) == 2 for line in lines)
