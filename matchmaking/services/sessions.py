"""Where a login is signed in: ended all at once at sign-out, erasure and loss of a role."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from knox.models import AuthToken

from matchmaking.models import User


def end_all(user: User) -> int:
    """End every session and token of `user`; how many there were."""
    return end_sessions(user) + end_tokens(user)


def end_sessions(user: User) -> int:
    """End the sessions of `user` on every device; how many there were.

    Sessions name their login only inside their signed data, so all that still run are looked through.
    """
    own = [session.pk for session in Session.objects.iterator(chunk_size=2000) if session.get_decoded().get(SESSION_KEY) == str(user.pk)]
    return int(Session.objects.filter(pk__in=own).delete()[0])


def end_tokens(user: User) -> int:
    """End the tokens of the programs that act for `user`; how many there were."""
    return int(AuthToken.objects.filter(user=user).delete()[0])
