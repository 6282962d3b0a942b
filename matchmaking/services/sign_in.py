"""Who a mail address and a password belong to; the API and the pages count wrong guesses together."""

from typing import Any

from django.contrib.auth import authenticate

from matchmaking.models import User
from matchmaking.services.participants import clean_mail
from matchmaking.services.throttles import address_of, give_back, take


def count_guess(request: Any) -> None:
    """Count a try from this client's address, before anything is read of it; raises TooOften."""
    take("sign-in-address", address_of(request))
    take("sign-in-all", "")


def forgive_guess(request: Any) -> None:
    """The try was right: it does not count for its client, a hall shares one."""
    give_back("sign-in-address", address_of(request))
    give_back("sign-in-all", "")


def login_of(request: Any, mail: str, password: str) -> User | None:
    """The login these credentials open, or None; raises TooOften. A try that succeeds does not count for its address.

    Known and unknown addresses are refused alike, and as fast: Django hashes either way.
    """
    mail = clean_mail(mail)
    take("sign-in", mail)
    user = authenticate(request, username=mail, password=password)
    if user is None:
        return None
    forgive_guess(request)
    assert isinstance(user, User)  # noqa: S101 - tells the type checker what AUTH_USER_MODEL is
    return user
