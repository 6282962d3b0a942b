"""The measures of a run as `manage.py match` prints them."""

from matchmaking.management.matching import table

MEASURES = {
    "people": 30,
    "gap": 0.0125,
    "diversity": 0.5,
    "causes": {"partners_full": 2},
    "sectors": {"business": {"business": 0, "other": 7}, "other": {"business": 7, "other": 1}},
    "sectors_by_chance": {"business": {"business": None, "other": 1.25}, "other": {"business": 1.25, "other": 0.5}},
    "groups": {
        "city": {
            "minsk": {"people": 12, "mean_exposure": 7.5, "mean_value": 0.25},
            "": {"people": 18, "mean_exposure": 6.0, "mean_value": 0.2},
        },
    },
}


def test_the_table_tells_certificate_sectors_and_groups():
    assert [line.split() for line in table(MEASURES)] == [
        ["people", "30"],
        ["distinct", "sectors", "in", "a", "list,", "share", "0.5"],
        ["so", "it", "is", "at", "most", "this", "share", "short", "0.0125"],
        ["of", "these:", "partners", "full", "2"],
        ["suggestions", "between", "sectors:"],
        ["business", "other"],
        ["business", "0", "7"],
        ["other", "7", "1"],
        ["the", "same", "over", "what", "chance", "would", "give:"],
        ["business", "other"],
        ["business", "-", "1.25"],
        ["other", "1.25", "0.5"],
        ["by", "city", "people", "suggestions", "value"],
        ["minsk", "12", "7.50", "0.250"],
        ["others", "18", "6.00", "0.200"],
    ]


def test_a_run_without_measures_has_an_empty_table():
    assert list(table({})) == []
