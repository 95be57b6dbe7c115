"""Exams per hour: the bars and the table that says the same."""

from datetime import timedelta

from leadapron.model.inventory import UtilisationCell
from leadapron.report import words
from leadapron.report.chart import exams_chart
from tests.report import sample

SAY = words("en")
NINE = sample.START.replace(hour=9, minute=0, second=0, microsecond=0)


def cell(modality: str, hours: int, exams: int) -> UtilisationCell:
    return UtilisationCell(
        modality=modality, hour=NINE + timedelta(hours=hours), exams=exams, objects=exams * 100, devices=("a",)
    )


def test_bars_stack_modalities_and_the_table_adds_up() -> None:
    chart = exams_chart([cell("CT", 0, 3), cell("MR", 0, 1), cell("CT", 2, 4)], SAY)
    assert chart is not None
    assert chart.table.modalities == ("CT", "MR")
    assert [(row[1], row[2]) for row in chart.table.rows] == [((3, 1), 4), ((0, 0), 0), ((4, 0), 4)]
    assert chart.table.totals == (7, 1)
    assert [segment.title.split(" · ")[1] for segment in chart.segments] == ["CT: 3", "MR: 1", "CT: 4"]
    ct, mr = chart.segments[:2]
    assert ct.x == mr.x
    assert mr.y + mr.height == ct.y
    assert ct.height == 3 * mr.height


def test_a_long_time_is_shown_by_day() -> None:
    chart = exams_chart([cell("CT", 24 * day, 2) for day in range(10)], SAY)
    assert chart is not None
    assert chart.by_day
    assert len(chart.table.rows) == 10


def test_no_exam_no_chart() -> None:
    assert exams_chart([], SAY) is None
    assert exams_chart([cell("CT", 0, 0)], SAY) is None


def test_everything_stays_inside() -> None:
    chart = exams_chart(sample.hospital().inventory.utilisation, SAY)
    assert chart is not None
    for segment in chart.segments:
        assert segment.x >= 0
        assert segment.x + segment.width <= chart.width
        assert segment.y >= 0
        assert segment.y + segment.height <= chart.baseline + 0.2
