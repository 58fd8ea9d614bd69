"""`diemcau units`: the lists on the command line."""

from pathlib import Path

import pytest

from conference.__main__ import main


@pytest.fixture
def units(tmp_path: Path):
    """Runs the command on a data folder of its own."""
    data = ["--data", str(tmp_path / "data")]
    return lambda *arguments: main(["units", *arguments, *data])


def test_a_list_goes_out_is_changed_and_comes_back(units, tmp_path: Path, capsys):
    file = tmp_path / "units.csv"
    assert units() == 0
    assert units("export", "units", str(file)) == 0
    assert units("import", "units", str(file)) == 0
    assert "0 were added, 0 changed; 308 stay as they are" in capsys.readouterr().out
    text = file.read_text(encoding="utf-8-sig").replace(",Sở Nội vụ,", ",Sở Nội vụ tỉnh,", 1)
    file.write_text(text, encoding="utf-8")
    assert units("import", "units", str(file), "--check") == 0
    assert "~ 7: GL-SNV Sở Nội vụ tỉnh: Tên đơn vị: Sở Nội vụ ->" in capsys.readouterr().out
    assert units("import", "units", str(file), "--since", "2026-03-01") == 0
    assert "1 changed; 307 stay" in capsys.readouterr().out
    file.write_text("Mã\n64\n", encoding="utf-8")
    assert units("import", "units", str(file)) == 1
    shown = capsys.readouterr()
    assert "! 1, Tên đơn vị: Thiếu cột bắt buộc." in shown.out
    assert "nothing written" in shown.err
    assert units("import", "units") == 2
    assert units("import", "units", str(file), "--since", "hôm qua") == 2
