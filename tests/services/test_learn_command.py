"""`manage.py learn`: asks for a look, tells what came of it, lists, rolls back."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from matchmaking.compute import learning as compute
from matchmaking.management.commands.learn import told
from matchmaking.models import LearnedWeights
from matchmaking.selectors.learning import active_weights
from tests.learned import answer, version_of
from tests.runs import make_cohort, make_programme

pytestmark = pytest.mark.django_db


def learn(*words):
    out = StringIO()
    call_command("learn", "--programme", "city", *words, stdout=out)
    return out.getvalue().splitlines()


def test_it_asks_once_and_tells_what_the_worker_found():
    event = make_cohort(make_programme(), "talk", 40)
    answer(event)
    assert [learn(), learn()] == [["Version 1 is asked for."], ["Version 1 is under way already."]]
    learned = LearnedWeights.objects.get()
    assert told(learned) == "waiting."
    assert compute.run(learned.pk)
    learned.refresh_from_db()
    sentence = told(learned)
    assert sentence.startswith(
        f"{learned.answers} answers of {learned.people} people, {learned.accepts} of them yes. Gain in log-loss: weights +0."
    )
    assert learn("--list") == [f"*   1  {learned.until:%Y-%m-%d %H:%M}  {sentence}", "    0  as shipped"]


def test_it_lists_what_was_refused_and_rolls_back():
    programme = make_programme()
    first = version_of(programme, 1)
    version_of(programme, 2, active=True)
    refused = {"few_answers": "too few answers", "few_accepts": "too few of the answers", "no_gain": "would not be foretold better"}
    for number, guard in enumerate(refused, start=3):
        LearnedWeights.objects.create(programme=programme, version=number, state="done", refused=guard, until=first.until)
    lines = learn("--list")
    assert [line[:5] for line in lines] == ["    5", "    4", "    3", "*   2", "    1", "    0"]
    assert all(words in line for words, line in zip(reversed(refused.values()), lines, strict=False))
    assert learn("--rollback", "1") == ["The next runs use version 1."]
    assert active_weights(programme.pk) == first
    assert learn("--rollback", "0") == ["The next runs use the shipped weights."]
    assert active_weights(programme.pk) is None


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--programme", "nowhere"], "There is no programme 'nowhere'."),
        (["--programme", "city", "--rollback", "7"], "There is no version 7 of this programme's weights."),
        (["--programme", "city", "--list", "--rollback", "7"], "not allowed with"),
    ],
)
def test_it_says_what_is_wrong(words, sentence):
    make_programme()
    with pytest.raises(CommandError, match=sentence.replace(".", r"\.")):
        call_command("learn", *words)
