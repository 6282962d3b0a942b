"""What comes in from an organiser's forms."""

from django import forms

from matchmaking.engine.parameters import LIMITS
from matchmaking.models import Import


class StartForm(forms.Form):
    publish = forms.BooleanField(required=False)
    bridge = forms.FloatField(min_value=LIMITS["bridge"][0], max_value=LIMITS["bridge"][1], required=False)


class UploadForm(forms.Form):
    file = forms.FileField(max_length=200, allow_empty_file=True)
    kind = forms.ChoiceField(choices=Import.Kind.choices)
    consent = forms.CharField(max_length=500, required=False)


class ReadAgainForm(forms.Form):
    encoding = forms.CharField(max_length=20, required=False)
    delimiter = forms.CharField(max_length=1, required=False, strip=False)
