"""Where a login is signed in: ended all at once at sign-out everywhere, erasure and loss of a role."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from knox.models import AuthToken

from matchmaking.models import User


def end_all(user: User) -> int:
    """End every session and token of `user`; how many there were.

    Sessions name their login only inside their signed data, so all that still run are looked through.
    """
    own = [session.pk for session in Session.objects.iterator(chunk_size=2000) if session.get_decoded().get(SESSION_KEY) == str(user.pk)]
    sessions, _ = Session.objects.filter(pk__in=own).delete()
    tokens, _ = AuthToken.objects.filter(user=user).delete()
    return int(sessions + tokens)
