"""How a person wants to be told: by mail at once or gathered, and in which hours not at all."""

from datetime import time

from django.db import models


class NoticeSettings(models.Model):
    """Made when first needed. Whether mail may come at all is the consent to mail, not a second switch here.

    `digest_on`: the day, at the place of the events it told of, of the last gathered mail: one a day at most.
    """

    user = models.OneToOneField("matchmaking.User", on_delete=models.CASCADE, primary_key=True, related_name="notice_settings")
    gathered = models.BooleanField(default=False, help_text="Everything in one mail a day, mutual matches too.")
    quiet_from = models.TimeField(default=time(21))
    quiet_until = models.TimeField(default=time(8))
    digest_on = models.DateField(null=True, blank=True)
