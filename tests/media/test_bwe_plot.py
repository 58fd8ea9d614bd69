"""A trace becomes a picture."""

from xml.etree import ElementTree

from media.bwe import plot
from media.bwe.estimator import TRACE_HEADER


def test_a_trace_is_drawn_with_its_gaps() -> None:
    rows = [
        "1.0,150000,150000,,6e5,0.4,0.1,12.5,0.000,normal",
        "2.0,9e5,9e5,8e5,7e5,30,2,12,0.1,over",
        "3.0,9e5,9e5,8e5,,30,2,12,0.1,over",
        "4.0,9e5,9e5,8e5,7e5,30,2,12,0.1,over",
    ]
    columns = plot.read([TRACE_HEADER, *rows])
    assert columns["loss_bps"] == [None, 800000.0, 800000.0, 800000.0]
    root = ElementTree.fromstring(plot.svg(columns, "two lines"))
    paths = root.findall("{http://www.w3.org/2000/svg}path")
    lines = [path.get("d") or "" for path in paths if path.get("fill") == "none"]
    # Arriving, estimate, queue: the trace of a real line knows no link.
    assert [line.count("M") + line.count("L") for line in lines] == [3, 4, 4]
    assert [line.count("M") for line in lines] == [2, 1, 1]
