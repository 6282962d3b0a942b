"""F31, F8: real workers and the mails they hand over: killed before and after, a mail is never sent a second time."""

from datetime import time, timedelta

import pytest
from django.conf import settings
from django.test.utils import override_settings
from django.utils import timezone

from matchmaking.models import Consent, Intent, NoticeSettings
from matchmaking.services import captured_mail, trail
from matchmaking.services.invariants import i5
from tests.answers import make_two
from tests.system.servers import alive


def mails_to(stack, mail):
    with override_settings(MAIL_DIR=stack.folder / f"mail-{settings.DATABASE_KEY}"):
        return [one.subject for one in captured_mail.newest(100) if one.to == mail]


@pytest.mark.parametrize(("place", "sent"), [("intent.before_send", 0), ("intent.after_send", 1)])
def test_a_worker_killed_around_the_sending_leaves_a_mail_that_may_have_been_sent(stack, place, sent):
    two = make_two(name="Fair")
    user = two.ada.user
    NoticeSettings.objects.create(user=user, quiet_from=time(0), quiet_until=time(0))
    Consent.objects.create(participant=two.ada, purpose="mail", source="own")
    stack.arm(place, "kill")
    trail.intend(two.ada, "approved", "first", event=two.event)
    stack.until(lambda: not alive(stack.hit(place)), "the worker is dead")
    first = Intent.objects.get(recipient=two.ada)
    assert first.state == "taken"
    trail.intend(two.ada, "approved", "second", event=two.event)
    second = Intent.objects.get(recipient=two.ada, dedupe_key="second")
    stack.until(lambda: second.refresh_from_db() or second.state == "sent", "another worker sends what comes next")
    Intent.objects.filter(pk=first.pk).update(taken_at=timezone.now() - timedelta(hours=1))
    stack.until(lambda: first.refresh_from_db() or first.state == "unknown", "the sweep finds what was left")
    assert len(mails_to(stack, user.mail)) == sent + 1
    assert list(i5(two.event)) == []
