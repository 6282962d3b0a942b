"""The login. What a person is in a programme stands in `participant` and `programme.Role`."""

from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models

from matchmaking.models.base import Row


class Language(models.TextChoices):
    BE = "be", "Беларуская"
    RU = "ru", "Русский"
    EN = "en", "English"
    DE = "de", "Deutsch"


class UserManager(BaseUserManager["User"]):
    def create_user(self, mail: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(mail=mail.strip().casefold(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, mail: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(mail, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(mail=(username or "").strip().casefold())


class User(Row, AbstractBaseUser, PermissionsMixin):
    mail = models.EmailField(unique=True)
    name = models.CharField(max_length=200, blank=True)
    language = models.CharField(max_length=2, choices=Language.choices, default=Language.EN)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False, help_text="Operator: may open the admin site.")

    USERNAME_FIELD = "mail"
    EMAIL_FIELD = "mail"
    REQUIRED_FIELDS: list[str] = []

    objects = UserManager()

    def __str__(self) -> str:
        return f"user {self.pk}"
