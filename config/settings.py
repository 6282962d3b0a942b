"""Reads the environment, or refuses to start. Everything that differs between a laptop and a country is here."""

import hashlib
import os
import secrets
import sys
import tempfile
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from kombu import Queue

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

MODE = env.str("MODE", "demo")
if MODE not in ("demo", "production"):
    raise ImproperlyConfigured("MODE must be 'demo' or 'production'.")
PRODUCTION = MODE == "production"
DEBUG = False

VAR_DIR = Path(env.str("VAR_DIR", str(BASE_DIR / "var"))).resolve()
VAR_DIR.mkdir(parents=True, exist_ok=True)


def kept_secret() -> str:
    """The demo's own key, made once and kept in `var/`, so that restarts do not sign everybody out."""
    path = VAR_DIR / "secret_key"
    if not path.exists():
        fresh = path.with_suffix(f".{os.getpid()}")
        fresh.write_text(secrets.token_urlsafe(64))
        fresh.chmod(0o600)
        fresh.replace(path)
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", "") if PRODUCTION else env.str("SECRET_KEY", "") or kept_secret()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]", "testserver"])

# --- databases ---------------------------------------------------------------------------------------------------
DATABASE_URL = env.str("DATABASE_URL", f"sqlite:///{VAR_DIR / 'matchmaking.sqlite3'}")
DATABASES = {"default": env.db_url_config(DATABASE_URL)}
DATABASE_KEY = hashlib.sha256(DATABASE_URL.encode()).hexdigest()[:10]
SQLITE = "sqlite" in DATABASES["default"]["ENGINE"]
if SQLITE:
    DATABASES["default"].setdefault("OPTIONS", {}).update(
        transaction_mode="IMMEDIATE",
        timeout=env.int("SQLITE_BUSY_TIMEOUT_S", 20),
        init_command="PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA cache_size=-32000;"
        "PRAGMA temp_store=MEMORY;PRAGMA secure_delete=ON;",
    )
else:
    DATABASES["default"]["CONN_MAX_AGE"] = env.int("CONN_MAX_AGE_S", 60)
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: messages and caches, never the record of anything ------------------------------------------------------
EMBEDDED_DIR = Path(tempfile.gettempdir()) / f"matchmaking-{os.getuid()}"
EMBEDDED_SOCKET = EMBEDDED_DIR / f"{DATABASE_KEY}.sock"
REDIS_URL = env.str("REDIS_URL", "")
REDIS_EMBEDDED = not REDIS_URL
if REDIS_EMBEDDED:
    REDIS_URL = f"unix://{EMBEDDED_SOCKET}"
REDIS_TIMEOUT_S = env.float("REDIS_TIMEOUT_S", 1.0)

# --- runs: lengths in seconds; TIME_SCALE shortens them all alike for tests ----------------------------------------
TIME_SCALE = env.float("TIME_SCALE", 1.0)
LEASE_S = 30 * TIME_SCALE
HEARTBEAT_S = 5 * TIME_SCALE
SWEEP_S = 10 * TIME_SCALE
LEARN_EVERY_S = 3600  # looks only where answers have come in
REMIND_EVERY_S = 1800
RESEND_AFTER_S = 15 * TIME_SCALE
GATHER_S = 90 * TIME_SCALE  # several changes in a row become one mail: people moved back and forth, runs published one after the other
MAIL_LEASE_S = 180 * TIME_SCALE  # a mail that was taken and is not reported as sent by then may have been sent
MAIL_TIME_LIMIT_S = 120  # for the mails of one person; below the lease
MAIL_AWAY_S = 60 * TIME_SCALE  # a mail server that took no connection is asked by one mail at a time so long
SHARD_TIME_LIMIT_S = 15 * 60  # a shard past this is stuck, not slow; the sweep takes it up again
MAX_ATTEMPTS = 3
RUN_SHARDS = env.int("RUN_SHARDS", 2)
TOP_UP_PAUSE_S = 1 * TIME_SCALE  # after a change of a profile, before suggestions are made anew: people save as they type

# --- application ---------------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "matchmaking",
    "api",
    "web",
]
AUTH_USER_MODEL = "matchmaking.User"
MIDDLEWARE = [
    "web.middleware.headers",
    "api.metrics.timed",
    "api.slashes.one_slash",
    "web.middleware.small_enough",
    "web.middleware.Compressed",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
FAST_PASSWORDS = env.bool("FAST_PASSWORDS", "pytest" in sys.modules) and not PRODUCTION
PASSWORD_HASHERS = [f"django.contrib.auth.hashers.{'MD5' if FAST_PASSWORDS else 'PBKDF2'}PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LANGUAGE_CODE = "en"
LANGUAGES = [("be", "Беларуская"), ("ru", "Русский"), ("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # files are served from where they lie: nothing to collect, nothing to forget at an upgrade
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"
ADMIN_SITE = env.bool("ADMIN_SITE", not PRODUCTION)

# --- mail: EMAIL_URL names the server, such as smtp+tls://user:PASSWORD@mail.example.org:587; without one the demo keeps what it would
# have sent, and production sends none --------------------------------------------------------------------------------
EMAIL_URL = env.str("EMAIL_URL", "")
MAIL_DIR = VAR_DIR / f"mail-{DATABASE_KEY}"
MAIL_ON = bool(EMAIL_URL) or not PRODUCTION
if EMAIL_URL:
    vars().update(env.email_url("EMAIL_URL"))
else:
    EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend" if PRODUCTION else "matchmaking.services.captured_mail.Backend"
EMAIL_TIMEOUT = env.int("EMAIL_TIMEOUT_S", 10)
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "") or "matchmaking@localhost"

# --- security ------------------------------------------------------------------------------------------------------
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
if PRODUCTION:
    SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", True)
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME, LANGUAGE_COOKIE_NAME = "__Host-session", "__Host-csrf", "__Host-language"
    LANGUAGE_COOKIE_SECURE = True
    SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
    if BEHIND_PROXY:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# What links begin with, in mails too; never a request's Host. In production it has to be said.
PUBLIC_URL = env.str("PUBLIC_URL", "" if PRODUCTION else f"http://localhost:{env.str('PORT', '') or 8000}").rstrip("/")
SECOND_FACTOR = env.bool("SECOND_FACTOR", PRODUCTION)  # whether those with a role need a second factor to see others' data
OTP_TOTP_ISSUER = env.str("SITE_NAME", "Matchmaking")  # what an authenticator app calls the account
OTP_TOTP_THROTTLE_FACTOR = OTP_STATIC_THROTTLE_FACTOR = 0  # THROTTLES count guesses; the library's own pause grows for ever
SIGN_IN_MAIL_S = 600  # how long a mailed link and its code open the door
SIGN_IN_KEPT_S = SIGN_IN_MAIL_S + 3600  # how long a request for one is kept, so that a lost mail is replaced with one click
SESAME_MAX_AGE = SIGN_IN_MAIL_S
SESAME_TOKENS = ["sesame.tokens_v2"]
SESAME_SIGNATURE_SIZE = 16
SESAME_INVALIDATE_ON_PASSWORD_CHANGE = False  # a token names a request for a mail, which is used once
CSRF_FAILURE_VIEW = "config.handlers.forbidden"
LANGUAGE_COOKIE_HTTPONLY, LANGUAGE_COOKIE_SAMESITE = True, "Lax"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
METRICS_TOKEN = env.str("METRICS_TOKEN", "")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
UPLOAD_LIMIT_BYTES = 20_000_000
FORM_BYTES = 64_000  # around the file: the other fields and the boundaries
FILE_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000

# --- API -----------------------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["api.authentication.Token", "api.authentication.Session"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["api.rendering.Json"],
    "DEFAULT_PARSER_CLASSES": ["api.parsing.Json"],
    "DEFAULT_PAGINATION_CLASS": "api.paging.Cursor",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend", "api.paging.Ordering"],
    "DEFAULT_SCHEMA_CLASS": "api.schema.Operation",
    "DEFAULT_THROTTLE_CLASSES": ["api.throttling.Throttle"],
    "EXCEPTION_HANDLER": "api.errors.handle",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
INVITATIONS_PER_DAY = env.int("INVITATIONS_PER_DAY", 500)  # of one organiser
THROTTLES = {
    "user": "600/minute",
    "anon": "120/minute",
    "sign-in": "10/minute",  # of one account, right or wrong
    "sign-in-address": "60/minute",  # wrong ones from one address: a hall shares one
    "sign-in-all": "1200/minute",  # wrong ones from everywhere
    "sign-in-mail": "8/hour",  # mails to one account: with five tries each, one guess in 25,000 hits a code in an hour
    "sign-in-mail-address": "600/10 minutes",  # mails asked for from one address: a hall shares one
    "sign-in-mail-all": "3000/minute",
    "second-factor": "10/hour",  # wrong ones of one account
    "wall-address": "60/minute",  # links to walls that never were
    "run": "20/hour",
    "import": "60/hour",
}
REST_KNOX = {"TOKEN_TTL": timedelta(days=30), "AUTO_REFRESH": False, "TOKEN_LIMIT_PER_USER": 20}
SPECTACULAR_SETTINGS = {
    "TITLE": "Matchmaking API",
    "DESCRIPTION": "Partners across the sectors of a city: suggestions both sides would want, with reasons.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": ["api.schema.add_problems"],
    "SCHEMA_PATH_PREFIX": "/api/v1",
}

# --- Celery: late acknowledgement, JSON only, no result backend; the run row is the truth ---------------------------
QUEUES = [f"{DATABASE_KEY}.{queue}" for queue in ("interactive", "runs", "imports", "mail")]
CELERY_BROKER_URL = f"redis+socket://{EMBEDDED_SOCKET}" if REDIS_EMBEDDED else REDIS_URL
CELERY_TASK_DEFAULT_QUEUE = QUEUES[0]
CELERY_TASK_QUEUES = [Queue(queue) for queue in QUEUES]
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = SHARD_TIME_LIMIT_S
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2 * SHARD_TIME_LIMIT_S,
    "socket_connect_timeout": REDIS_TIMEOUT_S,
    "max_retries": 1,  # who asks for work does not wait for a broker that is away; workers and beat retry for ever (below)
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
    "queue_order_strategy": "priority",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR_DIR / f"beat-{DATABASE_KEY}")
CELERY_TIMEZONE = "UTC"

# --- logs: ids only, one line each ----------------------------------------------------------------------------------
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
    "loggers": {"matchmaking": {"level": env.str("LOG_LEVEL", "INFO")}, "django.request": {"level": "ERROR"}},
}


def refuse_demo_settings() -> None:
    """Production starts only with settings that are safe in public (quality bar T95, T96)."""
    weak = len(SECRET_KEY) < 50 or len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure")
    if weak:
        raise ImproperlyConfigured("SECRET_KEY is missing or weak: set 50 random characters or more.")
    if not ALLOWED_HOSTS or "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the hosts that are served, not '*'.")
    if env.bool("DEBUG", False):
        raise ImproperlyConfigured("DEBUG cannot be on in production.")
    if "MATCHMAKING_FAILPOINTS" in os.environ or TIME_SCALE != 1.0:
        raise ImproperlyConfigured("MATCHMAKING_FAILPOINTS and TIME_SCALE are for tests; unset them.")
    if not PUBLIC_URL.startswith(("https://", "http://")):
        raise ImproperlyConfigured("PUBLIC_URL must be the address people reach this service at: https://match.example.org")
    if EMAIL_URL and not env.str("MAIL_FROM", ""):
        raise ImproperlyConfigured("MAIL_FROM must be the address that mails come from, where EMAIL_URL is set.")
    redis_host = environ.urlparse(REDIS_URL)
    local = redis_host.scheme == "unix" or redis_host.hostname in ("localhost", "127.0.0.1", "::1")
    if not local and not redis_host.password:
        raise ImproperlyConfigured("REDIS_URL needs a password where Redis is not on this machine's loopback.")


if PRODUCTION:
    refuse_demo_settings()
