"""What comes in from a facilitator's forms."""

from django import forms

from matchmaking.services import team_runs

ID_MOST, TEAM_MOST = 2**53 - 1, 5000
NOWHERE = "none"  # in place of a team's number: no team


class MoveForm(forms.Form):
    participant = forms.IntegerField(min_value=1, max_value=ID_MOST)
    seen = forms.IntegerField(min_value=1, max_value=TEAM_MOST, required=False)
    to = forms.CharField(max_length=300, required=False)
    swap = forms.IntegerField(min_value=1, max_value=ID_MOST, required=False)
    exchange = forms.BooleanField(required=False)
    anyway = forms.BooleanField(required=False)


class PinForm(forms.Form):
    participant = forms.IntegerField(min_value=1, max_value=ID_MOST)
    pinned = forms.BooleanField(required=False)


class LockForm(forms.Form):
    team = forms.IntegerField(min_value=1, max_value=TEAM_MOST)
    locked = forms.BooleanField(required=False)


class RunForm(forms.Form):
    seconds = forms.IntegerField(min_value=team_runs.SECONDS[0], max_value=team_runs.SECONDS[1], required=False)
